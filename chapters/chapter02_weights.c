/* chapter02_weights.c - a model is a file
 *
 *      model.safetensors
 *
 *      byte 0        8                        8 + N                    the end
 *      ┌─────────────┬────────────────────────┬───────────┬─────┬────────────┐
 *      │ N, 8 bytes, │ {"embedding": {"dtype":│ embedding │ …   │ last norm  │
 *      │ little end  │ "BF16","shape":[V,E],  │ [V, E]    │     │ [E]        │
 *      │ first       │ "data_offsets":[0,…]}… │ 2 · V · E │     │            │
 *      └─────────────┴────────────────────────┴─────┬─────┴─────┴────────────┘
 *                      a table of contents, JSON    │
 *                                                   ▼
 *                    two bytes, one number:      c8 bd
 *                    the second one first:       1 01111011 1001000   bf16
 *                    sign, exponent, mantissa:   - 2^(123-127) · (1 + 72/128)
 *
 *      //= embedding[0][0] -> -0.09765625     (the first number of storyteller)
 *
 * What a model knows is numbers, and the numbers lie in a file: nothing else is
 * downloaded when a model is, but a page of settings and a vocabulary. There is no
 * program in it. This lesson opens the file and looks: where which numbers lie, what
 * the first bytes are, how one number is spelled in 16 bits, and what all of it
 * takes in memory.
 *
 *      bytes of a tensor = product of its shape · bytes of one number     (1)
 *      value of a number = (-1)^s · 2^(e - bias) · (1 + m / 2^k)          (2)
 *      blocks of 32:  8 bits 2 + 32 bytes,  4 bits 2 + 16 bytes           (3)
 *
 * bf16 has 8 bits of exponent and k = 7 of mantissa, f16 5 and 10. (2) is for the
 * normal numbers; numbers/halffloat.c says what an exponent of only zeros or only
 * ones means. (3): 32 weights share one scale, an f16, and are 8-bit or 4-bit
 * integers; "Q8" and "Q4" stand for that.
 *
 * What to notice:
 *
 * - The map repeats itself: every layer is built as the one before. Attention is the
 *   smaller part of a layer, the MLP the larger one.
 * - Names are sorted as bytes are: layer 10 lies before layer 2.
 * - The hexdump shows the least byte first: a number's sign is in its *second* byte.
 * - The f16 beside the bf16 has more digits and less reach. Most models are trained in
 *   bf16 today, and their weights are so near to 0 that f16 holds them as well.
 * - What makes one model another is a page of settings: the table in part 5.
 * - Heads that share keys and values (TinyLlama: 32 share 4) save little of the file
 *   and most of the cache.
 *
 * In a debugger (make debug; gdb build/debug/run):
 *
 *      break safetensors_parse    `x/32c bytes`: the header, before it is believed
 *      break tensor_to_f32        `x/2xb data`, then `finish` and `print x`
 *      break chapter02_weights    here
 *
 * Read next: files/safetensors_header.c, numbers/halffloat.c.
 */
#include <inttypes.h>
#include <math.h>               /* ldexp: exact                              */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "chapters/lesson/families.h"
#include "chapters/lesson/looking.h"
#include "chapters/lesson/pictures.h"
#include "chapters/lesson/weightsfile.h"
#include "chapters/words.h"
#include "decode/modeldir.h"
#include "numbers/halffloat.h"

#define POSITIONS 2048              /* that the caches of the table hold     */
#define SHOWN 160                   /* bytes of the header at most           */
#define PATTERNS 65536              /* of 16 bits                            */

typedef struct {
    Lesson l;
    const char *name;               /* --model, without the folders before it */
    ModelDir dir;
    WeightsFile w;
    Families others;                /* five that people use                  */
} Look;

/* Part 1: the file, or the files one behind the other, and what is how large. */
static void show_map(Look *k)
{
    int n = k->w.st->count + k->w.st->file_count, bars = 0;
    MapPart *part = memory_get(n, sizeof *part);
    size_t bytes[KIND_COUNT] = {0}, total = 0;
    char note[KIND_COUNT][40];
    Bar bar[KIND_COUNT];

    weightsfile_parts(&k->w, part);
    for (int i = 0; i < n; i++) {
        bytes[part[i].kind] += part[i].bytes;
        total += part[i].bytes;
    }
    lesson_part(&k->l, "map", "The map");
    picture_number(&k->l, "tensors", "tensors", k->w.st->count, 9, "");
    picture_number(&k->l, "files", "files", k->w.st->file_count, 9, "");
    lesson_say(&k->l, "A tensor is a table of numbers with a name. In the order in which "
               "they lie there, one letter for what each is part of:");
    picture_map(&k->l, "file", "to scale", part, n, tensor_kinds, KIND_COUNT);
    lesson_say(&k->l, "The same, added up, in bytes:");
    for (int i = 0; i < KIND_COUNT; i++)
        if (bytes[i] > 0) {
            snprintf(note[i], sizeof note[i], "%zu  %.2f %%", bytes[i],
                     100 * (double)bytes[i] / (double)total);
            bar[bars++] = (Bar){ tensor_kinds[i], (double)bytes[i], note[i] };
        }
    picture_bars(&k->l, "bytes", bar, bars);
    memory_give_back(part);
}

/* Part 2: the first bytes, until the first tensor is described. */
static void show_bytes(Look *k)
{
    const MapFile *file = &k->w.st->files[0];
    Bracket bracket[WEIGHTSFILE_BRACKETS];
    int count = weightsfile_brackets(bracket, &k->w);
    size_t n = SHOWN;

    while (bracket[count - 1].to > n)
        count--;
    if (count == WEIGHTSFILE_BRACKETS)
        n = bracket[count - 1].to;
    lesson_part(&k->l, "bytes", "The first bytes");
    lesson_say(&k->l, "The first eight bytes are the length N of what follows: JSON, "
               "one entry for each tensor, with its kind of number, its shape, and "
               "where its bytes lie behind the header.");
    picture_hexdump(&k->l, "start", file->bytes, n < file->size ? n : file->size, 0,
                    bracket, count);
}

/* Number `at` of a tensor, widened. */
static float number_at(const Tensor *t, size_t at)
{
    size_t size = (size_t)dtype_bits(t->dtype) / 8;
    float x;

    tensor_to_f32(&x, (const unsigned char *)t->data + at * size, t->dtype, 1);
    //@stop number_read
    return x;
}

/* Its first 16 bytes, with a bracket below each of the first four numbers. */
static void show_first_numbers(Look *k, const Place *place)
{
    const Tensor *t = place->tensor;
    size_t size = (size_t)dtype_bits(t->dtype) / 8;
    size_t bytes = t->bytes < 16 ? t->bytes : 16;
    Bracket bracket[4];
    char spelt[4][24];
    int n = min_int(4, (int)(bytes / size));

    for (int i = 0; i < n; i++) {
        snprintf(spelt[i], sizeof spelt[i], "%.4g", (double)number_at(t, (size_t)i));
        bracket[i] = (Bracket){ (size_t)i * size, (size_t)(i + 1) * size, spelt[i] };
    }
    picture_hexdump(&k->l, "start", t->data, bytes, place->from, bracket, n);
}

/* Equation (2) at its corners, and 0.1, which none of them has. */
static void show_reach(Look *k, const BitFields *formats)
{
    static const char *const head[] = { "format", "largest", "least normal",
                                        "step at 1", "0.1 becomes" };
    const double tenth[3] = { (double)bf16_to_f32(f32_to_bf16(0.1f)),
                              (double)f16_to_f32(f32_to_f16(0.1f)), (double)0.1f };
    char text[3][4][24];
    const char *cell[15];

    for (int i = 0; i < 3; i++) {
        const BitFields *f = &formats[i];
        int bias = (1 << (f->exponent - 1)) - 1;
        double corner[4] = { ldexp(2 - ldexp(1, -f->mantissa), bias),
                             ldexp(1, 1 - bias), ldexp(1, -f->mantissa), tenth[i] };

        cell[5 * i] = f->name;
        for (int c = 0; c < 4; c++) {
            snprintf(text[i][c], sizeof text[i][c],
                     c == 0 ? "%.5g" : c == 3 ? "%.9f" : "%.3g", corner[c]);
            cell[5 * i + 1 + c] = text[i][c];
        }
    }
    picture_table(&k->l, "reach", head, "lrrrr", cell, 3);
}

/* Part 3: one number of the file, as each of the three formats spells it. */
static void show_number(Look *k, const Place *place)
{
    static const BitFields formats[] = { { "bf16", 8, 7 }, { "f16", 5, 10 },
                                         { "f32", 8, 23 } };
    const Tensor *t = place->tensor;
    size_t at = 0, last = (size_t)tensor_count(t) - 1;
    uint16_t bf16, f16;
    float x;

    while (at < last && at < PATTERNS && number_at(t, at) == 0)
        at++;
    x = number_at(t, at);
    //@stop number_taken
    bf16 = f32_to_bf16(x);
    f16 = f32_to_f16(x);
    lesson_part(&k->l, "number", "One number taken apart");
    picture_text(&k->l, "tensor", "the largest tensor", t->name);
    picture_text(&k->l, "dtype", "its kind of number", dtype_name(t->dtype));
    lesson_say(&k->l, "Its first bytes, and the numbers that they are:");
    show_first_numbers(k, place);
    lesson_say(&k->l, "Number %zu of it in three formats. (Where the file has another "
               "format: what rounding to this one gives.)", at);
    picture_bits(&k->l, "bf16", &formats[0], bf16, (double)bf16_to_f32(bf16));
    picture_bits(&k->l, "f16", &formats[1], f16, (double)f16_to_f32(f16));
    picture_bits(&k->l, "f32", &formats[2], f32_bits(x), (double)x);
    lesson_say(&k->l, "More mantissa is finer, more exponent reaches farther, and with "
               "16 bits one has to choose. (Least normal: nearer to 0, digits are lost. Step "
               "at 1: from 1 to the next number.)");
    show_reach(k, formats);
}

/* Part 4: what it takes in memory. */
static void show_memory(Look *k)
{
    char has[64] = "";
    ModelSize own;
    Error error;
    Config c;

    lesson_part(&k->l, "memory", "What it takes in memory");
    lesson_say(&k->l, "In MB (millions of bytes): all weights, with the numbers of the "
               "matrices in 32, 16, 8 or 4 bits (Q8 and Q4 with one 16-bit scale for "
               "every 32); and KV, what is kept of the text while it is read (chapter "
               "04), for %d tokens in F16, or as many as the model's context has.",
               POSITIONS);
    own = modelsize_of(k->dir.file.tensors, k->dir.file.count,
                       config_read(&c, k->dir.config.root, &error) ? &c : NULL, POSITIONS);
    families_memory(&k->l, &k->others, k->name, &own, POSITIONS);
    for (int d = DTYPE_COUNT - 1; d >= 0; d--) {
        Format format;

        if (format_of(&format, (Dtype)d))
            snprintf(has + strlen(has), sizeof has - strlen(has), "%s%s",
                     has[0] != '\0' ? ", " : "", dtype_name((Dtype)d));
    }
    picture_text(&k->l, "today", "this engine computes with", has);
    lesson_say(&k->l, "Q8 and Q4 are what these weights would take: --quantize makes them "
               "when a model is loaded (chapter 06; the output stays in 8). On top come the "
               "activations, the rows of numbers of the pass itself, which are small.");
}

/* Part 5: the same engine, other settings. */
static void show_families(Look *k)
{
    lesson_part(&k->l, "families", "Five models, one machine");
    families_missing(&k->l, &k->others);
    if (k->others.count == 0)
        return;
    lesson_say(&k->l, "Beside the weights lies a page of settings, config.json. These are "
               "models that people use. E is the width of a row, L the number of "
               "layers; H query heads share K key heads, each D numbers wide, of which R "
               "turn with the position, as fast as theta and scaling say (chapter 04); F is "
               "the width inside the MLP, V the size of the vocabulary.");
    families_settings(&k->l, &k->others);
    lesson_say(&k->l, "No model has a program of its own: one function, block_forward in "
               "src/model/block.c, runs a layer of each. Numbers are only sizes. The rest "
               "are switches: which norm, which bend between the matrices and whether a gate "
               "goes with it, one matrix for q, k and v (fused) or three, and whether both "
               "halves of a layer read the same row (parallel) or one reads what the other "
               "made. A bias is added where the file has one; tied means that the embedding "
               "is the output matrix too.");
}

/* Equation (2), in double, where it is exact: what 16 bits mean. */
static double meaning(uint32_t bits, int exponent, int mantissa)
{
    int ones = (1 << exponent) - 1, bias = ones >> 1;
    int e = (int)(bits >> mantissa) & ones, m = (int)bits & ((1 << mantissa) - 1);
    double x = e == ones ? (m == 0 ? (double)INFINITY : (double)NAN)
             : e == 0 ? ldexp(m, 1 - bias - mantissa)
             : ldexp(1 + ldexp(m, -mantissa), e - bias);

    return (bits & 0x8000) != 0 ? -x : x;
}

/* All patterns of a format through tensor_to_f32: how many come out as (2) says,
 * and back as they were? (A NaN has to stay one.) */
static int right_patterns(Dtype dtype, int exponent, int mantissa,
                          uint16_t narrow(float))
{
    unsigned char *bytes = memory_get(PATTERNS, 2);
    float *x = memory_get(PATTERNS, sizeof *x);
    int right = 0;

    for (uint32_t i = 0; i < PATTERNS; i++) {
        bytes[2 * i] = (unsigned char)i;
        bytes[2 * i + 1] = (unsigned char)(i >> 8);
    }
    tensor_to_f32(x, bytes, dtype, PATTERNS);
    for (uint32_t i = 0; i < PATTERNS; i++) {
        double want = meaning(i, exponent, mantissa), got = (double)x[i];

        right += isnan(want) ? isnan(got) && isnan(meaning(narrow(x[i]), exponent, mantissa))
               : memcmp(&want, &got, sizeof want) == 0 && narrow(x[i]) == i;
    }
    memory_give_back(bytes);
    memory_give_back(x);
    return right;
}

/* The theorem: no byte is left over, none is counted twice. */
static void prove(Look *k)
{
    const Safetensors *st = k->w.st;
    size_t headers = 0, tensors = 0, files = 0;
    bool first = true, next = true, last = true;

    for (int f = 0, i = 0; f < st->file_count; f++) {
        size_t at = 8 + header_length(&st->files[f]);

        headers += at;
        files += st->files[f].size;
        first = first && (i == st->count || k->w.place[i].file != f
                          || k->w.place[i].from == at);
        for (; i < st->count && k->w.place[i].file == f; i++) {
            //@stop tile_next
            next = next && k->w.place[i].from == at;
            at = k->w.place[i].from + k->w.place[i].tensor->bytes;
            tensors += k->w.place[i].tensor->bytes;
        }
        last = last && at == st->files[f].size;
    }
    //@stop file_tiled
    lesson_theorem(&k->l, "the tensors tile the file exactly: every byte of it is "
                   "explained once; and 16 bits mean what their three fields say");
    lesson_check(&k->l, first, "the first tensor begins behind the header (byte %zu)",
                 st->file_count == 1 ? headers : 8 + header_length(&st->files[0]));
    lesson_check(&k->l, next && last, "%d tensors: each begins where the one before it "
                 "ends, and the last ends at the end of the file", st->count);
    lesson_check(&k->l, headers + tensors == files, "%zu bytes of header + %zu of "
                 "tensors = %zu of file", headers, tensors, files);
    lesson_check(&k->l, weightsfile_agrees(&k->w), "each lies where the header says, and "
                 "its bytes are its shape times the size of a number");
    lesson_check(&k->l, right_patterns(DTYPE_BF16, 8, 7, f32_to_bf16) == PATTERNS,
                 "all %d patterns of bf16 mean (-1)^s · 2^(e-127) · (1 + m/128), and "
                 "come back from float32 as they were", PATTERNS);
    lesson_check(&k->l, right_patterns(DTYPE_F16, 5, 10, f32_to_f16) == PATTERNS,
                 "all %d patterns of f16 mean (-1)^s · 2^(e-15) · (1 + m/1024), and "
                 "come back too", PATTERNS);
}

int chapter02_weights(const Options *options)
{
    const char *slash = strrchr(options->model, '/');
    Look k = { .name = slash != NULL && slash[1] != '\0' ? slash + 1 : options->model };
    Error error = {0};
    bool fine;

    lesson_begin(&k.l, "chapter02_weights", "02 weights: a model is a file", options);
    fine = modeldir_open(&k.dir, options->model, MODELDIR_WEIGHTS, &error)
        && looking_floats(&k.dir, &error) && weightsfile_look(&k.w, &k.dir.file, &error);
    if (fine) {
        show_map(&k);
        show_bytes(&k);
        if (k.w.largest != NULL)
            show_number(&k, k.w.largest);
        families_read(&k.others);
        show_memory(&k);
        show_families(&k);
        prove(&k);
    }
    families_free(&k.others);
    weightsfile_close(&k.w);
    modeldir_close(&k.dir);
    return lesson_end(&k.l, fine, &error);
}
