/* splitter.c - cut a text into the pieces that are merged by themselves
 *
 *   SmolLM2's:     Digits                 then ByteLevel
 *
 *                  ┌► "in " ──┐  pattern  ┌► "in" ─────► "in"
 *   "in 42é" ──────┼► "4" ────┼──────────►├► " " ──────► "Ġ"
 *                  ├► "2" ────┤           ├► "4", "2" ─► "4", "2"
 *                  └► "é" ────┘           └► "é" ──────► "Ã©"   C3 A9
 *
 * Merges never reach across two pieces, so the cuts decide what a token can be:
 * a word with its blank in front, but not two words; up to three digits or only
 * one; a comma apart from the word before it. Without cuts the vocabulary
 * would fill with "of the" and "in the", and numbers would be cut anywhere.
 *
 * Each step cuts (or respells) every piece that the step before it made. No list
 * of pieces is kept: a step hands each piece on as soon as it has found its end,
 * like workers at a belt. The call stack is as deep as there are steps.
 *
 * ByteLevel is three steps in one: a blank in front (if wanted), GPT-2's pattern
 * (if wanted), and the byte alphabet: every byte becomes one of 256 printable
 * characters, so that merges are made of text, and no byte is ever unknown.
 *
 * Traps:
 * - A pattern sees one piece only. Its look-ahead ends where the piece ends.
 * - After ByteLevel "é" is "Ã©", two letters of the byte alphabet, and a "²" that
 *   a later Digits finds is the byte B2.
 * - Split with "Removed" and "invert" keeps the matches and drops the gaps.
 *
 * Source: behaviour of `tokenizers` 0.23.3; the byte alphabet is GPT-2's.
 * Read next: text/bpe.c.
 */
#include "text/splitter.h"

#include <string.h>                 /* memcmp                               */

#include "text/unicode_class.h"     /* unicode_is_digit                     */

static SplitterStep *add_step(Splitter *splitter)
{
    SplitterStep *step = &splitter->step[splitter->count++];

    must(splitter->count <= SPLITTER_STEPS, "%d steps", splitter->count);
    step->matches = step->gaps = true;
    return step;
}

static bool read_byte_level(Splitter *splitter, const Json *component,
                            Error *error)
{
    bool blank, cut;

    if (!component_flag(&blank, component, "add_prefix_space", -1, error)
        || !component_flag(&cut, component, "use_regex", 1, error))
        return false;
    if (blank)
        add_step(splitter)->kind = SPLITTER_BLANK;
    if (cut) {
        SplitterStep *step = add_step(splitter);

        step->kind = SPLITTER_PATTERN;
        step->pattern = pretokenize_gpt2();
    }
    add_step(splitter)->kind = SPLITTER_BYTES;
    return true;
}

static bool read_pattern(SplitterStep *step, Arena *arena,
                         const Json *component, Error *error)
{
    const Json *regex = json_get(json_get(component, "pattern"), "Regex");
    const Json *literal;

    if (json_is(regex, JSON_STRING)) {
        step->kind = SPLITTER_PATTERN;
        return pretokenize_pattern(&step->pattern, regex->text, regex->length,
                                   error)
            || error_where(error, "pre_tokenizer at byte %zu", regex->offset);
    }
    if (!component_literal(&literal, component, error))
        return false;
    step->kind = SPLITTER_LITERAL;
    step->literal = arena_text(arena, literal->text, literal->length);
    step->literal_length = literal->length;
    return true;
}

/*                         matches     gaps
 *      Isolated           kept        kept
 *      Removed            dropped     kept
 *      Removed, invert    kept        dropped
 */
static bool read_split(Splitter *splitter, const Json *component, Error *error)
{
    SplitterStep *step = add_step(splitter);
    char shown[JSON_SHOWN];
    const Json *behavior;
    bool invert;

    if (!component_field(&behavior, component, "behavior", JSON_STRING, error)
        || !component_flag(&invert, component, "invert", -1, error)
        || !read_pattern(step, &splitter->arena, component, error))
        return false;
    if (json_equals(behavior, "Isolated"))
        return true;
    step->matches = invert;
    step->gaps = !invert;
    return json_equals(behavior, "Removed")
        || error_set(error, "pre_tokenizer at byte %zu: Split with behavior "
                     "\"%s\" is not supported; supported are Isolated and "
                     "Removed", behavior->offset,
                     json_show(shown, behavior->text, behavior->length));
}

static bool read_step(Splitter *splitter, const Json *component, Error *error)
{
    bool single;

    if (component_is(component, "ByteLevel"))
        return read_byte_level(splitter, component, error);
    if (component_is(component, "Split"))
        return read_split(splitter, component, error);
    if (!component_is(component, "Digits"))
        return component_unknown(component, "pre_tokenizer",
                                 "ByteLevel, Digits, Sequence, Split", error);
    if (!component_flag(&single, component, "individual_digits", -1, error))
        return false;
    add_step(splitter)->kind = single ? SPLITTER_DIGITS : SPLITTER_NUMBERS;
    return true;
}

/*   Errors: exit 3: a step, pattern or behavior that is not known, a field that
 *           is missing
 *   Owner:  caller, splitter_free, after an Error too
 */
bool splitter_init(Splitter *splitter, const Json *file, Error *error)
{
    Components list;

    *splitter = (Splitter){0};
    if (!component_list(&list, file, "pre_tokenizer", "pretokenizers", error))
        return false;
    for (int i = 0; i < list.count; i++)
        if (!read_step(splitter, list.node[i], error))
            return false;
    return true;
}

void splitter_free(Splitter *splitter)
{
    arena_free(&splitter->arena);
    *splitter = (Splitter){0};
}

void splitter_work_free(SplitterWork *work)
{
    for (int i = 0; i < SPLITTER_STEPS; i++)
        text_free(&work->text[i]);
}

static size_t character(uint32_t *point, const char *text, size_t length)
{
    return (size_t)max_int(1, utf8_read(point, text, length));
}

/* Bytes of a step's match at text[at]; 0: none here. */
static size_t match_at(const SplitterStep *step, const char *text,
                       size_t length, size_t at)
{
    uint32_t point = 0;
    size_t n, run = 0;

    switch (step->kind) {
    case SPLITTER_PATTERN:
        return step->pattern->match(text, length, at);
    case SPLITTER_LITERAL:
        n = step->literal_length;
        return length - at >= n && memcmp(text + at, step->literal, n) == 0
             ? n : 0;
    default:                            /* DIGITS, NUMBERS                  */
        for (; at + run < length; run += n) {
            n = character(&point, text + at + run, length - at - run);
            if (!unicode_is_digit(point)
                || (step->kind == SPLITTER_DIGITS && run > 0))
                break;
        }
        return run;
    }
}

typedef struct {            /* what every step needs to hand its pieces on  */
    const Splitter *splitter;
    SplitterWork *work;
    SplitterEmit *emit;
    void *arg;
} Belt;

static void hand_on(const Belt *belt, int i, const char *text, size_t length);

static void cut(const Belt *belt, int i, const char *text, size_t length)
{
    const SplitterStep *step = &belt->splitter->step[i];
    size_t gap = 0, at = 0;             /* [gap, at): no match so far       */
    uint32_t point;

    while (at < length) {
        size_t n = match_at(step, text, length, at);

        if (n == 0) {
            at += character(&point, text + at, length - at);
            continue;
        }
        if (step->gaps)
            hand_on(belt, i + 1, text + gap, at - gap);
        if (step->matches)
            hand_on(belt, i + 1, text + at, n);
        gap = at += n;
    }
    if (step->gaps)
        hand_on(belt, i + 1, text + gap, length - gap);
}

static void respell(const Belt *belt, int i, const char *text, size_t length)
{
    Text *out = &belt->work->text[i];

    text_clear(out);
    if (belt->splitter->step[i].kind == SPLITTER_BLANK) {
        if (text[0] != ' ')
            text_add(out, " ", 1);
        text_add(out, text, length);
    } else {
        for (size_t b = 0; b < length; b++)
            text_add_point(out,
                           pretokenize_byte_to_point((unsigned char)text[b]));
    }
    hand_on(belt, i + 1, out->bytes, out->length);
}

/* A piece arrives at step i, or at the end of the belt. */
static void hand_on(const Belt *belt, int i, const char *text, size_t length)
{
    if (length == 0)
        return;
    if (i == belt->splitter->count)
        belt->emit(belt->arg, text, length);
    else if (belt->splitter->step[i].kind >= SPLITTER_BLANK)
        respell(belt, i, text, length);
    else
        cut(belt, i, text, length);
}

/*   text    [length] valid UTF-8; it may lie anywhere but in work
 *   emit    called with arg for each piece, in order
 *   Cost:   one pass over the text for each step
 */
void splitter_run(const Splitter *splitter, SplitterWork *work,
                  const char *text, size_t length, SplitterEmit *emit,
                  void *arg)
{
    Belt belt = { splitter, work, emit, arg };

    hand_on(&belt, 0, text, length);
}
