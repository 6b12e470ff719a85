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
 *
 * Read next: decode/generate.c. Lesson: chapters/chapter02_weights.c.
 */
#include "decode/modeldir.h"

#include <stdio.h>              /* snprintf                                  */

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

/* A member that is there and not null. */
static const Json *wish(const Json *root, const char *name)
{
    const Json *node = json_get(root, name);

    return json_is(node, JSON_NULL) ? NULL : node;
}

/* *value stays as it is when the field is absent.
 *   Errors: exit 3, not a number between low and high                       */
static bool read_wish(double *value, const Json *root, const char *name,
                      double low, double high, Error *error)
{
    const Json *node = wish(root, name);
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
    const Json *sample = wish(root, "do_sample");
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
    eos = wish(dir->generation.root, "eos_token_id");
    if (read_sampling(&dir->sampling, dir->generation.root, error)
        && (eos == NULL || read_eos(dir, eos, error))) {
        eos = eos == NULL ? wish(dir->config.root, "eos_token_id") : NULL;
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
    fine = modelname_find(dir->path, name, error)
        && (parts == MODELDIR_TOKENIZER || (open_config(dir, error)
                                            && open_weights(dir, error)))
        && (parts == MODELDIR_WEIGHTS || open_tokenizer(dir, error))
        && (parts != MODELDIR_ALL || open_wishes(dir, error));
    if (!fine)
        modeldir_close(dir);
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

/* A template of its own file; Errors: as chat_find, with the path. */
static bool chat_of_file(ChatTemplate *chat, const char *path, Error *error)
{
    MapFile file;
    char *source;
    bool fine;

    if (!mapfile_open(&file, path, error))
        return false;
    source = memory_text((const char *)file.bytes, file.size);
    fine = mapfile_refuse_pointer(&file, error)
        && (chat_find(chat, source, error) || error_where(error, "%s", path));
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
    const Json *node = wish(root, "chat_template"), *found = node;

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

bool modeldir_chat(ChatTemplate *chat, const ModelDir *dir, Error *error)
{
    JsonDocument document = {0};
    const Json *source = NULL;
    bool fine = false;
    Path path;

    if (file_in(path, dir->path, "chat_template.jinja"))
        return chat_of_file(chat, path, error);
    if (file_in(path, dir->path, "tokenizer_config.json")) {
        if (!json_read_file(&document, path, JSON_PLAIN, error))
            return false;
    }
    if (!template_in(&source, document.root, error))
        error_where(error, "%s", path);
    else if (source != NULL)
        fine = chat_find(chat, source->text, error)
            || error_where(error, "%s", path);
    else
        error_set(error, "%s: this model has no chat template (neither "
                  "chat_template.jinja nor chat_template in "
                  "tokenizer_config.json): it was not trained on conversations; "
                  "leave --chat out, or take a chat model", dir->path);
    json_free(&document);
    return fine;
}
