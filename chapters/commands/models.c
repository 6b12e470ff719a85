/* models.c - ./run models: which models are on this machine, and what they need
 *
 *      the clone's models/, the Hugging Face cache
 *                 │ models_found
 *                 ▼
 *      name, folder ──► model_look ──► drafts_find
 *                                          │
 *                 ┌────────────────────────┘
 *                 ▼
 *      name         kind      params format    disk      f16     int8     int4
 *      storyteller  Llama     2.76 M BF16   5.51 MB  22.6 MB  …
 *          draft of: …
 *
 * A table of 80 columns, in groups by where the models lie. A name that is too long for
 * its column has a line of its own, so that the numbers always stand below each other.
 * What is larger than this machine's memory is marked: such a model still runs, because
 * its file is mapped, but reads the disk for every token.
 *
 * A model whose architecture this engine does not run is listed and says so; a folder
 * that cannot be used is listed with the reason. What is known by name and not here is
 * listed below, with the command that brings it.
 *
 * Read next: modelneeds.c, drafts.c, found.c. Lesson: chapters/chapter02_weights.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/command.h"
#include "chapters/commands/common.h"
#include "chapters/commands/drafts.h"
#include "chapters/lesson/columns.h"
#include "chapters/words.h"

#define NAME_WIDTH 20
#define KIND_WIDTH 8
#define DRAFTS_SHOWN 3

/* Whatever stands in a file or is the name of a folder, made safe to show. */
static const char *shown(Arena *arena, const char *text, int most)
{
    Text out = {0};
    const char *kept;

    columns_show(&out, text, most);
    kept = arena_text(arena, out.bytes != NULL ? out.bytes : "", out.length);
    text_free(&out);
    return kept;
}

/* Three digits and a unit: "5.51 MB", "989 MB", "2.2 GB"; 7 columns at most. */
static const char *short_bytes(Arena *arena, double bytes)
{
    const char *unit = bytes < 999.5e6 ? "MB" : "GB";
    double n = bytes < 999.5e6 ? bytes / 1e6 : bytes / 1e9;

    return arena_print(arena, "%.*f %s", n < 9.995 ? 2 : n < 99.95 ? 1 : 0, n, unit);
}

/* "LlamaForCausalLM" is Llama: what all of them end with says nothing. Two are written
 * another way by those who made them. */
static const char *short_kind(Arena *arena, const char *architecture)
{
    static const char *const others[][2] = {
        { "GPTNeoXForCausalLM", "GPT-NeoX" }, { "StableLmForCausalLM", "StableLM" } };
    size_t length = strlen(architecture);

    if (text_ends_with(architecture, "ForCausalLM"))
        length -= strlen("ForCausalLM");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(architecture, others[i][0]) == 0)
            return others[i][1];
    return shown(arena, arena_text(arena, architecture, length), KIND_WIDTH);
}

static void print_numbers(const ModelSeen *seen, Arena *arena)
{
    const char *name = shown(arena, seen->name, 200);
    const char *kind = short_kind(arena, seen->architecture);
    char parameters[16];

    if (columns_of(name) > NAME_WIDTH)
        printf("%s\n%*s", name, NAME_WIDTH, "");
    else
        printf("%s%*s", name, NAME_WIDTH - columns_of(name), "");
    printf(" %s%*s %7s %-6s %7s", kind, KIND_WIDTH - columns_of(kind), "",
           short_count(parameters, (double)seen->parameters), seen->format,
           short_bytes(arena, (double)seen->bytes));
    for (int i = 0; i < NEED_COUNT && seen->supported; i++)
        printf(" %7s%s", seen->needed[i] > 0 ? short_bytes(arena, seen->needed[i]) : "-",
               seen->needed[i] >= (double)memory_machine() ? "!"
               : i + 1 < NEED_COUNT ? " " : "");
    printf("\n");
}

/* The reason is not wrapped: it may end with a command that is to be pasted. */
static void print_model(const ModelSeen *seen, Arena *arena)
{
    if (seen->usable)
        print_numbers(seen, arena);
    else
        printf("%s\n", shown(arena, seen->name, 200));
    if (seen->error.code != 0)
        printf("    cannot be %s: %s\n", seen->usable ? "run" : "used",
               shown(arena, seen->error.text, (int)sizeof seen->error.text));
    for (int i = 0; i < min_int(seen->drafts, DRAFTS_SHOWN); i++)
        printf("%s%s", i == 0 ? "    draft of: " : ", ",
               shown(arena, seen->draft_of[i], 200));
    if (seen->drafts > DRAFTS_SHOWN)
        printf(" and %d more", seen->drafts - DRAFTS_SHOWN);
    printf(seen->drafts > 0 ? "\n" : "");
}

static void print_table(const ModelSeen *seen, int count, Arena *arena)
{
    const char *place = "";
    bool marked = false;

    printf("%*s memory needed\n%-*s %-*s %7s %-6s %7s %7s  %7s  %7s\n", 55, "",
           NAME_WIDTH, "name", KIND_WIDTH, "kind", "params", "format", "disk", "f16",
           "int8", "int4");
    for (int i = 0; i < count; i++) {
        if (strcmp(seen[i].place, place) != 0)
            printf("\nin %s\n", shown(arena, place = seen[i].place, 1000));
        print_model(&seen[i], arena);
        for (int k = 0; k < NEED_COUNT; k++)
            marked = marked || seen[i].needed[k] >= (double)memory_machine();
    }
    if (count == 0)
        printf("none: start ./run from the clone\n");
    printf("\nThis machine has %s of memory%s.\n"
           "Needed are the weights, the KV cache of %d tokens (or the context) in f16, and\n"
           "the rows of a pass. int8 and int4: with --quantize, which makes blocks of 32\n"
           "weights of 8 or 4 bits at load (the output: 8). A model that the program\n"
           "quantize has stored in such blocks is one of them.\n",
           short_bytes(arena, (double)memory_machine()),
           marked ? "; ! is more than that" : "", NEED_POSITIONS);
}

static void write_model(JsonWriter *w, const ModelSeen *seen)
{
#define NEED_KEY(name, format) #name,
    static const char *const keys[] = { NEEDS(NEED_KEY) };
#undef NEED_KEY

    json_write_object(w, NULL);
    json_write_word(w, "name", seen->name);
    json_write_word(w, "folder", seen->folder);
    json_write_bool(w, "usable", seen->usable);
    json_write_bool(w, "supported", seen->supported);
    json_write_word(w, "architecture", seen->architecture);
    json_write_integer(w, "parameters", (int64_t)seen->parameters);
    json_write_word(w, "format", seen->format);
    json_write_integer(w, "bytes", (int64_t)seen->bytes);
    json_write_bool(w, "fits", seen->usable
                    && model_needs_now(seen) < (double)memory_machine());
    json_write_object(w, "needed");
    json_write_integer(w, "file", (int64_t)model_needs_now(seen));
    for (int i = 0; i < NEED_COUNT; i++)
        if (seen->needed[i] > 0)
            json_write_integer(w, keys[i], (int64_t)seen->needed[i]);
    json_write_object_end(w);
    json_write_array(w, "draft_of");
    for (int i = 0; i < seen->drafts; i++)
        json_write_word(w, NULL, seen->draft_of[i]);
    json_write_array_end(w);
    if (seen->error.code != 0)
        json_write_word(w, "error", seen->error.text);
    json_write_object_end(w);
}

static void write_models(const ModelSeen *seen, int count)
{
    JsonWriter w = { .out = stdout };

    json_write_object(&w, NULL);
    json_write_integer(&w, "memory", (int64_t)memory_machine());
    json_write_array(&w, "models");
    for (int i = 0; i < count; i++)
        write_model(&w, &seen[i]);
    json_write_array_end(&w);
    json_write_object_end(&w);
    json_write_line(&w);
}

/* Which known model it is the usual draft of; NULL: of none. */
static const char *usual_draft_of(const char *name)
{
    for (const ModelName *known = model_names; known->name != NULL; known++)
        if (known->draft != NULL && strcmp(known->draft, name) == 0)
            return known->name;
    return NULL;
}

/* Names of the table that were not found, and what they stand for. */
static void print_absent(const ModelSeen *seen, int count, Arena *arena)
{
    bool said = false;

    for (const ModelName *known = model_names; known->name != NULL; known++) {
        const char *draft = usual_draft_of(known->name);
        bool here = false;

        for (int i = 0; i < count; i++)
            here = here || strcmp(seen[i].name, known->name) == 0;
        if (here)
            continue;
        if (!said)
            printf("\nknown by name, and not on this machine; this brings one:\n    %s\n",
                   command_of_tool(arena, "download", "NAME", NULL));
        said = true;
        printf("%-*s %s%s%s%s\n", NAME_WIDTH, known->name, known->repository != NULL
               ? known->repository : "ships with the clone", draft != NULL
               ? " (a draft for " : "", draft != NULL ? draft : "",
               draft != NULL ? ")" : "");
    }
}

int command_models(const Options *options)
{
    Arena arena = {0};
    int count;
    const FoundModel *found;
    ModelSeen *seen;
    Error error = {0};

    if (options->words != NULL)
        return finish(error_code(&error, EXIT_USAGE, "models: takes no words, and "
                                 "got: %s", options->words), &error);
    found = models_found(&arena, &count);
    seen = arena_get(&arena, (size_t)count * sizeof *seen);
    for (int i = 0; i < count; i++)
        model_look(&seen[i], &found[i], &arena);
    drafts_find(seen, count, &arena);
    if (options->json) {
        write_models(seen, count);
    } else {
        print_table(seen, count, &arena);
        print_absent(seen, count, &arena);
    }
    arena_free(&arena);
    return EXIT_FINE;
}
