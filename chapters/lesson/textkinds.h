/* textkinds.h - a story, a repetition and random words: the same draft on each, K from
 * 0 to 8
 *
 * Rules of use: textkinds_run measures, textkinds_show is part 3 of chapter07_speculative;
 * the seconds are for payoff.h. Counts are the same on every machine.
 */
#ifndef TEXTKINDS_H
#define TEXTKINDS_H

#include "base/memory.h"
#include "chapters/lesson/guessers.h"
#include "chapters/lesson/pictures.h"

#define KINDS 3
#define MOST_K 8

typedef struct {                    /* one text with one K                   */
    bool made;
    int tokens, passes;
    int proposed, judged, accepted;
    double seconds;                 /* of writing; the best                  */
} KindRun;

typedef struct {
    const char *key;                /* "story"                               */
    Ids prompt;
    SamplingConfig sampling;
    KindRun run[MOST_K + 1];        /* [0]: nobody guesses                   */
    int judged, accepted;           /* over all K                            */
    double alpha;                   /* accepted / judged                     */
} TextKind;

typedef struct {
    TextKind kind[KINDS];
    int who;                        /* guesses                               */
    double story_alpha[GUESSERS];   /* everybody's on the story: show_who    */
} TextKinds;

/* wish: prompt and settings of the story; the others have their own. repeats: texts of
 * each, for the clock. large: only K = 0, 1, 2, 4, 8. */
bool textkinds_run(TextKinds *t, Guessers *all, const Wish *wish, int repeats, bool large,
                   Error *error);
void textkinds_free(TextKinds *t);

/* "alpha", "story", "repeat", "random", and everybody's share at wish->K: "who". */
void textkinds_show(Lesson *l, Arena *arena, const TextKinds *t);
bool textkinds_show_who(Lesson *l, Arena *arena, TextKinds *t, Guessers *all,
                        const Wish *wish, Error *error);

#endif
