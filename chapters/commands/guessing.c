/* guessing.c - --draft and --k: who guesses for a model, and how far ahead
 *
 *      --draft ngram              the text itself                no memory
 *      --draft int4, int8         the target again, in blocks    ┐
 *                                 of the same mapped file        ├ a session
 *      --draft D                  a second model, by name or     │ of its own
 *                                 folder: same tokens?           ┘
 *      no --draft (speculative)   MODEL-draft beside MODEL, if it is there; else ngram
 *
 * A draft and its target talk in ids, so an id must mean the same token to both. Models
 * of one family mostly share their tokenizer.json; whether they do is checked token
 * by token, because a draft with another vocabulary would still give the right text,
 * only never guess it. How V was padded does not matter (decode/draft_model.c).
 *
 * A copy costs memory, a quarter or a half of the F16 weights, and some seconds to make.
 * It needs no second download and guesses better than any small model, since it is the
 * same model.
 *
 * Read next: src/decode/speculative.c. Lesson: chapters/chapter07_speculative.c.
 */
#include "chapters/commands/guessing.h"

#include <stdio.h>
#include <stdlib.h>                 /* strtol                                */
#include <string.h>

#include "base/mapfile.h"           /* path_is_there                         */
#include "chapters/commands/drafts.h"

/* --k. Errors: exit 2 with the range. */
static bool take_k(int *K, const char *text, Error *error)
{
    long value;

    *K = GUESSES_DEFAULT;
    if (text == NULL)
        return true;
    *K = SPECULATIVE_AUTO;
    if (strcmp(text, "auto") == 0)
        return true;
    value = strtol(text, NULL, 10);         /* too large: LONG_MAX           */
    if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text)
        || value > DRAFT_MOST)
        return error_code(error, EXIT_USAGE, "--k is \"%s\", and it must be a whole "
                          "number from 0 to %d, or auto", text, DRAFT_MOST);
    *K = (int)value;
    return true;
}

bool guessing_beside(char folder[HUBCACHE_PATH], const OpenModel *target)
{
    size_t length = strlen(target->dir.path);
    char config[HUBCACHE_PATH + 20];

    while (length > 1 && target->dir.path[length - 1] == '/')
        length--;
    snprintf(folder, HUBCACHE_PATH, "%.*s-draft",
             min_int((int)length, HUBCACHE_PATH - 10), target->dir.path);
    snprintf(config, sizeof config, "%s/config.json", folder);
    return path_is_there(config);
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

/* --draft, or what stands in for it. */
static const char *choose(Guessing *g, const OpenModel *target, const Options *o,
                          bool always)
{
    bool beside;

    if (o->draft != NULL || !always)
        return o->draft;
    beside = guessing_beside(g->folder, target);
    if (beside)
        fprintf(stderr, "note: no --draft is given: %s, beside the model, guesses\n",
                last_part(g->folder));
    else
        fprintf(stderr, "note: no --draft is given, and there is no %s beside the model: "
                "guesses come from the text itself (--draft ngram)\n",
                last_part(g->folder));
    return beside ? g->folder : "ngram";
}

/* The target's own weights as blocks. */
static bool open_copy(Guessing *g, const OpenModel *target, Error *error)
{
    const ModelDir *dir = &target->dir;

    g->kind = GUESSING_COPY;
    if (!model_load(&g->copy, dir->config.root, &dir->file, error)) {
        g->kind = GUESSING_NOBODY;
        return error_where(error, "%s", dir->path);
    }
    if (g->copy.weights.format >= FORMAT_FLOATS)
        return error_set(error, "--draft %s makes a copy of the weights in fewer bits, and "
                         "these are %s already: take --draft ngram, or a small model, or "
                         "the model's F32, F16 or BF16 files", g->name,
                         format_name(g->copy.weights.format));
    return model_as_blocks(&g->copy, dir, g->name, error);
}

/* Errors: exit 3 with the first token that is not the same. */
static bool check_tokens(const Guessing *g, const OpenModel *target, Error *error)
{
    const Tokenizer *a = target->dir.tokenizer, *b = g->other.dir.tokenizer;
    int where;

    if (drafts_same_tokens(a, b, &where))
        return true;
    return error_set(error, "%s cannot guess for %s: the id %d is \"%s\" to the one and "
                     "\"%s\" to the other (they have %d and %d tokens), and they talk in "
                     "ids. `./run models` says which model can be whose draft; --draft int4 "
                     "and --draft ngram need no second model", g->other.dir.path,
                     target->dir.path, where, spelling(b, where), spelling(a, where),
                     tokenizer_vocabulary(b), tokenizer_vocabulary(a));
}

/* A model; what cannot be opened may have been meant as one of the other drafts. */
static bool open_other(Guessing *g, const char *name, const OpenModel *target,
                       const Options *o, Error *error)
{
    static const char *const others[] = { "int4", "int8", "ngram", NULL };
    const char *meant = options_nearest(name, others);
    Options other = *o;

    other.model = name;
    other.quantize = "none";
    g->kind = GUESSING_MODEL;
    g->name = last_part(name);
    if (model_open(&g->other, &other, error))
        return check_tokens(g, target, error);
    if (meant != NULL && error->code == EXIT_USAGE)
        return error_where(error, "the draft (did you mean --draft %s?)", meant);
    return error_where(error, "the draft");
}

bool guessing_open(Guessing *g, const OpenModel *target, const Options *options,
                   bool always, Error *error)
{
    const char *name;

    *g = (Guessing){0};
    if (!take_k(&g->K, options->k, error))
        return false;
    name = choose(g, target, options, always);
    if (name == NULL && options->k != NULL)
        return error_code(error, EXIT_USAGE, "--k says how many tokens are guessed, and "
                          "nobody guesses: give --draft too, or leave it out");
    g->name = name;
    if (name == NULL)
        return true;
    if (strcmp(name, "int4") == 0 || strcmp(name, "int8") == 0)
        return open_copy(g, target, error);
    if (strcmp(name, "ngram") != 0)
        return open_other(g, name, target, options, error);
    g->kind = GUESSING_TEXT;
    g->ngram = draft_ngram();
    return true;
}

void guessing_close(Guessing *g)
{
    draft_model_free(&g->guesser);
    if (g->kind == GUESSING_COPY)
        model_free(&g->copy);
    model_close(&g->other);
    *g = (Guessing){0};
}

bool guessing_start(Draft **draft, Guessing *g, const Session *target,
                    const OpenModel *m, const Options *options,
                    const SamplingConfig *sampling, Error *error)
{
    const DraftSetup setup = {
        .name = g->name, .V = m->model.config.V,
        .tokens = tokenizer_vocabulary(m->dir.tokenizer), .capacity = target->capacity,
        .chunk = options->chunk, .kv = target->cache.format, .sampling = *sampling,
        .seed = (uint64_t)options->seed };

    *draft = g->kind == GUESSING_TEXT ? &g->ngram : NULL;
    if (g->kind != GUESSING_COPY && g->kind != GUESSING_MODEL)
        return true;
    if (!draft_model_init(&g->guesser, g->kind == GUESSING_COPY ? &g->copy
                          : &g->other.model, &setup, error))
        return false;
    g->guesser.session.watch = &until_stopped;
    *draft = &g->guesser.draft;
    return true;
}

size_t guessing_weights(const Guessing *g)
{
    return g->kind == GUESSING_COPY ? g->copy.weights.bytes
         : g->kind == GUESSING_MODEL ? g->other.model.weights.bytes : 0;
}

size_t guessing_cache(const Guessing *g)
{
    return g->guesser.session.cache.bytes;
}
