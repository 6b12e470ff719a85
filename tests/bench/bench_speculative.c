/* bench_speculative.c - what guessing costs and brings, on one model
 *
 *      passes of the target over 1, 2, … 9 rows      ──► pass(K + 1) / pass(1)
 *      one guess of each draft                       ──► draft / pass(1)
 *
 *      plain      ████████████████████████  n tokens, greedy
 *      planted    ████████████████          the int4 copy guesses, and is right with
 *      plain      ████████████████████████  a probability that we choose
 *      planted    …                         in turns, so that both see the same machine
 *
 * Real acceptance depends on model and text; what it is worth depends on the machine.
 * Here only the second is asked: a planted draft runs the copy (so its time is real)
 * but says what it was told, right or wrong. Random weights are as good as trained ones.
 *
 * The copying task needs no plant: a text that is its own repetition is written on by
 * the draft that looks into the text, ngram.
 *
 * Times are medians of R turns. Other programs on the machine make them worthless.
 *
 * Usage: bench_speculative MODEL [TOKENS [TURNS [THREADS]]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "decode/draft_model.h"
#include "decode/generate.h"
#include "model/quantize.h"

#define MOST_ROWS 9
#define MOST_TURNS 50
#define PROMPT 32                       /* ids                               */
#define K 4

typedef struct {
    ModelDir dir;
    Model model, copy;
    Session s;
    Format kv;
    int prompt[PROMPT];
    int n, turns;
} Bench;

static const SamplingConfig greedy = { .top_p = 1, .repeat_penalty = 1 };

static void check(bool fine, const Error *error)
{
    if (fine)
        return;
    fprintf(stderr, "%s\n", error->text);
    exit(1);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, by_size);
    return x[n / 2];
}

/* Seconds of passes over 1 … MOST_ROWS rows behind the prompt, in turns. */
static void time_rows(Bench *b, Session *s, double seconds[MOST_ROWS + 1])
{
    static double each[MOST_ROWS + 1][MOST_TURNS];
    Error error = {0};

    for (int turn = 0; turn < b->turns; turn++)
        for (int rows = 1; rows <= MOST_ROWS; rows++) {
            double begin;

            check(session_goto(s, b->prompt, PROMPT, &error), &error);
            begin = clock_seconds();
            check(session_feed_together(s, b->prompt, rows, &error), &error);
            each[rows][turn] = clock_seconds() - begin;
            session_cut(s, PROMPT - 1);
        }
    for (int rows = 1; rows <= MOST_ROWS; rows++)
        seconds[rows] = median(each[rows], b->turns);
}

/* Seconds of writing b->n tokens behind prompt [count]; the text into *out. */
static double time_text(Bench *b, const int *prompt, int count, Draft *draft,
                        int guesses, Generated *out)
{
    GenerateOptions o = { .sampling = greedy, .n = b->n, .draft = draft,
                          .guesses = guesses };
    Error error = {0};

    generated_free(out);
    session_cut(&b->s, 0);
    check(generate(out, &b->s, b->dir.tokenizer, prompt, count, &o, &error), &error);
    return out->seconds;
}

/* In turns: plain, then with the draft; prints both, and the median of the ratios. */
static void compare(Bench *b, const char *what, const int *prompt, int count,
                    Draft *draft, int guesses)
{
    static double plain[MOST_TURNS], with[MOST_TURNS], ratio[MOST_TURNS];
    Generated want = {0}, got = {0};
    bool same = true;

    for (int turn = 0; turn < b->turns; turn++) {
        plain[turn] = time_text(b, prompt, count, NULL, 0, &want);
        with[turn] = time_text(b, prompt, count, draft, guesses, &got);
        ratio[turn] = plain[turn] / with[turn];
        same = same && got.ids.count == want.ids.count
            && memcmp(got.ids.id, want.ids.id, (size_t)got.ids.count * sizeof(int)) == 0;
    }
    printf("%-29s plain %7.2f tok/s   guessing %7.2f tok/s   %5.2f x   "
           "%d of %d accepted, %.2f tokens a pass%s\n", what,
           b->n / median(plain, b->turns), b->n / median(with, b->turns),
           median(ratio, b->turns), got.acceptance.accepted, got.acceptance.guesses,
           (double)got.ids.count / max_int(got.acceptance.passes, 1),
           same ? "" : "   NOT THE SAME TEXT");
    fflush(stdout);
    generated_free(&want);
    generated_free(&got);
}

/* The copy guesses, its ids replaced by planted ones; guesses: how many, or auto. */
static void compare_planted(Bench *b, double probability, int guesses)
{
    Generated want = {0};
    int V = b->model.config.V, all = PROMPT + b->n;
    int *truth = memory_get(all, sizeof *truth);
    PlantedDraft planted;
    DraftSetup setup = { .name = "int4", .V = V, .tokens = V, .capacity = b->s.capacity,
                         .chunk = 64, .kv = b->kv, .sampling = greedy,
                         .planted = &planted };
    ModelDraft guesser;
    Error error = {0};
    char what[60];

    time_text(b, b->prompt, PROMPT, NULL, 0, &want);
    memcpy(truth, b->prompt, sizeof b->prompt);
    memcpy(truth + PROMPT, want.ids.id, (size_t)b->n * sizeof(int));
    planted = draft_planted(truth, all, V, probability, 1);
    check(draft_model_init(&guesser, &b->copy, &setup, &error), &error);
    snprintf(what, sizeof what, "int4 copy, planted %.2f%s", probability,
             guesses == SPECULATIVE_AUTO ? ", auto" : "");
    compare(b, what, b->prompt, PROMPT, &guesser.draft, guesses);
    draft_model_free(&guesser);
    generated_free(&want);
    memory_give_back(truth);
}

/* Behind n ids that the model wrote itself: greedy writing falls into repeating itself,
 * and then the text knows how it goes on. (Random weights take hundreds of ids to get
 * there.) And from nothing, where it does not know, and must not cost much. */
static void compare_copying(Bench *b)
{
    Generated first = {0};
    Draft ngram = draft_ngram();
    Ids ids = {0};
    int room = b->s.capacity - b->n;

    time_text(b, b->prompt, PROMPT, NULL, 0, &first);
    for (int i = 0; i < PROMPT; i++)
        ids_add(&ids, b->prompt[i]);
    for (int i = 0; i < first.ids.count && ids.count < room; i++)
        ids_add(&ids, first.ids.id[i]);
    compare(b, "ngram, the text goes on", ids.id, ids.count, &ngram, 8);
    compare(b, "ngram, auto", b->prompt, PROMPT, &ngram, SPECULATIVE_AUTO);
    generated_free(&first);
    ids_free(&ids);
}

static void open_all(Bench *b, const char *name)
{
    Error error = {0};

    check(kernels_choose("auto", &error), &error);
    check(modeldir_open(&b->dir, name, MODELDIR_ALL, &error), &error);
    check(model_load(&b->model, b->dir.config.root, &b->dir.file, &error), &error);
    check(model_load(&b->copy, b->dir.config.root, &b->dir.file, &error), &error);
    check(model_quantize(&b->copy, &b->dir.file, FORMAT_INT4, NULL, &error), &error);
    b->kv = b->model.weights.format == FORMAT_F32 ? FORMAT_F32 : FORMAT_F16;
    check(session_init_wide(&b->s, &b->model, PROMPT + 3 * b->n + MOST_ROWS, 64, DRAFT_MOST + 1,
                            b->kv, &error), &error);
    for (int i = 0; i < PROMPT; i++)
        b->prompt[i] = (i * 7919 + 13) % min_int(b->model.config.V, 30000);
}

int main(int argc, char **argv)
{
    static Bench b;
    double target[MOST_ROWS + 1], copy[MOST_ROWS + 1];
    Session guesser;
    Error error = {0};

    if (argc < 2) {
        fprintf(stderr, "usage: bench_speculative MODEL [TOKENS [TURNS [THREADS]]]\n");
        return 2;
    }
    b.n = argc > 2 ? max_int(atoi(argv[2]), 1) : 64;
    b.turns = argc > 3 ? min_int(max_int(atoi(argv[3]), 1), MOST_TURNS) : 5;
    if (argc > 4)
        parallel_set_threads(max_int(atoi(argv[4]), 1));
    open_all(&b, argv[1]);
    check(session_init_wide(&guesser, &b.copy, PROMPT + MOST_ROWS, 64, MOST_ROWS, b.kv, &error),
          &error);
    printf("%s: %.0f MB, int4 copy %.0f MB, %d threads\n", argv[1],
           (double)b.model.weights.bytes / 1e6, (double)b.copy.weights.bytes / 1e6,
           parallel_threads());
    time_rows(&b, &b.s, target);
    time_rows(&b, &guesser, copy);
    printf("rows      ms target  / one     ms int4  / target's one\n");
    for (int rows = 1; rows <= MOST_ROWS; rows++)
        printf("%4d %14.3f %7.3f %11.3f %7.3f\n", rows, target[rows] * 1e3,
               target[rows] / target[1], copy[rows] * 1e3, copy[rows] / target[1]);
    compare_planted(&b, 0.9, K);
    compare_planted(&b, 0.7, K);
    compare_planted(&b, 0.7, SPECULATIVE_AUTO);
    compare_planted(&b, 0, SPECULATIVE_AUTO);
    compare_copying(&b);
    session_free(&guesser);
    session_free(&b.s);
    model_free(&b.copy);
    model_free(&b.model);
    modeldir_close(&b.dir);
    return 0;
}
