/* component.h - the parts of tokenizer.json: {"type": "Name", …}, checked
 *
 * Rules of use: every part of the file (normalizer, pre_tokenizer, …) is null, one
 * such object, or a Sequence of them; component_list flattens it. The getters
 * fill an Error that names the component, the field and the byte offset.
 */
#ifndef COMPONENT_H
#define COMPONENT_H

#include "files/json.h"

#define COMPONENTS 16           /* in one part; real files have at most 4   */

typedef struct {
    const Json *node[COMPONENTS];
    int count;
} Components;

/* part: "pre_tokenizer"; members: the Sequence's own list, "pretokenizers". */
bool component_list(Components *list, const Json *file, const char *part,
                    const char *members, Error *error);

bool component_is(const Json *component, const char *type);
/* "Name" is not one of what is known. Returns false. */
bool component_unknown(const Json *component, const char *part,
                       const char *known, Error *error);

/* Errors: the field is missing or of another kind. */
bool component_field(const Json **value, const Json *component,
                     const char *key, JsonKind kind, Error *error);
/* absent: what a missing field means; -1: it must be there. */
bool component_flag(bool *value, const Json *component, const char *key,
                    int absent, Error *error);
/* "pattern": {"String": "…"}, not empty. */
bool component_literal(const Json **value, const Json *component, Error *error);

#endif
