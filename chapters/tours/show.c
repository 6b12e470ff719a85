/* show.c - numbers as a person at a debugger wants to see them
 *
 *      (gdb) call show_row(x, 8)
 *      [8] 1 -2.5 0.100000001 0 3 4 … size 3.41, hash b82aabbc4eca9156
 *       │     │                             │          │
 *       │     │                             │          └ two rows with equal bits have
 *       │     │                             │            equal hashes: compare 16 signs
 *       │     │                             │            instead of 192 numbers
 *       │     │                             └ sqrt(Σ x² / n)
 *       │     └ 9 significant digits bring back the float's bits
 *       └ how many there are
 *
 * A debugger shows one number well and 192 badly; a token's id it shows without
 * the word. So the program brings its own eyes. Nothing in it calls these
 * functions: they are here for `call` (gdb) and `expression` (lldb), in every
 * build, and cost a few hundred bytes.
 *
 * What is printed goes to stderr: that is not buffered, so it stands on the screen
 * when the debugger's prompt comes back, and never between a lesson's own lines.
 *
 * Trap: a pointer that is wrong is read all the same. gdb then says that the called
 * function received SIGSEGV; `set unwindonsignal on` (the tours do) takes the
 * program back to where it was.
 *
 * Read next: chapters/tours/chapter03_layers.tour.
 */
#include "chapters/tours/show.h"

#include <inttypes.h>
#include <math.h>               /* sqrt                                      */
#include <stdio.h>

#include "base/hash.h"
#include "base/memory.h"
#include "numbers/halffloat.h"

#define FIRST 6                 /* numbers of a row that are written out     */

static void print_row(const float *x, int n)
{
    double squares = 0;

    for (int i = 0; i < n; i++)
        squares += (double)x[i] * (double)x[i];
    fprintf(stderr, "[%d]", n);
    for (int i = 0; i < n && i < FIRST; i++)
        fprintf(stderr, " %.9g", (double)x[i]);
    fprintf(stderr, "%s size %.3g, hash %016" PRIx64 "\n", n > FIRST ? " …" : "",
            n > 0 ? sqrt(squares / n) : 0,
            hash_floats(HASH_START, x, n > 0 ? (size_t)n : 0));
}

void show_row(const float *x, int n)
{
    print_row(x, n);
}

void show_matrix(const float *x, int rows, int width)
{
    for (int r = 0; r < rows; r++) {
        fprintf(stderr, "%3d ", r);
        print_row(row(x, r, width), width);
    }
}

static const char *word(const Tokenizer *tokenizer, int id)
{
    const char *token = tokenizer_token(tokenizer, id);

    return token != NULL ? token : "(no such id)";
}

void show_tokens(const Tokenizer *tokenizer, const int *ids, int n)
{
    for (int i = 0; i < n; i++)
        fprintf(stderr, "%s%d %s", i > 0 ? " · " : "", ids[i],
                word(tokenizer, ids[i]));
    fprintf(stderr, "\n");
}

/* A scan of the vocabulary for each: V is some thousands, and a person waits. */
void show_best(const Tokenizer *tokenizer, const float *logits, int V, int k)
{
    int last = -1;

    for (int i = 0; i < k && i < V; i++) {
        int best = -1;

        for (int id = 0; id < V; id++) {
            bool later = last < 0 || logits[id] < logits[last]
                      || (logits[id] == logits[last] && id > last);

            if (later && (best < 0 || logits[id] > logits[best]))
                best = id;
        }
        if (best < 0)
            break;
        fprintf(stderr, "%12.9g  %d %s\n", (double)logits[best], best,
                word(tokenizer, best));
        last = best;
    }
}

/* Keys are stored as the cache's format has them: f16 is widened to be shown. */
void show_keys(const void *of, int layer, int head, int positions)
{
    const KvCache *cache = of;
    AttentionRow seen = kvcache_row(cache, layer, 0);
    size_t first = (size_t)head * (size_t)cache->capacity * (size_t)cache->D;
    float *key = memory_get(cache->D, sizeof *key);

    for (int s = 0; s < positions && s < cache->capacity; s++) {
        size_t at = first + (size_t)s * (size_t)cache->D;

        for (int d = 0; d < cache->D; d++)
            key[d] = cache->format == FORMAT_F32
                   ? ((const float *)seen.keys)[at + (size_t)d]
                   : f16_to_f32(((const uint16_t *)seen.keys)[at + (size_t)d]);
        fprintf(stderr, "%3d ", s);
        print_row(key, cache->D);
    }
    memory_give_back(key);
}

void show_hex(const void *bytes, int n)
{
    const unsigned char *b = bytes;

    for (int i = 0; i < n; i++)
        fprintf(stderr, "%02x%s", b[i], i % 16 == 15 || i == n - 1 ? "\n" : " ");
}
