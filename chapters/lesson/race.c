/* race.c - the race of the merges as it was seen, kept to be looked at again
 *
 *      tokenizer_encode_observed ──► piece   "Ġupon"
 *                                    symbol  Ġ  u  p  o  n         the row
 *                                    merge   o+n, its rank         Ġ u p on
 *                                    merge   Ġ+u, its rank         Ġu p on
 *                                    …
 *                     the very steps of src/text/bpe.c, in its order
 *                                         │
 *                                         ▼
 *      race_judge: before each step, all pairs of the row are looked at:
 *
 *          was it the one that comes first in the list, of equals the leftmost?
 *          and when the race is over: is no pair left that is in the list?
 *
 * bpe.c is fast because it does not look at all pairs: it keeps them in a heap, with
 * entries that have gone stale, and a linked list. Nothing of that is needed to
 * say whether it did right. The judge takes the slow and obvious way, and asks the
 * list of merges by tokenizer_rank.
 *
 * Read next: chapters/chapter01_tokenizer.c.
 */
#include "chapters/lesson/race.h"

#include <string.h>

static void saw_piece(void *context, const char *piece, size_t length)
{
    Race *r = context;

    if (r->pieces == r->piece_room) {
        r->piece_room = 2 * r->piece_room + 16;
        r->piece = memory_grow(r->piece, (size_t)r->piece_room * sizeof *r->piece);
    }
    r->piece[r->pieces++] = (RacePiece){ r->text.length, length, r->symbol.count, 0,
                                         r->steps, 0 };
    text_add(&r->text, piece, length);
}

static void saw_symbol(void *context, int id)
{
    Race *r = context;

    ids_add(&r->symbol, id);
    r->piece[r->pieces - 1].symbols++;
}

static void saw_merge(void *context, int place, int rank, int left, int right,
                      int merged)
{
    Race *r = context;

    if (r->steps == r->step_room) {
        r->step_room = 2 * r->step_room + 16;
        r->step = memory_grow(r->step, (size_t)r->step_room * sizeof *r->step);
    }
    r->step[r->steps++] = (RaceStep){ place, rank, left, right, merged };
    r->piece[r->pieces - 1].steps++;
}

void race_run(Race *race, const Tokenizer *t, const char *text, size_t length)
{
    const BpeObserver observer = { saw_piece, saw_symbol, saw_merge, race };

    text_clear(&race->text);
    race->symbol.count = race->ids.count = 0;
    race->steps = race->pieces = 0;
    tokenizer_encode_observed(&race->ids, t, text, length, false, &observer);
}

void race_free(Race *race)
{
    text_free(&race->text);
    ids_free(&race->symbol);
    ids_free(&race->ids);
    memory_give_back(race->step);
    memory_give_back(race->piece);
    *race = (Race){0};
}

char *race_piece(const Race *race, int piece)
{
    const RacePiece *p = &race->piece[piece];

    return memory_text(p->length > 0 ? race->text.bytes + p->begin : "", p->length);
}

void race_begin(RaceRow *row, const Race *race, int piece)
{
    const RacePiece *p = &race->piece[piece];

    row->id.count = row->place.count = 0;
    for (int i = 0; i < p->symbols; i++) {
        ids_add(&row->id, race->symbol.id[p->symbol + i]);
        ids_add(&row->place, i);
    }
}

bool race_merge(RaceRow *row, const RaceStep *step)
{
    int at = 0, n = row->id.count;

    while (at < n && row->place.id[at] != step->place)
        at++;
    if (at + 1 >= n || row->id.id[at] != step->left
        || row->id.id[at + 1] != step->right)
        return false;
    row->id.id[at] = step->merged;
    memmove(row->id.id + at + 1, row->id.id + at + 2,
            (size_t)(n - at - 2) * sizeof(int));
    memmove(row->place.id + at + 1, row->place.id + at + 2,
            (size_t)(n - at - 2) * sizeof(int));
    row->id.count = row->place.count = n - 1;
    return true;
}

int race_best(int *rank, const RaceRow *row, const Tokenizer *t)
{
    int best = -1;

    *rank = -1;
    for (int i = 0; i + 1 < row->id.count; i++) {
        int here = tokenizer_rank(t, row->id.id[i], row->id.id[i + 1]);

        if (here >= 0 && (*rank < 0 || here < *rank)) {
            *rank = here;
            best = i;
        }
    }
    return best;
}

void race_row_free(RaceRow *row)
{
    ids_free(&row->id);
    ids_free(&row->place);
}

/* A piece that is a token as a whole (ignore_merges) does not race. */
void race_judge(RaceVerdict *v, const Race *race, const Tokenizer *t)
{
    RaceRow row = {0};
    Ids ids = {0};

    for (int p = 0; p < race->pieces; p++) {
        const RacePiece *piece = &race->piece[p];
        int rank, best;

        race_begin(&row, race, p);
        for (int s = 0; s < piece->steps; s++) {
            const RaceStep *step = &race->step[piece->step + s];

            best = race_best(&rank, &row, t);
            v->not_best += rank < 0 || rank != step->rank
                        || row.place.id[best] != step->place
                        || !race_merge(&row, step);
        }
        race_best(&rank, &row, t);
        v->unfinished += rank >= 0;
        v->merges += piece->steps;
        for (int i = 0; i < row.id.count; i++)
            ids_add(&ids, row.id.id[i]);
    }
    v->pieces += race->pieces;
    v->other_ids += ids.count != race->ids.count
                 || (ids.count > 0 && memcmp(ids.id, race->ids.id,
                                             (size_t)ids.count * sizeof(int)) != 0);
    ids_free(&ids);
    race_row_free(&row);
}
