/* json_query.c - ask a tree of JSON: by key, as a number, as a word to show
 *
 *      json_get(root, "rope_theta")
 *          │
 *          ▼
 *      ┌──────────────────────────────┐  json_integer   500000
 *      │ NUMBER, spelt "500000"       │────────────────►
 *      │ offset 312                   │  json_number     5.0e5
 *      └──────────────────────────────┘────────────────►
 *          or NULL: every question below takes NULL for an answer and says "no"
 *
 * Readers of configs ask in chains, json_equals(json_get(json_get(root, "model"),
 * "type"), "BPE"), and the keys may be missing at any link. So a NULL goes
 * through all of these functions unharmed, and one test at the end is enough.
 *
 * A number is read as what it is wanted for. As an integer it must be spelt in
 * digits: 2^53 + 1 has no double, and a shape of 1e3 is nothing that any writer
 * makes. As a double it is the nearest one, whatever the locale.
 *
 *      value = ±(d_0 · 10^(n-1) + … + d_(n-1)),  refused outside of       (1)
 *              -2^63 … 2^63 - 1
 *
 * Read next: base/decimal.c.
 */
#include "files/json.h"

#include <stdio.h>              /* snprintf                                 */
#include <string.h>             /* memcmp, strlen                           */

#include "base/decimal.h"       /* decimal_read                             */
#include "base/utf8.h"          /* what can be shown                        */

/* Member by key, by a scan. The last of twins, where twins are let in: what every
 * other reader does. Owner: the document. */
const Json *json_get(const Json *object, const char *key)
{
    size_t n = strlen(key);
    const Json *found = NULL;

    if (!json_is(object, JSON_OBJECT))
        return NULL;
    for (const Json *m = object->child; m != NULL; m = m->next)
        if (m->key_length == n && memcmp(m->key, key, n) == 0)
            found = m;
    return found;
}

const Json *json_given(const Json *object, const char *key)
{
    const Json *node = json_get(object, key);

    return json_is(node, JSON_NULL) ? NULL : node;
}

bool json_is(const Json *node, JsonKind kind)
{
    return node != NULL && node->kind == kind;
}

bool json_equals(const Json *node, const char *text)
{
    return json_is(node, JSON_STRING) && node->length == strlen(text)
        && memcmp(node->text, text, node->length) == 0;
}

/* false: no number, or one beyond the largest double. */
bool json_number(double *value, const Json *node)
{
    return json_is(node, JSON_NUMBER)
        && decimal_read(value, node->text, node->length);
}

/* Equation (1). false: no number, a point or an exponent in it (also in 1e3, which is
 * whole but not spelt so), or outside of int64. */
bool json_integer(int64_t *value, const Json *node)
{
    uint64_t limit = INT64_MAX, sum = 0;
    bool negative;

    if (!json_is(node, JSON_NUMBER))
        return false;
    negative = node->text[0] == '-';
    limit += negative;                          /* -2^63 exists, 2^63 not   */
    for (uint32_t i = negative; i < node->length; i++) {
        uint64_t digit = (uint64_t)(node->text[i] - '0');

        if (digit > 9 || sum > (limit - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = (int64_t)(negative ? 0 - sum : sum);
    return true;
}

/* Fit for a terminal and a log: a file's author could otherwise put escapes that
 * clear the screen, or a line that looks like ours, into a tensor's name. */
const char *json_show(char out[JSON_SHOWN], const char *text, size_t length)
{
    size_t at = 0, used = 0;
    uint32_t point;

    while (at < length && used < JSON_SHOWN - 8) {
        int n = utf8_scan(&point, text + at, length - at);
        bool plain = n > 0 && point >= ' ' && (point < 0x7F || point > 0x9F);

        if (plain)
            memcpy(out + used, text + at, (size_t)n);
        else
            out[used] = '?';
        used += plain ? (size_t)n : 1;
        at += (size_t)(n > 0 ? n : -n);
    }
    snprintf(out + used, JSON_SHOWN - used, "%s", at < length ? "…" : "");
    return out;
}
