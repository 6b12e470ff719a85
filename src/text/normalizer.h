/* normalizer.h - rewrite a text before it is cut: one spelling for the same thing
 *
 * Rules of use: const after normalizer_init. normalizer_run points bytes and length
 * to the result, which lies in work (or is the input itself, without steps).
 */
#ifndef NORMALIZER_H
#define NORMALIZER_H

#include "base/utf8.h"
#include "text/component.h"

typedef struct {                    /* Replace: every pattern by content    */
    const char *pattern, *content;
    size_t pattern_length, content_length;
} Replacement;

#define REPLACEMENT_LENGTH 256      /* bytes of content that are accepted   */

/* component: a Replace of a plain text. Its strings go into arena. */
bool replacement_init(Replacement *replacement, Arena *arena,
                      const Json *component, Error *error);
void replacement_apply(Text *out, const Replacement *replacement,
                       const char *bytes, size_t length);

typedef struct {
    enum { NORMALIZER_NFC, NORMALIZER_PREPEND, NORMALIZER_REPLACE } kind;
    Replacement replacement;        /* PREPEND: its content                 */
} NormalizerStep;

typedef struct {
    NormalizerStep step[COMPONENTS];
    int count;
    Arena arena;
} Normalizer;

/* file: the root of tokenizer.json. */
bool normalizer_init(Normalizer *normalizer, const Json *file, Error *error);
void normalizer_free(Normalizer *normalizer);
void normalizer_run(const char **bytes, size_t *length,
                    const Normalizer *normalizer, Text work[2]);
/* The same without what a decoder takes back: a prefix, marks for blanks. */
void normalizer_spelling(const char **bytes, size_t *length,
                         const Normalizer *normalizer, Text work[2]);

#endif
