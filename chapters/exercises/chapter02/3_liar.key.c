/* 3_liar.key.c - the key of exercise 02.3: the engine is given the whole lying file
 *
 *      claim: bits, shape, begin, end
 *        │
 *        ├──► my_claim_holds ─────────────────────────────────┐
 *        │                                                    ├──► the same?
 *        └──► a file of which it is the only doubtful part ──►┘
 *             [0, begin) another tensor, [end, size) a third      safetensors_parse
 *
 * The engine has no function that judges one claim: it judges files. So the claim
 * becomes an entry of a real header, and what it leaves of the data is covered by
 * two honest tensors of bytes; then the file is good exactly when the claim holds.
 *
 * Six visible claims, then ten kinds of hidden ones. Sizes and offsets stay below
 * 2^63, as the format wants, and no 0 stands behind a product that has wrapped:
 * there paper and the format's own reader, which multiplies from the left, differ.
 *
 * Read next: src/files/safetensors_header.c, src/numbers/tensor.c.
 */
#include "chapters/exercises/chapter02/tasks.h"
#include "chapters/exercises/judge.h"
#include "files/safetensors_header.h"   /* safetensors_parse: the engine's    */

#include <inttypes.h>                   /* PRIu64                             */
#include <stdio.h>                      /* snprintf                           */
#include <string.h>                     /* strlen                             */

#define DATA 96                         /* bytes of data, at most             */
#define HEADER 1000

static const struct { int bits; const char *dtype; } formats[] = {
    { 4, "F4" }, { 8, "U8" }, { 16, "BF16" }, { 32, "F32" }, { 64, "F64" },
};

#define FORMATS ((int)(sizeof formats / sizeof formats[0]))

/* ---- what the engine says */

static const char *dtype_of(int bits)
{
    for (int i = 0; i < FORMATS; i++)
        if (formats[i].bits == bits)
            return formats[i].dtype;
    must(false, "no format of %d bits", bits);
    return NULL;
}

/* A piece of text at the end of text. */
static void add(char *text, const char *piece)
{
    size_t length = strlen(text);

    snprintf(text + length, HEADER - length, "%s", piece);
}

/* "name":{…} for a tensor of bytes in [begin, end). */
static void add_filler(char *text, const char *name, uint64_t begin, uint64_t end)
{
    char piece[200];

    snprintf(piece, sizeof piece, ",\"%s\":{\"dtype\":\"U8\",\"shape\":[%" PRIu64
             "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", name, end - begin,
             begin, end);
    add(text, piece);
}

static void write_header(char *text, const Claim *claim, uint64_t data_size)
{
    bool inside = claim->begin <= claim->end && claim->end <= data_size;
    char piece[100];

    snprintf(text, HEADER, "{\"x\":{\"dtype\":\"%s\",\"shape\":[",
             dtype_of(claim->bits));
    for (int d = 0; d < claim->rank; d++) {
        snprintf(piece, sizeof piece, "%s%" PRIu64, d > 0 ? "," : "",
                 claim->shape[d]);
        add(text, piece);
    }
    snprintf(piece, sizeof piece, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}",
             claim->begin, claim->end);
    add(text, piece);
    add_filler(text, "before", 0, inside ? claim->begin : data_size);
    if (inside)
        add_filler(text, "behind", claim->end, data_size);
    add(text, "}");
}

static bool engine_holds(const Claim *claim, uint64_t data_size)
{
    unsigned char file[8 + HEADER + DATA] = {0};
    SafetensorsHeader header;
    Arena arena = {0};
    Error error = {0};
    size_t length;
    bool holds;

    write_header((char *)file + 8, claim, data_size);
    length = strlen((char *)file + 8);
    file[0] = length & 0xFF;
    file[1] = (unsigned char)(length >> 8);
    holds = safetensors_parse(&header, &arena, file, 8 + length + data_size, &error);
    arena_free(&arena);
    return holds;
}

/* ---- claims */

#define TWO_61 ((uint64_t)1 << 61)

static const struct { Claim claim; const char *guess; } shown[] = {
    { { 32, 2, { 2, 3 }, 0, 24 }, "an honest claim, which must hold" },
    { { 16, 0, { 0 }, 94, 96 }, "rank 0 is one number; it may end with the data" },
    { { 8, 2, { 5, 0 }, 7, 7 }, "a tensor without numbers is fine" },
    { { 4, 1, { 3 }, 0, 1 }, "3 numbers of 4 bits are no whole number of bytes" },
    { { 64, 1, { TWO_61 + 1 }, 0, 8 }, "the product has wrapped: 2^61 + 1 numbers "
      "of 8 bytes are 2^64 + 8 bytes" },
    { { 64, 1, { TWO_61 - 1 }, 16, 8 }, "end is below begin: the difference has "
      "wrapped" },
};

#define SHOWN ((int)(sizeof shown / sizeof shown[0]))

/* A claim that holds: rank 1 to 3, some bytes within DATA; turn chooses the format,
 * so that each comes up whatever the seed. */
static Claim honest(Case *c, int turn)
{
    Claim claim = { .bits = formats[turn % FORMATS].bits };
    uint64_t bits;

    claim.rank = case_between(c, 1, 3);
    for (int d = 0; d < claim.rank; d++)
        claim.shape[d] = (uint64_t)case_between(c, 1, 2);
    claim.shape[0] *= 2;                        /* whole bytes, also of F4    */
    bits = (uint64_t)claim.bits;
    for (int d = 0; d < claim.rank; d++)
        bits *= claim.shape[d];
    claim.begin = (uint64_t)case_between(c, 0, 20);
    claim.end = claim.begin + bits / 8;         /* at most 20 + 4 · 2 · 2 · 8 */
    return claim;
}

/* A shape whose bytes are exactly 2^64 · times + rest, in numbers of 64 bits. */
static void wrap(Case *c, Claim *claim, uint64_t rest)
{
    int shift = case_between(c, 20, 40);

    claim->bits = 64;
    if (rest == 0) {                            /* 2^shift · 2^(61-shift)     */
        claim->rank = 2;
        claim->shape[0] = (uint64_t)1 << shift;
        claim->shape[1] = TWO_61 >> shift;
    } else {
        claim->rank = 1;
        claim->shape[0] = TWO_61 * (uint64_t)case_between(c, 1, 3) + rest / 8;
    }
}

/* Kind 0 to 9 of hidden claims: one honest thing or one lie in each.
 *
 *   turn     how often this kind was there before: lies that have two forms take
 *            turns
 *   returns  what to say when the pupil's answer is not the engine's         */
static const char *make(Case *c, Claim *claim, int kind, int turn)
{
    *claim = honest(c, turn);
    switch (kind) {
    case 0:
        return "an honest claim, which must hold";
    case 1:
        claim->shape[claim->rank - 1] = 0;
        claim->end = claim->begin;
        return "a tensor without numbers is fine";
    case 2:
        claim->shape[claim->rank - 1] = 0;
        return "a tensor without numbers takes no bytes, but this one has some";
    case 3:
        claim->shape[0] = 0;
        claim->begin = claim->end = DATA + (uint64_t)case_between(c, 1, 1000);
        return "a tensor without numbers must still lie inside of the data";
    case 4:
        claim->end -= 1;
        return "the offsets hold one byte less than the shape takes";
    case 5:
        *claim = (Claim){ 4, 1, { 2 * (uint64_t)case_between(c, 1, 9) + 1 }, 0, 0 };
        claim->end = claim->shape[0] / 2 + (uint64_t)(turn % 2);
        return "an odd number of 4-bit numbers fills no whole number of bytes";
    case 6:
        *claim = (Claim){ 8, 1, { (uint64_t)case_between(c, 2, 40) }, 0, 0 };
        claim->begin = turn % 2 == 0 ? DATA - 1 : DATA + 1;
        claim->end = claim->begin + claim->shape[0];
        return "the tensor ends behind the data";
    case 7:
        wrap(c, claim, 8 * (uint64_t)case_between(c, 1, 5));
        claim->begin = 0;
        claim->end = (claim->shape[0] * 8);
        return "the product of the shape has wrapped";
    case 8:
        wrap(c, claim, 0);
        claim->end = claim->begin + (uint64_t)(turn % 2) * 8;
        return "the product of the shape has wrapped to 0: this tensor is not "
               "without numbers, it has 2^61";
    default:                            /* counted in bytes, or in bits       */
        claim->bits = 64;
        claim->rank = 1;
        claim->begin = 8 * (uint64_t)case_between(c, 2, 9);
        claim->end = claim->begin - 8 * (uint64_t)case_between(c, 1, 2);
        claim->shape[0] = (turn % 2 == 0 ? TWO_61 : TWO_61 / 8)
                          - (claim->begin - claim->end) / 8;
        return "end is below begin: the difference has wrapped";
    }
}

/* The claim in one line. */
static void say(Case *c, const Claim *claim, uint64_t data_size)
{
    char shape[HEADER] = "", piece[40];

    for (int d = 0; d < claim->rank; d++) {
        snprintf(piece, sizeof piece, "%s%" PRIu64, d > 0 ? ", " : "",
                 claim->shape[d]);
        add(shape, piece);
    }
    case_says(c, "bits %d, shape [%s], begin %" PRIu64 ", end %" PRIu64 "; %" PRIu64
              " bytes of data", claim->bits, shape, claim->begin, claim->end,
              data_size);
}

static void run(Case *c)
{
    uint64_t data_size = DATA;
    const char *guess;
    Claim claim;

    if (!case_hidden(c)) {
        claim = shown[case_number(c)].claim;
        guess = shown[case_number(c)].guess;
    } else {
        guess = make(c, &claim, case_number(c) % 10, case_number(c) / 10);
        if (case_number(c) % 10 == 0)           /* it may end with the data   */
            data_size = claim.end;
    }
    say(c, &claim, data_size);
    case_int(c, "my_claim_holds (0 no, 1 yes)", my_claim_holds(&claim, data_size),
             engine_holds(&claim, data_size), guess);
}

const Exercise exercise = {
    .stop = "my_claim_holds", .visible = SHOWN, .hidden = 50, .run = run,
};
