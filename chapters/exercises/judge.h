/* judge.h - what an exercise's key needs: cases, arrays with fences, comparing
 *
 * Rules of use:
 * 1. A key (NN_name.key.c) defines one `const Exercise exercise`. judge.c has the
 *    main() that runs it; both are linked with the pupil's file and the engine.
 * 2. A case is a function of (seed, number): all that is random in it comes from
 *    case_…, so that --seed S --case N is the same case again, in a debugger too.
 *    The first `visible` cases do not depend on the seed: they are the small ones
 *    that a pupil can follow by hand.
 * 3. The key makes the input, calls the pupil's function, calls the engine's, and
 *    compares: bits, not tolerances. The first difference ends the case; it is
 *    reported with the guess of the first Fault whose values are the pupil's.
 * 4. Every array that a pupil's function writes comes from case_array: it lies
 *    between fences (AddressSanitizer sees one step too far) and begins as rubbish,
 *    the same rubbish everywhere, so that what was never written shows.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "base/base.h"

typedef struct Case Case;           /* judge.c                               */

typedef struct {
    const char *stop;               /* the pupil's function: "my_rope_turn"; where
                                       the debugger stops. Predict: NULL     */
    bool each;                      /* it is called once for each element that is
                                       compared, in their order: the debugger lets
                                       those before the wrong one pass       */
    int visible, hidden;            /* how many cases of each                */
    void (*run)(Case *c);           /* one case                              */
    void (*race)(Case *c);          /* Race only: one large case, not compared;
                                       calls judge_race                      */
} Exercise;

extern const Exercise exercise;     /* the key's                             */

/* What the program says on stderr, with exit status 5, when its report is lost. */
#define JUDGE_NO_REPORT "the judge's report cannot be written"

/* ---- making a case */

int case_number(const Case *c);     /* 0, 1, …; visible ones first           */
bool case_hidden(const Case *c);    /* (in race too: 0 and false)            */
uint32_t case_random(Case *c);                      /* 32 bits               */
int case_between(Case *c, int low, int high);       /* both included         */
void case_fill(Case *c, float *x, int n);           /* in [-1, 1)            */
void *case_array(Case *c, int count, size_t size);  /* rubbish; freed behind the
                                                       case; count may be 0  */
/* What this case is: "R = 6, position 3, x = 1 2 3 4 5 6". Shown when it fails, or
 * when the pupil's function crashes, so say it before you call that. May be called
 * several times: the texts follow one another as they are, blanks and commas too.
 * case_shows puts its array on a line of its own. */
void case_says(Case *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void case_shows(Case *c, const char *name, const float *x, int n);  /* the first 8 */
/* Where the debugger stops in this case, when it is not exercise.stop: the other one
 * of two functions. */
void case_stops(Case *c, const char *function);

/* ---- comparing: got is the pupil's, want the engine's; [n] */

typedef struct {                    /* what a typical mistake would give     */
    const void *values;             /* [n], the type that is compared        */
    const char *guess;              /* "you turned x_0 with x_1: these files pair
                                       x_0 with x_{R/2}"                     */
} Fault;                            /* a list ends with { NULL, NULL }       */

/* what: "x_turned". Guesses that hold for every exercise (never written, one step
 * shifted, wrong sign, last bit only, twice as large, a NaN) are the judge's own. */
void case_floats(Case *c, const char *what, const float *got, const float *want,
                 int n, const Fault *faults);
void case_doubles(Case *c, const char *what, const double *got, const double *want,
                  int n, const Fault *faults);
void case_ints(Case *c, const char *what, const int *got, const int *want, int n,
               const Fault *faults);
void case_bytes(Case *c, const char *what, const void *got, const void *want,
                int n, const Fault *faults);
/* A single whole number, or yes and no. */
void case_int(Case *c, const char *what, long long got, long long want,
              const char *guess);
/* The same but for so large a share of b; 0: equal. */
bool case_near(double a, double b, double share);
/* A Predict's typical wrong numbers, and what to say to them; a list ends with
 * { 0, 0, NULL }. case_slip: of the one that was said, else otherwise. */
typedef struct { int question; double value; const char *guess; } Slip;
const char *case_slip(const Slip *slips, int question, double said, double share,
                      const char *otherwise);
/* A Predict's number; the right one is not told. */
void case_answer(Case *c, double got, bool right, const char *guess);
/* A text, as a person sees it; NULL for got is a fault of its own. */
void case_text(Case *c, const char *what, const char *got, const char *want);

/* ---- racing */

/* Time work(arg) often enough to be sure; named "yours", "the textbook", … */
void judge_race(Case *c, const char *name, void (*work)(void *arg), void *arg);

#endif
