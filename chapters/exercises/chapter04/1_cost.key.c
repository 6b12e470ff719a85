/* 1_cost.key.c - exercise 04.1: the engine answers nine questions
 *
 *      cache bytes      kvcache_bytes of TinyLlama's numbers
 *      moved words      two layers of attention, twice; memcmp
 *      weights          attention_weights of a query and keys made for it
 *
 * The two layers are attention and nothing else: a row x of 2 · D numbers is
 * its own query (two heads that share one key/value head), its first half its
 * key, its second half its value, and the result is added to the row:
 *
 *      x_t := x_t + attention(x_t; keys and values of 0 … t)
 *
 * The matrices that a model has around it work on each row alone, so they can
 * change nothing about which rows move. Each question is one case: all are
 * answered, also when an early one is wrong.
 */
#include <string.h>

#include "base/memory.h"
#include "chapters/exercises/chapter04/tasks.h"
#include "chapters/exercises/judge.h"
#include "model/kvcache.h"

enum { TEXT = 12, EXCHANGED = 8, WIDTH = 8, ROW = 2 * WIDTH, LAYERS = 2 };

/* One run through the two layers. x [TEXT, ROW] in: embeddings, out: output. */
static void think(Case *c, float *x, KvCache *cache)
{
    float *heads = case_array(c, ROW, sizeof *heads);
    float *scratch = case_array(c, (int)attention_scratch(2, 1, TEXT),
                                sizeof *scratch);

    for (int layer = 0; layer < LAYERS; layer++)
        for (int t = 0; t < TEXT; t++) {
            float *x_t = row(x, t, ROW);
            AttentionRow r = kvcache_row(cache, layer, t);

            must(kvcache_put(cache, layer, t, x_t, x_t + WIDTH), "it fits");
            attention(heads, x_t, &r, FORMAT_F32, 1, 2, 1, WIDTH, scratch);
            for (int e = 0; e < ROW; e++)
                x_t[e] += heads[e];
        }
}

/* In how many rows [TEXT, width] do a and b differ? */
static int rows_moved(const float *a, const float *b, int width)
{
    int moved = 0;

    for (int t = 0; t < TEXT; t++)
        moved += memcmp(row(a, t, width), row(b, t, width),
                        (size_t)width * sizeof *a) != 0;
    return moved;
}

/* Questions 3, 4 and 5: moved [3] positions. */
static void exchange_word(Case *c, int moved[3])
{
    Config config = { .L = LAYERS, .K = 1, .D = WIDTH };
    KvCache cache[2];
    float *x[2], *keys[2];
    Error error = {0};

    x[0] = case_array(c, TEXT * ROW, sizeof *x[0]);
    x[1] = case_array(c, TEXT * ROW, sizeof *x[1]);
    case_fill(c, x[0], TEXT * ROW);
    memcpy(x[1], x[0], TEXT * ROW * sizeof *x[0]);
    case_fill(c, row(x[1], EXCHANGED, ROW), ROW);
    for (int run = 0; run < 2; run++) {
        must(kvcache_init(&cache[run], &config, TEXT, FORMAT_F32, &error),
             "a few bytes");
        think(c, x[run], &cache[run]);
    }
    for (int layer = 0; layer < LAYERS; layer++) {
        for (int run = 0; run < 2; run++) {
            AttentionRow r = kvcache_row(&cache[run], layer, 0);

            keys[run] = case_array(c, TEXT * WIDTH, sizeof *keys[run]);
            memcpy(keys[run], r.keys, TEXT * WIDTH * sizeof *keys[run]);
        }
        moved[layer] = rows_moved(keys[0], keys[1], WIDTH);
    }
    moved[2] = TEXT - rows_moved(x[0], x[1], ROW);
    for (int run = 0; run < 2; run++)
        kvcache_free(&cache[run]);
}

/* The weight of key 0 at position t: every number of the query is q, of key j is
 * step · j, so that q · k_j = D · q · step · j. */
static double weight_of_first(Case *c, int t, int D, float q, float step)
{
    float *query = case_array(c, D, sizeof *query);
    float *keys = case_array(c, (t + 1) * D, sizeof *keys);
    float *p = case_array(c, t + 1, sizeof *p);
    AttentionRow r = { keys, keys, t + 1, t + 1 };

    for (int i = 0; i < (t + 1) * D; i++)
        keys[i] = step * (float)(i / D);
    for (int d = 0; d < D; d++)
        query[d] = q;
    attention_weights(p, query, &r, FORMAT_F32, 0, 1, 1, D);
    return (double)p[0];
}

/* The engine's answer to question n. */
static double answer(Case *c, int n)
{
    Config shared = { .L = 22, .H = 32, .K = 4, .D = 64, .context = 2048 };
    Config alone = { .L = 22, .H = 32, .K = 32, .D = 64, .context = 2048 };
    int moved[3];

    exchange_word(c, moved);
    switch (n) {
    case 0: return (double)kvcache_bytes(&shared, 1, FORMAT_F16);
    case 1: return (double)kvcache_bytes(&shared, 2048, FORMAT_F16) / 0x1p20;
    case 2: return (double)kvcache_bytes(&alone, 2048, FORMAT_F32) / 0x1p20;
    case 6: return weight_of_first(c, 0, 16, 0.75f, 0.5f);
    case 7: return weight_of_first(c, 7, 16, 0, 0.5f);
    case 8: return weight_of_first(c, 1, 16, 1, 50);
    default: return moved[n - 3];
    }
}

static const Slip slips[] = {
    { 0, 11264, "a key and a value: twice as many numbers as you counted" },
    { 0, 45056, "in f16 a number takes 2 bytes, not 4" },
    { 0, 180224, "you counted query heads; the cache holds key/value heads, K = 4" },
    { 0, 1024, "that is one layer; every layer has its own keys and values" },
    { 0, 512, "every layer has its own, and a value beside each key" },
    { 1, 46137344, "these are bytes; the question is how many MiB" },
    { 1, 46.137344, "a MiB is 1024 · 1024 bytes, not a million" },
    { 1, 22, "a key and a value: twice as many" },
    { 2, 352, "f32 takes 4 bytes a number, twice as many as f16" },
    { 2, 88, "H = 32 heads now instead of K = 4: eight times as many" },
    { 2, 176, "32 heads instead of 4 is eight times as many, and f32 twice as large" },
    { 3, 4, "layer 0's key of a token is made before anybody looked anywhere" },
    { 3, 12, "a key of layer 0 knows its own token and position only" },
    { 3, 0, "the exchanged token has another key itself" },
    { 4, 1, "layer 1's keys are made of layer 0's output, which has looked back" },
    { 4, 3, "the exchanged position itself moves too: 8, 9, 10, 11" },
    { 4, 12, "positions before 8 never look at 8" },
    { 5, 0, "nothing before position 8 has looked at it" },
    { 5, 4, "that is how many move; asked is how many do not" },
    { 5, 9, "positions 0 … 7 are eight, and position 8 itself moves" },
    { 5, 11, "later positions look at 8 and move with it" },
    { 6, 0, "its own position is the last it looks at, not the first it may not" },
    { 7, 0, "all scores are 0, and e^0 is 1: everybody gets the same" },
    { 7, 1.0 / 7, "positions 0 … 7 are eight keys: its own is one of them" },
    { 7, 1, "the weights of all its keys add up to 1" },
    { 8, 1, "k_0 has the smaller score: k_1 gets this" },
    { 8, 0.5, "only equal scores share equally; 200 apart is far apart" },
    { 0, 0, NULL },
};

static void run(Case *c)
{
    int question = case_number(c);
    double said = my_answers[question];

    case_says(c, "question %d", question);
    case_answer(c, said, said == answer(c, question),
                case_slip(slips, question, said, 0,
                          "work it out once more; ./run hint 04.1 says what to count"));
}

const Exercise exercise = { .stop = NULL, .visible = QUESTIONS, .hidden = 0,
                            .run = run };
