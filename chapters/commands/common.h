/* common.h - what most words do first and last: open the model, take the prompt
 *
 * Rules of use: a word is int command_NAME(const Options *). It opens with these,
 * and returns what finish makes of its Error.
 */
#ifndef COMMON_H
#define COMMON_H

#include "base/options.h"
#include "base/watch.h"
#include "decode/generate.h"
#include "files/json_write.h"

typedef struct {
    ModelDir dir;
    Model model;
    bool loaded;
} OpenModel;

/* --model, --threads, --kernels. Owner: the caller, model_close. */
bool model_open(OpenModel *m, const Options *options, Error *error);
void model_close(OpenModel *m);

/* Ends long work after Ctrl-C, or when nobody can read stdout any more. */
extern const Watch until_stopped;

/* --ctx, --chunk, --kv: a session with room for prompt + n tokens, which works
 * until_stopped. */
bool model_session(Session *s, const OpenModel *m, const Options *options,
                   int prompt, int n, Error *error);
/* The same, for up to wide ids together (session_init_wide). */
bool model_session_wide(Session *s, const OpenModel *m, const Options *options,
                        int prompt, int n, int wide, Error *error);

/* The model, just loaded from dir, as "int8" or "int4" blocks; "none": as it is. */
bool model_as_blocks(Model *model, const ModelDir *dir, const char *format,
                     Error *error);

/* The model's own wishes, and over them, field by field, those of the options. */
SamplingConfig sampling_wishes(const ModelDir *dir, const Options *options);

/* --text, --prompt, --file, the words, or else stdin. Errors: exit 2 when there is
 * none or more than one, exit 3 when it is not UTF-8. */
bool take_text(Text *text, const Options *options, Error *error);

/* The same for a lesson: otherwise when nothing was given; stdin is not read. */
bool take_prompt(Text *text, const Options *options, const char *otherwise,
                 Error *error);

/* Errors: exit 2 for two sources (--prompt Once upon: words that would be lost). */
bool one_source(const Options *options, Error *error);

/* A text from an argument. Errors: exit 3 with the offset when it is not UTF-8. */
bool check_text(const char *what, const char *bytes, size_t length,
                Error *error);

/* Whole numbers with blanks or commas between: ids below V. Errors: exit 2 for
 * what is no number, exit 3 for an id that the model does not have. */
bool take_ids(Ids *ids, const char *text, int V, Error *error);

/* The vocabulary's spelling of an id; "" where it has none (padded rows). */
const char *spelling(const Tokenizer *tokenizer, int id);
void json_write_token(JsonWriter *w, const char *key, const Tokenizer *tokenizer,
                      int id);

/* "1.1 B", "2.76 M": a count for a person, into text [16]. */
const char *short_count(char *text, double count);

/* The exit status; says the error, if there is one, on stderr. */
int finish(bool fine, const Error *error);

#endif
