/* pretokenize.c - cut a text into pieces that merges never cross
 *
 *   "It's 2024,  she said.\n\nOK"
 *        │  gpt2
 *        ▼
 *   ┌──┬──┬─────┬─┬─┬────┬─────┬─┬─┬─┬──┐
 *   │It│'s│ 2024│,│ │ she│ said│.│␤│␤│OK│      one space goes with its word,
 *   └──┴──┴─────┴─┴─┴────┴─────┴─┴─┴─┴──┘      the others stay behind
 *        │  llama3
 *        ▼
 *   ┌──┬──┬─┬───┬─┬─┬─┬────┬─────┬───┬──┐
 *   │It│'s│ │202│4│,│ │ she│ said│.␤␤│OK│      numbers in threes, ends of lines
 *   └──┴──┴─┴───┴─┴─┴─┴────┴─────┴───┴──┘      with what they close
 *
 * Merging (text/bpe.c) would happily make one token of "dog." and another of
 * "dog!", a vocabulary full of accidents. So a text is cut first, and merges
 * work within a piece. Where to cut is written in tokenizer.json as a regular
 * expression; a model has only ever seen text cut by its own.
 *
 * A general engine for such expressions is larger than this whole tokenizer,
 * and slower. But few of them exist, for they are handed from model to model.
 * Here each is a function: its alternatives are tried in the order in which
 * they are written, the first that matches wins, and above each stands what it
 * is in the expression's own language. One that is not in the table is an Error.
 *
 * Format notes:
 *
 * - \s+(?!\S) is the rule that leaves a word its space: a run of white space,
 *   but not before something that is not white space. So the run gives back its
 *   last character, if there is another one before it: " she" above.
 *   A character, not a byte: U+3000 has three.
 * - (?i:'s) folds case as Unicode does, where U+017F "ſ" is an old s: "'ſ" is a
 *   contraction too. (None of the other letters has a second form.)
 * - The possessive ++ and ?+ of some spellings change the time that an engine
 *   takes, not the result; \s*[\r\n] and \s*[\r\n]+ end at the same place, the
 *   last end of line of the run. One matcher serves them.
 * - Some files hold a real carriage return where others write \r.
 *
 * Time is linear in the text: a matcher looks once or twice at what it returns,
 * and at a run of white space a handful of times, however long it is.
 *
 * Source: Radford et al., "Language Models are Unsupervised Multitask
 * Learners", 2019, section 2.2; the expressions, from the models' own files.
 * Read next: text/bpe.c.
 */
#include "text/pretokenize.h"

#include <string.h>             /* memcmp, strlen                           */

#include "text/unicode_class.h" /* \p{L}, \p{N}, \s                         */

/* Every piece of an expression below is a function of (text, length, at) that
 * returns where its match ends; at itself means: no match. */

/* The class of the character at text[at], and where the next one begins. */
static UnicodeClass class_at(size_t *next, const char *text, size_t length,
                             size_t at)
{
    uint32_t point = (unsigned char)text[at];
    int bytes = point < 128 ? 1 : utf8_read(&point, text + at, length - at);

    must(bytes > 0, "text is valid UTF-8, but not at byte %zu", at);
    *next = at + (size_t)bytes;
    return unicode_class(point);
}

/* \p{L}*, \p{N}*, \s*, [^\s\p{L}\p{N}]* */
static size_t run(const char *text, size_t length, size_t at,
                  UnicodeClass class)
{
    size_t next;

    while (at < length && class_at(&next, text, length, at) == class)
        at = next;
    return at;
}

static bool is_line_end(char byte)
{
    return byte == '\r' || byte == '\n';
}

/* 's|'t|'re|'ve|'m|'ll|'d, or with any_case (?i:'s|'t|'re|'ve|'m|'ll|'d)
 * No two of them begin alike, so their order does not matter. */
static size_t contraction(const char *text, size_t length, size_t at,
                          bool any_case)
{
    static const char *const AFTER[] = { "s", "t", "re", "ve", "m", "ll", "d" };
    const char *after = text + at + 1;
    size_t left = length - at - 1;

    if (text[at] != '\'')
        return at;
    if (any_case && left >= 2 && memcmp(after, "\xC5\xBF", 2) == 0)
        return at + 3;                                  /* 'ſ                */
    for (int i = 0; i < 7; i++) {
        size_t k = 0;

        while (k < left && AFTER[i][k] != '\0'
               && (after[k] == AFTER[i][k]
                   || (any_case && after[k] == AFTER[i][k] - 'a' + 'A')))
            k++;
        if (AFTER[i][k] == '\0')
            return at + 1 + k;
    }
    return at;
}

/*  ?\p{L}+,  ?\p{N}+,  ?[^\s\p{L}\p{N}]+: at most one space, then a run */
static size_t spaced_run(const char *text, size_t length, size_t at,
                         UnicodeClass class)
{
    size_t start = text[at] == ' ' ? at + 1 : at;
    size_t end = run(text, length, start, class);

    return end > start ? end : at;
}

/* \s+(?!\S)|\s+: see the format notes */
static size_t blanks(const char *text, size_t length, size_t at)
{
    size_t end = at, last = at, next;

    while (end < length && class_at(&next, text, length, end) == UNICODE_SPACE)
        last = end, end = next;
    return end < length && last > at ? last : end;
}

/* [^\r\n\p{L}\p{N}]?\p{L}+: letters, with one character before them that may be
 * a space, a tab, a bracket, a mark */
static size_t word(const char *text, size_t length, size_t at)
{
    size_t start = at, end, next;
    UnicodeClass class = class_at(&next, text, length, at);

    if (class != UNICODE_LETTER && class != UNICODE_NUMBER
        && !is_line_end(text[at]))
        start = next;
    end = run(text, length, start, UNICODE_LETTER);
    return end > start ? end : at;
}

/* \p{N}{1,most} */
static size_t digits(const char *text, size_t length, size_t at, int most)
{
    size_t next;

    for (int i = 0; i < most && at < length
         && class_at(&next, text, length, at) == UNICODE_NUMBER; i++)
        at = next;
    return at;
}

/*  ?[^\s\p{L}\p{N}]+[\r\n]* */
static size_t symbols(const char *text, size_t length, size_t at)
{
    size_t end = spaced_run(text, length, at, UNICODE_OTHER);

    while (end > at && end < length && is_line_end(text[end]))
        end++;
    return end;
}

/* \s*[\r\n]+: \s* takes all it can, then gives back until an end of line is
 * found: so up to the last one of the run */
static size_t lines(const char *text, size_t length, size_t at)
{
    size_t end = run(text, length, at, UNICODE_SPACE);

    while (end > at && !is_line_end(text[end - 1]))
        end--;
    return end;
}

/* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
static size_t match_gpt2(const char *text, size_t length, size_t at)
{
    size_t end = contraction(text, length, at, false);

    if (end == at) end = spaced_run(text, length, at, UNICODE_LETTER);
    if (end == at) end = spaced_run(text, length, at, UNICODE_NUMBER);
    if (end == at) end = spaced_run(text, length, at, UNICODE_OTHER);
    if (end == at) end = blanks(text, length, at);
    return end - at;
}

/* (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,most}|
 *  ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+ */
static size_t match_cl100k(const char *text, size_t length, size_t at, int most)
{
    size_t end = contraction(text, length, at, true);

    if (end == at) end = word(text, length, at);
    if (end == at) end = digits(text, length, at, most);
    if (end == at) end = symbols(text, length, at);
    if (end == at) end = lines(text, length, at);
    if (end == at) end = blanks(text, length, at);
    return end - at;
}

static size_t match_llama3(const char *text, size_t length, size_t at)
{
    return match_cl100k(text, length, at, 3);
}

static size_t match_qwen2(const char *text, size_t length, size_t at)
{
    return match_cl100k(text, length, at, 1);
}

/* "llama3" is what cl100k means to the engine that reads tokenizer.json, in two
 * spellings; "qwen2" is StableLM 2's as well. */
static const SplitPattern known[] = {
    { "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+"
      "|\\s+(?!\\S)|\\s+", "gpt2", match_gpt2 },
    { "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
      "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
      "llama3", match_llama3 },
    { "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}"
      "| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
      "llama3", match_llama3 },
    { "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
      "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
      "qwen2", match_qwen2 },
};

#define KNOWN ((int)(sizeof known / sizeof known[0]))

/* Equal, where a real CR or LF in regex [length] equals \r or \n in pattern. */
static bool same_spelling(const char *pattern, const char *regex, size_t length)
{
    size_t at = 0;

    for (; at < length && *pattern != '\0'; at++, pattern++)
        if (*pattern != regex[at]) {
            char real = pattern[0] != '\\' ? '\0' : pattern[1] == 'r' ? '\r'
                      : pattern[1] == 'n' ? '\n' : '\0';

            if (real == '\0' || real != regex[at])
                return false;
            pattern++;                          /* both letters of \r        */
        }
    return at == length && *pattern == '\0';
}

/* The byte-level alphabet: a vocabulary of byte strings has to be written down
 * in JSON, which holds characters. So each byte gets a visible one.
 *
 *      byte      00 … 20   21 … 7E   7F … A0   A1 … AC   AD   AE … FF
 *                   │         │         │         │       │      │
 *      point     100…120    itself   121…142    itself   143   itself
 *
 * The three ranges without a printable Latin-1 character move up to U+0100 and
 * onwards, in order: space (20) becomes U+0120 "Ġ", line feed U+010A "Ċ". */
uint32_t pretokenize_byte_to_point(unsigned char byte)
{
    if (byte <= 0x20)
        return 0x100u + byte;
    if (byte >= 0x7F && byte <= 0xA0)
        return 0x121u + byte - 0x7F;
    return byte == 0xAD ? 0x143 : byte;
}

/* The byte that could be meant; a byte that moved is not in the alphabet under its
 * own number. */
int pretokenize_point_to_byte(uint32_t point)
{
    uint32_t byte = point < 0x100 ? point : point <= 0x120 ? point - 0x100
                  : point <= 0x142 ? point - 0x121 + 0x7F : 0xAD;

    return pretokenize_byte_to_point((unsigned char)byte) == point ? (int)byte : -1;
}

const SplitPattern *pretokenize_gpt2(void)
{
    return &known[0];
}

/* The pattern that means what regex means: a guess would cut differently here
 * and there, and the model would read almost the right thing. */
bool pretokenize_pattern(const SplitPattern **pattern, const char *regex,
                         size_t length, Error *error)
{
    size_t shown = length < 400 ? length : 400;

    for (int i = 0; i < KNOWN; i++)
        if (same_spelling(known[i].pattern, regex, length)) {
            *pattern = &known[i];
            return true;
        }
    shown -= utf8_tail(regex, shown);
    return error_set(error, "the split pattern of tokenizer.json is none that "
                     "this program knows: \"%.*s\"%s; it knows those of GPT-2, "
                     "Llama 3 and Qwen 2 (StableLM 2); a new one is a function "
                     "and a line of the table in src/text/pretokenize.c",
                     (int)shown, regex, shown < length ? " …" : "");
}
