/* anytext.h - seeded random texts, to try a tokenizer with
 *
 * Rules of use: the same (kind, seed, number) gives the same text everywhere. It is
 * valid UTF-8, may hold NUL, and may be empty.
 */
#ifndef ANYTEXT_H
#define ANYTEXT_H

#include "text/tokenizer.h"

#define ANYTEXT_KINDS 7

const char *anytext_kind(int kind);             /* "emoji"                    */

/* The last kind is the text of a handful of t's tokens: long words, and long races. */
void anytext(Text *out, const Tokenizer *t, int kind, uint64_t seed, int number);

#endif
