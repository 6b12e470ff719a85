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
 *               one head's answer, added to the row of "dog"
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
 * Two turned points compare as if only the distance between the words existed.
 *
 * What to notice:
 *
 * - Weights must add up to 1, also when a head finds nothing. Many heads of many models
 *   learn to leave them at position 0 then: see the column "first".
 * - Some heads look one word back, others far. Nobody told them to: the table of habits
 *   measures what they learned.
 * - Query heads share keys: that is why the cache is small.
 *
 * In a debugger (make debug; gdb build/debug/run):
 *
 *      break chapter04_attention   here
 *      break attention             `print rows[0].positions`: how far row 0 looks
 *      break rope_apply            `print position[3]`, `print rope->frequency[0]`
 *
 * Read next: src/kernels/attention.c, src/kernels/rope.c, src/model/kvcache.c; then
 * chapters/lesson/attention_theorem.c and chapters/chapter05_sampling.c.
 */
#include <math.h>
#include <string.h>

#include "chapters/lesson/attention_theorem.h"
#include "chapters/lesson/looking.h"
#include "chapters/words.h"

#define PROMPT "The cat saw the dog, and the dog ran after the cat"
#define WORD 9                      /* the word that the theorem changes     */
#define DEGREES 57.29577951308232   /* in a radian                           */

typedef struct {
    OpenModel m;
    Arena arena;
    Ids ids, changed;               /* the prompt; one with another word     */
    int at;                         /* where they differ                     */
    const char *other;              /* and the other word                    */
    AttentionView view;             /* the prompt, read                      */
    float *p;                       /* [L, H, T, T] weights; NaN: not seen   */
    const char *const *word;        /* [T] labels                            */
    int layer, head;                /* --layer, --head                       */
} Looks;

/* The map of one head: [T, T]. */
static float *map_of(const Looks *k, int layer, int h)
{
    const Config *c = &k->m.model.config;

    return row(k->p, (layer * c->H + h) * k->ids.count, k->ids.count);
}

/* All weights of all heads. */
static void weigh_all(Looks *k)
{
    const Config *c = &k->m.model.config;
    int T = k->ids.count;

    k->p = memory_get_bytes((size_t)c->L * (size_t)c->H * (size_t)T * (size_t)T
                            * sizeof *k->p);
    for (int layer = 0; layer < c->L; layer++)
        for (int h = 0; h < c->H; h++)
            for (int t = 0; t < T; t++) {
                float *p = row(map_of(k, layer, h), t, T);

                view_weights(p, &k->view, layer, h, t);
                //@stop head_weighed
                for (int s = t + 1; s < T; s++)
                    p[s] = NAN;
            }
}

/* Where row t looks most, position 0 and itself left out; -1: there is nothing. */
static int strongest(const float *p, int t)
{
    int best = -1;

    for (int s = 1; s < t; s++)
        if (best < 0 || p[s] > p[best])
            best = s;
    return best;
}

/* How decidedly a head looks back: the mean of its rows' strongest looks. */
static double decided(const Looks *k, int layer, int h)
{
    const float *map = map_of(k, layer, h);
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

/* The mean share that a head gives to the first position, the word before, the word
 * itself, and the same word where it stood before. Rows t >= 2 count; for the last
 * share those whose word stood before. */
static void habits(const char **cell, Looks *k, int h)
{
    int T = k->ids.count, rows = 0, repeats = 0;
    double first = 0, back = 0, own = 0, again = 0;

    for (int t = 2; t < T; t++) {
        const float *p = row(map_of(k, k->layer, h), t, T);
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
    cell[0] = looking_cell(&k->arena, "%d", h);
    cell[1] = looking_cell(&k->arena, "%.3f", first / max_int(rows, 1));
    cell[2] = looking_cell(&k->arena, "%.3f", back / max_int(rows, 1));
    cell[3] = looking_cell(&k->arena, "%.3f", own / max_int(rows, 1));
    cell[4] = repeats == 0 ? "-" : looking_cell(&k->arena, "%.3f", again / repeats);
}

static void show_heads(Lesson *l, Looks *k)
{
    const Config *c = &k->m.model.config;
    static const char *const head[] = { "head", "first", "one_back", "itself",
                                        "same_word" };
    const char **name = arena_get(&k->arena, (size_t)c->H * sizeof *name);
    const char **cell = arena_get(&k->arena, (size_t)c->H * 5 * sizeof *cell);

    for (int h = 0; h < c->H; h++) {
        name[h] = looking_cell(&k->arena, "head %d", h);
        habits(row(cell, h, 5), k, h);
    }
    lesson_part(l, "heads", "Who looks at whom");
    looking_tokens(l, &k->m, &k->ids);
    picture_number(l, "layer", "layer", k->layer, 4, "");
    lesson_say(l, "A map for each head. Each row is a word, each column a word that it may "
               "look at: itself and those before it. Light is much, dark is little; a row "
               "adds up to 1.");
    picture_maps(l, "maps", map_of(k, k->layer, 0), c->H, k->ids.count, k->ids.count, name);
    lesson_say(l, "Where each head puts its weight on average: at position 0, at the word "
               "before, at the word itself, and at the same word where it stood before.");
    picture_table(l, "habits", head, "rrrrr", cell, c->H);
}

static void show_head(Lesson *l, Looks *k)
{
    static const char *const head[] = { "position", "word", "at", "looks_at", "weight",
                                        "at_first" };
    const float *map = map_of(k, k->layer, k->head);
    int T = k->ids.count, rows = T - 2;
    const char **cell = arena_get(&k->arena, (size_t)max_int(rows, 1) * 6 * sizeof *cell);

    for (int t = 2; t < T; t++) {
        const float *p = row(map, t, T);
        int s = strongest(p, t);
        const char *line[] = { looking_cell(&k->arena, "%d", t), k->word[t],
                               looking_cell(&k->arena, "%d", s), k->word[s],
                               looking_cell(&k->arena, "%.3f", (double)p[s]),
                               looking_cell(&k->arena, "%.3f", (double)p[0]) };

        memcpy(row(cell, t - 2, 6), line, sizeof line);
    }
    lesson_part(l, "head", "One head, large");
    picture_number(l, "layer", "layer", k->layer, 4, "");
    picture_number(l, "head", "head", k->head, 4, "");
    picture_heatmap(l, "map", "tenths of each row's attention", map, T, T, k->word, k->word);
    lesson_say(l, "Where each word looks most, itself and position 0 left out; and how much "
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

        cell[i][0] = looking_cell(&k->arena, "%d", length[i]);
        cell[i][1] = looking_cell(&k->arena, "%zu", bytes);
        cell[i][2] = cell[i][0];
        cell[i][3] = looking_cell(&k->arena, "%.0f", n * (n + 1) / 2);
        bar[i] = (Bar){ cell[i][0], (double)bytes, cell[i][1] };
    }
    lesson_part(l, "cache", "What is kept");
    lesson_say(l, "A word's key and value never change, so they are kept: for each position "
               "2 × %d layers × %d key heads × %d numbers of %zu bytes. The %d query heads "
               "share these key heads.", c->L, c->K, c->D, format_bytes(format), c->H);
    picture_number(l, "bytes_per_position", "bytes per position",
                   (double)kvcache_bytes(c, 1, format), 12, "");
    picture_number(l, "bytes_now", "bytes of this text's cache",
                   (double)k->view.session.cache.bytes, 12, "");
    picture_bars(l, "growth", bar, 5);
    lesson_say(l, "What it saves: to write n words one by one, n rows go through the layers. "
               "Without it, all words would be read again for each: n (n + 1) / 2 rows.");
    picture_table(l, "work", head, "rrrr", &cell[0][0], 5);
}

/* The last word alone and at the end of the prompt: with attention they differ. */
static bool show_guesses(Lesson *l, Looks *k, const Options *o, Error *error)
{
    int V = k->m.model.config.V, T = k->ids.count;
    float *logits = arena_get(&k->arena, (size_t)V * sizeof *logits);
    const float *here = record_row(&k->view.seen, PROBE_LOGITS, 0, T - 1);
    Ids alone = {0};
    bool fine;

    if (T > 2)
        ids_add(&alone, k->ids.id[0]);
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

/* --- the turn ------------------------------------------------------------------- */

/* By how many degrees the engine turns pair i at a position, below half a circle. */
static double degrees(const Looks *k, int i, int position)
{
    const Rope *rope = &k->m.model.rope;
    float *x = memory_get(rope->width, sizeof *x);
    double angle;

    x[i] = 1;
    rope_apply(x, rope, &position, 1, 1, rope->width);
    angle = DEGREES * atan2((double)x[i + rope->width / 2], (double)x[i]);
    memory_give_back(x);
    return angle;
}

/* Equation (1) for the last word's query and the word before it, as if they stood at
 * positions at + distance and at. */
static double score(const Looks *k, int at, int distance)
{
    const Config *c = &k->m.model.config;
    const Record *seen = &k->view.seen;
    int D = c->D, T = k->ids.count, there = at + distance;
    float *q = memory_get(2 * D, sizeof *q), *key = q + D;
    double s;

    memcpy(q, row(record_row(seen, PROBE_Q, k->layer, T - 1), k->head, D),
           (size_t)D * sizeof *q);
    memcpy(key, row(record_row(seen, PROBE_K, k->layer, T - 2), k->head / (c->H / c->K), D),
           (size_t)D * sizeof *q);
    rope_apply(q, &k->m.model.rope, &there, 1, 1, D);
    rope_apply(key, &k->m.model.rope, &at, 1, 1, D);
    s = (double)kernels->dot[FORMAT_F32](q, key, D) / sqrt((double)D);
    memory_give_back(q);
    return s;
}

static void show_angles(Lesson *l, Looks *k)
{
    static const char *const head[] = { "pair", "f", "at_1", "at_2", "at_3", "round" };
    const Rope *rope = &k->m.model.rope;
    int half = rope->width / 2, rows = 0;
    const char *cell[8][6];

    for (int i = 0; i < half && rows < 8; rows++) {
        double f = (double)rope->frequency[i];

        cell[rows][0] = looking_cell(&k->arena, "%d", i);
        cell[rows][1] = looking_cell(&k->arena, "%.6f", f);
        for (int p = 1; p <= 3; p++)
            cell[rows][p + 1] = looking_cell(&k->arena, "%.3f", degrees(k, i, p));
        cell[rows][5] = looking_cell(&k->arena, "%.0f", 360 / DEGREES / f);
        i = i == half - 1 ? half : min_int(half - 1, i + (half + 6) / 7);
    }
    lesson_say(l, "%d of the %d numbers of a head turn, in %d pairs. Pair 0 turns by one "
               "radian, %.1f degrees, with each word; the last one hardly moves. Below: "
               "f in radians per word, the angle in degrees at positions 1, 2 and 3, and "
               "how many words a full round takes.", rope->width, k->m.model.config.D,
               half, DEGREES);
    picture_table(l, "angles", head, "rrrrrr", &cell[0][0], rows);
}

static void show_turn(Lesson *l, Looks *k)
{
    static const char *const head[] = { "distance", "from_0", "from_10", "from_100" };
    static const int from[] = { 0, 10, 100 };
    const char *cell[6][4];
    int T = k->ids.count;

    lesson_part(l, "turn", "The turn: how a word knows its place");
    show_angles(l, k);
    lesson_say(l, "So only the distance counts. The query of \"%s\" and the key of \"%s\", "
               "put at many places: the score changes with the distance, and hardly with "
               "where the key stands (the rest is rounding).", k->word[T - 1],
               k->word[T - 2]);
    for (int r = 0; r < 6; r++) {
        int distance = r == 0 ? 0 : 1 << (r - 1);

        cell[r][0] = looking_cell(&k->arena, "%d", distance);
        for (int i = 0; i < 3; i++)
            cell[r][i + 1] = looking_cell(&k->arena, "%.5f", score(k, from[i], distance));
    }
    picture_table(l, "scores", head, "rrrr", &cell[0][0], 6);
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
                   "weights that add up to 1 and mixed values: attention is its equations.");
    lesson_say(l, "The other text has \"%s\" at position %d, where this one has \"%s\".",
               k->other, k->at, k->word[k->at]);
    if (!check_past(l, &k->view, &k->m, o, &k->changed, k->at, error)
        || !check_cached(l, &k->view, &k->m, o, &k->ids, &k->changed, error))
        return false;
    check_cache_holds(l, &k->view);
    check_turn(l, &k->view, &k->m.model.rope);
    check_weights(l, &k->view);
    return true;
}

static bool look(Lesson *l, Looks *k, const Options *o, Error *error)
{
    if (!model_open(&k->m, o, error) || !looking_prompt(&k->ids, &k->m, o, PROMPT, error)
        || !view_read(&k->view, &k->m, o, &k->ids, k->ids.count, error))
        return false;
    weigh_all(k);
    if (!choose_head(k, o, error))
        return false;
    k->word = looking_words(&k->arena, &k->m, &k->ids);
    change_word(k);
    show_heads(l, k);
    show_head(l, k);
    show_cache(l, k);
    show_turn(l, k);
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
    memory_give_back(k.p);
    arena_free(&k.arena);
    ids_free(&k.ids);
    ids_free(&k.changed);
    model_close(&k.m);
    return lesson_end(&l, fine, &error);
}
