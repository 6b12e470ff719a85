/* chapter05_sampling.c - from scores to one word
 *
 *      logits [V]    7.9  7.4  6.6  6.0  …        a score for every word
 *         │
 *         │  repetition penalty     said before? weaker
 *         │  temperature, e^…       small: the best wins; large: anything goes
 *         │  top-k                  the k likeliest stay
 *         │  top-p                  the fewest that hold p of the mass
 *         │  min-p                  those near enough to the best
 *         ▼
 *      p [V]         0.63  0.31  0  0.06  …       adds up to 1
 *
 *      0               0.31  0.37                                  1
 *      ├─────── , ───────┼ the ┼───────────── there ───────────────┤
 *                                              ▲
 *                                              u, the dart: a function of seed, position
 *
 * After "Once upon a time" a model does not know the next word. It knows how likely
 * each of its words is, and somebody has to choose. This lesson shows the choice for
 * one word: what each filter does to the likeliest ones, where the dart falls, what
 * temperature means, and what becomes of it when a whole text is written so.
 *
 *      //= max(logits) -> 7.92
 *      //= logits[442] -> 7.92                 (Ġthere)
 *
 *      p_i = e^{s_i / T} / Σ_j e^{s_j / T}                                (1)
 *      entropy  h = - Σ_i p_i log2 p_i  bits                              (2)
 *
 * 2^h is how many equally likely words would be as uncertain: 1 when it is
 * settled, V when nothing is known.
 *
 * The settings are the options', else the model's own; a filter that is off in both is
 * set by the lesson, tightly, so that one sees it cut. (--top-k 0, --top-p 1, --min-p
 * 0 and --repeat-penalty 1 switch one off.) -n 128, which is what other words
 * write when nothing is said, counts as not given: then the texts are 32 tokens long.
 *
 * What to notice:
 *
 * - Temperature keeps the order. It changes how much the order matters.
 * - The filters behind it only cut: what stays keeps its proportions and shares what
 *   was cut.
 * - The dart is no event but a function: ask again and it is the same. So a text can be
 *   written again, on one thread or on three, from the middle or from the start.
 *
 * In a debugger (make debug; gdb build/debug/run):
 *
 *      break sampling_distribution    `print *config`, `finish`,
 *                                     `print s->p[i][442]`
 *      break sampling_pick            `print u`, `finish`: the id
 *      break random_uniform           `print position`, `finish`
 *
 * Read next: decode/sampling.c, base/random.c, decode/generate.c.
 */
#include <inttypes.h>
#include <math.h>               /* exp2: for a table only                    */
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "chapters/lesson/pictures.h"
#include "chapters/lesson/rewrite.h"
#include "chapters/lesson/sampling_theorem.h"
#include "chapters/lesson/stages.h"
#include "chapters/words.h"

#define PROMPT "Once upon a time"
#define WORDS 8                     /* that are watched                      */
#define NOT_GIVEN 128               /* what -n is when nobody said it        */
#define TOKENS 32                   /* of a text then                        */
#define TEXTS 4                     /* one of them greedy                    */

typedef struct {
    Lesson l;
    OpenModel m;
    Ids ids;                        /* of the prompt                         */
    Session s;                      /* stands behind it                      */
    Stages stages;
    Writing writing;                /* with the last stage's settings        */
    int V;
    int best[WORDS], words;         /* the likeliest, before any filter      */
    int picked;                     /* where the dart of --seed fell         */
    Ids text;                       /* what --seed writes                    */
} Dice;

/* Read the prompt, and make every distribution that will be shown. */
static bool prepare(Dice *d, const Options *o, Error *error)
{
    SamplingConfig config = stages_wishes(&d->m.dir, o);
    Text text = {0};
    bool fine = take_prompt(&text, o, PROMPT, error);

    if (fine)
        tokenizer_encode(&d->ids, d->m.dir.tokenizer, text.bytes, text.length, true);
    text_free(&text);
    if (fine && d->ids.count == 0)
        fine = error_code(error, EXIT_USAGE, "the prompt is empty and this model's "
                          "tokenizer adds nothing in front of it: give a prompt");
    if (!fine || !model_session(&d->s, &d->m, o, d->ids.count, 0, error)
        || !session_goto(&d->s, d->ids.id, d->ids.count, error))
        return false;
    d->V = d->m.model.config.V;
    d->words = min_int(WORDS, d->V);
    d->writing = (Writing){ &d->m, o, &d->ids, config, (uint64_t)o->seed,
                            o->n == NOT_GIVEN ? TOKENS : max_int(o->n, 1) };
    stages_make(&d->stages, d->s.logits, d->V, d->ids.id, d->ids.count, &config);
    //@stop stages_made
    sampling_best(d->best, d->words, d->s.logits, &d->stages.work);
    return true;
}

static const char *word(const Dice *d, int id)
{
    return spelling(d->m.dir.tokenizer, id);
}

/* The watched words as bars behind one stage; a word that is gone says who cut it. */
static void show_stage(Dice *d, int stage)
{
    const double *p = d->stages.p[stage];
    char note[WORDS][40];
    Bar bar[WORDS];

    for (int i = 0; i < d->words; i++) {
        int id = d->best[i];

        note[i][0] = '\0';
        if (p[id] > 0)
            snprintf(note[i], sizeof note[i], "%.3f", p[id]);
        else if (stage > 0 && d->stages.p[stage - 1][id] > 0)
            snprintf(note[i], sizeof note[i], "cut by %s", stage_names[stage]);
        bar[i] = (Bar){ word(d, id), p[id], note[i] };
    }
    picture_bars(&d->l, stage_keys[stage], bar, d->words);
}

/* Part 1: the same words behind each filter, and then all words in numbers. */
static void show_filters(Dice *d)
{
    static const char *const head[] = { "filter", "setting", "ids left", "bits" };
    const char *token[WORDS], *cell[4 * STAGES];
    char text[STAGES][3][24];

    for (int i = 0; i < d->words; i++)
        token[i] = word(d, d->best[i]);
    lesson_part(&d->l, "filters", "Filters");
    picture_tokens(&d->l, "candidates", "the likeliest words", token, d->best, d->words);
    lesson_say(&d->l, "(Spelled as in the vocabulary: Ġ or ▁ is a blank.) How likely each "
               "of them is, with one filter more each time:");
    for (int s = 0; s < STAGES; s++) {
        int stay;

        stage_setting(text[s][0], &d->stages.all, s);
        snprintf(text[s][2], 24, "%.2f", entropy_bits(d->stages.p[s], d->V, &stay));
        snprintf(text[s][1], 24, "%d", stay);
        lesson_say(&d->l, s == MODEL ? "%s:" : "+ %s (%s): %s", stage_names[s],
                   stage_says[s], text[s][0]);
        show_stage(d, s);
        cell[4 * s] = stage_names[s];
        for (int c = 0; c < 3; c++)
            cell[4 * s + 1 + c] = text[s][c];
    }
    lesson_say(&d->l, "And all words together: how many are left, and how uncertain the "
               "next one is, in bits: as among 2^bits words that are equally likely.");
    picture_table(&d->l, "table", head, "lrrr", cell, STAGES);
}

/* The ids that are left as shares of the line, in order of id; neighbours that are
 * not among the watched words are one share, "…". Returns how many. */
static int shares(double *share, const char **label, const Dice *d, const double *p)
{
    int n = 0;
    bool open = false;              /* the last share is a "…"               */

    for (int id = 0; id < d->V; id++) {
        bool shown = false;

        for (int i = 0; i < d->words; i++)
            shown = shown || d->best[i] == id;
        if (p[id] > 0 && !shown && open) {
            share[n - 1] += p[id];
        } else if (p[id] > 0) {
            share[n] = p[id];
            label[n++] = shown ? word(d, id) : "…";
            open = !shown;
        }
    }
    return n;
}

/* Part 2: where the dart falls, and those of other seeds. */
static void show_dart(Dice *d)
{
    static const char *const head[] = { "seed", "u", "id", "word" };
    const double *p = d->stages.p[MIN_P];
    double share[2 * WORDS + 1];
    const char *label[2 * WORDS + 1], *cell[4 * TEXTS];
    char text[TEXTS][3][24];

    lesson_part(&d->l, "dart", "The dart");
    lesson_say(&d->l, "Each word that is left owns a piece of the line as long as it is "
               "likely, in order of the ids. The dart u of position %d with seed %" PRIu64
               ":", d->ids.count, d->writing.seed);
    for (int i = 0; i < TEXTS; i++) {
        uint64_t seed = d->writing.seed + (uint64_t)i;
        float u = random_uniform(seed, 0, (uint32_t)d->ids.count, 0);
        int id = sampling_pick(p, d->V, u);

        if (i == 0) {
            d->picked = id;
            picture_line(&d->l, "line", share, label, shares(share, label, d, p),
                         (double)u);
        }
        snprintf(text[i][0], 24, "%" PRIu64, seed);
        snprintf(text[i][1], 24, "%.8f", (double)u);
        snprintf(text[i][2], 24, "%d", id);
        for (int c = 0; c < 3; c++)
            cell[4 * i + c] = text[i][c];
        cell[4 * i + 3] = word(d, id);
    }
    lesson_say(&d->l, "Another seed, another dart:");
    picture_table(&d->l, "seeds", head, "rrrl", cell, TEXTS);
}

/* Part 3: one list of scores at four temperatures, without any filter. */
static void show_temperature(Dice *d)
{
    static const double heat[] = { 0, 0.5, 1, 2 };
    static const char *const rows[] = { "T = 0", "T = 0.5", "T = 1", "T = 2" };
    static const char *const head[] = { "temperature", "p of the best", "bits", "2^bits" };
    const char *token[WORDS], *cell[16];
    char text[4][4][24];
    float x[4 * WORDS];
    double *p = d->stages.work.p;

    for (int t = 0; t < 4; t++) {
        SamplingConfig c = { .temperature = heat[t], .top_p = 1, .repeat_penalty = 1 };
        double h;
        int stay;

        sampling_distribution(p, d->s.logits, d->V, NULL, 0, &c, &d->stages.work);
        h = entropy_bits(p, d->V, &stay);
        for (int i = 0; i < d->words; i++) {
            token[i] = word(d, d->best[i]);
            x[t * d->words + i] = (float)p[d->best[i]];
        }
        snprintf(text[t][0], 24, "%g", heat[t]);
        snprintf(text[t][1], 24, "%.4f", p[d->best[0]]);
        snprintf(text[t][2], 24, "%.3f", h);
        snprintf(text[t][3], 24, "%.1f", exp2(h));
        for (int i = 0; i < 4; i++)
            cell[4 * t + i] = text[t][i];
    }
    lesson_part(&d->l, "temperature", "Temperature");
    lesson_say(&d->l, "The scores are divided by T before they become probabilities; "
               "here there is no filter. T = 1 is the model's own opinion, 0 leaves only "
               "the best.");
    picture_heatmap(&d->l, "map", "p of the likeliest words, in tenths", x, 4, d->words,
                    rows, token);
    lesson_say(&d->l, "(0 is less than a tenth, · less than a hundredth.) In numbers:");
    picture_table(&d->l, "table", head, "rrrr", cell, 4);
}

/* Part 4: greedy beside some seeds. Errors: those of write_text. */
static bool show_texts(Dice *d, Error *error)
{
    static const SamplingConfig greedy = { .top_p = 1, .repeat_penalty = 1 };
    Text text[TEXTS] = {{0}};
    Ids ids[TEXTS] = {{0}};
    SideText side[TEXTS];
    char head[TEXTS][32];
    bool fine = true;

    for (int i = 0; fine && i < TEXTS; i++) {
        Writing w = d->writing;

        w.seed += (uint64_t)max_int(i - 1, 0);
        w.config = i == 0 ? greedy : w.config;
        fine = write_text(&ids[i], &text[i], NULL, &w, NULL, error);
        snprintf(head[i], sizeof head[i], i == 0 ? "greedy (T = 0)" : "seed %" PRIu64,
                 w.seed);
        side[i] = (SideText){ head[i], text[i].bytes, ids[i].id, ids[i].count };
    }
    if (fine) {
        lesson_part(&d->l, "texts", "Texts");
        lesson_say(&d->l, "The model goes on; after each word the choice is made again, "
                   "with all filters. Greedy is always the likeliest word, without them.");
        picture_texts(&d->l, "texts", side, TEXTS);
        d->text = ids[1];
    }
    for (int i = 0; i < TEXTS; i++) {
        text_free(&text[i]);
        if (i != 1 || !fine)
            ids_free(&ids[i]);
    }
    return fine;
}

static bool prove(Dice *d, Error *error)
{
    lesson_theorem(&d->l, "same seed, same text, for any number of threads; and the dart "
                   "is fair");
    if (!rewrite_checks(&d->l, &d->writing, &d->text, error))
        return false;
    lesson_check(&d->l, d->text.count == 0 || d->text.id[0] == d->picked,
                 "the first of them is the one that the dart above fell on");
    filter_checks(&d->l, &d->stages);
    dart_checks(&d->l, &d->stages);
    return true;
}

int chapter05_sampling(const Options *options)
{
    Dice d = {0};
    Error error = {0};
    bool fine;

    lesson_begin(&d.l, "chapter05_sampling", "05 sampling: from scores to one word",
                 options);
    fine = model_open(&d.m, options, &error) && prepare(&d, options, &error);
    if (fine) {
        show_filters(&d);
        show_dart(&d);
        show_temperature(&d);
        fine = show_texts(&d, &error) && prove(&d, &error);
    }
    stages_free(&d.stages);
    session_free(&d.s);
    ids_free(&d.ids);
    ids_free(&d.text);
    model_close(&d.m);
    return lesson_end(&d.l, fine, &error);
}
