/* json_write.h - JSON out: commas and escapes in one place
 *
 * Rules of use: begin and end calls nest; key is NULL inside an array. Text must be
 * UTF-8; what is not comes out as U+FFFD. NaN and infinities, which JSON lacks,
 * come out as null. The stream's own error flag tells of a full disk.
 */
#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include <stdio.h>

#include "base/base.h"

typedef struct {
    FILE *out;
    bool started;           /* something stands before on this level        */
} JsonWriter;

void json_write_object(JsonWriter *w, const char *key);     /* {            */
void json_write_object_end(JsonWriter *w);                  /* }            */
void json_write_array(JsonWriter *w, const char *key);      /* [            */
void json_write_array_end(JsonWriter *w);                   /* ]            */
void json_write_text(JsonWriter *w, const char *key, const char *text,
                     size_t length);
void json_write_word(JsonWriter *w, const char *key, const char *text);
                                            /* the same, up to its NUL      */
void json_write_integer(JsonWriter *w, const char *key, int64_t value);
void json_write_number(JsonWriter *w, const char *key, double value,
                       int digits);                         /* significant  */
void json_write_bool(JsonWriter *w, const char *key, bool value);
void json_write_null(JsonWriter *w, const char *key);
void json_write_ids(JsonWriter *w, const char *key, const int *ids, int n);
void json_write_line(JsonWriter *w);        /* newline after the last brace */

#endif
