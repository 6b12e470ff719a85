/* pretokenize.h - cut a text into pieces that merges never cross
 *
 * Rules of use: a SplitPattern is one of the known ones, found by its spelling
 * in tokenizer.json; an unknown one is an Error that prints it. Text is valid
 * UTF-8.
 */
#ifndef PRETOKENIZE_H
#define PRETOKENIZE_H

#include "base/utf8.h"

/* One match of a pattern at text[at], at < length: returns its bytes, 0 for no
 * match here. The whole text is given: a pattern may look ahead. The known ones
 * always match, since together their alternatives begin with any character. */
typedef size_t SplitMatch(const char *text, size_t length, size_t at);

typedef struct {
    const char *pattern;            /* the regular expression's spelling     */
    const char *name;               /* "gpt2", "llama3", …: for people       */
    SplitMatch *match;
} SplitPattern;

/* regex [length]: from tokenizer.json. Owner: nobody, the table is const. */
bool pretokenize_pattern(const SplitPattern **pattern, const char *regex,
                         size_t length, Error *error);
const SplitPattern *pretokenize_gpt2(void);         /* ByteLevel's own       */

/* The byte-level alphabet: each byte as one printable code point, and back. */
uint32_t pretokenize_byte_to_point(unsigned char byte);
int pretokenize_point_to_byte(uint32_t point);      /* -1: not one of them  */

#endif
