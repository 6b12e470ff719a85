/* json.h - a strict JSON reader (RFC 8259): text in, a tree of const nodes out
 *
 * Rules of use:
 * 1. json_parse reads a whole text; the tree lives in the document's arena until
 *    json_free, and does not point into the text.
 * 2. Every node knows its byte offset, so that a later complaint can say where.
 * 3. Strings are UTF-8, NUL-terminated, and may hold a NUL inside: length counts.
 *    Numbers keep their spelling: json_integer and json_number read it without
 *    the locale.
 * 4. A key that stands twice in an object is an error with JSON_UNIQUE; else the
 *    last one counts and document->duplicate names the first that was seen.
 */
#ifndef JSON_H
#define JSON_H

#include "base/memory.h"

typedef enum {
    JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY,
    JSON_OBJECT,
} JsonKind;

typedef struct Json Json;
struct Json {
    JsonKind kind;
    uint32_t length;        /* STRING, NUMBER: bytes of text                */
    const char *text;       /* STRING: decoded; NUMBER: spelling; else NULL */
    const char *key;        /* the name, when this is an object's member    */
    uint32_t key_length;
    int count;              /* ARRAY, OBJECT: children                      */
    const Json *child;      /* the first one; NULL: none                    */
    const Json *next;       /* the next one of the same parent              */
    size_t offset;          /* of its first byte in the text                */
};

enum { JSON_PLAIN = 0, JSON_UNIQUE = 1 };   /* JSON_UNIQUE: refuse twins     */

#define JSON_DEPTH 128              /* nesting that is still accepted        */

typedef struct {
    Arena arena;
    const Json *root;
    const Json *duplicate;          /* first member whose key came before    */
} JsonDocument;

/* depth: how many arrays and objects may stand inside each other. */
bool json_parse(JsonDocument *document, const char *text, size_t length,
                int flags, int depth, Error *error);
bool json_read_file(JsonDocument *document, const char *path, int flags,
                    Error *error);                  /* names the path        */
void json_free(JsonDocument *document);

/* Member by key; NULL when object is NULL, no object, or lacks it. A scan: not
 * for looking up one of 100,000 words. */
const Json *json_get(const Json *object, const char *key);
/* The same, and null counts as lacking: what settings mean by it. */
const Json *json_given(const Json *object, const char *key);

bool json_is(const Json *node, JsonKind kind);      /* NULL is nothing       */
bool json_equals(const Json *node, const char *text);       /* a STRING so   */
bool json_number(double *value, const Json *node);  /* nearest double        */
bool json_integer(int64_t *value, const Json *node);/* digits only, in range */

/* A string of unknown origin, fit for a message: control characters and broken
 * UTF-8 become '?', what is long is cut. Returns out. */
#define JSON_SHOWN 96
const char *json_show(char out[JSON_SHOWN], const char *text, size_t length);

#endif
