/* component.c - the parts of tokenizer.json: {"type": "Name", …}, checked
 *
 *   tokenizer.json
 *   ┌──────────────────────────────────────────────────────────────────┐
 *   │ "normalizer":     null                                           │
 *   │ "pre_tokenizer":  { "type": "Sequence", "pretokenizers": [       │
 *   │                       { "type": "Digits", … },                   │
 *   │                       { "type": "ByteLevel", … } ] }             │
 *   │ "decoder":        { "type": "ByteLevel", … }                     │
 *   └──────────────────────────────────────────────────────────────────┘
 *          │ component_list
 *          ▼
 *   normalizer: none     pre_tokenizer: Digits, ByteLevel     decoder: ByteLevel
 *
 * A tokenizer is not one algorithm but a row of small ones, and the file spells
 * the row out: which steps, in which order, with which settings. All steps are
 * written alike, so what can be wrong with them is said here once: a step nobody
 * knows, a field that is missing, a field of the wrong kind.
 *
 * Why so strict? A step that is skipped because its name was unknown does not
 * crash anything. The text still becomes numbers, the model still answers, only
 * worse, and nobody learns why. So an unknown name ends the loading, and the
 * message says what is known. For the same reason a missing setting is an error
 * wherever the reference implementation says so, and a default only where it has
 * one.
 *
 * Source: the files on the hub; the defaults as `tokenizers` 0.23.3 has them.
 * Read next: text/normalizer.c, where the first part of the row runs.
 */
#include "text/component.h"

#include <string.h>         /* strlen                                       */

static const char *const kind_names[] = {
    [JSON_NULL] = "null",
    [JSON_FALSE] = "true or false", [JSON_TRUE] = "true or false",
    [JSON_NUMBER] = "a number", [JSON_STRING] = "a text",
    [JSON_ARRAY] = "a list", [JSON_OBJECT] = "an object",
};

/* The component's own name for messages; "?" when it has none. */
static const char *type_of(char shown[JSON_SHOWN], const Json *component)
{
    const Json *type = json_get(component, "type");

    if (!json_is(type, JSON_STRING))
        return "?";
    return json_show(shown, type->text, type->length);
}

bool component_is(const Json *component, const char *type)
{
    return json_equals(json_get(component, "type"), type);
}

/*   part     "normalizer": where it stood
 *   known    "NFC, Prepend, …": what could have stood there
 */
bool component_unknown(const Json *component, const char *part,
                       const char *known, Error *error)
{
    char shown[JSON_SHOWN];

    return error_set(error, "%s at byte %zu: \"%s\" is not supported; "
                     "supported are %s; without it the text would become other "
                     "ids than the model was trained on", part,
                     component->offset, type_of(shown, component), known);
}

/* The right kind of value under key. A missing one is not guessed. */
bool component_field(const Json **value, const Json *component,
                     const char *key, JsonKind kind, Error *error)
{
    char shown[JSON_SHOWN];

    *value = json_get(component, key);
    if (*value == NULL)
        return error_set(error, "%s at byte %zu lacks the field \"%s\" (%s): "
                         "the file is incomplete, fetch it again",
                         type_of(shown, component), component->offset, key,
                         kind_names[kind]);
    if (!json_is(*value, kind))
        return error_set(error, "%s: \"%s\" at byte %zu must be %s, not %s",
                         type_of(shown, component), key, (*value)->offset,
                         kind_names[kind], kind_names[(*value)->kind]);
    return true;
}

bool component_flag(bool *value, const Json *component, const char *key,
                    int absent, Error *error)
{
    const Json *node = json_get(component, key);

    *value = node != NULL ? json_is(node, JSON_TRUE) : absent == 1;
    if (json_is(node, JSON_TRUE) || json_is(node, JSON_FALSE)
        || (node == NULL && absent >= 0))
        return true;
    return component_field(&node, component, key, JSON_TRUE, error);
}

/* Replace and Split search for a plain text, or for a regular expression
 * {"Regex": …}, which is the caller's to look at first. An empty one would be
 * found everywhere. */
bool component_literal(const Json **value, const Json *component, Error *error)
{
    char shown[JSON_SHOWN];
    const Json *pattern;

    if (!component_field(&pattern, component, "pattern", JSON_OBJECT, error))
        return false;
    *value = json_get(pattern, "String");
    if (json_is(*value, JSON_STRING) && (*value)->length > 0)
        return true;
    return error_set(error, "%s: \"pattern\" at byte %zu is not supported: "
                     "here it must be {\"String\": \"some text\"}",
                     type_of(shown, component), pattern->offset);
}

/* Add a component, or the members of a Sequence, which may hold Sequences: the
 * depth is bounded by JSON_DEPTH. */
static bool flatten(Components *list, const Json *node, const char *part,
                    const char *members, Error *error)
{
    const Json *member;

    if (!json_is(node, JSON_OBJECT)
        || !json_is(json_get(node, "type"), JSON_STRING))
        return error_set(error, "%s at byte %zu is not an object with a "
                         "\"type\": the file is damaged, fetch it again", part,
                         node->offset);
    if (!component_is(node, "Sequence")) {
        if (list->count == COMPONENTS)
            return error_set(error, "%s at byte %zu: more than %d steps are "
                             "not supported", part, node->offset, COMPONENTS);
        list->node[list->count++] = node;
        return true;
    }
    if (!component_field(&member, node, members, JSON_ARRAY, error))
        return false;
    for (member = member->child; member != NULL; member = member->next)
        if (!flatten(list, member, part, members, error))
            return false;
    return true;
}

/*   list     out: the steps in order; they live as long as the document
 *   file     the root of tokenizer.json
 *   part     "pre_tokenizer"; missing or null is a list of none
 */
bool component_list(Components *list, const Json *file, const char *part,
                    const char *members, Error *error)
{
    const Json *node = json_given(file, part);

    list->count = 0;
    return node == NULL || flatten(list, node, part, members, error);
}
