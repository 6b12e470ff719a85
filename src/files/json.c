/* json.c - read JSON strictly: a text in, a tree of nodes out
 *
 *      {"vocab": {"a": 5, "b": 6}, "merges": []}
 *
 *      ┌────────┐
 *      │ OBJECT │ count 2
 *      └───┬────┘
 *          │ child
 *          ▼
 *      ┌─────────────────┐ next   ┌─────────────────┐
 *      │ "vocab": OBJECT │───────►│ "merges": ARRAY │──► NULL
 *      └───┬─────────────┘        └─────────────────┘
 *          │ child                  count 0, child NULL
 *          ▼
 *      ┌─────────────────┐ next   ┌─────────────────┐
 *      │ "a": NUMBER "5" │───────►│ "b": NUMBER "6" │──► NULL
 *      └─────────────────┘        └─────────────────┘
 *
 * A model arrives as a few JSON files and one of numbers whose table of contents
 * is JSON too. Some were written by strangers, so the reader accepts the grammar
 * and nothing beside it, and a tree can be as wide as memory but not deeper than
 * the caller allows: each level is one call of parse_value inside another, and
 * a text of a million opening brackets must not use up the stack.
 *
 *      value  = null | true | false | number | string | array | object   (1)
 *      array  = "[" [ value { "," value } ] "]"                          (2)
 *      object = "{" [ string ":" value { "," string ":" value } ] "}"    (3)
 *      number = ["-"] ( "0" | 1-9 {0-9} ) [ "." 0-9 {0-9} ]
 *               [ ("e"|"E") ["+"|"-"] 0-9 {0-9} ]                        (4)
 *      string = '"' { plain byte | "\" escape } '"'                      (5)
 *
 * All decoded text lives in one buffer as long as the source plus one byte. That
 * is always enough: a string loses its two quotes and gains one NUL, an escape is
 * shorter than its spelling, and a number is followed by at least one byte that
 * is not kept, except at the very end.
 *
 * Source: RFC 8259. Read next: files/json_query.c.
 * Lesson: chapters/chapter00_map.c.
 */
#include "files/json.h"

#include <stdio.h>              /* snprintf: what was found                 */
#include <stdlib.h>             /* qsort: keys in order, to see twins       */
#include <string.h>             /* memcmp, strlen                           */

#include "base/hash.h"          /* hash_bytes: keys as numbers              */
#include "base/mapfile.h"       /* a file as bytes                          */
#include "base/utf8.h"          /* strings must be UTF-8                    */

#define TEXT_MAX INT32_MAX      /* so that lengths and counts fit in 32 bits */

typedef struct {
    const char *text;           /* [length] the source                      */
    size_t length, at;          /* at: the next byte to look at             */
    char *decoded;              /* where the next string goes               */
    int flags;
    JsonDocument *document;
    Error *error;
} Parser;

typedef struct {                /* one key of an object, while twins are sought */
    uint64_t hash;
    const Json *member;
} Key;

/* The byte at hand, or -1 at the end of the text. */
static int peek(const Parser *p)
{
    return p->at < p->length ? (unsigned char)p->text[p->at] : -1;
}

static void skip_space(Parser *p)
{
    int c;

    while ((c = peek(p)) == ' ' || c == '\n' || c == '\r' || c == '\t')
        p->at++;
}

/* "byte 17: expected a colon after the key, found '='". */
static bool fail(const Parser *p, const char *expected)
{
    int c = peek(p);
    char found[32] = "the end of the text";

    if (c > ' ' && c < 127)
        snprintf(found, sizeof found, "'%c'", c);
    else if (c >= 0)
        snprintf(found, sizeof found, "byte 0x%02X", c);
    return error_set(p->error, "byte %zu: this is not JSON: expected %s, "
                     "found %s", p->at, expected, found);
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* One to any number of digits. */
static bool skip_digits(Parser *p)
{
    if (!is_digit(peek(p)))
        return fail(p, "a digit");
    while (is_digit(peek(p)))
        p->at++;
    return true;
}

/* Rule (4). The spelling is kept: whether it is wanted as an integer or as a
 * double is not known here, and 2^53 + 1 must not be rounded on the way. */
static bool parse_number(Parser *p, Json *node)
{
    size_t start = p->at;

    if (peek(p) == '-')
        p->at++;
    if (peek(p) == '0')
        p->at++;                /* and no digit after a leading zero: the   */
    else if (!skip_digits(p))   /* caller finds no comma there              */
        return false;
    if (peek(p) == '.') {
        p->at++;
        if (!skip_digits(p))
            return false;
    }
    if (peek(p) == 'e' || peek(p) == 'E') {
        p->at++;
        if (peek(p) == '+' || peek(p) == '-')
            p->at++;
        if (!skip_digits(p))
            return false;
    }
    node->kind = JSON_NUMBER;
    node->length = (uint32_t)(p->at - start);
    node->text = memcpy(p->decoded, p->text + start, node->length);
    p->decoded += node->length + 1;
    return true;
}

/* Four hexadecimal digits of \uXXXX. */
static bool parse_hex(Parser *p, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        int c = peek(p);

        if (is_digit(c))
            *value = *value * 16 + (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            *value = *value * 16 + (uint32_t)((c | 32) - 'a' + 10);
        else
            return fail(p, "four hexadecimal digits after \\u");
    }
    return true;
}

/* \uXXXX, at the first X. Points above U+FFFF are spelt as two, a high and a low
 * half (D800 … DBFF, DC00 … DFFF). A half alone is no character and has no
 * UTF-8: RFC 8259 leaves it open, we refuse. */
static bool parse_unicode(Parser *p)
{
    size_t start = p->at;
    uint32_t point, low;

    if (!parse_hex(p, &point))
        return false;
    if (point >= 0xD800 && point <= 0xDBFF && p->length - p->at >= 6
        && p->text[p->at] == '\\' && p->text[p->at + 1] == 'u') {
        p->at += 2;
        if (!parse_hex(p, &low))
            return false;
        if (low >= 0xDC00 && low <= 0xDFFF)
            point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    if (point >= 0xD800 && point <= 0xDFFF)
        return error_set(p->error, "byte %zu: \\u%.4s is half of a surrogate "
                         "pair without its other half: no character is meant",
                         start - 2, p->text + start);
    p->decoded += utf8_write(p->decoded, point);
    return true;
}

/* What follows a backslash. */
static bool parse_escape(Parser *p)
{
    static const char spelt[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    int c = peek(p);
    const char *found = c > 0 ? strchr(spelt, c) : NULL;

    if (c == 'u') {
        p->at++;
        return parse_unicode(p);
    }
    if (found == NULL)
        return fail(p, "one of \" \\ / b f n r t u after a backslash");
    *p->decoded++ = meant[found - spelt];
    p->at++;
    return true;
}

/* Rule (5), at the opening quote. Plain bytes of ASCII are copied at once; what
 * is longer is checked; what is below a space must be escaped. */
static bool parse_string(Parser *p, const char **text, uint32_t *length)
{
    char *start = p->decoded;
    uint32_t point;
    int c, n;

    *text = start;
    p->at++;
    while ((c = peek(p)) != '"') {
        if (c < ' ')
            return fail(p, c < 0 ? "a quote that ends the string"
                                 : "control characters escaped in a string");
        if (c == '\\') {
            p->at++;
            if (!parse_escape(p))
                return false;
            continue;
        }
        n = c < 128 ? 1 : utf8_scan(&point, p->text + p->at, p->length - p->at);
        if (n < 0)
            return fail(p, "UTF-8 in a string");
        for (; n > 0; n--)
            *p->decoded++ = p->text[p->at++];
    }
    p->at++;
    *length = (uint32_t)(p->decoded - start);
    *p->decoded++ = '\0';
    return true;
}

static bool parse_word(Parser *p, Json *node, const char *word, JsonKind kind)
{
    size_t n = strlen(word);

    if (p->length - p->at < n || memcmp(p->text + p->at, word, n) != 0)
        return fail(p, "a value (only null, true and false are bare words)");
    p->at += n;
    node->kind = kind;
    return true;
}

/* "name" and the colon, at the opening quote. */
static bool parse_key(Parser *p, Json *node)
{
    if (peek(p) != '"')
        return fail(p, "a key in double quotes");
    if (!parse_string(p, &node->key, &node->key_length))
        return false;
    skip_space(p);
    if (peek(p) != ':')
        return fail(p, "a colon after the key");
    p->at++;
    skip_space(p);
    return true;
}

static int compare_keys(const void *left, const void *right)
{
    const Key *a = left, *b = right;
    const Json *m = a->member, *n = b->member;
    int order;

    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    if (m->key_length != n->key_length)
        return m->key_length < n->key_length ? -1 : 1;
    order = memcmp(m->key, n->key, m->key_length);
    if (order != 0)
        return order;
    return m->offset < n->offset ? -1 : m->offset > n->offset;
}

/* The earliest member of object whose key came before, or NULL.
 *
 * Sorted by hash, twins are neighbours. A hash table would do the same in O(n)
 * for honest texts and in O(n²) for one made of keys that collide on purpose;
 * this is O(n log n) for all, mostly comparisons of two integers.
 */
static const Json *find_twin(const Json *object)
{
    Key *keys = memory_get(object->count, sizeof *keys);
    const Json *twin = NULL;
    int n = 0;

    for (const Json *m = object->child; m != NULL; m = m->next)
        keys[n++] = (Key){ hash_bytes(HASH_START, m->key, m->key_length), m };
    qsort(keys, (size_t)n, sizeof *keys, compare_keys);
    for (int i = 1; i < n; i++) {
        const Json *a = keys[i - 1].member, *b = keys[i].member;

        if (a->key_length == b->key_length
            && memcmp(a->key, b->key, a->key_length) == 0
            && (twin == NULL || b->offset < twin->offset))
            twin = b;
    }
    memory_give_back(keys);
    return twin;
}

static bool check_keys(Parser *p, const Json *object)
{
    const Json *twin = object->count > 1 ? find_twin(object) : NULL;
    char shown[JSON_SHOWN];

    if (twin == NULL)
        return true;
    if (p->flags & JSON_UNIQUE)
        return error_set(p->error, "byte %zu: the key \"%s\" stands twice in "
                         "one object; which of the two is meant, nobody can "
                         "tell", twin->offset,
                         json_show(shown, twin->key, twin->key_length));
    if (p->document->duplicate == NULL
        || twin->offset < p->document->duplicate->offset)
        p->document->duplicate = twin;
    return true;
}

static bool parse_value(Parser *p, Json *node, int depth);

/* Rules (2) and (3), at the opening bracket: they differ by the key only.
 *
 *   parent   kind is set; child and count are filled
 *   depth    how many levels may still be opened, this one included
 */
static bool parse_children(Parser *p, Json *parent, int depth)
{
    bool object = parent->kind == JSON_OBJECT;
    int close = object ? '}' : ']';
    Json *last = NULL;

    if (depth == 0)
        return error_set(p->error, "byte %zu: arrays and objects are nested "
                         "deeper than is accepted here", p->at);
    p->at++;
    skip_space(p);
    while (last != NULL || peek(p) != close) {
        Json *node = arena_get(&p->document->arena, sizeof *node);

        if (object && !parse_key(p, node))
            return false;
        if (!parse_value(p, node, depth - 1))
            return false;
        *(last != NULL ? &last->next : &parent->child) = node;
        last = node;
        parent->count++;
        skip_space(p);
        if (peek(p) == close)
            break;
        if (peek(p) != ',')
            return fail(p, object ? "a comma or }" : "a comma or ]");
        p->at++;
        skip_space(p);
    }
    p->at++;
    return !object || check_keys(p, parent);
}

/* Rule (1), at the value's first byte. */
static bool parse_value(Parser *p, Json *node, int depth)
{
    node->offset = p->at;
    switch (peek(p)) {
    case 'n': return parse_word(p, node, "null", JSON_NULL);
    case 't': return parse_word(p, node, "true", JSON_TRUE);
    case 'f': return parse_word(p, node, "false", JSON_FALSE);
    case '"':
        node->kind = JSON_STRING;
        return parse_string(p, &node->text, &node->length);
    case '[':
        node->kind = JSON_ARRAY;
        return parse_children(p, node, depth);
    case '{':
        node->kind = JSON_OBJECT;
        return parse_children(p, node, depth);
    default:
        if (peek(p) == '-' || is_digit(peek(p)))
            return parse_number(p, node);
        return fail(p, "a value");
    }
}

static bool parse_text(Parser *p, Json *root, int depth)
{
    if (p->length >= 3 && memcmp(p->text, "\xEF\xBB\xBF", 3) == 0)
        return error_set(p->error, "byte 0: the text begins with a byte order "
                         "mark, which JSON does not allow: save the file as "
                         "UTF-8 without BOM");
    skip_space(p);
    if (!parse_value(p, root, depth))
        return false;
    skip_space(p);
    return peek(p) < 0 || fail(p, "nothing after the value");
}

/* The whole of text as one value.
 *
 *   document  out. Owner: the caller, with json_free; after a failure it is empty
 *   text      [length], need not end with a NUL
 *   flags     JSON_PLAIN or JSON_UNIQUE
 *   depth     levels of arrays and objects; each costs a stack frame
 *   Errors:   byte offset, what was expected, what was found
 *
 * Cost: one pass; a node of 64 bytes per value, the decoded text once.
 */
bool json_parse(JsonDocument *document, const char *text, size_t length,
                int flags, int depth, Error *error)
{
    Parser p = { .text = text, .length = length, .flags = flags,
                 .document = document, .error = error };
    Json *root;

    *document = (JsonDocument){0};
    if (length > TEXT_MAX)
        return error_set(error, "a JSON text of %zu bytes is longer than this "
                         "reader takes (2 GiB)", length);
    p.decoded = arena_get(&document->arena, length + 1);
    root = arena_get(&document->arena, sizeof *root);
    if (!parse_text(&p, root, depth)) {
        json_free(document);
        return false;
    }
    document->root = root;
    return true;
}

bool json_read_file(JsonDocument *document, const char *path, int flags,
                    Error *error)
{
    MapFile file;
    bool ok;

    *document = (JsonDocument){0};
    if (!mapfile_open(&file, path, error))
        return false;
    ok = mapfile_refuse_pointer(&file, error)
        && (json_parse(document, (const char *)file.bytes, file.size, flags,
                       JSON_DEPTH, error) || error_where(error, "%s", path));
    mapfile_close(&file);
    return ok;
}

void json_free(JsonDocument *document)
{
    arena_free(&document->arena);
    *document = (JsonDocument){0};
}
