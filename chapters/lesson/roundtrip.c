/* roundtrip.c - a text there and back, with what cannot come back named
 *
 *      s ──► encode ──► ids ──► decode ──► back
 *      │                                     │
 *      └──► normalize ──► hoped              ▼
 *                           └──────────► the same bytes?
 *                                            │ no
 *                                            ▼
 *                 is there a character in it that the tokenizer cannot write?
 *                     yes: excused, and the character is kept, to be named
 *                     no:  the engine is wrong
 *
 *      decode(encode(s)) = normalize(s)                                   (1)
 *
 * An excuse must not be able to hide a fault. So it is not asked of the way that
 * failed, but of the vocabulary: (a) a byte-level vocabulary writes a character by
 * its bytes, and one of them has no token (makers of vocabularies sometimes leave
 * out those that they never met); (b) a vocabulary that writes blanks as ▁ reads
 * every ▁ as a blank, one that somebody typed too.
 *
 * Read next: chapters/lesson/race.c.
 */
#include "chapters/lesson/roundtrip.h"

#include <stdio.h>
#include <string.h>

#include "chapters/lesson/anytext.h"
#include "text/pretokenize.h"       /* the letters that stand for bytes      */

#define MARK 0x2581u                /* ▁                                     */
#define NO_LOSS -1

void roundtrip_init(RoundTrip *trip, const Tokenizer *t)
{
    *trip = (RoundTrip){ .t = t };
    race_run(&trip->race, t, " ", 1);
    trip->marks = trip->race.pieces > 0
               && strstr(trip->race.text.bytes, "▁") != NULL;
}

void roundtrip_free(RoundTrip *trip)
{
    race_free(&trip->race);
}

/* Why the tokenizer cannot write this character. A byte-level vocabulary needs a
 * token for each of its bytes; one with marks a token for it, or for all bytes. */
static int loss_of(const RoundTrip *trip, uint32_t point)
{
    char c[5] = "", byte[8] = "";
    int n = utf8_write(c, point);

    if (trip->marks && point == MARK)
        return LOSS_BLANK;
    if (trip->marks && tokenizer_find(trip->t, c) >= 0)
        return NO_LOSS;
    for (int i = 0; i < n; i++) {
        unsigned char b = (unsigned char)c[i];

        if (trip->marks)
            snprintf(byte, sizeof byte, "<0x%02X>", (unsigned)b);
        else
            byte[utf8_write(byte, pretokenize_byte_to_point(b))] = '\0';
        if (tokenizer_find(trip->t, byte) < 0)
            return b;
    }
    return NO_LOSS;
}

/* Does the text hold a character that cannot come back? The first of each kind is
 * kept, to be named. */
static bool has_loss(RoundTrip *trip, const Text *text)
{
    uint32_t point;
    bool found = false;

    for (size_t at = 0; at < text->length;) {
        int n = utf8_read(&point, text->bytes + at, text->length - at), k = 0;
        int why = loss_of(trip, point);

        at += (size_t)n;
        if (why == NO_LOSS)
            continue;
        found = true;
        while (k < trip->losses && trip->loss[k].why != why)
            k++;
        if (k == trip->losses && k < ROUNDTRIP_LOSSES)
            trip->loss[trip->losses++] = (Loss){ why, point };
        trip->more_losses |= k == ROUNDTRIP_LOSSES;
    }
    return found;
}

/* There and back, watched and judged. A text that comes back changed is excused
 * only by a character in it that the tokenizer has no way to write.
 *
 *   back    out: what came back
 */
void roundtrip_try(RoundTrip *trip, RoundTripCount *count, const Text *text, Text *back)
{
    Text hoped = {0};

    text_clear(back);
    text_add(back, "", 0);
    text_add(&hoped, "", 0);
    race_run(&trip->race, trip->t, text->bytes, text->length);
    race_judge(&trip->verdict, &trip->race, trip->t);
    tokenizer_decode(back, trip->t, trip->race.ids.id, trip->race.ids.count, false);
    tokenizer_normalize(&hoped, trip->t, text->bytes, text->length);
    count->texts++;
    count->ids += trip->race.ids.count;
    if (hoped.length == back->length
        && memcmp(hoped.bytes, back->bytes, hoped.length) == 0)
        count->back++;
    else
        count->excused += has_loss(trip, &hoped);
    text_free(&hoped);
}

RoundTripCount roundtrip_table(Lesson *l, Arena *arena, RoundTrip *trip, uint64_t seed,
                               int each)
{
    static const char *const head[] = { "random texts", "texts", "tokens", "came back",
                                        "cannot" };
    const char *cell[ANYTEXT_KINDS][5];
    Text text = {0}, back = {0};
    RoundTripCount all = {0};

    for (int kind = 0; kind < ANYTEXT_KINDS; kind++) {
        RoundTripCount count = {0};

        for (int i = 0; i < each; i++) {
            text_clear(&text);
            text_add(&text, "", 0);
            anytext(&text, trip->t, kind, seed, i);
            roundtrip_try(trip, &count, &text, &back);
        }
        cell[kind][0] = anytext_kind(kind);
        cell[kind][1] = arena_print(arena, "%d", count.texts);
        cell[kind][2] = arena_print(arena, "%d", count.ids);
        cell[kind][3] = arena_print(arena, "%d", count.back);
        cell[kind][4] = arena_print(arena, "%d", count.excused);
        all.texts += count.texts;
        all.ids += count.ids;
        all.back += count.back;
        all.excused += count.excused;
    }
    picture_table(l, "kinds", head, "lrrrr", &cell[0][0], ANYTEXT_KINDS);
    text_free(&text);
    text_free(&back);
    return all;
}

void roundtrip_losses(Lesson *l, Arena *arena, RoundTrip *trip)
{
    static const char *const head[] = { "text", "comes back as", "because" };
    const char *cell[ROUNDTRIP_LOSSES][3];
    Text text = {0}, back = {0};
    RoundTripCount count = {0};

    for (int i = 0; i < trip->losses; i++) {
        const Loss *loss = &trip->loss[i];

        text_clear(&text);
        text_add_point(&text, loss->point);
        roundtrip_try(trip, &count, &text, &back);
        cell[i][0] = arena_print(arena, "U+%04X %s", (unsigned)loss->point, text.bytes);
        cell[i][1] = arena_print(arena, "\"%s\"", back.bytes);
        cell[i][2] = loss->why == LOSS_BLANK ? "▁ stands for a blank"
                   : arena_print(arena, "byte %02x has no token", loss->why);
    }
    picture_table(l, "cannot", head, "lll", &cell[0][0], trip->losses);
    text_free(&text);
    text_free(&back);
}
