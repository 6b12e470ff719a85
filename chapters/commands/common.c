/* common.c - what most words do first and last: open the model, take the prompt
 *
 *      --model, --threads, --kernels ──► model_open ─────► OpenModel
 *                                                              │
 *      --text   ─┐                                             ▼
 *      --prompt  │ the first                              tokenizer_encode
 *      --file    ├──────────► take_text ──► UTF-8? ──────────► │ ids
 *      words     │ that is there                               ▼
 *      stdin    ─┘                   --ctx, --chunk, --kv ► model_session
 *                                                              │
 *      exit status ◄── finish ◄── Error ◄──────────────────────┘
 *
 * The commands are short because this is not in them. Each does one thing with an
 * open model; how it came to be open is the same for all.
 *
 * Text from outside is checked here, at the border, and nowhere else: inside, every
 * text is valid UTF-8. A byte that is not is an error with its offset, never a
 * guess (U+FFFD would be a different prompt, and the reader would not know).
 *
 * Read next: chapters/commands/generate.c.
 */
#include "chapters/commands/common.h"

#include <errno.h>              /* why stdin cannot be read                  */
#include <stdio.h>              /* stdin                                     */
#include <stdlib.h>             /* strtoll                                   */
#include <string.h>             /* strlen, strspn                            */

#include "base/command.h"
#include "base/interrupt.h"
#include "base/mapfile.h"
#include "base/output.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/terminal.h"
#include "model/quantize.h"

/* The bar of --quantize; Ctrl-C stops it. */
static bool show_bytes(void *context, size_t done, size_t total)
{
    progress_update(context, done, total);
    return !interrupt_asked();
}

/* --quantize: int8 or int4 blocks in place of what the file has. */
bool model_as_blocks(Model *model, const ModelDir *dir, const char *name, Error *error)
{
    Format format = strcmp(name, "int8") == 0 ? FORMAT_INT8 : FORMAT_INT4;
    Progress bar;
    Watch watch = { show_bytes, &bar };
    bool fine;

    if (strcmp(name, "none") == 0)
        return true;
    progress_start(&bar, "quantizing the weights");
    fine = model_quantize(model, &dir->file, format, &watch, error);
    progress_end(&bar);
    return fine || error_where(error, "%s", dir->path);
}

bool model_open(OpenModel *m, const Options *options, Error *error)
{
    *m = (OpenModel){0};
    if (options->threads > 0)
        parallel_set_threads(options->threads);
    if (!kernels_choose(options->kernels, error)
        || !modeldir_open(&m->dir, options->model, MODELDIR_ALL, error))
        return false;
    m->loaded = model_load(&m->model, m->dir.config.root, &m->dir.file, error)
             || error_where(error, "%s", m->dir.path);
    if (!m->loaded
        || !model_as_blocks(&m->model, &m->dir, options->quantize, error))
        return false;
    if (m->model.weights.note[0] != '\0')
        fprintf(stderr, "note: %s\n", m->model.weights.note);
    return true;
}

/* All zeros, or what failed to open, is fine. */
void model_close(OpenModel *m)
{
    if (m->loaded)
        model_free(&m->model);
    modeldir_close(&m->dir);
    *m = (OpenModel){0};
}

/* --kv: as exact as the weights are, unless said. */
static Format kv_format(const OpenModel *m, const Options *options)
{
    if (options->kv == NULL)
        return m->model.weights.format == FORMAT_F32 ? FORMAT_F32 : FORMAT_F16;
    return strcmp(options->kv, "f32") == 0 ? FORMAT_F32 : FORMAT_F16;
}

static bool go_on(void *context, size_t done, size_t total)
{
    (void)context, (void)done, (void)total;
    return !interrupt_asked() && !output_lost();
}

const Watch until_stopped = { go_on, NULL };

bool model_session(Session *s, const OpenModel *m, const Options *options,
                   int prompt, int n, Error *error)
{
    return model_session_wide(s, m, options, prompt, n, 1, error);
}

bool model_session_wide(Session *s, const OpenModel *m, const Options *options,
                        int prompt, int n, int wide, Error *error)
{
    int capacity, context = m->model.config.context;

    if (!session_capacity(&capacity, &m->model.config, options->ctx, prompt, n,
                          error))
        return false;
    if (options->ctx > context)
        fprintf(stderr, "note: --ctx %d is more than the model's context "
                "(max_position_embeddings): %d is used\n", options->ctx, context);
    if (!session_init_wide(s, &m->model, capacity, options->chunk, wide,
                           kv_format(m, options), error))
        return false;
    s->watch = &until_stopped;
    return true;
}

/* A wish that is given as an option replaces that one field of
 * generation_config.json; the others stay. */
SamplingConfig sampling_wishes(const ModelDir *dir, const Options *o)
{
    SamplingConfig s = dir->sampling;

    if (o->temperature >= 0)
        s.temperature = o->temperature;
    if (o->top_k >= 0)
        s.top_k = o->top_k;
    if (o->top_p >= 0)
        s.top_p = o->top_p;
    if (o->min_p >= 0)
        s.min_p = o->min_p;
    if (o->repeat_penalty >= 0)
        s.repeat_penalty = o->repeat_penalty;
    return s;
}

#define TEXT_MOST ((size_t)1 << 30) /* bytes: what a tokenizer takes at once  */

bool check_text(const char *what, const char *bytes, size_t length,
                Error *error)
{
    size_t at;

    if (length > TEXT_MOST)
        return error_set(error, "%s has %zu bytes, and %zu are the most: cut it into "
                         "pieces", what, length, TEXT_MOST);
    at = utf8_check(bytes, length);
    if (at == length)
        return true;
    return error_set(error, "%s: the byte at offset %zu (0x%02X) is not UTF-8, "
                     "and text must be: convert it first, for example with "
                     "`iconv -f latin1 -t utf8`", what, at,
                     (unsigned)(unsigned char)bytes[at]);
}

/* All of stdin, its last newline too. Errors: Ctrl-C (130), a read that fails. */
static bool take_stdin(Text *text, Error *error)
{
    char piece[16384];
    size_t got;

    while ((got = fread(piece, 1, sizeof piece, stdin)) > 0)
        text_add(text, piece, got);
    if (interrupt_asked())
        return error_code(error, EXIT_INTERRUPTED, "interrupted while reading "
                          "stdin");
    if (ferror(stdin))
        return error_set(error, "stdin cannot be read: %s", strerror(errno));
    return check_text("stdin", text->bytes, text->length, error);
}

static bool take_file(Text *text, const char *path, Error *error)
{
    MapFile file;

    if (!mapfile_open(&file, path, error))
        return false;
    text_add(text, (const char *)file.bytes, file.size);
    mapfile_close(&file);
    return check_text(path, text->bytes, text->length, error);
}

bool one_source(const Options *o, Error *error)
{
    const char *names[] = { o->ids != NULL ? "--ids" : NULL,
        o->text != NULL ? "--text" : NULL, o->prompt != NULL ? "--prompt" : NULL,
        o->file != NULL ? "--file" : NULL, o->words != NULL ? "words" : NULL };
    const char *first = NULL;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (first != NULL && names[i] != NULL)
            return error_code(error, EXIT_USAGE, "the text is given twice, as %s "
                              "and as %s: give one of them (a text with blanks "
                              "in it wants quotes around it)", first, names[i]);
        first = names[i] != NULL ? names[i] : first;
    }
    return true;
}

bool take_text(Text *text, const Options *options, Error *error)
{
    const char *from = options->text != NULL ? "--text"
                     : options->prompt != NULL ? "--prompt" : "the prompt";
    const char *given = options->text != NULL ? options->text : options->prompt;

    text_add(text, "", 0);                  /* so that bytes is not NULL     */
    if (!one_source(options, error))
        return false;
    if (given == NULL && options->file != NULL)
        return take_file(text, options->file, error);
    if (given == NULL)
        given = options->words;
    if (given == NULL && !terminal_is_person(stdin))
        return take_stdin(text, error);
    if (given == NULL)
        return error_code(error, EXIT_USAGE, "there is no text: give it behind "
                          "the options, as --prompt T or --file F, or through a "
                          "pipe");
    text_add(text, given, strlen(given));
    return check_text(from, text->bytes, text->length, error);
}

bool take_prompt(Text *text, const Options *options, const char *otherwise,
                 Error *error)
{
    Options asked = *options;

    if (asked.prompt == NULL && asked.file == NULL && asked.words == NULL)
        asked.prompt = otherwise;
    return take_text(text, &asked, error);
}

bool take_ids(Ids *ids, const char *text, int V, Error *error)
{
    const char *at = text;

    for (;;) {
        char *end;
        long long id;

        at += strspn(at, " ,\t\r\n");
        if (*at == '\0')
            return true;
        if (strspn(at, "0123456789") == 0
            || strchr(" ,\t\r\n", at[strspn(at, "0123456789")]) == NULL)
            return error_code(error, EXIT_USAGE, "\"%.*s\" is not a token id: "
                              "ids are whole numbers from 0 to %d",
                              (int)strcspn(at, " ,\t\r\n"), at, V - 1);
        id = strtoll(at, &end, 10);         /* too large: LLONG_MAX          */
        if (id >= V)
            return error_set(error, "the id %.*s is not one of this model's: "
                             "they go from 0 to %d", (int)(end - at), at, V - 1);
        ids_add(ids, (int)id);
        at = end;
    }
}

const char *spelling(const Tokenizer *tokenizer, int id)
{
    const char *token = tokenizer_token(tokenizer, id);

    return token != NULL ? token : "";
}

void json_write_token(JsonWriter *w, const char *key, const Tokenizer *tokenizer,
                      int id)
{
    const char *token = spelling(tokenizer, id);

    json_write_word(w, key, token);
}

const char *short_count(char *text, double count)
{
    const char *unit = count >= 1e9 ? " B" : count >= 1e6 ? " M" : "";
    double scaled = count >= 1e9 ? count / 1e9 : count >= 1e6 ? count / 1e6
                  : count;

    snprintf(text, 16, "%.*f%s", count < 1e6 ? 0 : scaled < 10 ? 2 : 1, scaled,
             unit);
    return text;
}

/* What was stopped because nobody reads it is not said twice: the driver says that
 * stdout is lost, which is the reason. */
int finish(bool fine, const Error *error)
{
    if (!fine && error->code == EXIT_INTERRUPTED && output_lost())
        return EXIT_CRASH;
    return fine ? EXIT_FINE : command_report(error);
}
