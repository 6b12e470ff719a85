/* unicode_class.h - what kind of character is this? (Unicode 16.0)
 *
 * Rules of use: any code point may be asked for; unassigned ones are nothing.
 * The tables are generated: weights-tools/unicode_tables.c says how.
 */
#ifndef UNICODE_CLASS_H
#define UNICODE_CLASS_H

#include "base/base.h"

bool unicode_is_letter(uint32_t point);     /* \p{L}                        */
bool unicode_is_number(uint32_t point);     /* \p{N}                        */
bool unicode_is_space(uint32_t point);      /* \s: White_Space              */
bool unicode_is_digit(uint32_t point);      /* what Digits splits: Rust's
                                               char::is_numeric = \p{N}     */

int unicode_combining_class(uint32_t point);                /* 0 … 240      */
/* One step of canonical decomposition, without Hangul; returns 0, 1 or 2. */
int unicode_decompose(uint32_t out[2], uint32_t point);
/* The primary composite of a pair, without Hangul, or 0. */
uint32_t unicode_compose(uint32_t first, uint32_t second);

#endif
