/* bench_tokenizer.c - how fast are tokenizers opened, and texts cut and joined?
 *
 *      tokenizer.json ──► open ──► seconds
 *                           │
 *      a text ──────────► encode ──► MB of text per second, ids
 *                           │
 *      ids ─────────────► decode ──► MB of text per second
 *
 * One thread, and the processor's time for it: what else runs on the machine counts
 * less than by the clock on the wall. It still slows memory down, so each figure is
 * the best of ROUNDS. Nothing is kept from one round to the next: a
 * tokenizer that remembers words forgets them when tokenizer_encode returns. The
 * last column is a hash of the ids, so that another program can say whether its own
 * are the same (tests/bench/tokenizers_peer.py does).
 *
 * Usage: bench_tokenizer ROUNDS TEXT TOKENIZER.JSON…
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>               /* clock: the processor's time               */

#include "base/hash.h"          /* hash_bytes                                */
#include "base/mapfile.h"
#include "text/tokenizer.h"

typedef struct { double open, encode, decode; } Seconds;

static double seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static void keep_best(double *best, double start)
{
    double spent = seconds() - start;

    *best = *best == 0 || spent < *best ? spent : *best;
}

/* One round; ids is filled anew. */
static bool measure(Seconds *best, Ids *ids, const char *path,
                    const MapFile *text, Error *error)
{
    Text back = {0};
    double start = seconds();
    Tokenizer *tokenizer = tokenizer_open(path, error);

    if (tokenizer == NULL)
        return false;
    keep_best(&best->open, start);
    ids->count = 0;
    start = seconds();
    tokenizer_encode(ids, tokenizer, (const char *)text->bytes, text->size, false);
    keep_best(&best->encode, start);
    start = seconds();
    tokenizer_decode(&back, tokenizer, ids->id, ids->count, false);
    keep_best(&best->decode, start);
    text_free(&back);
    tokenizer_close(tokenizer);
    return true;
}

/* ".../pythia-1b/tokenizer.json": the folder's name. */
static void show(const char *path, const Seconds *s, const Ids *ids, size_t bytes)
{
    const char *end = strrchr(path, '/'), *name = end != NULL ? end : path;

    while (name > path && name[-1] != '/')
        name--;
    printf("%-26.*s %8.1f %8.1f %8.1f %9d  %016llx\n",
           end != NULL ? (int)(end - name) : (int)strlen(name), name,
           s->open * 1e3, (double)bytes / 1e6 / s->encode,
           (double)bytes / 1e6 / s->decode, ids->count,
           (unsigned long long)hash_bytes(HASH_START, ids->id, sizeof *ids->id
                                                     * (size_t)ids->count));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 0;
    Error error = {0};
    MapFile text;

    if (argc < 4 || rounds < 1) {
        fprintf(stderr, "usage: bench_tokenizer ROUNDS TEXT TOKENIZER.JSON…\n");
        return EXIT_USAGE;
    }
    if (!mapfile_open(&text, argv[2], &error))
        return error_report(&error);
    if (utf8_check((const char *)text.bytes, text.size) != text.size) {
        fprintf(stderr, "%s: not UTF-8\n", argv[2]);
        return EXIT_INPUT;
    }
    printf("%zu bytes; MB/s, 1 thread   open ms   encode   decode       ids  "
           "FNV-1a of the ids\n", text.size);
    for (int i = 3; i < argc; i++) {
        Seconds best = {0};
        Ids ids = {0};

        for (int round = 0; round < rounds; round++)
            if (!measure(&best, &ids, argv[i], &text, &error))
                return error_report(&error);
        show(argv[i], &best, &ids, text.size);
        ids_free(&ids);
    }
    mapfile_close(&text);
    return EXIT_FINE;
}
