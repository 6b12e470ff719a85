/* recount.h - what a report says about guesses, counted again from the text alone
 *
 * Rules of use: recount(…) after every generate with a draft; truth: what greedy decoding
 * writes, NULL above temperature 0.
 */
#ifndef RECOUNT_H
#define RECOUNT_H

#include "test.h"

#include "decode/generate.h"

/* One guess at answer index at; stands: all before it in its round did. Returns whether
 * it stands, too. */
static inline bool recount_guess(const Guess *g, const Generated *out, int at, bool stands,
                                 const int *truth, int known)
{
    bool held = (double)g->u * g->q < g->p;

    expect(g->u >= 0 && g->u < 1 && g->q > 0 && g->q <= 1 + 1e-12 && g->p >= 0
           && g->p <= 1 + 1e-12);
    if (!stands) {
        expect_int(g->verdict, GUESS_UNREAD);
        return false;
    }
    if (!held) {
        expect_int(g->verdict, GUESS_REJECTED);
        return false;
    }
    expect(g->verdict == GUESS_ACCEPTED || g->verdict == GUESS_CUT);
    if (g->verdict == GUESS_ACCEPTED)
        expect_int(out->ids.id[at], g->id);
    if (at >= out->ids.count)
        expect_int(g->verdict, GUESS_CUT);
    if (truth != NULL && at < known)
        expect_int(truth[at], g->id);
    return true;
}

/* The ids of a round, at answer index at: guesses that stand, then one more or none. */
static inline int recount_round(const Round *r, const Generated *out, int at,
                                const int *truth, int known)
{
    const Acceptance *a = &out->acceptance;
    int stand = 0, accepted = 0;
    bool stands = true;

    for (int i = 0; i < r->guesses; i++) {
        const Guess *g = &a->guess[r->guess + i];

        stands = recount_guess(g, out, at + i, stands, truth, known);
        stand += stands;
        accepted += g->verdict == GUESS_ACCEPTED;
        if (stands && i < r->emitted)
            expect_int(a->emitted[r->emit + i], g->id);
        if (truth != NULL && !stands && i == stand && at + i < known)
            expect(truth[at + i] != g->id);
    }
    expect_int(r->accepted, accepted);
    expect(r->emitted >= 1 && r->emitted <= stand + 1);
    if (out->reason != STOP_EOS)
        expect(r->emitted >= stand);
    for (int i = 0; i < r->emitted; i++)
        if (at + i < out->ids.count)
            expect_int(a->emitted[r->emit + i], out->ids.id[at + i]);
    return accepted;
}

/* Letters of the text that stand before each guess say which of them a stop string cut. */
static inline void recount_cut(const Generated *out, const Tokenizer *tokenizer,
                               const int *prompt, int count)
{
    const Acceptance *a = &out->acceptance;
    Ids ids = {0};
    Text text = {0};
    size_t before;

    for (int i = 0; i < count; i++)
        ids_add(&ids, prompt[i]);
    tokenizer_decode(&text, tokenizer, ids.id, ids.count, true);
    before = text.length;
    for (int r = 0, at = 0; r < a->rounds; at += a->round[r++].emitted)
        for (int i = 0; i < a->round[r].guesses; i++) {
            const Guess *g = &a->guess[a->round[r].guess + i];
            bool inside;

            if (g->verdict != GUESS_ACCEPTED && g->verdict != GUESS_CUT)
                break;
            ids.count = count;
            for (int j = 0; j < at + i && j < out->ids.count; j++)
                ids_add(&ids, out->ids.id[j]);
            text_clear(&text);
            tokenizer_decode(&text, tokenizer, ids.id, ids.count, true);
            inside = at + i < out->ids.count
                  && text.length - before < out->text.length;
            expect_int(g->verdict, inside ? GUESS_ACCEPTED : GUESS_CUT);
        }
    ids_free(&ids);
    text_free(&text);
}

static inline void recount(const Generated *out, const Tokenizer *tokenizer,
                           const int *prompt, int count, const int *truth, int known)
{
    const Acceptance *a = &out->acceptance;
    int at = 0, guesses = 0, accepted = 0, judged = 0;
    PlaceCount sum = {0};

    for (int r = 0; r < a->rounds; r++) {
        expect_int(a->round[r].guess, guesses);
        expect_int(a->round[r].emit, at);
        accepted += recount_round(&a->round[r], out, at, truth, known);
        guesses += a->round[r].guesses;
        at += a->round[r].emitted;
    }
    expect_int(a->guesses, guesses);
    expect_int(a->emits, at);
    expect_int(a->accepted, accepted);
    if (out->reason == STOP_LENGTH || out->reason == STOP_EOS)
        expect_int(at, out->ids.count);
    if (out->reason == STOP_STRING)
        recount_cut(out, tokenizer, prompt, count);
    for (int i = 0; i < a->guesses; i++)
        judged += a->guess[i].verdict != GUESS_UNREAD;
    for (int place = 0; place < DRAFT_MOST; place++) {
        PlaceCount here = acceptance_at(a, place);

        sum.proposed += here.proposed;
        sum.judged += here.judged;
        sum.accepted += here.accepted;
        expect(here.accepted <= here.judged && here.judged <= here.proposed);
    }
    expect(sum.proposed == guesses && sum.judged == judged && sum.accepted == accepted);
    expect(a->passes <= a->rounds && a->passes + 1 >= a->rounds);
}

#endif
