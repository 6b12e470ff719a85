/* chapter03_layers.c - one row of numbers on its way up
 *
 *      id of a word
 *        │  one row of the embedding matrix
 *        ▼
 *      x [E] ─────────────────────┬──────────────────────────►+──► x ──► next layer
 *                                 ▼                           ▲
 *                               norm    to a steady size      │
 *                           ┌─────┴─────┐                     │
 *                           ▼ Wgate     ▼ Wup     [F], wider  │
 *                         silu(gate) ·  up                    │
 *                                 │ hidden [F]                │
 *                                 └──► Wdown ──► added [E] ───┘
 *      after L layers:
 *      x ──► norm ──► output matrix ──► logits [V], a score for every word
 *
 * This is a transformer without its attention: the second half of each layer alone,
 * block_think of src/model/block.c, run on real weights. It turns a word into a row
 * of numbers, changes the row layer by layer, and scores every word of the
 * vocabulary as the next one. (From here on a word is a token of chapter 01.)
 *
 *      x_0     = row `id` of the embedding                                (1)
 *      n       = Norm(x_l)                                                (2)
 *      x_{l+1} = x_l + Wdown · (silu(Wgate · n) ⊙ (Wup · n))              (3)
 *      logits  = Woutput · Norm(x_L)                                      (4)
 *
 * That is Llama's layer. GPT-NeoX has no gate: its bend is gelu(Wup · n), and a bias is
 * added behind every matrix of a layer. It and StableLM have the older norm, which moves
 * the row's mean to zero first. --model storyteller-neox and --model storyteller-stablelm
 * show them: the same function, other fields of its Config.
 *
 * Nothing in (1) to (4) knows another word. So this machine guesses from the last
 * word only: behind "The cat" and behind "cat" it has the same scores, to the last
 * bit. That is what chapter 04 repairs.
 *
 * What to notice:
 *
 * - A layer does not replace the row, it adds to it. The first one of storyteller adds
 *   far more than was there; later ones correct what they find.
 * - The row grows, in some models a thousandfold. The norm takes that away before the
 *   matrices see it; what is left its weights say, which were learned.
 * - Even so, the guesses are not stupid: the machine knows which pieces end a word,
 *   and which words often follow which.
 * - Nearly all of the work is dot products. The theorem is about them: the plainest
 *   loop that a textbook could print and the fastest kernel of this machine give the
 *   same bits, for any number of threads and of rows at once. (Norm and bend are held
 *   against their equations, within what rounding may do.) How fast each is stands in a
 *   table; why, in chapter 09.
 *
 * In a debugger (make debug; gdb build/debug/run):
 *
 *      break chapter03_layers      here
 *      break block_think           one layer: `print *a->middle@4`, and after
 *                                  `finish`: `print *a.out@4`
 *      print kernels->name         which table of dot products is in force
 *
 * Read next: chapters/lesson/climb.c, chapters/lesson/kernelrace.c,
 * chapters/lesson/equations.c, src/model/block.c, src/kernels/norm.c,
 * src/kernels/activation.c, src/kernels/dot.c; then chapters/chapter04_attention.c.
 */
#include <string.h>

#include "chapters/lesson/kernelrace.h"
#include "chapters/lesson/looking.h"
#include "chapters/words.h"
#include "kernels/activation.h"

#define PROMPT "The cat"
#define CURVE 25                    /* points of the bend, -6 … 6            */
#define THREADS 3                   /* the theorem tries 1 … 3               */

typedef struct {
    OpenModel m;
    Arena arena;
    Ids ids;                        /* the prompt                            */
    Ids same;                       /* another text with the same last word  */
    int layer;                      /* --layer                               */
    Record seen, again;             /* what climb showed; again: scratch     */
    const float *other;             /* [V] the last row's logits of `same`   */
    KernelRace race;
} Layers;

/* The last row at a point. */
static const float *last(const Layers *w, ProbePoint point, int layer)
{
    return record_row(&w->seen, point, layer, w->ids.count - 1);
}

/* x_l: the last row as it enters layer l; after the last one for l = L. */
static const float *entering(const Layers *w, int l)
{
    return climb_row(&w->seen, l, w->ids.count - 1);
}

/* --- what is shown ------------------------------------------------------------ */

static void show_word(Lesson *l, const Layers *w)
{
    const Config *c = &w->m.model.config;
    const float *x = entering(w, 0);

    lesson_part(l, "row", "A word is a row of numbers");
    looking_tokens(l, &w->m, &w->ids);
    lesson_say(l, "Each id stands for one row of the embedding matrix, %d numbers that "
               "were learned. This is the row of the last word. What hangs from above (▀, "
               "orange) is a number above zero, what stands (▄, blue) one below; · is near "
               "to zero. Where neighbours share a cell, the largest is drawn.", c->E);
    looking_strip(l, "embedding", "embedding", x, c->E);
    picture_number(l, "size", "its size, √(mean of squares)", looking_size(x, c->E), 6,
                   "");
}

static void show_layer(Lesson *l, const Layers *w)
{
    const Config *c = &w->m.model.config;
    int layer = w->layer;
    bool biased = w->m.model.weights.layers[layer].down.bias != NULL;

    lesson_part(l, "layer", "One layer, step by step");
    picture_number(l, "layer", "layer", layer, 4, "");
    lesson_say(l, "The row is brought to a steady size%s, made wider by %s, bent, made "
               "narrow again%s, and added to what was there. Each strip has its own "
               "scale.", c->norm == NORM_LAYER ? " (its mean to zero first)" : "",
               c->gated ? "two matrices (a gate, and what it lets through)" : "a matrix",
               biased ? " (behind each matrix a bias is added: a number for each output, "
                        "learned too)" : "");
    looking_strip(l, "before", "the row", entering(w, layer), c->E);
    looking_strip(l, "normed", "after the norm", last(w, PROBE_NORM2, layer), c->E);
    if (c->gated)
        looking_strip(l, "gate", "gate", last(w, PROBE_GATE, layer), c->F);
    looking_strip(l, "up", "up", last(w, PROBE_UP, layer), c->F);
    looking_strip(l, "hidden", "hidden", last(w, PROBE_HIDDEN, layer), c->F);
    looking_strip(l, "added", "what is added", last(w, PROBE_MLP, layer), c->E);
    looking_strip(l, "after", "the row after", last(w, PROBE_BLOCK, layer), c->E);
}

/* The bend itself, and how it treats this row's numbers. */
static void show_bend(Lesson *l, const Layers *w)
{
    const Config *c = &w->m.model.config;
    const float *g = last(w, c->gated ? PROBE_GATE : PROBE_UP, w->layer);
    float straight[CURVE], ones[CURVE], bent[CURVE];
    int below = 0;

    for (int i = 0; i < CURVE; i++) {
        straight[i] = (float)(i - CURVE / 2) * 0.5f;
        ones[i] = 1;
    }
    for (int f = 0; f < c->F; f++)
        below += g[f] < 0;
    if (c->gated)
        silu_gated(bent, straight, ones, 1, CURVE);
    else
        gelu(bent, straight, 1, CURVE);
    lesson_part(l, "bend", "The bend");
    lesson_say(l, "Two matrices in a row are only one matrix. Between them stands %s, "
               "which is no straight line: it lets positive numbers through and nearly "
               "closes for negative ones. Without it a layer could do no more than one "
               "matrix.",
               c->gated ? "silu" : "gelu");
    picture_strip(l, "straight", "-6 … 6", straight, CURVE, 6);
    picture_strip(l, "bent", c->gated ? "after silu" : "after gelu", bent, CURVE, 6);
    picture_number(l, "numbers", c->gated ? "gates in this layer" : "numbers to bend",
                   c->F, 9, "");
    picture_number(l, "below_zero", "of them below zero", below, 9, "");
}

/* Layer i's line of the table: sizes, and how alike the row is before and after. */
static void climb_cells(const char **cell, Layers *w, int i)
{
    const Config *c = &w->m.model.config;
    const float *before = entering(w, i), *after = entering(w, i + 1);
    const float *part[] = { before, last(w, PROBE_NORM2, i), last(w, PROBE_HIDDEN, i),
                            last(w, PROBE_MLP, i), after };

    cell[0] = arena_print(&w->arena, "%d", i);
    for (int j = 0; j < 5; j++)
        cell[j + 1] = arena_print(&w->arena, "%.4f",
                                  looking_size(part[j], j == 2 ? c->F : c->E));
    cell[6] = arena_print(&w->arena, "%.3f", looking_likeness(before, after, c->E));
}

/* Each layer's sizes, and the rows themselves. */
static void show_climb(Lesson *l, Layers *w)
{
    static const char *const head[] = { "layer", "row", "normed", "hidden", "added",
                                        "after", "alike" };
    const Config *c = &w->m.model.config;
    const char **cell = arena_get(&w->arena, (size_t)c->L * 7 * sizeof *cell);

    for (int i = 0; i < c->L; i++)
        climb_cells(row(cell, i, 7), w, i);
    lesson_part(l, "climb", "All layers");
    lesson_say(l, "Sizes, layer by layer: the row, the row after the norm, the hidden "
               "numbers, what is added, and the row after. Alike is the cosine between "
               "the row before and after: 1 is the same direction, 0 nothing in common.");
    picture_table(l, "sizes", head, "rrrrrrr", cell, c->L);
    lesson_say(l, "The row goes from size %.3g to %.3g. And here it is:",
               looking_size(entering(w, 0), c->E), looking_size(entering(w, c->L), c->E));
    for (int i = 0; i <= c->L; i++)
        looking_strip(l, arena_print(&w->arena, "x%d", i),
                      i == 0 ? "embedding" : arena_print(&w->arena, "after layer %d",
                                                         i - 1), entering(w, i), c->E);
}

/* Two texts with one last word: the same scores without attention, others with it. */
static bool show_guesses(Lesson *l, Layers *w, const Options *o, Error *error)
{
    int V = w->m.model.config.V, n = w->ids.count;
    size_t bytes = (size_t)V * sizeof(float);
    float *whole = arena_get(&w->arena, bytes), *other = arena_get(&w->arena, bytes);
    const float *alone = record_row(&w->seen, PROBE_LOGITS, 0, n - 1), *same;
    const char *word = looking_words(&w->arena, &w->m, &w->ids)[n - 1];
    Text text = {0};

    if (!looking_ask(whole, &w->m, o, &w->ids, error)
        || !looking_ask(other, &w->m, o, &w->same, error)
        || !climb(&w->m.model, w->same.id, w->same.count, &w->again.probe, error))
        return false;
    same = record_row(&w->again, PROBE_LOGITS, 0, w->same.count - 1);
    w->other = memcpy(arena_get(&w->arena, bytes), same, bytes);
    tokenizer_decode(&text, w->m.dir.tokenizer, w->same.id, w->same.count, true);
    text_add(&text, "", 0);
    //@stop guesses_made
    lesson_part(l, "guesses", "What comes next?");
    lesson_say(l, "Without attention. Only the last word, \"%s\", is known, whatever "
               "stands before it:", word);
    looking_guesses(l, "without", &w->m, alone);
    lesson_say(l, "The whole model, behind the whole prompt:");
    looking_guesses(l, "whole", &w->m, whole);
    lesson_say(l, "The whole model, behind \"%s\", which ends with the same token:",
               text.bytes);
    looking_guesses(l, "whole_other", &w->m, other);
    lesson_say(l, "Both prompts, both machines: are all %d scores the same, to the last "
               "bit?", V);
    picture_text(l, "other_prompt", "the other prompt", text.bytes);
    picture_text(l, "same_without", "same without attention", looking_same(alone, same, V));
    picture_text(l, "same_whole", "same of the whole model", looking_same(whole, other, V));
    text_free(&text);
    return true;
}

/* --- what is proved ------------------------------------------------------------- */

static bool prove(Lesson *l, Layers *w, Error *error)
{
    size_t bytes = (size_t)w->m.model.config.V * sizeof(float);

    lesson_theorem(l, "The textbook's loop and the fast kernel give the same bits, and a "
                   "row is the same alone and among others.");
    lesson_check(l, memcmp(last(w, PROBE_LOGITS, 0), w->other, bytes) == 0,
                 "two texts with the same last word have the same scores");
    check_equations(l, &w->m.model, &w->seen, w->ids.count - 1);
    check_textbook(l, &w->m.model, &w->seen, w->ids.count - 1);
    return kernelrace_checks(l, &w->race, &w->m.model, &w->ids, &w->seen, &w->again,
                             THREADS, error);
}

/* Another text that ends with the same token: what comes first (a BOS) and it; or, if
 * that is the prompt, the token twice; or, if that is the prompt too, another before it. */
static void choose_same(Layers *w)
{
    int n = w->ids.count, first = w->ids.id[0], word = w->ids.id[n - 1];

    ids_add(&w->same, n > 2 ? first : first != word ? word
                    : (word + 1) % w->m.model.config.V);
    ids_add(&w->same, word);
}

static bool look(Lesson *l, Layers *w, const Options *o, Error *error)
{
    int L;

    if (!model_open(&w->m, o, error) || !looking_floats(&w->m.dir, error)
        || !looking_prompt(&w->ids, &w->m, o, PROMPT, error))
        return false;
    L = w->m.model.config.L;
    if (!looking_choice(&w->layer, "--layer", o->layer, 0, L, error))
        return false;
    choose_same(w);
    record_init(&w->seen, L, w->ids.count, CLIMB_POINTS);
    record_init(&w->again, L, w->ids.count, CLIMB_POINTS);
    if (!climb(&w->m.model, w->ids.id, w->ids.count, &w->seen.probe, error))
        return false;
    show_word(l, w);
    show_layer(l, w);
    show_bend(l, w);
    show_climb(l, w);
    return show_guesses(l, w, o, error)
        && kernelrace_show(l, &w->race, &w->m.model, &w->ids, &w->again, error)
        && prove(l, w, error);
}

int chapter03_layers(const Options *options)
{
    Layers w = { .layer = 0 };
    Lesson l;
    Error error = {0};
    bool fine;

    lesson_begin(&l, "chapter03_layers", "03 layers: one row of numbers on its way up",
                 options);
    fine = look(&l, &w, options, &error);
    record_free(&w.seen);
    record_free(&w.again);
    arena_free(&w.arena);
    ids_free(&w.ids);
    ids_free(&w.same);
    model_close(&w.m);
    return lesson_end(&l, fine, &error);
}
