/* data.c - what a picture leaves behind with --json, one call for each kind
 *
 *      a label      "gate"                        data_text
 *      names        ["On", "ce", "Ġupon"]         data_texts
 *      a row        [0.25, -1.5, …]               data_row
 *      a matrix     [[1, null], [0.4, 0.6]]       data_rows
 *
 * A picture is drawn for a person and written for a program, and the second must not
 * be poorer than the first: all numbers stand there, not the groups that a narrow
 * terminal shows. Nine digits bring back every float, bit for bit. What is not there
 * (NaN) is null.
 *
 * Read next: src/files/json_write.c.
 */
#include "chapters/lesson/data.h"

#define DIGITS 9                    /* of a float: enough for all its bits   */

void data_text(Lesson *l, const char *key, const char *text)
{
    json_write_word(&l->json, key, text);
}

/* text [n], or NULL: null. */
void data_texts(Lesson *l, const char *key, const char *const *text, int n)
{
    if (text == NULL) {
        json_write_null(&l->json, key);
        return;
    }
    json_write_array(&l->json, key);
    for (int i = 0; i < n; i++)
        data_text(l, NULL, text[i]);
    json_write_array_end(&l->json);
}

/* x [n] */
void data_row(Lesson *l, const char *key, const float *x, int n)
{
    json_write_array(&l->json, key);
    for (int i = 0; i < n; i++)
        json_write_number(&l->json, NULL, (double)x[i], DIGITS);
    json_write_array_end(&l->json);
}

/* x [rows, columns] */
void data_rows(Lesson *l, const char *key, const float *x, int rows, int columns)
{
    json_write_array(&l->json, key);
    for (int r = 0; r < rows; r++)
        data_row(l, NULL, row(x, r, columns), columns);
    json_write_array_end(&l->json);
}
