/* attention.c - each token looks back and takes what it needs
 *
 *    one row (token) t, its query heads of one group: they share a key/value head
 *
 *      q_th  [G, D]                             out_th  [G, D]
 *        │                                         ▲
 *        │   keys  [S, D]                          │ ÷ Z
 *        ▼  ┌──────────────┐   s_j       e_j       │    ┌──────────────┐
 *        ×──│ position 0   │──► ·/√D ─┬─► e^(s−m) ─×────│ position 0   │ values
 *           │ position 1   │──►       │            ×────│ position 1   │ [S, D]
 *           │ …            │          ▼            ×────│ …            │
 *           │ its own      │──►  m = largest       ×────│ its own      │
 *           └──────────────┘                            └──────────────┘
 *            what each word offers          what each word has to say
 *
 * A query is a question; every earlier word has a key, which says what it can
 * answer, and a value, which is the answer. How well key and question match
 * decides how much of the value is taken. The word itself is the last position;
 * later ones are not looked at, so nothing can be learned from the future.
 *
 *      s_j = dot(k_j, q) · (float)(1/√D),  j = 0 … positions-1             (1)
 *      m   = max s_j                                                       (2)
 *      e_j = e^(s_j − m)        Z = Σ e_j   in eight lanes, j mod 8        (3)
 *      o_d = fma(e_j, v_jd, o_d) for j ascending,  out_d = o_d / Z         (4)
 *
 * 1/√D keeps the scores of wide heads as small as those of narrow ones.
 * Subtracting m changes nothing in the quotient and keeps e^s from overflowing.
 *
 * In "Once upon a time", " time" is at position 5 (0 is <|endoftext|>). Head 3 of
 * layer 1 has learned to look at the word before; head 2 asks where the text began:
 *
 *      //= weight[1][3][5] -> 0.00 0.00 0.00 0.01 0.98 0.01    (" a")
 *      //= weight[1][2][5] -> 0.04 0.90 0.02 0.02 0.01 0.01    ("On")
 *      //= sum(weight[1][3][5]) -> 1.000
 *
 * Many engines go over the positions once, in blocks, and correct the sums when
 * a larger m turns up. Then the result depends on where blocks begin. Here it
 * is two passes, and j is the absolute position: a row's result depends on the
 * row and its cache only, whatever else is in the same call.
 *
 * Grouped heads: H query heads share K key/value heads, G = H / K each. A
 * group's queries meet the keys together, as a matrix, and a block of positions at a
 * time, for the values likewise: the cache is read from memory once, however many heads
 * look at it. (At 4096 positions a head's keys are as large as a second-level cache.)
 *
 * Going back: the weights e_j / Z can be computed again from q and the cache by
 * (1) to (3), bit for bit, so nothing of size [T, S] is ever kept.
 *
 * Source: Vaswani et al., "Attention Is All You Need", arXiv 1706.03762, section
 * 3.2; Ainslie et al., "GQA", arXiv 2305.13245.
 * Read next: model/block.c.  Lesson: chapters/chapter04_attention.c.
 */
#include "kernels/attention.h"

#include <math.h>                   /* sqrt, exact by IEEE 754               */
#include <string.h>                 /* memset                                */

#include "base/parallel.h"          /* parallel_for                          */
#include "kernels/exponentials.h"   /* exponentiate: equations (2) and (3)   */

/* The work is dealt to so many hands, each with scratch of its own, and threads
 * take hands. So the scratch does not depend on the number of threads. */
#define HANDS 32
#define BLOCK 128       /* positions: 16 KB of keys or values of 64 half floats */

typedef struct {                    /* one call, for the threads             */
    float *out;
    const float *q;
    const AttentionRow *rows;
    Format format;
    int T, H, K, D;
    int width;                      /* 1 + the largest positions of the rows */
    int parts;                      /* of a group's heads: items for threads */
    float *scratch;                 /* [HANDS, G, width]                     */
} Attention;

/* Equation (1)'s factor; double, so that it is the nearest float. */
static float score_scale(int D)
{
    return (float)(1 / sqrt((double)D));
}

/* Head number g of the cache: [capacity, D] of [K, capacity, D]. */
static const unsigned char *cache_head(const void *cache, int g, int capacity,
                                       int D, Format format)
{
    return row((const unsigned char *)cache, g,
               (size_t)capacity * (size_t)D * format_bytes(format));
}

/* Row t, and of key/value head g's query heads number first, G of them: equations (1)
 * to (4).
 *
 *   e  [G, width] scratch: a head's scores, then its e_j, and behind them its Z
 *
 * The queries are the x of a tile, the keys its w. Keys and values come from memory
 * a block of positions at a time, and all G heads use it while it is in the
 * first-level cache; the order of j is the same for each head. */
static void attend_group(const Attention *a, int t, int g, int first, int G, float *e)
{
    const AttentionRow *r = &a->rows[t];
    int head = t * a->H + g * (a->H / a->K) + first, D = a->D, S = r->positions;
    size_t bytes = (size_t)D * format_bytes(a->format);
    const unsigned char *k = cache_head(r->keys, g, r->capacity, D, a->format);
    const unsigned char *v = cache_head(r->values, g, r->capacity, D, a->format);
    const float *q = row(a->q, head, D);
    float *out = row(a->out, head, D);

    for (int j = 0; j < S; j += BLOCK)
        kernels->tile[a->format](e + j, (size_t)a->width, row(k, j, bytes),
                                 min_int(BLOCK, S - j), q, (size_t)D, G, D);
    for (int h = 0; h < G; h++) {
        float *e_h = row(e, h, a->width);

        e_h[S] = exponentiate(e_h, S, score_scale(D));
    }
    memset(out, 0, (size_t)(G * D) * sizeof *out);
    for (int j = 0; j < S; j += BLOCK)
        kernels->weigh[a->format](out, row(v, j, bytes), e + j, (size_t)a->width, G,
                                  min_int(BLOCK, S - j), D);
    for (int h = 0; h < G; h++)
        for (int d = 0; d < D; d++)
            row(out, h, D)[d] /= row(e, h, a->width)[S];
}

/* Hands begin … end-1. Hand i plays items i, i + HANDS, …: rows of a prompt look
 * back further and further, and this gives each hand short and long ones. */
static void play_hands(int begin, int end, int worker, void *arg)
{
    const Attention *a = arg;
    int G = a->H / a->K, items = a->T * a->K * a->parts;

    (void)worker;
    for (int hand = begin; hand < end; hand++)
        for (int item = hand; item < items; item += HANDS) {
            int group = item / a->parts, part = item % a->parts;
            int first = part * G / a->parts, last = (part + 1) * G / a->parts;

            attend_group(a, group / a->K, group % a->K, first, last - first,
                         row(a->scratch, hand, (size_t)G * (size_t)a->width));
        }
}

/* Three groups for two threads would be two for one of them. Heads know nothing of each
 * other, so where groups are few and do not come out even, each is cut into parts,
 * though its keys and values are then read by several. */
static int parts_of_group(int groups, int G)
{
    int threads = parallel_threads();

    return groups % threads == 0 || groups >= 4 * threads ? 1 : min_int(G, threads);
}

/* Equations (1) to (4) for every row and head.
 *
 *   out, q   [T, H, D]; q is already turned; they do not overlap
 *   rows     [T], positions >= 1 each; any mixture of caches and lengths
 *   scratch  [attention_scratch(H, K, S)], S >= every row's positions
 *
 * Cost: 2 · H · positions · D fused multiply-adds and H · positions
 * exponentials per row. */
void attention(float *out, const float *q, const AttentionRow *rows,
               Format format, int T, int H, int K, int D, float *scratch)
{
    Attention a = { .out = out, .q = q, .rows = rows, .format = format, .T = T,
                    .H = H, .K = K, .D = D, .scratch = scratch };

    must(K > 0 && H % K == 0, "%d query heads share %d key/value heads", H, K);
    for (int t = 0; t < T; t++) {
        must(rows[t].positions > 0 && rows[t].positions <= rows[t].capacity,
             "row %d looks at %d positions of %d", t, rows[t].positions,
             rows[t].capacity);
        a.width = max_int(a.width, rows[t].positions + 1);
    }
    a.parts = parts_of_group(T * K, H / K);
    parallel_for(min_int(T * K * a.parts, HANDS), 1, play_hands, &a);
}

/* Floats of scratch for rows of at most S positions: scores of one group for
 * each hand, and their sums. Does not depend on the number of threads or rows. */
size_t attention_scratch(int H, int K, int S)
{
    return (size_t)HANDS * (size_t)(H / K) * ((size_t)S + 1);
}

/* p_j = e_j / Z, equations (1) to (3), as attention() had them on the way.
 *
 *   p    [positions] out; they sum to 1     q_h  [D], head h of H, turned
 *
 * Cost: positions · D fused multiply-adds; for lessons, not for speed. */
void attention_weights(float *p, const float *q_h, const AttentionRow *r,
                       Format format, int h, int H, int K, int D)
{
    int g = h / (H / K);
    float Z;

    must(h >= 0 && h < H && r->positions > 0, "head %d of %d, %d positions", h,
         H, r->positions);
    kernels->tile[format](p, 0, cache_head(r->keys, g, r->capacity, D, format),
                          r->positions, q_h, 0, 1, D);
    //@stop weights_scored
    Z = exponentiate(p, r->positions, score_scale(D));
    for (int j = 0; j < r->positions; j++)
        p[j] /= Z;
}
