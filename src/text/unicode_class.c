/* unicode_class.c - what kind of character is this?
 *
 *      point ──► below U+0080? ──yes──► A … Z, a … z, 0 … 9, blanks: by their place
 *                     │
 *                     no
 *                     ▼
 *        ┌──────────┬──────────┬──────────┬──────────┬──────────┐
 *        │ AA … AA  │ B2 … B3  │ B5 … B5  │ B9 … B9  │ BA … BA  │ …
 *        │ letter   │ number   │ letter   │ number   │ letter   │
 *        └──────────┴──────────┴──────────┴──────────┴──────────┘
 *         sorted ranges, 831 of them: at most ten comparisons
 *
 * A tokenizer cuts text into words, and what a word is was written down as a
 * regular expression: \p{L}+, \p{N}, \s. Behind these letters stand properties
 * that Unicode gives to each of its 155,000 characters. A program that knows
 * only ASCII cuts "naïve" in three and finds no number in "४२".
 *
 * Characters of one kind lie together (all of U+4E00 … U+9FFF are letters), so
 * ranges are far fewer than characters, and a binary search through a few
 * kilobytes is fast enough: encoding spends its time in the merges. English
 * text never gets that far.
 *
 * Which version of Unicode? The one that the reference tokenizer was built
 * with: a character that one of two programs does not know is cut differently.
 * For \p{L}, \p{N} and \s that is 16.0. The component Digits, though, asks the
 * standard library of Rust, which had reached 17.0: thirteen numbers more.
 *
 * Traps:
 * - \s is the property White_Space: U+0085 and U+3000 belong to it, U+200B
 *   (zero width space), U+180E and U+001C … U+001F do not, whatever C's
 *   isspace or Python's str.isspace say.
 * - Marks are neither letters nor numbers: "é" in two code points is a letter
 *   and something else, and is cut between them unless it was normalized.
 * - \p{N} is more than 0-9: ½, ², Ⅷ and the digits of all scripts.
 *
 * Source: Unicode Standard Annex #44, sections 5.7.1 (categories) and 5.7.4
 * (combining class). Read next: text/normalize.c, text/pretokenize.c.
 */
#include "text/unicode_class.h"

#include "text/unicode_table.h" /* the generated ranges and decompositions  */

#define COUNT(array) ((int)(sizeof (array) / sizeof (array)[0]))

/* The value of the range [count] that holds point; -1: none of them does. */
static int find(const UnicodeRange *range, int count, uint32_t point)
{
    int low = 0, high = count;          /* it is in [low, high) or nowhere  */

    while (low < high) {
        int middle = (low + high) / 2;

        if (point < range[middle].first)
            high = middle;
        else if (point > range[middle].last)
            low = middle + 1;
        else
            return range[middle].value;
    }
    return -1;
}

UnicodeClass unicode_class(uint32_t point)
{
    int value;

    if (point < 128)
        return (point | 32) - 'a' < 26 ? UNICODE_LETTER
             : point - '0' < 10 ? UNICODE_NUMBER
             : point == ' ' || point - '\t' < 5 ? UNICODE_SPACE : UNICODE_OTHER;
    value = find(unicode_classes, COUNT(unicode_classes), point);
    return value < 0 ? UNICODE_OTHER : (UnicodeClass)value;
}

bool unicode_is_space(uint32_t point)
{
    return unicode_class(point) == UNICODE_SPACE;
}

/* The two ranges are numbers since Unicode 17.0 only: see the essay. */
bool unicode_is_digit(uint32_t point)
{
    return unicode_class(point) == UNICODE_NUMBER
        || (point >= 0x11DE0 && point <= 0x11DE9)
        || (point >= 0x16FF4 && point <= 0x16FF6);
}

/* The table holds what is not settled; below its first range nothing is. */
int unicode_combining_class(uint32_t point)
{
    int value = find(unicode_unsettled, COUNT(unicode_unsettled), point);

    return value < 0 ? 0 : value;
}

bool unicode_is_settled(uint32_t point)
{
    return point < unicode_unsettled[0].first
        || find(unicode_unsettled, COUNT(unicode_unsettled), point) < 0;
}

/* One step: U+1E69 ṩ is U+1E63 ṣ and a dot above; ṣ itself is s and a dot
 * below. Whoever wants it whole asks again for out[0].
 *
 *   out      [2] untouched for 0; a single one (Å, U+212B) fills out[0] only
 *   returns  how many: 0 (point does not decompose), 1 or 2
 */
int unicode_decompose(uint32_t out[2], uint32_t point)
{
    int low = 0, high = COUNT(unicode_parts);

    while (low < high) {
        int middle = (low + high) / 2;
        const UnicodeParts *parts = &unicode_parts[middle];

        if (parts->point == point) {
            out[0] = parts->first, out[1] = parts->second;
            return out[1] != 0 ? 2 : 1;
        }
        if (parts->point < point)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

/* The way back, where there is one: some characters decompose but must never be
 * composed (they stand in no pair). Hangul goes by rule: normalize.c. */
uint32_t unicode_compose(uint32_t first, uint32_t second)
{
    int low = 0, high = COUNT(unicode_pairs);

    while (low < high) {
        int middle = (low + high) / 2;
        const UnicodeParts *parts = &unicode_parts[unicode_pairs[middle]];

        if (parts->first == first && parts->second == second)
            return parts->point;
        if (parts->first < first
            || (parts->first == first && parts->second < second))
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}
