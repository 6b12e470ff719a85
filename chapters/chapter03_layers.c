/* chapter03_layers.c - one row of numbers on its way up
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

int chapter03_layers(const Options *options)
{
    Lesson l;
    OpenModel m;
    Error error = {0};
    bool fine;

    lesson_begin(&l, "chapter03_layers", "03 layers: one row of numbers on its way up", options);
    fine = model_open(&m, options, &error);
    if (fine) {
        lesson_theorem(&l, "every model has a tokenizer and weights");
        lesson_check(&l, m.loaded, "the model is there");
    }
    model_close(&m);
    return lesson_end(&l, fine, &error);
}
