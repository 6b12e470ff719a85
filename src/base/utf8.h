/* utf8.h - code points in and out of bytes; a growing string of bytes
 *
 * Rules of use: utf8_check at the border (stdin, arguments, strings of a file):
 * inside, text is valid. Text is a byte string that grows; text_free gives it back;
 * {0} is empty.
 */
#ifndef UTF8_H
#define UTF8_H

#include "base/base.h"

#define UTF8_REPLACEMENT 0xFFFDu

/* The code point at bytes[0 … length-1] into *point; returns its bytes (1 … 4),
 * or 0 when they are not UTF-8 (overlong, surrogate, > U+10FFFF, cut short). */
int utf8_read(uint32_t *point, const char *bytes, size_t length);
/* The same for whom it matters how many bytes are bad: -1 … -3; length >= 1. */
int utf8_scan(uint32_t *point, const char *bytes, size_t length);
int utf8_write(char bytes[4], uint32_t point);      /* returns 1 … 4         */

/* Offset of the first byte that is not UTF-8, or length when all is well. */
size_t utf8_check(const char *bytes, size_t length);

/* How many bytes at the end are the beginning of a code point that needs more
 * bytes (0 … 3): what a stream must hold back. */
size_t utf8_tail(const char *bytes, size_t length);

typedef struct {
    char *bytes;                    /* NUL-terminated when not NULL          */
    size_t length, room;
} Text;

void text_add(Text *text, const char *bytes, size_t length);
void text_print(Text *text, const char *format, ...)    /* printf           */
    __attribute__((format(printf, 2, 3)));
void text_add_point(Text *text, uint32_t point);
/* The same, each maximal ill-formed part as U+FFFD (Unicode, section 3.9). */
void text_add_lossy(Text *text, const char *bytes, size_t length);
void text_clear(Text *text);                        /* keeps the room        */
void text_free(Text *text);

/* Are the last bytes of text those of end? Both NUL-terminated. */
bool text_ends_with(const char *text, const char *end);

#endif
