/* chapter01_tokenizer.c - a text becomes numbers
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

int chapter01_tokenizer(const Options *options)
{
    Lesson l;
    OpenModel m;
    Error error = {0};
    bool fine;

    lesson_begin(&l, "chapter01_tokenizer", "01 tokenizer: a text becomes numbers", options);
    fine = model_open(&m, options, &error);
    if (fine) {
        lesson_theorem(&l, "every model has a tokenizer and weights");
        lesson_check(&l, m.loaded, "the model is there");
    }
    model_close(&m);
    return lesson_end(&l, fine, &error);
}
