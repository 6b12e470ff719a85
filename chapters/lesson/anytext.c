/* anytext.c - seeded random texts, to try a tokenizer with
 *
 *      random_uniform(seed, number, position, draw)
 *            │
 *            ▼
 *      kind ──► a range of the kind ──► a code point of the range ──► UTF-8
 *
 *      ASCII           letters, digits, signs
 *      all of Unicode  any code point that there is, and many that are not yet
 *      emoji           with joiners, skin tones, flags, selectors
 *      combining       letters under towers of accents, Korean in pieces
 *      whitespace      blanks of all widths, tabs, line ends, ▁ among them
 *      control         the characters that are orders, marks of direction
 *      tokens          not by code points: a handful of the vocabulary's tokens
 *
 * A tokenizer is tried with sentences by those who make it, and then meets the world:
 * an accent without a letter, a flag cut in half, a NUL. Such texts are made here by
 * chance. Chance is a function of the seed, so what went wrong once goes wrong
 * again, and can be looked at in a debugger.
 *
 * Read next: chapters/chapter01_tokenizer.c.
 */
#include "chapters/lesson/anytext.h"

#include "base/base.h"
#include "base/random.h"

#define LONGEST 24                  /* code points of a text                 */
#define RANGES 6
#define TOKENS 16                   /* of a text made of tokens              */
#define POINTS (ANYTEXT_KINDS - 1)  /* kinds that are made of code points    */

typedef struct {
    const char *name;
    struct { uint32_t first, last; } range[RANGES];     /* equally likely    */
} Kind;

static const Kind kinds[POINTS] = {
    { "ASCII", { { ' ', '~' }, { 'a', 'z' }, { 'a', 'z' }, { 'A', 'Z' },
                 { '0', '9' }, { ' ', ' ' } } },
    { "all of Unicode", { { 0, 0x7FF }, { 0x800, 0xFFFF }, { 0x3000, 0x9FFF },
                          { 0x10000, 0x1FFFF }, { 0x20000, 0x3FFFF },
                          { 0, 0x10FFFF } } },
    { "emoji", { { 0x1F300, 0x1F64F }, { 0x1F900, 0x1FAFF }, { 0x200D, 0x200D },
                 { 0x1F3FB, 0x1F3FF }, { 0x1F1E6, 0x1F1FF }, { 0xFE0E, 0xFE0F } } },
    { "combining", { { 'a', 'z' }, { 0xC0, 0x17F }, { 0x300, 0x36F },
                     { 0x591, 0x5BD }, { 0x1100, 0x11FF }, { 0x3040, 0x309F } } },
    { "whitespace", { { ' ', ' ' }, { '\t', '\r' }, { 0x2000, 0x200A },
                      { 'a', 'c' }, { 0x2028, 0x2029 }, { 0x2581, 0x2581 } } },
    { "control", { { 0, 0x1F }, { 0x7F, 0x9F }, { 'x', 'z' }, { 0x200B, 0x200F },
                   { 0x202A, 0x202E }, { 0xFEFF, 0xFEFF } } },
};

const char *anytext_kind(int kind)
{
    return kind == POINTS ? "tokens at random" : kinds[kind].name;
}

/* A whole number below n, from the draw of that name at that place. */
static uint32_t below(uint32_t n, uint64_t seed, int number, int position, int draw)
{
    double u = (double)random_uniform(seed, (uint32_t)number, (uint32_t)position,
                                      (uint32_t)draw);

    return (uint32_t)(u * n);
}

/* A surrogate, which is half of a UTF-16 pair and no character, becomes U+FFFD, which
 * is one. */
static void add_points(Text *out, int kind, uint64_t seed, int number)
{
    int n = (int)below(LONGEST + 1, seed, number, 0, kind);

    for (int i = 1; i <= n; i++) {
        uint32_t r = below(RANGES, seed, number, i, 2 * kind);
        uint32_t first = kinds[kind].range[r].first, last = kinds[kind].range[r].last;
        uint32_t point = first + below(last - first + 1, seed, number, i, 2 * kind + 1);

        text_add_point(out, point >= 0xD800 && point < 0xE000 ? UTF8_REPLACEMENT
                                                              : point);
    }
}

/* Ended by chance, so that short ones are among them. */
static void add_tokens(Text *out, const Tokenizer *t, uint64_t seed, int number)
{
    int ids[TOKENS], n = 0;
    uint32_t V = (uint32_t)tokenizer_vocabulary(t);

    while (n < TOKENS && below(20, seed, number, n, 2 * POINTS) > 0) {
        ids[n] = (int)below(V, seed, number, n, 2 * POINTS + 1);
        n++;
    }
    tokenizer_decode(out, t, ids, n, true);
}

/* Appends. */
void anytext(Text *out, const Tokenizer *t, int kind, uint64_t seed, int number)
{
    if (kind == POINTS)
        add_tokens(out, t, seed, number);
    else
        add_points(out, kind, seed, number);
}
