/* families.h - five models that people use, side by side: their settings alone
 *
 * Rules of use: families_read looks for models/shapes/NAME.json; what is not there is
 * left out and said by families_missing. families_free gives all back.
 */
#ifndef FAMILIES_H
#define FAMILIES_H

#include "chapters/lesson/modelsize.h"
#include "chapters/lesson/pictures.h"
#include "model/weights.h"

#define FAMILIES 5

typedef struct {
    const char *name;               /* "Llama-3.2-1B"                        */
    const char *head;               /* "Llama-3.2": the head of a column     */
    Config config;
    Rope rope;
    const Tensor *tensor;           /* [tensors] that its file holds, without data */
    int tensors;
    uint64_t parameters;            /* numbers in them                       */
} Family;

typedef struct {
    Family family[FAMILIES];
    int count;
    const char *missing;            /* which are not there, or why; NULL: none */
    Arena arena;
} Families;

void families_read(Families *f);    /* Owner: families_free                  */
void families_free(Families *f);

/* One line under "missing" when a file was not found; else nothing. */
void families_missing(Lesson *l, const Families *f);

/* "settings": a table, fields as rows and models as columns; "parameters": bars. */
void families_settings(Lesson *l, Families *f);

/* "table": what a model takes in each number format, and its cache for so many
 * positions; one called name, which takes own, in the first line. */
void families_memory(Lesson *l, Families *f, const char *name, const ModelSize *own,
                     int positions);

/* "heads": which numbers of a head turn; "rounds": how many words a full turn takes;
 * "scaling": the pairs of models whose frequencies were stretched afterwards. */
void families_turns(Lesson *l, Families *f);

#endif
