/* data.h - what a picture leaves behind with --json, one call for each kind
 *
 * Rules of use: for lesson.c and the pictures, when lesson->data says so. key is NULL
 * inside an array.
 */
#ifndef DATA_H
#define DATA_H

#include "chapters/lesson/lesson.h"

void data_text(Lesson *l, const char *key, const char *text);
void data_texts(Lesson *l, const char *key, const char *const *text, int n);
void data_row(Lesson *l, const char *key, const float *x, int n);
void data_rows(Lesson *l, const char *key, const float *x, int rows, int columns);

#endif
