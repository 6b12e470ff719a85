/* added_tokens.c - tokens that are found in the text before anything is cut
 *
 *   "<|im_start|>user\nHi  there<|im_end|>"
 *    └────┬─────┘└──┬───────────┘└───┬────┘
 *      id 1      ordinary text     id 2
 *
 * Some tokens are not learned from text but added by hand: where a text begins
 * and ends, whose turn it is in a conversation, in some models a run of 24
 * blanks. They are looked for first, as plain texts, and what lies between them
 * goes the ordinary way. (So a user who types "<|im_end|>" ends a turn. That is
 * how the reference behaves too; a server must clean what strangers send.)
 *
 * There are two searches. Tokens with normalized = false are found in the text
 * as it came; then what lies between is normalized, and tokens with
 * normalized = true are found in that, by their own normal form.
 *
 * Where several begin, the leftmost wins, and of those that begin at one place
 * the longest. All patterns are walked at once, as in a dictionary: sorted, those
 * that share a beginning stand together, and each byte narrows the range:
 *
 *      <|im_end|>     ┐ "<"  ┐ "<|i"  ┐ "<|im_s"
 *      <|im_start|>   │      │        ┘  one left
 *      <|pad|>        │      ┘
 *      <s>            ┘
 *
 * Most bytes of a text begin no pattern, and one look into first[] says so.
 *
 * Traps:
 * - lstrip and rstrip take white space beside the token along (not back into
 *   the match before). The search itself goes on behind the token proper.
 * - Of two tokens with one normal form the first in the file wins (the reference
 *   package leaves that to chance).
 * - The id is what the file says. (The reference package counts on from the
 *   size of the vocabulary instead, and warns when that is another number:
 *   a vocabulary with a gap would get ids that the model was not trained on.)
 *
 * Source: behaviour of `tokenizers` 0.23.3. Read next: text/tokenizer.c.
 */
#include "text/added_tokens.h"

#include <stdlib.h>                 /* qsort                                */
#include <string.h>                 /* memcmp                               */

#include "text/unicode_class.h"     /* unicode_is_space                     */

/* NULL: no added token. Scans: there are a few hundred tokens at most. */
const AddedToken *added_tokens_by_id(const AddedTokens *added, int id)
{
    for (int i = 0; i < added->count; i++)
        if (added->token[i].id == id)
            return &added->token[i];
    return NULL;
}

const AddedToken *added_tokens_find(const AddedTokens *added,
                                    const char *content, size_t length)
{
    for (int i = 0; i < added->count; i++)
        if (added->token[i].content_length == length
            && memcmp(added->token[i].content, content, length) == 0)
            return &added->token[i];
    return NULL;
}

/* What is searched for. An empty normal form would be found everywhere. */
static bool read_pattern(AddedToken *token, Arena *arena,
                         const Normalizer *normalizer, const Json *node,
                         Error *error)
{
    const char *bytes = token->content;
    size_t length = token->content_length;
    Text work[2] = {{0}};

    if (token->normalized)
        normalizer_run(&bytes, &length, normalizer, work);
    token->pattern = arena_text(arena, bytes, length);
    token->pattern_length = length;
    text_free(&work[0]);
    text_free(&work[1]);
    return length > 0
        || error_set(error, "added_tokens at byte %zu: nothing is left to "
                     "search for after normalizing", node->offset);
}

/* The file may list what the vocabulary has, and then both must agree; but it may
 * list nothing twice. */
static bool check_id(const AddedTokens *added, const AddedToken *token,
                     const Bpe *bpe, const Json *node, Error *error)
{
    int known = bpe_find(bpe, token->content, token->content_length);
    char shown[JSON_SHOWN];

    json_show(shown, token->content, token->content_length);
    if (known >= 0 && known != token->id)
        return error_set(error, "added_tokens at byte %zu: \"%s\" has id %d "
                         "here and %d in model.vocab", node->offset, shown,
                         token->id, known);
    if (known < 0 && bpe_token(bpe, token->id, NULL) != NULL)
        return error_set(error, "added_tokens at byte %zu: id %d of \"%s\" "
                         "belongs to another token in model.vocab",
                         node->offset, token->id, shown);
    if (added_tokens_by_id(added, token->id) != NULL
        || added_tokens_find(added, token->content, token->content_length)
           != NULL)
        return error_set(error, "added_tokens at byte %zu: \"%s\" or its id "
                         "%d is listed twice", node->offset, shown, token->id);
    return true;
}

/* {"id": 2, "content": "</s>", "special": true, …}: every field must be there,
 * as the reference wants it. Whether a neighbour is \w (single_word) needs a
 * table that nothing else does, for a setting that no causal model uses. */
static bool read_token(AddedToken *token, Arena *arena, const Json *node,
                       Error *error)
{
    const Json *content, *id;
    bool single_word;
    int64_t value;

    if (!component_field(&content, node, "content", JSON_STRING, error)
        || !component_field(&id, node, "id", JSON_NUMBER, error)
        || !component_flag(&token->special, node, "special", -1, error)
        || !component_flag(&token->normalized, node, "normalized", -1, error)
        || !component_flag(&token->lstrip, node, "lstrip", -1, error)
        || !component_flag(&token->rstrip, node, "rstrip", -1, error)
        || !component_flag(&single_word, node, "single_word", -1, error))
        return error_where(error, "added_tokens");
    if (!json_integer(&value, id) || value < 0 || value > LARGEST_ID)
        return error_set(error, "added_tokens: \"id\" at byte %zu is not a "
                         "whole number from 0 to %d", id->offset,
                         LARGEST_ID);
    if (single_word)
        return error_set(error, "added_tokens at byte %zu: \"single_word\": "
                         "true is not supported", node->offset);
    token->id = (int)value;
    token->content = arena_text(arena, content->text, content->length);
    token->content_length = content->length;
    return true;
}

static int compare_bytes(const char *a, size_t a_length, const char *b,
                         size_t b_length)
{
    size_t shorter = a_length < b_length ? a_length : b_length;
    int order = memcmp(a, b, shorter);

    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

/* For qsort over pointers into added->token, whose order is the file's. */
static int by_pattern(const void *x, const void *y)
{
    const AddedToken *a = *(const AddedToken *const *)x;
    const AddedToken *b = *(const AddedToken *const *)y;
    int order = compare_bytes(a->pattern, a->pattern_length, b->pattern,
                              b->pattern_length);

    return order != 0 ? order : (a > b) - (a < b);
}

/* Sort the patterns of one search, drop all but the first of equal ones, and
 * note where each first byte begins. */
static void build_set(AddedSet *set, const AddedTokens *added, bool normalized)
{
    int kept = 0, i = 0;

    set->pattern = memory_get(added->count, sizeof *set->pattern);
    for (int t = 0; t < added->count; t++)
        if (added->token[t].normalized == normalized)
            set->pattern[set->count++] = &added->token[t];
    qsort(set->pattern, (size_t)set->count, sizeof *set->pattern, by_pattern);
    for (int t = 0; t < set->count; t++) {
        const AddedToken *token = set->pattern[t];
        const AddedToken *last = kept > 0 ? set->pattern[kept - 1] : NULL;

        if (last == NULL
            || compare_bytes(last->pattern, last->pattern_length,
                             token->pattern, token->pattern_length) != 0)
            set->pattern[kept++] = token;
    }
    set->count = kept;
    for (int b = 0; b <= 256; b++) {
        while (i < kept && (unsigned char)set->pattern[i]->pattern[0] < b)
            i++;
        set->first[b] = i;
    }
}

/*   bpe, normalizer   of the same file; not kept
 *   Errors: exit 3: a field missing, ids that contradict the vocabulary, a token
 *           listed twice
 *   Owner:  caller, added_tokens_free, after an Error too
 *   Cost:   O(n²) for n tokens
 */
bool added_tokens_init(AddedTokens *added, const Json *file, const Bpe *bpe,
                       const Normalizer *normalizer, Error *error)
{
    const Json *list = json_get(file, "added_tokens");

    *added = (AddedTokens){0};
    if (list == NULL)
        return true;
    if (!json_is(list, JSON_ARRAY) || list->count > ADDED_TOKENS)
        return error_set(error, "added_tokens at byte %zu must be a list of at "
                         "most %d tokens", list->offset, ADDED_TOKENS);
    added->token = memory_get(list->count, sizeof *added->token);
    for (const Json *node = list->child; node != NULL; node = node->next) {
        AddedToken *token = &added->token[added->count];

        if (!read_token(token, &added->arena, node, error))
            return false;
        if (token->content_length == 0)
            continue;                   /* the reference ignores it too      */
        if (!check_id(added, token, bpe, node, error)
            || !read_pattern(token, &added->arena, normalizer, node, error))
            return false;
        added->count++;
    }
    build_set(&added->raw, added, false);
    build_set(&added->normalized, added, true);
    return true;
}

void added_tokens_free(AddedTokens *added)
{
    memory_give_back(added->raw.pattern);
    memory_give_back(added->normalized.pattern);
    memory_give_back(added->token);
    arena_free(&added->arena);
    *added = (AddedTokens){0};
}

/* The longest pattern that begins at text[at], or NULL: the dictionary walk of
 * the essay. Within a range the one that ends here stands first. */
static const AddedToken *longest_at(const AddedSet *set, const char *text,
                                    size_t length, size_t at)
{
    const unsigned char *u = (const unsigned char *)text;
    const AddedToken *best = NULL;
    int low = set->first[u[at]], high = set->first[u[at] + 1];

    for (size_t depth = 1; low < high; depth++) {
        const AddedToken *const *p = set->pattern;

        if (p[low]->pattern_length == depth)
            best = p[low++];
        if (at + depth == length)
            break;
        while (low < high
               && (unsigned char)p[low]->pattern[depth] < u[at + depth])
            low++;
        while (low < high
               && (unsigned char)p[high - 1]->pattern[depth] > u[at + depth])
            high--;
    }
    return best;
}

/* Where the white space that ends at `at` begins, not before `from`. */
static size_t space_before(const char *text, size_t from, size_t at)
{
    while (at > from) {
        size_t start = at - 1;
        uint32_t point;

        while (start > from && ((unsigned char)text[start] & 0xC0) == 0x80)
            start--;
        if (utf8_read(&point, text + start, at - start) == 0
            || !unicode_is_space(point))
            break;
        at = start;
    }
    return at;
}

static size_t space_after(const char *text, size_t length, size_t at)
{
    uint32_t point;
    int n;

    while ((n = utf8_read(&point, text + at, length - at)) > 0
           && unicode_is_space(point))
        at += (size_t)n;
    return at;
}

/* The next match. Text from the old match->end to the new match->begin is
 * ordinary, and so is what follows the last one.
 *
 *   match    in: {0} or the match before; out: untouched when false
 *   text     [length] valid UTF-8, the same for all calls
 *   Cost:    O(length) in all, times the length of the beginnings that match
 */
bool added_tokens_next(AddedMatch *match, const AddedSet *set,
                       const char *text, size_t length)
{
    if (set->count == 0)
        return false;
    for (size_t at = match->next; at < length; at++) {
        const AddedToken *token = longest_at(set, text, length, at);
        size_t begin = at, done = match->end;

        if (token == NULL)
            continue;
        match->next = match->end = at + token->pattern_length;
        if (token->lstrip && begin > done)
            begin = space_before(text, done, begin);
        if (token->rstrip)
            match->end = space_after(text, length, match->end);
        match->begin = begin;
        match->token = token;
        return true;
    }
    return false;
}
