/* looking.c - what the lessons share that look into a model while it reads
 *
 *      --prompt ──► ids, 2 … 48 ──► tokens, labels        --layer, --head
 *                     │                                     │
 *                     ▼                                     ▼
 *              a pass, with a Record as guest        one of 0 … count-1
 *                     │
 *                     ├──► rows:   as a strip, and how large they are
 *                     └──► logits: the five likeliest next words, as bars
 *
 * Chapters 03 and 04 look at the same pass, once without and once with attention, and
 * show it in the same way. A label is the text of a token as a person reads it; where
 * the spelling of the vocabulary matters (Ġ for the blank before a word), or a token
 * is only a part of a character, the spelling is shown.
 *
 * Read next: chapters/lesson/record.c.
 */
#include "chapters/lesson/looking.h"

#include <math.h>                   /* sqrt                                  */
#include <string.h>

#include "kernels/softmax.h"

#define GUESSES 5

bool looking_floats(const ModelDir *dir, Error *error)
{
    for (int i = 0; i < dir->file.count; i++) {
        const Tensor *t = &dir->file.tensors[i];
        char shown[JSON_SHOWN];

        if (t->dtype == DTYPE_U8 && t->rank == 3)
            return error_set(error, "%s: %s is stored in blocks of whole numbers, and this "
                             "lesson looks at the weights as floats: take the model that "
                             "it was made from", dir->path,
                             json_show(shown, t->name, strlen(t->name)));
    }
    return true;
}

bool looking_prompt(Ids *ids, const OpenModel *m, const Options *options,
                    const char *otherwise, Error *error)
{
    Text text = {0};
    bool fine = take_prompt(&text, options, otherwise, error);

    if (fine)
        tokenizer_encode(ids, m->dir.tokenizer, text.bytes, text.length, true);
    text_free(&text);
    if (fine && (ids->count < 2 || ids->count > LOOKING_MOST))
        return error_code(error, EXIT_USAGE, "the prompt has %d token%s, and this lesson "
                          "draws each of them: give 2 to %d", ids->count,
                          ids->count == 1 ? "" : "s", LOOKING_MOST);
    return fine;
}

bool looking_choice(int *chosen, const char *option, int asked, int otherwise,
                    int count, Error *error)
{
    *chosen = asked < 0 ? otherwise : asked;
    return *chosen < count
        || error_code(error, EXIT_USAGE, "%s %d: this model has 0 to %d", option, asked,
                      count - 1);
}

const char *const *looking_words(Arena *arena, const OpenModel *m, const Ids *ids)
{
    const char **word = arena_get(arena, (size_t)ids->count * sizeof *word);

    for (int i = 0; i < ids->count; i++) {
        Text text = {0};
        size_t blanks;

        tokenizer_decode(&text, m->dir.tokenizer, &ids->id[i], 1, false);
        text_add(&text, "", 0);
        if (strstr(text.bytes, "\uFFFD") != NULL) {        /* half a character */
            const char *spelt = spelling(m->dir.tokenizer, ids->id[i]);

            text_clear(&text);
            text_add(&text, spelt, strlen(spelt));
        }
        blanks = strspn(text.bytes, " ");
        if (text.bytes[blanks] == '\0')
            blanks = 0;
        word[i] = arena_text(arena, text.bytes + blanks, text.length - blanks);
        text_free(&text);
    }
    return word;
}

void looking_tokens(Lesson *l, const OpenModel *m, const Ids *ids)
{
    const char **text = memory_get(ids->count, sizeof *text);

    for (int i = 0; i < ids->count; i++)
        text[i] = spelling(m->dir.tokenizer, ids->id[i]);
    picture_tokens(l, "tokens", "the prompt", text, ids->id, ids->count);
    memory_give_back(text);
}

void looking_guesses(Lesson *l, const char *key, const OpenModel *m,
                     const float *logits)
{
    int V = m->model.config.V, n = min_int(GUESSES, V), best[GUESSES];
    char note[GUESSES][16];
    Bar bar[GUESSES];
    SamplingWork work;

    sampling_work_init(&work, V);
    sampling_best(best, n, logits, &work);
    softmax(work.p, logits, V);
    for (int i = 0; i < n; i++) {
        snprintf(note[i], sizeof note[i], "%.3f", work.p[best[i]]);
        bar[i] = (Bar){ spelling(m->dir.tokenizer, best[i]), work.p[best[i]], note[i] };
    }
    picture_bars(l, key, bar, n);
    sampling_work_free(&work);
}

bool looking_ask(float *logits, const OpenModel *m, const Options *options,
                 const Ids *ids, Error *error)
{
    Session s;
    bool fine;

    if (!model_session(&s, m, options, ids->count, 0, error))
        return false;
    fine = session_feed(&s, ids->id, ids->count, error);
    if (fine)
        memcpy(logits, s.logits, (size_t)m->model.config.V * sizeof *logits);
    session_free(&s);
    return fine;
}

const char *looking_same(const float *x, const float *y, int n)
{
    return memcmp(x, y, (size_t)n * sizeof *x) == 0 ? "yes" : "no";
}

double looking_size(const float *x, int n)
{
    double squares = 0;

    for (int i = 0; i < n; i++)
        squares += (double)x[i] * (double)x[i];
    return sqrt(squares / n);
}

double looking_likeness(const float *x, const float *y, int n)
{
    double product = 0;

    for (int i = 0; i < n; i++)
        product += (double)x[i] * (double)y[i];
    return product / (n * looking_size(x, n) * looking_size(y, n));
}

void looking_strip(Lesson *l, const char *key, const char *label, const float *x, int n)
{
    double most = 0;

    for (int i = 0; i < n; i++)
        most = fabs((double)x[i]) > most ? fabs((double)x[i]) : most;
    picture_strip(l, key, label, x, n, most);
}
