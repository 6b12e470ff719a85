/* families.c - five models that people use, side by side: their settings alone
 *
 *      models/shapes/   tinyllama.json  llama3.2-1b.json  …  smollm2-135m.json
 *                             │               │                    │
 *                             └───────────────┼────────────────────┘
 *                                             ▼ config_read
 *                                     a Config for each
 *                        ┌────────────────────┼─────────────────────┐
 *                        ▼                    ▼                     ▼
 *                    a table of          the names and          how much of
 *                    its fields          shapes of all          a head turns,
 *                                        tensors, and           and how fast
 *                                        how many numbers
 *                                        they are
 *
 * No weights are needed to say how a model is built: its config.json is a page long,
 * and the engine knows from it alone which tensors a file must hold, with which
 * shapes. So what is counted here, down to the last parameter, is what the engine
 * would ask for, and no number of this file is a model's own: they all stand in
 * models/shapes.
 *
 * How fast a pair turns is asked of the engine too. One pair needs
 *
 *      round_i = 2π / f_i   words                                          (1)
 *
 * for a full round, f_i as kernels/rope.c computes it. Where frequencies were
 * stretched after training (llama3), they are held against the same without that:
 * equal, divided by the whole factor, or something between.
 *
 * Read next: src/model/config.c, src/model/weights.c, src/kernels/rope.c.
 */
#include "chapters/lesson/families.h"

#include <inttypes.h>
#include <math.h>               /* fabs                                      */

#include "decode/modelname.h"

#define CIRCLE 6.28318530717958647692
#define CELLS (FAMILIES + 1)    /* of a line of the table                    */

static const struct { const char *shape, *name, *head; } known[FAMILIES] = {
    { "tinyllama", "TinyLlama-1.1B", "TinyLlama" },
    { "llama3.2-1b", "Llama-3.2-1B", "Llama-3.2" },
    { "stablelm-1.6b", "StableLM-2-1.6B", "StableLM" },
    { "pythia-1b", "Pythia-1B", "Pythia" },
    { "smollm2-135m", "SmolLM2-135M", "SmolLM2" },
};

/* Errors: the file is not there, or is no config.json of ours. */
static bool read_config(Config *config, Rope *rope, const char *shape, Error *error)
{
    char path[HUBCACHE_PATH];
    JsonDocument document = {0};
    bool fine = modelname_shape(path, shape, error)
             && json_read_file(&document, path, JSON_UNIQUE, error)
             && config_read(config, document.root, error)
             && rope_init(rope, &config->rope, error);

    json_free(&document);
    return fine;
}

/* One more that is not there, or cannot be read and says why. */
static void leave_out(Families *f, const char *shape, const Error *error)
{
    const char *before = f->missing != NULL ? f->missing : "";
    const char *comma = f->missing != NULL ? "; " : "";

    f->missing = error->code == EXIT_USAGE
               ? arena_print(&f->arena, "%s%sno %s.json", before, comma, shape)
               : arena_print(&f->arena, "%s%s%s.json: %s", before, comma, shape, error->text);
}

void families_read(Families *f)
{
    *f = (Families){0};
    for (int i = 0; i < FAMILIES; i++) {
        Family *one = &f->family[f->count];
        Error error = {0};

        *one = (Family){ .name = known[i].name, .head = known[i].head };
        if (!read_config(&one->config, &one->rope, known[i].shape, &error)) {
            leave_out(f, known[i].shape, &error);
            continue;
        }
        one->tensor = weights_expected(&one->config, &f->arena, &one->tensors);
        for (int t = 0; t < one->tensors; t++)
            one->parameters += tensor_count(&one->tensor[t]);
        f->count++;
    }
}

void families_free(Families *f)
{
    for (int k = 0; k < f->count; k++)
        rope_free(&f->family[k].rope);
    arena_free(&f->arena);
    *f = (Families){0};
}

void families_missing(Lesson *l, const Families *f)
{
    if (f->missing != NULL)
        picture_text(l, "missing", "left out, models/shapes", f->missing);
}

/* --- the table -------------------------------------------------------------------- */

static const char *yes_or_no(bool x)
{
    return x ? "yes" : "no";
}

static const char *say_family(Arena *arena, const Family *f)
{
    static const char *const names[] = { [ARCHITECTURE_LLAMA] = "Llama",
        [ARCHITECTURE_STABLELM] = "StableLM", [ARCHITECTURE_NEOX] = "NeoX" };

    (void)arena;
    return names[f->config.architecture];
}

static const char *say_norm(Arena *arena, const Family *f)
{
    (void)arena;
    return f->config.norm == NORM_RMS ? "RMS" : "layer";
}

static const char *say_bend(Arena *arena, const Family *f)
{
    (void)arena;
    return f->config.gated ? "silu" : "gelu";
}

static const char *say_gate(Arena *arena, const Family *f)
{
    (void)arena;
    return yes_or_no(f->config.gated);
}

static const char *say_fused(Arena *arena, const Family *f)
{
    (void)arena;
    return yes_or_no(f->config.fused_qkv);
}

static const char *say_biases(Arena *arena, const Family *f)
{
    const Config *c = &f->config;

    (void)arena;
    return c->qkv_bias && c->o_bias && c->mlp_bias ? "all"
         : c->qkv_bias && !c->o_bias && !c->mlp_bias ? "q k v"
         : c->qkv_bias || c->o_bias || c->mlp_bias ? "some" : "none";
}

static const char *say_parallel(Arena *arena, const Family *f)
{
    (void)arena;
    return yes_or_no(f->config.parallel_residual);
}

static const char *say_theta(Arena *arena, const Family *f)
{
    return arena_print(arena, "%.0f", (double)f->config.rope.theta);
}

static const char *say_scaling(Arena *arena, const Family *f)
{
    return f->config.rope.factor == 1 ? "none"
         : arena_print(arena, "÷ %g", (double)f->config.rope.factor);
}

static const char *say_tied(Arena *arena, const Family *f)
{
    (void)arena;
    return yes_or_no(f->config.tied);
}

static const char *say_millions(Arena *arena, const Family *f)
{
    return arena_print(arena, "%" PRIu64, (f->parameters + 500000) / 1000000);
}

/* A line of the table: a whole number of Config, or something that is said of it. */
static const struct {
    const char *field;
    size_t whole;
    const char *(*say)(Arena *arena, const Family *f);
} lines[] = {
    { "family", 0, say_family },
    { "E", offsetof(Config, E), NULL }, { "L", offsetof(Config, L), NULL },
    { "H", offsetof(Config, H), NULL }, { "K", offsetof(Config, K), NULL },
    { "D", offsetof(Config, D), NULL }, { "R", offsetof(Config, rope.width), NULL },
    { "F", offsetof(Config, F), NULL }, { "V", offsetof(Config, V), NULL },
    { "context", offsetof(Config, context), NULL },
    { "norm", 0, say_norm }, { "bend", 0, say_bend }, { "gate", 0, say_gate },
    { "fused", 0, say_fused }, { "biases", 0, say_biases },
    { "parallel", 0, say_parallel }, { "theta", 0, say_theta },
    { "scaling", 0, say_scaling }, { "tied", 0, say_tied },
    { "millions", 0, say_millions },
};

#define LINES (int)(sizeof lines / sizeof *lines)

static const char *cell_of(Arena *arena, const Family *f, int i)
{
    const int *whole = (const int *)(const void *)((const char *)&f->config
                                                   + lines[i].whole);

    return lines[i].say != NULL ? lines[i].say(arena, f)
         : arena_print(arena, "%d", *whole);
}

static void table(Lesson *l, Families *f)
{
    const char *head[CELLS] = { "field" }, *cell[LINES * CELLS];
    char align[CELLS + 1] = "lrrrrr";
    int columns = 1 + f->count;

    align[columns] = '\0';
    for (int i = 0; i < LINES; i++) {
        row(cell, i, columns)[0] = lines[i].field;
        for (int k = 0; k < f->count; k++) {
            head[1 + k] = f->family[k].head;
            row(cell, i, columns)[1 + k] = cell_of(&f->arena, &f->family[k], i);
        }
    }
    picture_table(l, "settings", head, align, cell, LINES);
}

void families_settings(Lesson *l, Families *f)
{
    Bar bar[FAMILIES];

    table(l, f);
    for (int k = 0; k < f->count; k++)
        bar[k] = (Bar){ f->family[k].name, (double)f->family[k].parameters,
                        arena_print(&f->arena, "%" PRIu64, f->family[k].parameters) };
    lesson_say(l, "How many numbers that makes, counted from these settings alone:");
    picture_bars(l, "parameters", bar, f->count);
}

/* --- what they take --------------------------------------------------------------- */

static const char *megabytes(Arena *arena, double bytes)
{
    return arena_print(arena, bytes < 1e8 ? "%.2f" : "%.1f", bytes / 1e6);
}

static void memory_cells(const char **cell, Arena *arena, const char *name,
                         const ModelSize *size)
{
    static const int block[] = { 128, 64, 34, 18 };     /* bytes of 32 numbers */

    cell[0] = name;
    for (int i = 0; i < 4; i++)
        cell[1 + i] = megabytes(arena, modelsize_bytes(size, block[i]));
    cell[5] = size->cache > 0 ? megabytes(arena, (double)size->cache) : "?";
}

void families_memory(Lesson *l, Families *f, const char *name, const ModelSize *own,
                     int positions)
{
    static const char *const head[] = { "model", "F32", "F16", "Q8", "Q4", "KV" };
    const char *cell[FAMILIES + 1][6];

    memory_cells(cell[0], &f->arena, name, own);
    for (int k = 0; k < f->count; k++) {
        const Family *one = &f->family[k];
        ModelSize size = modelsize_of(one->tensor, one->tensors, &one->config, positions);

        memory_cells(cell[1 + k], &f->arena, one->name, &size);
    }
    picture_table(l, "table", head, "lrrrrr", &cell[0][0], 1 + f->count);
}

/* --- what turns ------------------------------------------------------------------- */

enum { TURN_NOT, TURN_FIRST, TURN_SECOND, TURNS };
static const char *const turns[TURNS] = { "not turned", "first of a pair",
                                          "second of its pair" };

static void show_widths(Lesson *l, Families *f)
{
    CellRow rows[FAMILIES];

    for (int k = 0; k < f->count; k++) {
        const Config *c = &f->family[k].config;
        int R = c->rope.width;

        rows[k] = (CellRow){ f->family[k].head,
            arena_print(&f->arena, "%d of %d", R, c->D),
            { { TURN_FIRST, R / 2 }, { TURN_SECOND, R / 2 }, { TURN_NOT, c->D - R } } };
    }
    picture_cells(l, "heads", rows, f->count, turns, TURNS);
}

/* Words for a full round of pair i, equation (1). */
static double round_of(const Rope *rope, int i)
{
    return CIRCLE / (double)rope->frequency[i];
}

static void show_rounds(Lesson *l, Families *f)
{
    static const char *const head[] = { "model", "pairs", "fastest", "slowest",
                                        "context", "come_round" };
    const char *cell[FAMILIES][6];

    for (int k = 0; k < f->count; k++) {
        const Config *c = &f->family[k].config;
        const Rope *rope = &f->family[k].rope;
        int half = rope->width / 2, around = 0;

        for (int i = 0; i < half; i++)
            around += round_of(rope, i) <= c->context;
        cell[k][0] = f->family[k].head;
        cell[k][1] = arena_print(&f->arena, "%d", half);
        cell[k][2] = arena_print(&f->arena, "%.2f", round_of(rope, 0));
        cell[k][3] = arena_print(&f->arena, "%.0f", round_of(rope, half - 1));
        cell[k][4] = arena_print(&f->arena, "%d", c->context);
        cell[k][5] = arena_print(&f->arena, "%d", around);
    }
    picture_table(l, "rounds", head, "lrrrrr", &cell[0][0], f->count);
}

enum { ZONE_SAME, ZONE_BETWEEN, ZONE_DIVIDED, ZONES };

/* How many pairs of a stretched model turn as without stretching, slower by less than
 * the factor, and by all of it: fast pairs come first, so these are three runs. */
static void zones_of(CellRow *out, const Family *f)
{
    double factor = (double)f->config.rope.factor;
    RopeConfig config = f->config.rope;
    Rope straight;
    Error error;

    config.factor = 1;
    must(rope_init(&straight, &config, &error), "%s", error.text);
    for (int z = 0; z < ZONES; z++)
        out->run[z] = (CellRun){ z, 0 };
    for (int i = 0; i < config.width / 2; i++) {
        double slower = (double)straight.frequency[i] / (double)f->rope.frequency[i];
        bool same = slower < 1 + 1e-6, all = slower > factor * (1 - 1e-6);

        out->run[same ? ZONE_SAME : all ? ZONE_DIVIDED : ZONE_BETWEEN].count++;
    }
    rope_free(&straight);
}

static void show_scaling(Lesson *l, Families *f, const Family *one)
{
    const Config *c = &one->config;
    const char *zones[ZONES] = { "as it was", "between",
        arena_print(&f->arena, "divided by %g", (double)c->rope.factor) };
    CellRow row = { one->head, arena_print(&f->arena, "%d pairs", c->rope.width / 2),
                    { { 0, 0 } } };

    zones_of(&row, one);
    lesson_say(l, "The turn of %s was made for %d words and then stretched to %d: its "
               "slowest pairs were made %g times slower, so that at word %d they stand "
               "where they stood at word %.0f before; the fastest ones, which tell "
               "neighbours apart, turn as they did; a few are between. Pair 0 is on the "
               "left:",
               one->head, c->rope.trained, c->context, (double)c->rope.factor, c->context,
               c->context / (double)c->rope.factor);
    picture_cells(l, "scaling", &row, 1, zones, ZONES);
}

void families_turns(Lesson *l, Families *f)
{
    lesson_say(l, "One head of each model, to scale. Number i of the first half turns "
               "together with number i of the second half. What does not turn scores the "
               "same at any distance: it asks what a word is, not where.");
    show_widths(l, f);
    lesson_say(l, "How many words a full round takes, for the fastest pair of each model "
               "and for the slowest, and how many pairs come round at all within the "
               "longest text that the model knows (its context):");
    show_rounds(l, f);
    for (int k = 0; k < f->count; k++)
        if (f->family[k].config.rope.factor != 1)
            show_scaling(l, f, &f->family[k]);
}
