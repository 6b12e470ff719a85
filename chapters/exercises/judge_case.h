/* judge_case.h - what the judge's own two files share; keys do not include it */
#ifndef JUDGE_CASE_H
#define JUDGE_CASE_H

#include <setjmp.h>

#include "base/utf8.h"
#include "chapters/exercises/judge.h"

/* Every array begins as these bytes: as a float 1.54e16, as a double 1.1e127, as an
 * int 1515870810. Large, so that a sum that was never set to zero shows. */
#define JUDGE_RUBBISH 0x5A

typedef struct CaseArray CaseArray;

struct Case {
    uint64_t seed;                  /* 0 for the visible ones                */
    int number;
    bool hidden;
    uint32_t draws;                 /* random numbers taken so far           */
    CaseArray *arrays;              /* the last one made                     */
    Text says;
    jmp_buf over;                   /* where a difference ends the case      */
};

typedef struct {                    /* the first difference                  */
    const char *what;               /* "x_turned"                            */
    int index, n;                   /* index -1: not an array                */
    int wrong;                      /* how many of n are wrong               */
    char want[400], got[400];       /* as a person reads them                */
    uint64_t ulps;                  /* floats: how many steps lie between    */
    const char *guess;              /* NULL: none                            */
} Difference;

/* Reports it and ends the case. */
_Noreturn void judge_fail(Case *c, const Difference *difference);

#endif
