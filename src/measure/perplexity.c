/* perplexity.c - how surprised a model is by a text that it has never seen
 *
 *      ids    t0  t1  t2  t3  t4  t5  t6  t7  t8  t9            N = 4, S = 4
 *             └─ window 0 ──┘ └─ window 1 ──┘ └ w 2 ┘
 *
 *      one window     BOS  t4  t5  t6  t7       an empty cache each time
 *                      │   │   │   │
 *                      ▼   ▼   ▼   ▼            one pass: rows of logits [V]
 *                     -ln p of
 *                      t4  t5  t6  t7           each told by those before it
 *
 *      S = 2          t0  t1  t2  t3            all are scored
 *                             t2  t3  t4  t5            … here the last two:
 *                             ─── ───                     those two are read
 *                                     t4  t5  t6  t7      and not scored again
 *
 * A model gives every next token a probability. What it gave to the token that
 * really came is the judgement: 1 would be a prophet, 1/V is a guess. The nats of
 * surprise are added up over a text, and the mean is put back into a power:
 *
 *      nll        = Σ -ln p(t_i | the tokens before t_i in its window)     (1)
 *      -ln p      = log Σ_j e^(x_j) - x_i          x: the logits           (2)
 *      perplexity = e^(nll / tokens)                                       (3)
 *      bits/byte  = nll / ln 2 / bytes                                     (4)
 *
 * A perplexity of 20 means: as unsure as if 20 words were equally likely each time.
 * (3) depends on how the text was cut into tokens, so it compares a model with its
 * own quantized copy, and not with a model that has other words. (4) may be compared
 * across tokenizers: all models read the same bytes.
 *
 * Three things that are easily got wrong, and make numbers that others cannot repeat:
 *
 * - The first token of a window is told by nothing. Where the tokenizer puts BOS in
 *   front of a text, BOS stands before every window, and its first token is told by
 *   it and scored; otherwise that token is only read. BOS itself is never scored.
 * - Short windows make a model look worse: a token at the beginning of one has little
 *   to go by. Overlapping windows (S < N) give each later token at least N - S others,
 *   and cost N / S times as much. Every token is scored once, in the first window
 *   that can tell it; a last window that the text cuts short scores what is left.
 * - The bytes in (4) are those of the scored tokens' text, as the decoder spells them:
 *   a byte token is one, "▁" is a blank, and the blank that a Llama 2 tokenizer puts in
 *   front of a text is none. Where all are scored, they add up to the file.
 *
 * The sum (1) is in double, eight lanes by the number of the scored token mod 8, then
 * the tree of kernels/dot.h. So it has the same bits for any chunk, any threads and any
 * kernels, as every logit has.
 *
 * The last token of a window is not fed: nobody asks what comes behind it. Rows that
 * only stand before the scored ones skip the output matrix. All text of a window goes
 * through the model in as few passes as the session's chunk allows.
 *
 * Source: Jelinek, Mercer, Bahl, Baker, "Perplexity - a measure of the difficulty of
 * speech recognition tasks", 1977. Read next: decode/session.c, kernels/softmax.c.
 * Lesson: chapters/chapter06_quantize.c.
 */
#include "measure/perplexity.h"

#include "base/memory.h"            /* memory_get                            */
#include "kernels/softmax.h"        /* log_sum_exp, equation (2)             */
#include "numbers/elementary.h"     /* exponential_of                        */

#define LANES 8

typedef struct {
    Perplexity *out;
    double lane[LANES];             /* of (1)                                */
    int V;
    const int *ids, *lengths;       /* [n] the text, and bytes of each token */
    int n;
    bool has_bos;
    int bos;
    int window, stride;
    int *fed;                       /* [window] the rows of one window       */
    const Watch *outer;             /* the session's own watch               */
    size_t done, now, total;        /* rows: of feeds before, of this, of all */
    int first;                      /* the token that position 0 tells       */
} Scoring;

int perplexity_window(const Config *config, const Tokenizer *tokenizer)
{
    int bos;

    return config->context - (tokenizer_adds_first(tokenizer, &bos) ? 1 : 0);
}

int perplexity_room(const Tokenizer *tokenizer, const PerplexityOptions *options,
                    int n)
{
    int bos, window = min_int(options->window, n);

    return max_int(1, window - 1 + (tokenizer_adds_first(tokenizer, &bos) ? 1 : 0));
}

/* Where a window that begins at token a ends: behind its last token. */
static int window_end(const Scoring *sc, int a)
{
    return a + min_int(sc->window, sc->n - a);
}

/* Does another window come behind the one that begins at a? */
static bool more(const Scoring *sc, int a)
{
    return window_end(sc, a) < sc->n;
}

/* The first token that the window at a scores: of a later window the last S, and
 * never one with nothing before it. */
static int first_scored(const Scoring *sc, int a)
{
    return max_int(a + !sc->has_bos, a == 0 ? 0 : a + sc->window - sc->stride);
}

static double lanes_sum(const double *lane)
{
    double sum[LANES];

    for (int j = 0; j < LANES; j++)
        sum[j] = lane[j];
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int j = 0; j < width; j++)
            sum[j] += sum[j + width];
    return sum[0];
}

/* Equations (1) and (2): logits [V] at a position tell one token. */
static void score(void *context, int position, const float *logits)
{
    Scoring *sc = context;
    Perplexity *p = sc->out;
    int token = sc->first + position;

    sc->lane[p->tokens % LANES] += log_sum_exp(logits, sc->V)
                                 - (double)logits[sc->ids[token]];
    p->tokens++;
    p->bytes += (size_t)sc->lengths[token];
    p->nll = lanes_sum(sc->lane);
}

/* The session says (steps of one feed, of its total); the outer watch hears of the
 * whole work. */
static bool go_on(void *context, size_t done, size_t total)
{
    const Scoring *sc = context;

    return watch_go_on(sc->outer, sc->done * total + sc->now * done,
                       sc->total * total);
}

/* The next n rows of the window, with or without the logits of each. */
static bool feed(Scoring *sc, Session *s, int n, bool scored, Error *error)
{
    const int *ids = sc->fed + s->length;
    bool fine;

    sc->now = (size_t)n;
    fine = scored ? session_feed_all(s, ids, n, score, sc, error)
                  : session_feed(s, ids, n, error);
    sc->done += (size_t)n;
    return fine;
}

/* One window, that of the tokens a … b-1.
 *
 *   position    0    1    2   …  rows-1
 *   fed       [BOS]  t_a  …      t_(b-2)
 *   tells     first  …           t_(b-1)      first: t_a, or without BOS t_(a+1)
 */
static bool window(Scoring *sc, Session *s, int a, Error *error)
{
    int b = window_end(sc, a), rows = 0, silent;

    if (sc->has_bos)
        sc->fed[rows++] = sc->bos;
    for (int i = a; i < b - 1; i++)
        sc->fed[rows++] = sc->ids[i];
    if (rows == 0)
        return true;                        /* one token, nothing before it  */
    sc->first = a + !sc->has_bos;
    silent = first_scored(sc, a) - sc->first;
    return session_goto(s, NULL, 0, error)
        && (silent == 0 || feed(sc, s, silent, false, error))
        && feed(sc, s, rows - silent, true, error);
}

/* Rows that all windows feed, for the progress. */
static size_t count_rows(const Scoring *sc)
{
    size_t rows = 0;

    for (int a = 0;; a += sc->stride) {
        rows += (size_t)(window_end(sc, a) - a - !sc->has_bos);
        if (!more(sc, a))
            return rows;
    }
}

/* The picture above.
 *
 *   out      nothing in it counts before; live while the work goes on
 *   s        empty or not, its cache is overwritten; its watch is asked
 *   ids      [n] a text from its beginning; below the model's V
 *   options  1 <= window <= perplexity_window, 1 <= stride <= window
 *   Cost:    n · N / S rows of the model, and V exponentials for each token
 */
bool perplexity(Perplexity *out, Session *s, const Tokenizer *tokenizer,
                const int *ids, int n, const PerplexityOptions *options,
                Error *error)
{
    Scoring sc = { .out = out, .V = s->model->config.V, .ids = ids, .n = n,
                   .window = options->window, .stride = options->stride,
                   .outer = s->watch };
    const Watch inner = { go_on, &sc };
    int *lengths;
    bool fine = true;

    must(sc.stride >= 1 && sc.stride <= sc.window, "stride %d, window %d",
         sc.stride, sc.window);
    *out = (Perplexity){0};
    sc.has_bos = tokenizer_adds_first(tokenizer, &sc.bos);
    if (n == 0)
        return error_set(error, "there is nothing to score: the text is empty");
    lengths = memory_get(n, sizeof *lengths);
    tokenizer_lengths(lengths, tokenizer, ids, n);
    sc.lengths = lengths;
    sc.fed = memory_get(min_int(sc.window, n), sizeof *sc.fed);
    sc.total = count_rows(&sc);
    s->watch = &inner;
    for (int a = 0; fine; a += sc.stride) {
        fine = window(&sc, s, a, error);
        if (!more(&sc, a))
            break;
    }
    s->watch = sc.outer;
    memory_give_back(sc.fed);
    memory_give_back(lengths);
    if (fine && out->tokens == 0)
        return error_set(error, "there is nothing to score: no token has one before "
                         "it in its window, and this tokenizer adds no BOS: take a "
                         "longer text, or windows of at least 2 tokens");
    return fine;
}

double perplexity_value(const Perplexity *p)
{
    return exponential_of(p->nll / p->tokens);
}

double perplexity_bits_per_byte(const Perplexity *p)
{
    return p->nll / LN_2 / (double)p->bytes;
}
