/* unicode_class.h - what kind of character is this? (Unicode 16.0)
 *
 * Rules of use: any number may be asked for; unassigned ones are OTHER. The
 * tables are generated: weights-tools/unicode_tables.c says how.
 */
#ifndef UNICODE_CLASS_H
#define UNICODE_CLASS_H

#include "base/base.h"

typedef enum {              /* every code point is in exactly one           */
    UNICODE_OTHER,          /* marks, punctuation, symbols, controls, …     */
    UNICODE_LETTER,         /* \p{L}                                        */
    UNICODE_NUMBER,         /* \p{N}                                        */
    UNICODE_SPACE,          /* \s: White_Space                              */
} UnicodeClass;

UnicodeClass unicode_class(uint32_t point);

bool unicode_is_space(uint32_t point);
bool unicode_is_digit(uint32_t point);      /* what Digits splits: \p{N}, and
                                               a little more: see the .c     */

int unicode_combining_class(uint32_t point);                /* 0 … 240      */
/* One step of canonical decomposition, without Hangul; returns 0, 1 or 2. */
int unicode_decompose(uint32_t out[2], uint32_t point);
/* The primary composite of a pair, without Hangul, or 0. */
uint32_t unicode_compose(uint32_t first, uint32_t second);
/* Its own NFC, and nothing before it can change it: see normalize.c. */
bool unicode_is_settled(uint32_t point);

#endif
