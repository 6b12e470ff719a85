/* chapter04_attention.c - each word looks back
 *
 *        The    cat    saw    the    dog
 *         ▲      ▲      ▲      ▲      │   q: what does this word look for?
 *         │      │      │      │      │
 *         └──────┴──┬───┴──────┴──────┘   k: what does each word offer?
 *                   │ how well they match, as weights that add up to 1
 *                   ▼
 *         0.1    0.6    0.2    0.05   0.05
 *          ×      ×      ×      ×      ×
 *          v      v      v      v      v   what each word has to say
 *          └──────┴──┬───┴──────┴──────┘
 *                    ▼
 *               one head's answer: all heads' answers, through one more matrix,
 *               are added to the row of "dog"
 *
 * In chapter 03 every word thought for itself, and the machine could only guess from
 * the last one. Here is the one step in which words meet. Each word asks a question
 * (a query), every word up to it offers a key, and where they match, the word's
 * value is taken over. Several heads do this side by side, each with questions of
 * its own.
 *
 *      score_j  = q · k_j / √D           j = 0 … own position             (1)
 *      weight_j = e^score_j / Σ e^score                                    (2)
 *      head     = Σ weight_j · v_j                                         (3)
 *
 * A word sees only what stands before it. So what was computed for a word never
 * changes when the text goes on, and its key and value can be kept: the cache.
 *
 * A dot product does not know which word came first. So before they meet, q and k
 * are cut into pairs, each a point in the plane, and turned by their position:
 *
 *      angle = position · f_i,  f_i = theta^(-2i/R)                        (4)
 *
 * Two turned points compare as if only the distance between the words existed. R of
 * a head's D numbers turn: all, or in some models the first quarter.
 *
 * What to notice:
 *
 * - Weights must add up to 1, also when a head finds nothing. Many heads of many models
 *   learn to leave them at position 0 then: see the column "first".
 * - Some heads look one word back, others far. Nobody told them to: the table of habits
 *   measures what they learned.
 * - Where query heads share keys, the cache is small.
 * - Some models keep q, k and v in one matrix, head by head, and in some the MLP does
 *   not wait for attention, but reads the same row. The theorem looks at both.
 *
 * In a debugger (make debug; gdb build/debug/run):
 *
 *      break chapter04_attention   here
 *      break attention             `print rows[0].positions`: how far row 0 looks
 *      break rope_apply            `print position[3]`, `print rope->frequency[0]`
 *
 * Read next: src/kernels/attention.c, src/kernels/rope.c, src/model/kvcache.c; then
 * chapters/lesson/attention_theorem.c, chapters/lesson/seams.c, chapters/lesson/turn.c
 * and chapters/chapter05_sampling.c.
 */
#include <string.h>

#include "chapters/lesson/attention_theorem.h"
#include "chapters/lesson/families.h"
#include "chapters/lesson/looking.h"
#include "chapters/lesson/seams.h"
#include "chapters/lesson/turn.h"
#include "chapters/words.h"

#define PROMPT "The cat saw the dog, and the dog ran after the cat"
#define WORD 9                      /* the word that the theorem changes     */

typedef struct {
    OpenModel m;
    Arena arena;
    Ids ids, changed;               /* the prompt; one with another word     */
    int at;                         /* where they differ                     */
    const char *other;              /* and the other word                    */
    AttentionView view;             /* the prompt, read                      */
    const char *const *word;        /* [T] labels                            */
    int layer, head;                /* --layer, --head                       */
} Looks;

/* Where row t looks most, position 0 and itself left out; -1: there is nothing. */
static int strongest(const float *p, int t)
{
    int best = -1;

    for (int s = 1; s < t; s++)
        if (best < 0 || p[s] > p[best])
            best = s;
    return best;
}

/* How decidedly a head looks back: its rows' strongest looks, added up. */
static double decided(const Looks *k, int layer, int h)
{
    const float *map = view_map(&k->view, layer, h);
    int T = k->ids.count;
    double sum = 0;

    for (int t = 2; t < T; t++)
        sum += (double)row(map, t, T)[strongest(row(map, t, T), t)];
    return sum;
}

/* The lesson's choice: the most decided head of those that the options leave. */
static bool choose_head(Looks *k, const Options *o, Error *error)
{
    const Config *c = &k->m.model.config;
    double most = -1;

    if (!looking_choice(&k->layer, "--layer", o->layer, 0, c->L, error)
        || !looking_choice(&k->head, "--head", o->head, 0, c->H, error))
        return false;
    for (int layer = 0; layer < c->L; layer++)
        for (int h = 0; h < c->H; h++)
            if ((o->layer < 0 || layer == o->layer) && (o->head < 0 || h == o->head)
                && decided(k, layer, h) > most) {
                most = decided(k, layer, h);
                k->layer = layer;
                k->head = h;
            }
    return true;
}

/* --- what is shown ------------------------------------------------------------ */

/* The mean of n shares that add up to sum; "-": there is none. */
static const char *mean(Looks *k, double sum, int n)
{
    return n == 0 ? "-" : arena_print(&k->arena, "%.3f", sum / n);
}

/* The mean share that a head gives to the first position, the word before, the word
 * itself, and the same word where it stood before. Rows t >= 2 count; for the last
 * share those whose word stood before. */
static void habits(const char **cell, Looks *k, int h)
{
    int T = k->ids.count, rows = 0, repeats = 0;
    double first = 0, back = 0, own = 0, again = 0;

    for (int t = 2; t < T; t++) {
        const float *p = row(view_map(&k->view, k->layer, h), t, T);
        int before = t - 1;

        while (before > 0 && k->ids.id[before] != k->ids.id[t])
            before--;
        first += (double)p[0];
        back += (double)p[t - 1];
        own += (double)p[t];
        again += before > 0 ? (double)p[before] : 0;
        repeats += before > 0;
        rows++;
    }
    cell[0] = arena_print(&k->arena, "%d", h);
    cell[1] = mean(k, first, rows);
    cell[2] = mean(k, back, rows);
    cell[3] = mean(k, own, rows);
    cell[4] = mean(k, again, repeats);
}

static void show_heads(Lesson *l, Looks *k)
{
    const Config *c = &k->m.model.config;
    static const char *const head[] = { "head", "first", "one_back", "itself",
                                        "same_word" };
    const char **name = arena_get(&k->arena, (size_t)c->H * sizeof *name);
    const char **cell = arena_get(&k->arena, (size_t)c->H * 5 * sizeof *cell);

    for (int h = 0; h < c->H; h++) {
        name[h] = arena_print(&k->arena, "head %d", h);
        habits(row(cell, h, 5), k, h);
    }
    lesson_part(l, "heads", "Who looks at whom");
    looking_tokens(l, &k->m, &k->ids);
    picture_number(l, "layer", "layer (--layer N: another)", k->layer, 4, "");
    lesson_say(l, "A map for each head. Each row is a word, each column a word that it may "
               "look at: itself and those before it. %s A row adds up to 1.", l->color
               ? "Light is much, dark is little." : "A digit counts tenths; · is less than a "
               "hundredth.");
    picture_maps(l, "maps", view_map(&k->view, k->layer, 0), c->H, k->ids.count,
                 k->ids.count, name);
    lesson_say(l, "Where each head puts its weight, on average over the words from position "
               "2 on: at position 0, at the word before, at the word itself, and at the same "
               "word where it stood before.");
    picture_table(l, "habits", head, "rrrrr", cell, c->H);
}

static void show_head(Lesson *l, Looks *k)
{
    static const char *const head[] = { "position", "word", "at", "looks_at", "weight",
                                        "at_first" };
    const float *map = view_map(&k->view, k->layer, k->head);
    int T = k->ids.count, rows = T - 2;
    const char **cell = arena_get(&k->arena, (size_t)max_int(rows, 1) * 6 * sizeof *cell);

    for (int t = 2; t < T; t++) {
        const float *p = row(map, t, T);
        int s = strongest(p, t);
        const char *line[] = { arena_print(&k->arena, "%d", t), k->word[t],
                               arena_print(&k->arena, "%d", s), k->word[s],
                               arena_print(&k->arena, "%.3f", (double)p[s]),
                               arena_print(&k->arena, "%.3f", (double)p[0]) };

        memcpy(row(cell, t - 2, 6), line, sizeof line);
    }
    lesson_part(l, "head", "One head, large");
    picture_number(l, "layer", "layer (--layer N: another)", k->layer, 4, "");
    picture_number(l, "head", "head (--head N: another)", k->head, 4, "");
    lesson_say(l, "Where there is room for a digit, it counts tenths: 7 is 0.7 to 0.8, and · "
               "less than a hundredth.");
    picture_heatmap(l, "map", "each row's attention", map, T, T, k->word, k->word);
    lesson_say(l, rows == 0
               ? "(Two words are too few for a look back past position 0.)"
               : "Where each word looks most, itself and position 0 left out; and how much "
                 "it leaves at position 0.");
    picture_table(l, "looks", head, "rlrlrr", cell, rows);
}

/* How the cache grows, and what it saves. */
static void show_cache(Lesson *l, Looks *k)
{
    const Config *c = &k->m.model.config;
    Format format = k->view.session.cache.format;
    int T = k->ids.count, length[] = { 1, T, c->context / 4, c->context / 2, c->context };
    static const char *const head[] = { "positions", "bytes", "rows_kept", "rows_again" };
    const char *cell[5][4];
    Bar bar[5];

    for (int i = 0; i < 5; i++) {
        double n = length[i];
        size_t bytes = kvcache_bytes(c, length[i], format);

        cell[i][0] = arena_print(&k->arena, "%d", length[i]);
        cell[i][1] = arena_print(&k->arena, "%zu", bytes);
        cell[i][2] = cell[i][0];
        cell[i][3] = arena_print(&k->arena, "%.0f", n * (n + 1) / 2);
        bar[i] = (Bar){ cell[i][0], (double)bytes, cell[i][1] };
    }
    lesson_part(l, "cache", "What is kept");
    lesson_say(l, "A word's key and value never change, so they are kept: for each position "
               "2 × %d layers × %d key heads × %d numbers of %zu bytes. (There are %d query "
               "heads: %d for each key head.)", c->L, c->K, c->D, format_bytes(format), c->H,
               c->H / c->K);
    picture_number(l, "bytes_per_position", "bytes per position",
                   (double)kvcache_bytes(c, 1, format), 12, "");
    picture_number(l, "bytes_now", "bytes of this text's cache",
                   (double)k->view.session.cache.bytes, 12, "");
    lesson_say(l, "Bytes for a text of so many positions:");
    picture_bars(l, "growth", bar, 5);
    lesson_say(l, "What it saves: to write n words one by one, n rows go through the layers. "
               "Without it, all words would be read again for each: n (n + 1) / 2 rows.");
    picture_table(l, "work", head, "rrrr", &cell[0][0], 5);
}

/* The last word alone (behind what the tokenizer puts before every text, unless that
 * is the prompt) and at the end of the prompt: with attention they differ. */
static bool show_guesses(Lesson *l, Looks *k, const Options *o, Error *error)
{
    int V = k->m.model.config.V, T = k->ids.count;
    float *logits = arena_get(&k->arena, (size_t)V * sizeof *logits);
    const float *here = record_row(&k->view.seen, PROBE_LOGITS, 0, T - 1);
    Ids alone = {0};
    bool fine;

    tokenizer_encode(&alone, k->m.dir.tokenizer, "", 0, true);
    if (alone.count + 1 >= T)
        alone.count = 0;
    ids_add(&alone, k->ids.id[T - 1]);
    fine = looking_ask(logits, &k->m, o, &alone, error);
    ids_free(&alone);
    if (!fine)
        return false;
    //@stop guesses_asked
    lesson_part(l, "guesses", "What comes next?");
    lesson_say(l, "Behind the last word, \"%s\", alone:", k->word[T - 1]);
    looking_guesses(l, "alone", &k->m, logits);
    lesson_say(l, "Behind the whole prompt, which ends with the same word:");
    looking_guesses(l, "prompt", &k->m, here);
    picture_text(l, "same", "the same scores", looking_same(logits, here, V));
    return true;
}

static void show_turn(Lesson *l, Looks *k)
{
    const Rope *rope = &k->m.model.rope;
    int T = k->ids.count;

    lesson_part(l, "turn", "The turn: how a word knows its place");
    lesson_say(l, "%d of the %d numbers of a head turn, in %d pairs, pair 0 fastest and the "
               "last one slowest. Below: f in radians (57.3 degrees) per word, the angle in "
               "degrees at positions 1, 2 and 3, and how many words a full round takes.",
               rope->width, k->m.model.config.D, rope->width / 2);
    turn_angles(l, &k->arena, rope);
    lesson_say(l, "Turn two rows by the same angle, and their dot product stays: so only the "
               "distance counts. The query of \"%s\" and the key of \"%s\", put at many "
               "places: the score changes with the distance, and hardly with where the key "
               "stands, at 0, 10 or 100 (the rest is rounding).", k->word[T - 1],
               k->word[T - 2]);
    turn_scores(l, &k->arena, &k->view, rope, k->layer, k->head);
}

/* The same turn in other models. */
static void show_families(Lesson *l)
{
    Families f;

    families_read(&f);
    lesson_part(l, "families", "How much of a head turns");
    families_missing(l, &f);
    if (f.count > 0)
        families_turns(l, &f);
    families_free(&f);
}

/* --- what is proved ------------------------------------------------------------- */

/* The prompt with another word at WORD, or in the middle of a short one: one of the
 * prompt's own that is not there already. */
static void change_word(Looks *k)
{
    int T = k->ids.count, old, other;

    k->at = T > WORD + 1 ? WORD : T / 2;
    old = k->ids.id[k->at];
    other = (old + 1) % k->m.model.config.V;
    for (int t = 1; t < T; t++)
        if (k->ids.id[t] != old)
            other = k->ids.id[t];
    for (int t = 0; t < T; t++)
        ids_add(&k->changed, t == k->at ? other : k->ids.id[t]);
    k->other = looking_words(&k->arena, &k->m, &k->changed)[k->at];
}

static bool prove(Lesson *l, Looks *k, const Options *o, Error *error)
{
    lesson_theorem(l, "Changing a word moves nothing before it, and what was kept is what "
                   "would be computed again, to the last bit. Turned queries and keys, "
                   "weights that add up to 1 and mixed values: attention is its equations, and "
                   "a layer is the sum of its halves.");
    lesson_say(l, "The other text has \"%s\" at position %d, where this one has \"%s\".",
               k->other, k->at, k->word[k->at]);
    if (!check_past(l, &k->view, &k->m, o, &k->changed, k->at, error)
        || !check_cached(l, &k->view, &k->m, o, &k->ids, &k->changed, error))
        return false;
    check_cache_holds(l, &k->view);
    check_turn(l, &k->view, &k->m.model.rope);
    check_weights(l, &k->view);
    check_asked(l, &k->view, &k->m.model);
    check_seams(l, &k->view, &k->m.model);
    return true;
}

static bool look(Lesson *l, Looks *k, const Options *o, Error *error)
{
    if (!model_open(&k->m, o, error) || !looking_floats(&k->m.dir, error)
        || !looking_prompt(&k->ids, &k->m, o, PROMPT, error)
        || !view_read(&k->view, &k->m, o, &k->ids, k->ids.count, error))
        return false;
    view_weigh(&k->view);
    if (!choose_head(k, o, error))
        return false;
    k->word = looking_words(&k->arena, &k->m, &k->ids);
    change_word(k);
    show_heads(l, k);
    show_head(l, k);
    show_cache(l, k);
    show_turn(l, k);
    show_families(l);
    return show_guesses(l, k, o, error) && prove(l, k, o, error);
}

int chapter04_attention(const Options *options)
{
    Looks k = { .at = 0 };
    Lesson l;
    Error error = {0};
    bool fine;

    lesson_begin(&l, "chapter04_attention", "04 attention: each word looks back", options);
    fine = look(&l, &k, options, &error);
    view_free(&k.view);
    arena_free(&k.arena);
    ids_free(&k.ids);
    ids_free(&k.changed);
    model_close(&k.m);
    return lesson_end(&l, fine, &error);
}
