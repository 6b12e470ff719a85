/* normalize.c - NFC: one spelling for é, whether it came as one code point or two
 *
 *               s, dot above, dot below: one letter in three code points
 *
 *               U+0073      U+0307      U+0323
 *               class 0     class 230   class 220
 *                  │             ╲       ╱
 *   1. apart       │               ╲   ╱            nothing here decomposes
 *   2. in order    │               ╱   ╲            the smaller class first
 *                  ▼             ╱       ╲
 *               U+0073      U+0323      U+0307
 *                  └─────┬─────┘           │
 *   3. together       U+1E63 ṣ             │        starter + mark, if such a
 *                        └────────┬────────┘        pair exists
 *                              U+1E69 ṩ
 *
 * "é" is one code point on most keyboards and two in some systems' file names.
 * They look alike and their bytes differ, so a tokenizer would see two words,
 * of which the model has learned one. NFC gives both the same bytes: take
 * everything apart, put the marks of each letter in a fixed order, put together
 * what can be put together.
 *
 * Order (2) uses the combining class: marks of different classes sit at
 * different places (below 220, above 230) and do not touch, so their order in
 * memory means nothing and is fixed by number. Marks of one class are stacked:
 * their order means something and is kept, so the sorting must be stable.
 *
 * Composition (3) goes through the text once. A mark joins the last starter (a
 * character of class 0) unless something in between blocks it: another starter,
 * or a mark of the same class, which stands nearer.                      (D115)
 *
 * Almost all text is NFC already. Characters that nothing before them can
 * change, and that are their own NFC, are called settled here; text is copied
 * as it is from one settled character to the next until an unsettled one
 * comes. Only the segment from the last settled character up to the next one
 * is worked on, for what happens inside cannot reach beyond:
 *
 *        c a f e ◌́   s  o         ◌́ is U+0301
 *        └─┬─┘ └┬┘  └─┬─┘
 *        copy  work  copy
 *
 * Traps:
 * - Hangul is not in the tables: 11,172 syllables compose by arithmetic (4).
 * - Some characters decompose and must not come back (U+0958, U+2126).
 * - A hundred thousand marks on one letter are legal: sorting must not be
 *   quadratic. There are 255 classes, so counting them is enough.
 *
 * Source: Unicode Standard Annex #15; The Unicode Standard 16.0, section 3.11
 * (D108 to D117) and 3.12 (Hangul). Read next: text/pretokenize.c.
 */
#include "text/normalize.h"

#include <string.h>             /* memcpy                                   */

#include "base/memory.h"        /* memory_grow, memory_give_back            */
#include "text/unicode_class.h" /* classes, decompositions, pairs           */

/* A Hangul syllable is a lead consonant, a vowel and perhaps a final one:
 *
 *      syllable = AC00 + (lead · 21 + vowel) · 28 + final,  final 0: none (4)
 *
 * The constants are section 3.12's. FINAL is one below the first final. */
#define SYLLABLE 0xAC00u
#define LEAD 0x1100u
#define VOWEL 0x1161u
#define FINAL 0x11A7u
#define LEADS 19u
#define VOWELS 21u
#define FINALS 28u

typedef struct {
    uint32_t point;
    int class;                  /* combining class; 0: a starter            */
} Character;

typedef struct {
    Character *list;            /* the segment at hand                      */
    Character *sorted;          /* room for a run of marks while sorting    */
    size_t count, room;         /* of each                                  */
} Segment;

static void segment_add(Segment *segment, uint32_t point)
{
    if (segment->count == segment->room) {
        size_t room = 2 * segment->room + 32, bytes = room * sizeof(Character);

        segment->room = room;
        segment->list = memory_grow(segment->list, bytes);
        segment->sorted = memory_grow(segment->sorted, bytes);
    }
    segment->list[segment->count++] =
        (Character){ point, unicode_combining_class(point) };
}

/* Step 1, full canonical decomposition (D68): parts may have parts, at most
 * four deep. Subtracting unsigned numbers makes "between" one comparison. */
static void take_apart(Segment *segment, uint32_t point)
{
    uint32_t index = point - SYLLABLE, part[2];
    int parts;

    if (index < LEADS * VOWELS * FINALS) {
        segment_add(segment, LEAD + index / (VOWELS * FINALS));
        segment_add(segment, VOWEL + index / FINALS % VOWELS);
        if (index % FINALS != 0)
            segment_add(segment, FINAL + index % FINALS);
        return;
    }
    parts = unicode_decompose(part, point);
    if (parts == 0)
        segment_add(segment, point);
    for (int i = 0; i < parts; i++)
        take_apart(segment, part[i]);
}

/* Sort marks [count] by class, equal ones as they stood: count each class, add
 * up where each begins, put them there. Cost: count + 256 steps. */
static void sort_marks(Character *marks, Character *sorted, size_t count)
{
    size_t place[256] = {0}, sum = 0;

    for (size_t i = 0; i < count; i++)
        place[marks[i].class]++;
    for (int class = 0; class < 256; class++) {
        size_t these = place[class];

        place[class] = sum;
        sum += these;
    }
    for (size_t i = 0; i < count; i++)
        sorted[place[marks[i].class]++] = marks[i];
    memcpy(marks, sorted, count * sizeof *marks);
}

/* Step 2, canonical ordering (D109): each run of marks between two starters. */
static void put_in_order(Segment *segment)
{
    Character *list = segment->list;

    for (size_t i = 0; i < segment->count; ) {
        size_t begin = i;
        bool ordered = true;

        for (; i < segment->count && list[i].class != 0; i++)
            if (i > begin && list[i].class < list[i - 1].class)
                ordered = false;
        if (!ordered)
            sort_marks(list + begin, segment->sorted, i - begin);
        if (i == begin)
            i++;                            /* a starter                    */
    }
}

/* The primary composite of two characters (D114), or 0; Hangul by (4). */
static uint32_t together(uint32_t first, uint32_t second)
{
    uint32_t lead = first - LEAD, vowel = second - VOWEL;
    uint32_t index = first - SYLLABLE, final = second - FINAL;

    if (lead < LEADS && vowel < VOWELS)
        return SYLLABLE + (lead * VOWELS + vowel) * FINALS;
    if (index < LEADS * VOWELS * FINALS && index % FINALS == 0
        && final > 0 && final < FINALS)
        return first + final;
    return unicode_compose(first, second);
}

/* Step 3, canonical composition (D117), in place: what is kept moves down.
 * A character that directly follows the starter is never blocked; a later one
 * is, unless the mark that was kept before it has a smaller class. */
static void put_together(Segment *segment)
{
    Character *list = segment->list, *starter = NULL;
    size_t kept = 0;

    for (size_t i = 0; i < segment->count; i++) {
        Character next = list[i];
        const Character *before = kept > 0 ? &list[kept - 1] : NULL;
        bool open = starter != NULL
                    && (before == starter || before->class < next.class);
        uint32_t composite = open ? together(starter->point, next.point) : 0;

        if (composite != 0) {
            starter->point = composite;
            continue;
        }
        list[kept] = next;
        if (next.class == 0)
            starter = &list[kept];
        kept++;
    }
    segment->count = kept;
}

/* Append the NFC of one segment: bytes [length]. */
static void segment_write(Text *out, Segment *segment, const char *bytes,
                          size_t length)
{
    uint32_t point = 0;

    segment->count = 0;
    for (size_t at = 0; at < length; ) {
        at += (size_t)utf8_read(&point, bytes + at, length - at);
        take_apart(segment, point);
    }
    put_in_order(segment);
    put_together(segment);
    for (size_t i = 0; i < segment->count; i++)
        text_add_point(out, segment->list[i].point);
}

/* Append the NFC of bytes [length], valid UTF-8, to out.
 *
 * begin is where the bytes begin that are not in out yet; settled is where the
 * last settled character after it begins, and so would a segment (begin itself
 * when there is none). Cost: linear; nothing is allocated but out's own room as
 * long as all is settled. */
void normalize_nfc(Text *out, const char *bytes, size_t length)
{
    Segment segment = {0};
    size_t begin = 0, settled = 0, at = 0;
    bool inside = false;                /* an unsettled one came after it   */

    while (at < length) {
        uint32_t point = (unsigned char)bytes[at];
        int n = point < 128 ? 1 : utf8_read(&point, bytes + at, length - at);

        must(n > 0, "text is valid UTF-8, but not at byte %zu", at);
        if (unicode_is_settled(point)) {
            if (inside) {
                segment_write(out, &segment, bytes + begin, at - begin);
                begin = at;
                inside = false;
            }
            settled = at;
        } else if (!inside) {
            text_add(out, bytes + begin, settled - begin);
            begin = settled;
            inside = true;
        }
        at += (size_t)n;
    }
    if (inside)
        segment_write(out, &segment, bytes + begin, length - begin);
    else
        text_add(out, bytes + begin, length - begin);
    memory_give_back(segment.list);
    memory_give_back(segment.sorted);
}
