/* chapter05_sampling.c - from scores to one word
 *
 *
 *
 *
 *
 *
 *
 *
 *
 * Read next: chapters/words.c.
 */
#include "chapters/commands/common.h"
#include "chapters/lesson/lesson.h"
#include "chapters/words.h"

int chapter05_sampling(const Options *options)
{
    Lesson l;
    OpenModel m;
    Error error = {0};
    bool fine;

    lesson_begin(&l, "chapter05_sampling", "05 sampling: from scores to one word", options);
    fine = model_open(&m, options, &error);
    if (fine) {
        lesson_theorem(&l, "every model has a tokenizer and weights");
        lesson_check(&l, m.loaded, "the model is there");
    }
    model_close(&m);
    return lesson_end(&l, fine, &error);
}
