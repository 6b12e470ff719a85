/* json_write.c - JSON out, with the commas and the escapes in one place
 *
 *      json_write_object(&w, NULL);              {
 *      json_write_array(&w, "ids");              "ids":[
 *      json_write_integer(&w, NULL, 5);          5
 *      json_write_integer(&w, NULL, 7);          ,7
 *      json_write_array_end(&w);                 ]
 *      json_write_text(&w, "text", "é\n", 3);    ,"text":"é\n"
 *      json_write_object_end(&w);                }
 *                                                ▲
 *            started: false after { and [, true ─┘ after anything else
 *
 * A comma stands before every value but the first of its level. One flag is enough
 * to know which is which, for when a level ends, the level above has something in
 * it: the one that just ended. So there is no stack, and no memory.
 *
 * Trap: what a model says is a stream of bytes, and need not be UTF-8; what JSON
 * holds must be. Each stretch of bytes that is none comes out as one U+FFFD.
 * Trap: printf obeys the locale, and a comma in 0,5 makes two values of it.
 * decimal_write does not. NaN and infinity have no spelling in JSON: null.
 *
 *      string = '"' { plain byte | escape } '"'                           (1)
 *      escape = \" | \\ | \b | \f | \n | \r | \t | \u00xx  (below a space)
 *
 * Source: RFC 8259, section 7. Read next: files/safetensors_write.c.
 */
#include "files/json_write.h"

#include <inttypes.h>           /* PRId64                                   */
#include <math.h>               /* isfinite                                 */
#include <string.h>             /* strchr, strlen                           */

#include "base/decimal.h"       /* decimal_write                            */
#include "base/utf8.h"          /* what is UTF-8                            */

/* Rule (1). What is plain goes out as it is, DEL and all of Unicode too. */
static void write_string(FILE *out, const char *text, size_t length)
{
    static const char meant[] = "\"\\\b\f\n\r\t", spelt[] = "\"\\bfnrt";
    uint32_t point;

    putc('"', out);
    for (size_t at = 0; at < length;) {
        int n = utf8_scan(&point, text + at, length - at);
        const char *found = n == 1 && point > 0 ? strchr(meant, text[at]) : NULL;

        if (found != NULL)
            fprintf(out, "\\%c", spelt[found - meant]);
        else if (n == 1 && point < ' ')
            fprintf(out, "\\u%04x", (unsigned)point);
        else
            fwrite(n > 0 ? text + at : "\xEF\xBF\xBD", 1, n > 0 ? (size_t)n : 3,
                   out);
        at += (size_t)(n > 0 ? n : -n);
    }
    putc('"', out);
}

/* What stands before every value. */
static void start(JsonWriter *w, const char *key)
{
    if (w->started)
        putc(',', w->out);
    w->started = true;
    if (key == NULL)
        return;
    write_string(w->out, key, strlen(key));
    putc(':', w->out);
}

static void begin(JsonWriter *w, const char *key, char bracket)
{
    start(w, key);
    putc(bracket, w->out);
    w->started = false;
}

static void end(JsonWriter *w, char bracket)
{
    putc(bracket, w->out);
    w->started = true;
}

void json_write_object(JsonWriter *w, const char *key)
{
    begin(w, key, '{');
}

void json_write_object_end(JsonWriter *w)
{
    end(w, '}');
}

void json_write_array(JsonWriter *w, const char *key)
{
    begin(w, key, '[');
}

void json_write_array_end(JsonWriter *w)
{
    end(w, ']');
}

void json_write_text(JsonWriter *w, const char *key, const char *text,
                     size_t length)
{
    start(w, key);
    write_string(w->out, text, length);
}

void json_write_word(JsonWriter *w, const char *key, const char *text)
{
    json_write_text(w, key, text, strlen(text));
}

void json_write_integer(JsonWriter *w, const char *key, int64_t value)
{
    start(w, key);
    fprintf(w->out, "%" PRId64, value);
}

/* digits: 1 … 17 significant ones, trailing zeros left out; 9 bring back any
 * float, 17 any double. */
void json_write_number(JsonWriter *w, const char *key, double value, int digits)
{
    char spelt[DECIMAL_LENGTH] = "null";

    start(w, key);
    if (isfinite(value))
        decimal_write(spelt, value, digits);
    fputs(spelt, w->out);
}

void json_write_bool(JsonWriter *w, const char *key, bool value)
{
    start(w, key);
    fputs(value ? "true" : "false", w->out);
}

void json_write_null(JsonWriter *w, const char *key)
{
    start(w, key);
    fputs("null", w->out);
}

void json_write_ids(JsonWriter *w, const char *key, const int *ids, int n)
{
    json_write_array(w, key);
    for (int i = 0; i < n; i++)
        json_write_integer(w, NULL, ids[i]);
    json_write_array_end(w);
}

/* What follows is a text of its own: JSON lines. */
void json_write_line(JsonWriter *w)
{
    putc('\n', w->out);
    w->started = false;
}
