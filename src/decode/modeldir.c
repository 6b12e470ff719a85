/* modeldir.c - a model's folder: opened once, shared by all
 *
 *   the folder                       what becomes of it
 *   ┌──────────────────────────┐
 *   │ config.json              │──► the shapes           model_load reads it
 *   │ model.safetensors        │──► mapped, not read     weights are views into it
 *   │   or an index and shards │
 *   │ tokenizer.json           │──► a Tokenizer
 *   │ generation_config.json   │──► wishes: temperature …, and what ends a text
 *   │ tokenizer_config.json    │──► the chat template    read when asked for
 *   │   or chat_template.jinja │
 *   └──────────────────────────┘
 *
 * This is the layout in which models are published (Hugging Face's), and it is the
 * only one that is read here. The folder is opened once and owned by a ModelDir;
 * any number of Models may be made from it, and they share one mapping.
 *
 * Format notes:
 *
 * - generation_config.json is taken field by field. do_sample false means greedy.
 *   A field that is absent or null is not a wish: then temperature is 0.8, top-p
 *   0.95, and nothing else is filtered. (transformers would take 1.0, 1.0 and a
 *   top-k of 50 there; few people want these, and the file can say so.)
 * - eos_token_id is a number or a list, in either file; generation_config wins,
 *   because chat models name their end of turn only there.
 * - chat_template.jinja wins over tokenizer_config.json, where chat_template is a
 *   text or a list of named ones. That file also spells the tokens which a template
 *   calls bos_token and eos_token; without an eos_token, the first id that ends a
 *   text is meant. The token that ends a turn of the layout ends a text too, even if
 *   no file says so: base models with a chosen --template have it in no list.
 *
 * Read next: decode/generate.c. Lesson: chapters/chapter02_weights.c.
 */
#include "decode/modeldir.h"

#include <stdio.h>              /* snprintf                                  */
#include <string.h>             /* strlen                                    */

#include "base/mapfile.h"

typedef char Path[HUBCACHE_PATH + 64];

/* folder/name into path; returns whether something of that name is there: a link to
 * nowhere and a folder too, so that whoever reads it says so. */
static bool file_in(Path path, const char *folder, const char *name)
{
    snprintf(path, sizeof(Path), "%s/%s", folder, name);
    return path_is_there(path);
}

/* An adapter's folder holds numbers too, but not a model's. */
static bool refuse_adapter(const char *folder, Error *error)
{
    Path path;

    return !file_in(path, folder, "adapter_config.json")
        || file_in(path, folder, "model.safetensors")
        || file_in(path, folder, "model.safetensors.index.json")
        || error_set(error, "%s: is an adapter and not a model: give the folder "
                     "of the model that it belongs to", folder);
}

static bool open_weights(ModelDir *dir, Error *error)
{
    dir->has_weights = safetensors_open(&dir->file, dir->path, error);
    return dir->has_weights;
}

/* Errors: exit 3, also for a folder that is no model's at all. */
static bool open_config(ModelDir *dir, Error *error)
{
    Path path;

    if (!refuse_adapter(dir->path, error))
        return false;
    if (!file_in(path, dir->path, "config.json"))
        return error_set(error, "%s: there is no config.json in this folder: "
                         "--model wants a folder in Hugging Face layout "
                         "(config.json, tokenizer.json, model.safetensors)",
                         dir->path);
    return json_read_file(&dir->config, path, JSON_UNIQUE, error);
}

static bool open_tokenizer(ModelDir *dir, Error *error)
{
    Path path;

    if (!file_in(path, dir->path, "tokenizer.json"))
        return error_set(error, "%s: there is no tokenizer.json in this folder; "
                         "take it from where the weights are from (an old model "
                         "may have only tokenizer.model: transformers writes the "
                         "new file with save_pretrained)", dir->path);
    dir->tokenizer = tokenizer_open(path, error);
    return dir->tokenizer != NULL;
}

/* *value stays as it is when the field is absent.
 *   Errors: exit 3, not a number between low and high                       */
static bool read_wish(double *value, const Json *root, const char *name,
                      double low, double high, Error *error)
{
    const Json *node = json_given(root, name);
    double number;

    if (node == NULL)
        return true;
    if (!json_number(&number, node) || !(number >= low && number <= high))
        return error_set(error, "the field %s at byte %zu must be a number from "
                         "%g to %g", name, node->offset, low, high);
    *value = number;
    return true;
}

/* The model's own way of writing: see the format notes. root NULL: no file. */
static bool read_sampling(SamplingConfig *s, const Json *root, Error *error)
{
    const Json *sample = json_given(root, "do_sample");
    double top_k = 0;

    *s = (SamplingConfig){ .temperature = 0.8, .top_p = 0.95,
                           .repeat_penalty = 1 };
    if (!read_wish(&s->temperature, root, "temperature", 0, 1e6, error)
        || !read_wish(&top_k, root, "top_k", 0, 1e9, error)
        || !read_wish(&s->top_p, root, "top_p", 0, 1, error)
        || !read_wish(&s->min_p, root, "min_p", 0, 1, error)
        || !read_wish(&s->repeat_penalty, root, "repetition_penalty", 1e-6, 1e6,
                      error))
        return false;
    if (root != NULL && !json_is(root, JSON_OBJECT))
        return error_set(error, "it must hold one object");
    if (sample != NULL && !json_is(sample, JSON_TRUE)
        && !json_is(sample, JSON_FALSE))
        return error_set(error, "the field do_sample at byte %zu must be true or "
                         "false", sample->offset);
    s->top_k = (int)top_k;
    if (s->top_k != top_k)
        return error_set(error, "the field top_k at byte %zu must be a whole "
                         "number", json_get(root, "top_k")->offset);
    if (json_is(sample, JSON_FALSE))
        s->temperature = 0;
    return true;
}

/* The ids that end a text, from one of the two files. */
static bool read_eos(ModelDir *dir, const Json *node, Error *error)
{
    const Json *id = json_is(node, JSON_ARRAY) ? node->child : node;

    for (; id != NULL; id = id != node ? id->next : NULL) {
        int64_t value;

        if (!json_integer(&value, id) || value < 0 || value > INT32_MAX
            || dir->eos_count == CONFIG_EOS)
            return error_set(error, "the field eos_token_id at byte %zu must be "
                             "an id or a list of at most %d ids", id->offset,
                             CONFIG_EOS);
        dir->eos[dir->eos_count++] = (int)value;
    }
    return true;
}

static bool open_wishes(ModelDir *dir, Error *error)
{
    const Json *eos;
    Path path;

    if (file_in(path, dir->path, "generation_config.json")
        && !json_read_file(&dir->generation, path, JSON_UNIQUE, error))
        return false;
    eos = json_given(dir->generation.root, "eos_token_id");
    if (read_sampling(&dir->sampling, dir->generation.root, error)
        && (eos == NULL || read_eos(dir, eos, error))) {
        eos = eos == NULL ? json_given(dir->config.root, "eos_token_id") : NULL;
        if (eos == NULL || read_eos(dir, eos, error))
            return true;
        file_in(path, dir->path, "config.json");
    }
    return error_where(error, "%s", path);
}

/* Find the folder and open the parts that are asked for.
 *
 *   dir     out; nothing is held after a failure. Owner: the caller, until
 *           modeldir_close, which comes after the last Model made from it
 *   name    see modelname.h
 *   Errors: each names the file and what to do
 *   Cost:   the JSON files are read, the weights only mapped
 */
bool modeldir_open(ModelDir *dir, const char *name, ModelDirParts parts,
                   Error *error)
{
    bool fine;

    *dir = (ModelDir){0};
    if (!modelname_find(dir->path, name, error))
        return false;
    fine = (parts == MODELDIR_TOKENIZER || (open_config(dir, error)
                                            && open_weights(dir, error)))
        && (parts == MODELDIR_WEIGHTS || open_tokenizer(dir, error))
        && (parts != MODELDIR_ALL || open_wishes(dir, error));
    if (!fine) {
        modelname_unfinished(error, name, dir->path);
        modeldir_close(dir);
    }
    return fine;
}

/* One that is closed already, or all zeros, is fine. */
void modeldir_close(ModelDir *dir)
{
    if (dir->has_weights)
        safetensors_close(&dir->file);
    if (dir->tokenizer != NULL)
        tokenizer_close(dir->tokenizer);
    json_free(&dir->generation);
    json_free(&dir->config);
    *dir = (ModelDir){0};
}

/* A template that was read. Errors: as chat_find; a byte that no text has, which
 * would cut it short or go on into the tokenizer. */
static bool chat_of_text(ChatTemplate *chat, const char *source, size_t length,
                         Error *error)
{
    if (strlen(source) != length || utf8_check(source, length) != length)
        return error_set(error, "the chat template has a zero byte, or one that is "
                         "not UTF-8, at offset %zu: take the file again from where "
                         "the weights are from",
                         utf8_check(source, strlen(source)));
    return chat_find(chat, source, error);
}

/* A template of its own file; Errors: as chat_of_text, with the path. */
static bool chat_of_file(ChatTemplate *chat, const char *path, Error *error)
{
    MapFile file;
    char *source;
    bool fine;

    if (!mapfile_open(&file, path, error))
        return false;
    source = memory_text((const char *)file.bytes, file.size);
    fine = mapfile_refuse_pointer(&file, error)
        && (chat_of_text(chat, source, file.size, error)
            || error_where(error, "%s", path));
    mapfile_close(&file);
    memory_give_back(source);
    return fine;
}

/* In tokenizer_config.json chat_template is a text, or a list of named ones, of
 * which "default" is meant.
 *   source  out; untouched when there is no template
 *   Errors: there is one, and it is neither of these                        */
static bool template_in(const Json **source, const Json *root, Error *error)
{
    const Json *node = json_given(root, "chat_template"), *found = node;

    if (node == NULL)
        return true;
    if (json_is(node, JSON_ARRAY)) {
        found = NULL;
        for (const Json *one = node->child; one != NULL; one = one->next)
            if (json_equals(json_get(one, "name"), "default"))
                found = json_get(one, "template");
    }
    if (!json_is(found, JSON_STRING))
        return error_set(error, "chat_template at byte %zu is neither a text nor "
                         "a list that has one named \"default\": leave --chat out",
                         node->offset);
    *source = found;
    return true;
}

/* The template that the model brings: its own file, else the member of config.
 *   config  the root of tokenizer_config.json, NULL: no such file           */
static bool own_template(ChatTemplate *chat, const ModelDir *dir, const Json *config,
                         Error *error)
{
    const Json *source = NULL;
    Path path;

    if (file_in(path, dir->path, "chat_template.jinja"))
        return chat_of_file(chat, path, error);
    file_in(path, dir->path, "tokenizer_config.json");
    if (!template_in(&source, config, error))
        return error_where(error, "%s", path);
    if (source == NULL)
        return error_set(error, "%s: this model has no chat template (neither "
                         "chat_template.jinja nor chat_template in "
                         "tokenizer_config.json): it was not trained on "
                         "conversations; leave --chat out, or take a chat model, or "
                         "choose a layout with --template (" CHAT_NAMES ")",
                         dir->path);
    return chat_of_text(chat, source->text, source->length, error)
        || error_where(error, "%s", path);
}

/* The text of a special token: a text, or an object that has it as "content".
 *   text    out, NULL when the field is absent or null. Owner: the caller   */
static bool token_text(char **text, const Json *config, const char *name,
                       Error *error)
{
    const Json *node = json_given(config, name);

    if (json_is(node, JSON_OBJECT))
        node = json_get(node, "content");
    if (node != NULL && (!json_is(node, JSON_STRING)
                         || strlen(node->text) != node->length))
        return error_set(error, "the field %s at byte %zu of tokenizer_config.json "
                         "must be a text, or an object with a text as content", name,
                         node->offset);
    *text = node != NULL ? memory_text(node->text, node->length) : NULL;
    return true;
}

/* The id that text is in one piece, or -1. */
static int one_token(const Tokenizer *tokenizer, const char *text)
{
    Ids ids = {0};
    int id;

    tokenizer_encode(&ids, tokenizer, text, strlen(text), false);
    id = ids.count == 1 ? ids.id[0] : -1;
    ids_free(&ids);
    return id;
}

/* What the layout needs of the vocabulary: the end of a turn ends a text. */
static void meet_tokens(ChatTemplate *chat, ModelDir *dir)
{
    const char *const *token = chat->format->tokens, *end;
    bool known = false;
    int id;

    if (chat->eos == NULL && dir->eos_count > 0
        && tokenizer_token(dir->tokenizer, dir->eos[0]) != NULL) {
        end = tokenizer_token(dir->tokenizer, dir->eos[0]);
        chat->eos = memory_text(end, strlen(end));
    }
    while (*token != NULL && one_token(dir->tokenizer, *token) >= 0)
        token++;
    chat->missing = *token;
    end = chat_end(chat);
    id = end != NULL ? one_token(dir->tokenizer, end) : -1;
    for (int i = 0; i < dir->eos_count; i++)
        known |= dir->eos[i] == id;
    if (id < 0 || known)
        return;
    must(dir->eos_count <= CONFIG_EOS, "two chat templates for one folder");
    dir->eos[dir->eos_count++] = id;
}

/* Which layout, and what it needs of this model: see the format notes.
 *   name    one of CHAT_NAMES; NULL: the model's own template
 *   Cost:   reads tokenizer_config.json, in which every token may stand
 */
bool modeldir_chat(ChatTemplate *chat, ModelDir *dir, const char *name, Error *error)
{
    JsonDocument config = {0};
    Path path;
    bool fine;

    *chat = (ChatTemplate){0};
    fine = (!file_in(path, dir->path, "tokenizer_config.json")
            || json_read_file(&config, path, JSON_PLAIN, error))
        && (name != NULL ? chat_choose(chat, name, error)
                         : own_template(chat, dir, config.root, error))
        && token_text(&chat->bos, config.root, "bos_token", error)
        && token_text(&chat->eos, config.root, "eos_token", error);
    json_free(&config);
    if (fine)
        meet_tokens(chat, dir);
    else
        chat_free(chat);
    return fine;
}
