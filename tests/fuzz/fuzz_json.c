/* fuzz_json.c - any bytes through the JSON reader; what it takes must make sense
 *
 *      clang -fsanitize=fuzzer,address,undefined -Isrc -D_GNU_SOURCE … && ./fuzz_json
 *
 * Beyond "it does not crash": strictness only ever refuses more, twins are told
 * when they are let in, and what is read, written and read again is the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/json.h"
#include "files/json_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ask each node all questions; write it out again. */
static void write_node(JsonWriter *w, const Json *node)
{
    int64_t integer;
    double number;
    int children = 0;

    if (json_is(node, JSON_STRING))
        json_write_text(w, NULL, node->text, node->length);
    else if (json_integer(&integer, node) && integer != 0)   /* -0 is a double */
        json_write_integer(w, NULL, integer);
    else if (json_number(&number, node))
        json_write_number(w, NULL, number, 17);
    else if (json_is(node, JSON_TRUE) || json_is(node, JSON_FALSE))
        json_write_bool(w, NULL, json_is(node, JSON_TRUE));
    else if (json_is(node, JSON_NULL) || json_is(node, JSON_NUMBER))
        json_write_null(w, NULL);               /* also numbers beyond 1e308 */
    else {
        json_write_array(w, NULL);              /* an object as [key, value, …] */
        for (const Json *c = node->child; c != NULL; c = c->next, children++) {
            if (json_is(node, JSON_OBJECT))
                json_write_text(w, NULL, c->key, c->key_length);
            write_node(w, c);
        }
        json_write_array_end(w);
        must(children == node->count, "%d children", children);
    }
}

/* The tree as text; caller frees. */
static char *write_tree(const JsonDocument *document, size_t *length)
{
    char *text;
    JsonWriter w = { .out = open_memstream(&text, length) };

    write_node(&w, document->root);
    fclose(w.out);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    JsonDocument plain, strict, again;
    Error error;
    char *once, *twice;
    size_t n, m;

    if (!json_parse(&plain, (const char *)data, size, JSON_PLAIN, 20, &error)) {
        must(!json_parse(&strict, (const char *)data, size, JSON_UNIQUE, 20, &error),
             "strict takes what plain refuses");
        return 0;
    }
    must(json_parse(&strict, (const char *)data, size, JSON_UNIQUE, 20, &error)
         == (plain.duplicate == NULL), "%s", error.text);
    json_free(&strict);
    once = write_tree(&plain, &n);
    must(json_parse(&again, once, n, JSON_UNIQUE, 20, &error), "%s", error.text);
    twice = write_tree(&again, &m);
    must(n == m && memcmp(once, twice, n) == 0, "%s\n%s", once, twice);
    json_free(&again), json_free(&plain);
    free(once), free(twice);
    return 0;
}
