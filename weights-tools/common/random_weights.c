/* random_weights.c - numbers for a tensor that nobody has trained
 *
 *   (seed, name, ⌊i / 4⌋) ──► Philox ──► four words of 32 random bits
 *                             no state            │
 *                                                 ▼  one word, one number
 *                                    sign   slice k        place f in it
 *                                    1 bit  12 bits        19 bits
 *                                                 │
 *      half of a bell curve, cut into             ▼
 *      slices of equal area               g = ±(x_k + f · (x_k+1 - x_k))   (1)
 *      ▁▁▁
 *      │ │▔▔│▁▁                                   │
 *      │ │  │  │▔▔▔▁▁▁                            ▼  the law of sizes
 *      │ │  │  │     │▔▔▔▔▁▁▁▁▁▁▁         weight i ──► F32, F16 or BF16
 *     0 x_1 x_2  x_3     x_4     4.5
 *
 * A normally distributed number without a logarithm: every slice is hit equally
 * often, since all have the same area, and inside a slice every place is taken as
 * equally likely. That replaces the curve by a staircase of 4096 steps, which nobody
 * can tell from it by looking at weights, and costs one look into a table. (The
 * usual way, Box and Muller's, takes a logarithm, a root, a sine and a cosine for
 * two numbers: several times as long, and a model has a billion.)
 *
 *      erf(x_k / √2) = k / 4096       for k < 4096;  the last edge is 4.5  (2)
 *
 * In truth the last slice has no end. One number in 4096 falls into it, beyond 3.67;
 * it is cut where the spread stays 1, to three digits.
 *
 * The law of sizes. A model's numbers must neither die out nor explode on their way
 * through 22 layers, or timing meets infinities and a comparison meets zeros:
 *
 *      matrix [out, in]    g / √in                                         (3)
 *      norm's weight       1 + g / 5
 *      bias                g / 10
 *
 * (3) keeps the size: a row x of `in` numbers of size 1 gives Σ w·x, a sum of `in`
 * terms of size 1/√in, which has size 1 again. So queries and keys have size 1,
 * and their scores q·k/√D too: a softmax over numbers that differ by some ±2 is
 * neither flat nor a single word. Each block adds rows of about size 1 to the
 * residual stream, which grows as √L, to 5 for 22 layers: far from F16's 65504,
 * and the norm in front of each block takes it out again. Output rows times a
 * normed row: logits of size 1. Norms differ from 1 and biases from 0 by enough
 * that an engine which forgets one is found out.
 *
 * Trap: larger is not better. With 1.3 instead of 1 every rounding is amplified from
 * layer to layer, and two right programs differ in their fifth digit.
 *
 * What a random model cannot show: outliers, the words it would say, how much
 * quantizing hurts. For these, take a trained one.
 *
 * Source: Glorot and Bengio, "Understanding the difficulty of training deep
 * feedforward neural networks", 2010, for (3).
 * Read next: weights-tools/synthesize.c.
 */
#include "weights-tools/common/random_weights.h"

#include <string.h>                 /* strlen, memcpy                       */

#include "base/hash.h"              /* a name as a number                   */
#include "base/parallel.h"          /* pieces on all cores                  */
#include "base/random.h"            /* random_philox                        */
#include "base/utf8.h"              /* text_ends_with                       */
#include "numbers/elementary.h"     /* error_function                       */
#include "numbers/halffloat.h"      /* rounding to 16 bits                  */

#define LAST_EDGE 4.5f
#define ROOT_HALF 0.70710678f
#define PLACES 0x1p-19f             /* of one of 2^19 places in a slice     */
#define GRAIN ((size_t)16384)       /* numbers that one thread takes at once */

typedef struct {                    /* one call of random_weights_fill      */
    const RandomWeights *random;
    unsigned char *out;
    Dtype dtype;
    uint64_t stream;                /* the name's hash                      */
    float middle, size;             /* weight = middle + size · g           */
    size_t first, count;
} Job;

/* Equation (2), by halving: where does erf pass k / 4096? Cost: 25 erfs each. */
void random_weights_init(RandomWeights *random, uint64_t seed)
{
    random->seed = seed;
    random->edge[0] = 0;
    random->edge[RANDOM_SLICES] = LAST_EDGE;
    for (int k = 1; k < RANDOM_SLICES; k++) {
        float below = random->edge[k - 1], above = LAST_EDGE;
        float wanted = (float)k / RANDOM_SLICES;

        for (int step = 0; step < 25; step++) {
            float middle = (below + above) / 2;

            if (error_function(middle * ROOT_HALF) < wanted)
                below = middle;
            else
                above = middle;
        }
        random->edge[k] = above;
    }
}

/* The random bits of numbers 4b … 4b + 3. What goes where is part of the contract:
 * a model that was talked about must come out the same next year.
 *
 *      key      (seed's low half, stream's low half)
 *      counter  (b's low half, b's high half, seed's high half, stream's) */
static void draw_four(uint32_t x[4], uint64_t seed, uint64_t stream, uint64_t b)
{
    uint32_t key[2] = { (uint32_t)seed, (uint32_t)stream };
    uint32_t counter[4] = { (uint32_t)b, (uint32_t)(b >> 32),
                            (uint32_t)(seed >> 32), (uint32_t)(stream >> 32) };

    random_philox(x, counter, key);
}

/* Equation (1); sign, slice and place are x's bits from the top. */
static inline float normal(const float *edge, uint32_t x)
{
    const float *slice = edge + (x >> 19) % RANDOM_SLICES;
    float place = (float)(x & 0x7FFFF) * PLACES;
    float g = slice[0] + place * (slice[1] - slice[0]);

    return x >> 31 ? -g : g;
}

static uint64_t stream_of(const char *name)
{
    return hash_bytes(HASH_START, name, strlen(name));
}

float random_weights_normal(const RandomWeights *random, const char *name,
                            uint64_t index)
{
    uint32_t x[4];

    draw_four(x, random->seed, stream_of(name), index / 4);
    return normal(random->edge, x[index % 4]);
}

/* The law of sizes: middle and size of the tensor's numbers. */
static void find_law(Job *job, const Tensor *tensor)
{
    bool bias = text_ends_with(tensor->name, ".bias");

    job->middle = tensor->rank == 1 && !bias ? 1 : 0;
    job->size = bias ? 0.1f : 0.2f;
    if (tensor->rank >= 2)
        job->size = 1 / sqrtf((float)tensor->shape[tensor->rank - 1]);
}

static void store(unsigned char *out, Dtype dtype, size_t i, float x)
{
    uint16_t half;

    if (dtype == DTYPE_F32) {
        memcpy(out + 4 * i, &x, sizeof x);
        return;
    }
    half = dtype == DTYPE_F16 ? f32_to_f16(x) : f32_to_bf16(x);
    memcpy(out + 2 * i, &half, sizeof half);
}

/* ParallelBody: pieces [begin, end) of GRAIN numbers each. */
static void fill_pieces(int begin, int end, int worker, void *arg)
{
    const Job *job = arg;
    size_t stop = (size_t)end * GRAIN;
    uint32_t x[4] = {0};

    (void)worker;
    if (stop > job->count)
        stop = job->count;
    for (size_t start = (size_t)begin * GRAIN, i = start; i < stop; i++) {
        uint64_t index = job->first + i;

        if (i == start || index % 4 == 0)
            draw_four(x, job->random->seed, job->stream, index / 4);
        store(job->out, job->dtype, i, job->middle
              + job->size * normal(job->random->edge, x[index % 4]));
    }
}

/* The same bits however a tensor is cut into calls, and for any number of threads.
 * Cost: about 6 ns a number on one core. */
void random_weights_fill(void *out, const RandomWeights *random,
                         const Tensor *tensor, size_t first, size_t count)
{
    Job job = { .random = random, .out = out, .dtype = tensor->dtype,
                .stream = stream_of(tensor->name), .first = first, .count = count };

    must(tensor->dtype == DTYPE_F32 || tensor->dtype == DTYPE_F16
         || tensor->dtype == DTYPE_BF16, "no random %s", dtype_name(tensor->dtype));
    find_law(&job, tensor);
    parallel_for((int)((count + GRAIN - 1) / GRAIN), 1, fill_pieces, &job);
}
