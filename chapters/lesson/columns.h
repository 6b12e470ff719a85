/* columns.h - how many columns a text takes, and texts made safe to show
 *
 * Rules of use: whatever comes from a model, a file or a person goes through
 * columns_show before it is drawn; what it gives has exactly the columns that
 * columns_of counts, on every terminal.
 */
#ifndef COLUMNS_H
#define COLUMNS_H

#include "base/utf8.h"

int columns_of_point(uint32_t point);       /* 0, 1 or 2                     */
int columns_of(const char *text);           /* of what columns_show makes    */

/* text as it can be shown, appended to out, at most `most` columns: what does not
 * fit is cut and "…" stands in its place. Returns the columns. */
int columns_show(Text *out, const char *text, int most);

/* The bytes at the beginning of a shown text that take at most `most` columns
 * (its first character at least). */
size_t columns_fit(const char *shown, int most);

#endif
