/* normalizer.c - rewrite a text before it is cut: one spelling for the same thing
 *
 *   Llama 2's:    Prepend "▁"             Replace " " → "▁"
 *
 *   "the cat" ──► "▁the cat" ───────────► "▁the▁cat"
 *                  │                         │
 *                  a word at the start       the blank becomes part of
 *                  looks like one inside     the word that it precedes
 *
 *   GPT-NeoX's:   NFC
 *
 *   "e" + U+0301 ──► "é"                  two spellings become one
 *
 * A model sees ids, and "é" written in two ways would be two words to it, one of
 * them never met in training. Likewise "the" at the beginning of a text and
 * " the" inside one. What a tokenizer does about it is its normalizer.
 *
 * Traps:
 * - The steps act on each stretch between added tokens by itself. So a text of
 *   several stretches gets several "▁", one after every </s>.
 * - Nothing is prepended to a stretch of no bytes.
 *
 * Source: behaviour of `tokenizers` 0.23.3. Read next: text/splitter.c.
 * Lesson: chapters/chapter01_tokenizer.c.
 */
#include "text/normalizer.h"

#include <string.h>                 /* memchr, memcmp                       */

#include "text/normalize.h"         /* normalize_nfc                        */

bool replacement_init(Replacement *replacement, Arena *arena,
                      const Json *component, Error *error)
{
    const Json *pattern, *content;

    if (!component_literal(&pattern, component, error)
        || !component_field(&content, component, "content", JSON_STRING, error))
        return false;
    if (content->length > REPLACEMENT_LENGTH)
        return error_set(error, "Replace: \"content\" at byte %zu is longer "
                         "than %d bytes", content->offset, REPLACEMENT_LENGTH);
    replacement->pattern = arena_text(arena, pattern->text, pattern->length);
    replacement->pattern_length = pattern->length;
    replacement->content = arena_text(arena, content->text, content->length);
    replacement->content_length = content->length;
    return true;
}

/* From left to right; what was replaced is not looked at again. Appends.
 * Cost: O(length · pattern_length), usually one pass of memchr. */
void replacement_apply(Text *out, const Replacement *r, const char *bytes,
                       size_t length)
{
    size_t from = 0, at = 0;            /* [from, at) is still to be copied */

    while (at < length) {
        const char *hit = memchr(bytes + at, r->pattern[0], length - at);

        if (hit == NULL)
            break;
        at = (size_t)(hit - bytes);
        if (length - at < r->pattern_length
            || memcmp(hit, r->pattern, r->pattern_length) != 0) {
            at++;
            continue;
        }
        text_add(out, bytes + from, at - from);
        text_add(out, r->content, r->content_length);
        from = at += r->pattern_length;
    }
    text_add(out, bytes + from, length - from);
}

static bool read_step(NormalizerStep *step, Arena *arena,
                      const Json *component, Error *error)
{
    const Json *prepend;

    if (component_is(component, "NFC")) {
        step->kind = NORMALIZER_NFC;
        return true;
    }
    if (component_is(component, "Replace")) {
        step->kind = NORMALIZER_REPLACE;
        return replacement_init(&step->replacement, arena, component, error);
    }
    if (!component_is(component, "Prepend"))
        return component_unknown(component, "normalizer",
                                 "NFC, Prepend, Replace, Sequence", error);
    if (!component_field(&prepend, component, "prepend", JSON_STRING, error))
        return false;
    step->kind = NORMALIZER_PREPEND;
    step->replacement.content = arena_text(arena, prepend->text,
                                           prepend->length);
    step->replacement.content_length = prepend->length;
    return true;
}

/*   Errors: exit 3: a step that is not known, a field that is missing
 *   Owner:  caller, normalizer_free, after an Error too
 */
bool normalizer_init(Normalizer *normalizer, const Json *file, Error *error)
{
    Components list;

    *normalizer = (Normalizer){0};
    if (!component_list(&list, file, "normalizer", "normalizers", error))
        return false;
    for (int i = 0; i < list.count; i++)
        if (!read_step(&normalizer->step[i], &normalizer->arena, list.node[i],
                       error))
            return false;
    normalizer->count = list.count;
    return true;
}

void normalizer_free(Normalizer *normalizer)
{
    arena_free(&normalizer->arena);
    *normalizer = (Normalizer){0};
}

/* One step of a stretch, appended to out. */
static void run_step(Text *out, const NormalizerStep *step, const char *bytes,
                     size_t length)
{
    const Replacement *r = &step->replacement;

    if (step->kind == NORMALIZER_NFC) {
        normalize_nfc(out, bytes, length);
    } else if (step->kind == NORMALIZER_REPLACE) {
        replacement_apply(out, r, bytes, length);
    } else {
        if (length > 0)
            text_add(out, r->content, r->content_length);
        text_add(out, bytes, length);
    }
}

/* Prepend "▁" and Replace " " → "▁": the decoder has the opposites. */
static bool is_taken_back(const NormalizerStep *step)
{
    return step->kind == NORMALIZER_PREPEND
        || (step->kind == NORMALIZER_REPLACE
            && strcmp(step->replacement.pattern, " ") == 0);
}

/* From one text of work into the other and back. */
static void run_steps(const char **bytes, size_t *length, const Normalizer *n,
                      Text work[2], bool all)
{
    int done = 0;

    for (int i = 0; i < n->count; i++) {
        Text *out = &work[done % 2];

        if (!all && is_taken_back(&n->step[i]))
            continue;
        text_clear(out);
        done++;
        run_step(out, &n->step[i], *bytes, *length);
        *bytes = out->bytes != NULL ? out->bytes : "";
        *length = out->length;
    }
}

/*   bytes, length   in: a stretch of valid UTF-8; out: its normal form
 *   work            [2] cleared and filled; the stretch may not lie in them
 */
void normalizer_run(const char **bytes, size_t *length,
                    const Normalizer *normalizer, Text work[2])
{
    run_steps(bytes, length, normalizer, work, true);
}

void normalizer_spelling(const char **bytes, size_t *length,
                         const Normalizer *normalizer, Text work[2])
{
    run_steps(bytes, length, normalizer, work, false);
}
