/* decimal.h - numbers between decimal text and double, without the locale
 *
 * Rules of use: the point is '.', whatever setlocale was told, and the same text
 * gives the same bits on every machine.
 */
#ifndef DECIMAL_H
#define DECIMAL_H

#include "base/base.h"

/* The double nearest to text, a number as JSON spells it (ties to even); ".5" and
 * "5." are understood too, and whether they are allowed is the caller's question.
 * false: beyond the largest double. What is too small becomes 0 with its sign. */
bool decimal_read(double *value, const char *text, size_t length);

/* value with 1 … 17 significant digits, trailing zeros left out, as JSON spells
 * it; 9 bring back any float, 17 any double. Finite values only. */
#define DECIMAL_LENGTH 40
void decimal_write(char out[DECIMAL_LENGTH], double value, int digits);

#endif
