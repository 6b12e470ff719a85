/* chapter00_map.c - the map: the finished machine runs one prompt
 *
 *    "Once upon a time"
 *        │
 *        ▼
 *    ┌──────────────┐  ids        ┌──────────────┐ a file of numbers
 *    │ 01 tokenizer ├──────┐      │ 02 weights   │
 *    └──────────────┘      │      └──────┬───────┘
 *                          ▼             │ lent to every step below
 *                   ┌─────────────────┐  │
 *                   │ 03 layers       │◄─┘
 *                   │  ┌────────────┐ │   keys and values of all words so far
 *                   │  │04 attention│◄┼──►┌───────────┐
 *                   │  └────────────┘ │   │ the cache │
 *                   │  × L            │   └───────────┘
 *                   └──────┬──────────┘
 *                          │ logits: a score for every word
 *                          ▼
 *                   ┌─────────────────┐
 *                   │ 05 sampling     │──► one id ──► its text: " there"
 *                   └──────┬──────────┘      │
 *                          └─── 01 again ◄───┘  until the story ends
 *
 * That is the whole machine. Every box is a chapter, and the real program runs in
 * all of them: a lesson defines nothing of its own, it calls what lies in src/ and
 * looks. This one lets one prompt through and says one line at each box, with the
 * numbers that were really there: the ids, how many weights, how large a row is behind
 * each layer, what the last word looked back at, the hash of the scores, where the
 * dart fell. Then the story goes on to its end.
 *
 * What to notice:
 *
 * - Nothing in it is large or clever. The same few steps run for every word.
 * - Only one box holds chance (05), and even that is a function of the seed: run the
 *   lesson twice. The hash is the same on every machine.
 * - The cache is why the story does not get slower word by word: old words are
 *   not read again, they left their keys and values there.
 *
 * In a debugger (make debug; gdb build/debug/run):
 *
 *      break chapter00_map        here
 *      break block_forward        one layer; `bt` shows the way from here to there
 *      break sampling_pick        `print u`, `finish`: the id that was chosen
 *
 * Read next: chapters/words.c, then the nine files that ./run lists.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/terminal.h"
#include "chapters/commands/common.h"
#include "chapters/lesson/columns.h"
#include "chapters/lesson/looking.h"    /* looking_size                      */
#include "chapters/words.h"

#define PROMPT "Once upon a time"
#define BEST 3                  /* how many of the likeliest words are shown */
#define NAME 13                 /* columns of "01 tokenizer "                */

typedef struct {                /* what was seen on the way                  */
    OpenModel m;
    Session s;
    Text prompt;
    Ids ids;
    double *size;               /* [L + 1] root mean square of the last row:
                                   embedding, then behind each layer         */
    float *q;                   /* [H, D] the last row's turned queries in
                                   the last layer                            */
    int head, to;               /* the last word's strongest look back       */
    float look;                 /* and its weight; 0: it can look at none    */
    uint64_t hash;              /* of the last row's logits                  */
    int best[BEST];
    SamplingConfig sampling;
    double best_p[BEST];        /* after the filters                         */
    int kept, picked;           /* 05: ids that the filters left; the choice */
    float dart;
    double seconds;             /* for reading the prompt                    */
    bool color;
    int width, indent, column;  /* of the terminal; in a pipe lines go on    */
} Map;

/* The guest in the forward pass: called between the steps, touches nothing. */
static void look(void *context, ProbePoint point, int layer, const float *x,
                 int rows, int width)
{
    Map *map = context;
    int L = map->m.model.config.L;
    const float *last = row(x, rows - 1, width);

    if (point == PROBE_EMBEDDING)
        map->size[0] = looking_size(last, width);
    if (point == PROBE_BLOCK)
        map->size[layer + 1] = looking_size(last, width);
    if (point == PROBE_ROTATED_Q && layer == L - 1)
        memcpy(map->q, last, (size_t)width * sizeof *x);
}

/* 04: of all heads in the last layer, the strongest look of the last word at an
 * earlier one. (The first position is left out: heads that look for nothing look
 * there.) The weights are computed again by attention's own definition; the fast
 * kernel never holds them. */
static void strongest_look(Map *map)
{
    const Config *c = &map->m.model.config;
    int last = map->ids.count - 1;
    AttentionRow seen = kvcache_row(&map->s.cache, c->L - 1, last);
    float *p = memory_get(map->ids.count, sizeof *p);

    map->to = last;
    for (int h = 0; h < c->H; h++) {
        attention_weights(p, row(map->q, h, c->D), &seen, map->s.cache.format, h,
                          c->H, c->K, c->D);
        for (int s = 1; s < last; s++)
            if (p[s] > map->look) {
                map->look = p[s];
                map->head = h;
                map->to = s;
            }
    }
    memory_give_back(p);
}

/* 05: from scores to one word, by the very functions that generate uses. */
static void choose(Map *map, uint64_t seed)
{
    int V = map->m.model.config.V;
    SamplingWork work;

    sampling_work_init(&work, V);
    sampling_best(map->best, min_int(BEST, V), map->s.logits, &work);
    sampling_distribution(work.p, map->s.logits, V, map->ids.id, map->ids.count,
                          &map->sampling, &work);
    for (int id = 0; id < V; id++)
        map->kept += work.p[id] > 0;
    for (int i = 0; i < min_int(BEST, V); i++)
        map->best_p[i] = work.p[map->best[i]];
    map->dart = random_uniform(seed, 0, (uint32_t)map->ids.count, 0);
    map->picked = sampling_pick(work.p, V, map->dart);
    sampling_work_free(&work);
}

/* Open, encode, read: everything before the first word is written. */
static bool walk(Map *map, const Options *o, Error *error)
{
    const Probe probe = { look, map, 1u << PROBE_EMBEDDING | 1u << PROBE_BLOCK
                                     | 1u << PROBE_ROTATED_Q };
    const Config *c = &map->m.model.config;
    double begin;

    if (!model_open(&map->m, o, error) || !take_prompt(&map->prompt, o, PROMPT, error))
        return false;
    tokenizer_encode(&map->ids, map->m.dir.tokenizer, map->prompt.bytes,
                     map->prompt.length, true);
    //@stop map_encoded
    if (map->ids.count == 0)
        return error_code(error, EXIT_USAGE, "the prompt is empty: give one");
    if (!model_session(&map->s, &map->m, o, map->ids.count, o->n, error))
        return false;
    map->size = memory_get(c->L + 1, sizeof *map->size);
    map->q = memory_get(c->H * c->D, sizeof *map->q);
    map->s.probe = &probe;
    //@stop map_ready
    begin = clock_seconds();
    if (!session_feed(&map->s, map->ids.id, map->ids.count, error))
        return false;
    map->seconds = clock_seconds() - begin;
    map->s.probe = NULL;
    strongest_look(map);
    //@stop map_scored
    map->hash = hash_floats(HASH_START, map->s.logits, (size_t)c->V);
    map->sampling = sampling_wishes(&map->m.dir, o);
    choose(map, (uint64_t)o->seed);
    //@stop map_chosen
    return true;
}

/* "01 tokenizer ": a line begins. */
static void stage(Map *map, const char *number, const char *name)
{
    printf("%s%s %-10s%s", map->color ? "\033[1;36m" : "", number, name,
           map->color ? "\033[0m" : "");
    map->indent = map->column = NAME;
}

/* One item of a line, behind a blank; where it does not fit, on a line of its own. */
__attribute__((format(printf, 2, 3)))
static void item(Map *map, const char *format, ...)
{
    char text[4400];            /* a path may be long                        */
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (map->column > map->indent && map->column + 1 + columns_of(text) > map->width) {
        printf("\n%*s", map->indent, "");
        map->column = map->indent;
    }
    printf("%s%s", map->column > 0 ? " " : "", text);
    map->column += 1 + columns_of(text);
}

static const char *token(const Map *map, int id)
{
    return spelling(map->m.dir.tokenizer, id);
}

/* The likeliest words with a number each; the last one ends with `end`. */
static void print_best(Map *map, const double *number, const char *end)
{
    int n = min_int(BEST, map->m.model.config.V);

    for (int i = 0; i < n; i++)
        item(map, "%s %.2f%s", token(map, map->best[i]),
             number != NULL ? number[i] : (double)map->s.logits[map->best[i]],
             i < n - 1 ? " ·" : end);
}

static void print_text(Map *map)
{
    int n = map->ids.count;

    stage(map, "01", "tokenizer");
    item(map, "%d ids:", n);
    for (int i = 0; i < n; i++)
        item(map, "%d %s%s", map->ids.id[i], token(map, map->ids.id[i]),
             i < n - 1 ? " ·" : "\n");
}

/* As much of the end of a path as fits into so many columns. */
static const char *end_of(const char *path, int columns)
{
    while (columns_of(path) > columns)
        path++;
    while (((unsigned char)*path & 0xC0) == 0x80)       /* inside a character */
        path++;
    return path;
}

static void print_model(Map *map)
{
    const Weights *w = &map->m.model.weights;
    const Config *c = &map->m.model.config;
    const char *path;
    char count[16];

    stage(map, "02", "weights");
    item(map, "%d tensors,", map->m.dir.file.count);
    item(map, "%s numbers as %s:", short_count(count, (double)w->parameters),
         format_name(w->format));
    item(map, "%.1f MB of", (double)w->bytes / 1e6);
    path = end_of(map->m.dir.path, map->width - NAME - 2);
    item(map, "%s%s\n", path == map->m.dir.path ? "" : "…", path);
    stage(map, "03", "layers");
    item(map, "[%d, %d] through %d layers;", map->ids.count, c->E, c->L);
    item(map, "the last row's size:");
    for (int l = 0; l <= c->L; l++)
        item(map, "%s%.2g%s", l > 0 ? "→ " : "", map->size[l], l < c->L ? "" : "\n");
}

/* What the last row looked at, and what came out of it. */
static void print_scores(Map *map)
{
    const Config *c = &map->m.model.config;

    stage(map, "04", "attention");
    item(map, c->H == c->K ? "%d query heads, %d key heads;"
                           : "%d query heads share %d key heads;", c->H, c->K);
    item(map, "cache %d of %d positions,", map->s.length, map->s.capacity);
    item(map, "%zu bytes%s", map->s.cache.bytes, map->look > 0 ? ";" : "\n");
    if (map->look > 0)
        item(map, "%s looks at %s (head %d: %.0f %%)\n",
             token(map, map->ids.id[map->ids.count - 1]),
             token(map, map->ids.id[map->to]), map->head, 100 * (double)map->look);
    stage(map, "  ", "logits");
    item(map, "[%d] for the next word,", c->V);
    item(map, "hash %016" PRIx64 "; best:", map->hash);
    print_best(map, NULL, "\n");
}

static void print_choice(Map *map)
{
    const SamplingConfig *s = &map->sampling;

    stage(map, "05", "sampling");
    item(map, "temperature %g, top-p %g:", s->temperature, s->top_p);
    item(map, "%d of %d ids stay;", map->kept, map->m.model.config.V);
    print_best(map, map->best_p, ";");
    item(map, "dart %.3f: %s\n", (double)map->dart, token(map, map->picked));
}

static void show(void *context, const char *text, size_t length)
{
    (void)context;
    fwrite(text, 1, length, stdout);
    fflush(stdout);
}

static void print_json(const Map *map, const Generated *g)
{
    JsonWriter w = { .out = stdout };
    char hash[17];

    snprintf(hash, sizeof hash, "%016" PRIx64, map->hash);
    json_write_object(&w, NULL);
    json_write_text(&w, "prompt", map->prompt.bytes, map->prompt.length);
    json_write_ids(&w, "prompt_ids", map->ids.id, map->ids.count);
    json_write_integer(&w, "tensors", map->m.dir.file.count);
    json_write_integer(&w, "parameters", (int64_t)map->m.model.weights.parameters);
    json_write_integer(&w, "weights_bytes", (int64_t)map->m.model.weights.bytes);
    json_write_array(&w, "row_sizes");
    for (int l = 0; l <= map->m.model.config.L; l++)
        json_write_number(&w, NULL, map->size[l], 9);
    json_write_array_end(&w);
    json_write_integer(&w, "kv_bytes", (int64_t)map->s.cache.bytes);
    json_write_integer(&w, "look_head", map->head);
    json_write_integer(&w, "look_position", map->to);
    json_write_number(&w, "look_weight", (double)map->look, 9);
    json_write_word(&w, "hash", hash);
    json_write_ids(&w, "best", map->best, min_int(BEST, map->m.model.config.V));
    json_write_integer(&w, "kept", map->kept);
    json_write_number(&w, "dart", (double)map->dart, 9);
    json_write_integer(&w, "picked", map->picked);
    json_write_ids(&w, "ids", g->ids.id, g->ids.count);
    json_write_text(&w, "text", g->text.length > 0 ? g->text.bytes : "",
                    g->text.length);
    json_write_object_end(&w);
    json_write_line(&w);
}

/* The story. The session stands behind the prompt: nothing is read twice. */
static bool tell(Map *map, const Options *o, Error *error)
{
    const GenerateOptions options = {
        .sampling = map->sampling, .seed = (uint64_t)o->seed, .n = o->n,
        .eos = map->m.dir.eos, .eos_count = map->m.dir.eos_count,
        .show = o->json ? NULL : show,
    };
    Generated g;
    bool fine;

    if (!o->json)
        printf("\n%s", map->prompt.bytes);
    fine = generate(&g, &map->s, map->m.dir.tokenizer, map->ids.id, map->ids.count,
                    &options, error);
    if (o->json && fine)
        print_json(map, &g);
    if (!o->json) {
        fputs("\n\n", stdout);
        map->indent = map->column = 0;
        item(map, "%d tokens read in %.3f s, %d written in %.3f s;", map->ids.count,
             map->seconds, g.ids.count, g.seconds);
        item(map, "the same again with --seed %.0f\n", o->seed);
    }
    generated_free(&g);
    return fine;
}

int chapter00_map(const Options *options)
{
    Map map = { .color = terminal_color(stdout, options->color),
                .width = terminal_is_person(stdout) ? terminal_width(stdout) : INT_MAX };
    Error error = {0};
    bool fine = walk(&map, options, &error);

    if (fine && !options->json) {
        print_text(&map);
        print_model(&map);
        print_scores(&map);
        print_choice(&map);
    }
    fine = fine && tell(&map, options, &error);
    memory_give_back(map.size);
    memory_give_back(map.q);
    session_free(&map.s);
    ids_free(&map.ids);
    text_free(&map.prompt);
    model_close(&map.m);
    return finish(fine, &error);
}
