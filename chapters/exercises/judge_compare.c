/* judge_compare.c - the first difference, how far apart, and a guess at why
 *
 *      got   0.84147096   0.90929741   0.14112000  …       the pupil's
 *      want  0.84147096   0.90929747   0.14112000  …       the engine's
 *                             │
 *                             ▼
 *             index 1, 1 ulp apart, "right up to the last bits: …"
 *
 * Bits are compared, not values within a tolerance: the engine promises the same bits
 * everywhere, so there is one right answer, and a sum in another order is not it.
 * (Two NaNs are the same here: which of the many NaNs comes out is up to the machine.)
 *
 * An ulp, a unit in the last place, is the step from one float to the next. Floats
 * of one sign are in the order of their bits, so that the distance of two is a
 * subtraction of integers:
 *
 *      bits      …3F800000  3F800001  3F800002…        negative ones run the other
 *      value     …1.0       1.0000001 1.0000002…       way and are turned round
 *
 * A person who got 1 ulp wrong has another problem than one who got 4 million wrong,
 * and what they did often shows in the numbers: all signs turned, all one place too
 * far, nothing written at all. Such faults are tried one after another, the key's own
 * first; the first that explains what is there is the guess. It is called a guess,
 * because several faults can look alike.
 *
 * Read next: chapters/exercises/MAKING.md.
 */
#include <math.h>               /* isnan, fabs                               */
#include <stdio.h>
#include <string.h>

#include "chapters/exercises/judge_case.h"

typedef enum { FLOATS, DOUBLES, INTS, BYTES } Kind;

typedef struct {
    Kind kind;
    const void *got, *want;
    int n;
    int first;                      /* index of the first difference         */
} Pair;

static size_t size_of(Kind kind)
{
    static const size_t sizes[] = { sizeof(float), sizeof(double), sizeof(int), 1 };

    return sizes[kind];
}

static const void *element(Kind kind, const void *x, int i)
{
    return (const unsigned char *)x + (size_t)i * size_of(kind);
}

/* Every kind fits into a double without loss. */
static double value(Kind kind, const void *x, int i)
{
    return kind == FLOATS ? (double)((const float *)x)[i]
         : kind == DOUBLES ? ((const double *)x)[i]
         : kind == INTS ? ((const int *)x)[i] : ((const unsigned char *)x)[i];
}

static bool same(Kind kind, const void *x, const void *y, int i)
{
    if (kind <= DOUBLES && isnan(value(kind, x, i)) && isnan(value(kind, y, i)))
        return true;
    return memcmp(element(kind, x, i), element(kind, y, i), size_of(kind)) == 0;
}

/* The bits as a whole number that grows with the value. */
static uint64_t ladder(Kind kind, const void *x, int i)
{
    uint32_t single;
    uint64_t bits;

    if (kind == FLOATS) {
        memcpy(&single, element(kind, x, i), sizeof single);
        return single >> 31 ? (uint64_t)0x80000000u - (single & 0x7FFFFFFFu)
                            : (uint64_t)0x80000000u + single;
    }
    memcpy(&bits, element(kind, x, i), sizeof bits);
    return bits >> 63 ? ((uint64_t)1 << 63) - (bits & ~((uint64_t)1 << 63))
                      : ((uint64_t)1 << 63) + bits;
}

static uint64_t distance(const Pair *p)
{
    uint64_t a, b;

    if (p->kind > DOUBLES || isnan(value(p->kind, p->got, p->first))
        || isnan(value(p->kind, p->want, p->first)))
        return 0;
    a = ladder(p->kind, p->got, p->first);
    b = ladder(p->kind, p->want, p->first);
    return a > b ? a - b : b - a;
}

/* ---- typical faults, as questions to a pair */

static bool all_rubbish(const Pair *p, int i)
{
    const unsigned char *x = element(p->kind, p->got, i);

    for (size_t b = 0; b < size_of(p->kind); b++)
        if (x[b] != JUDGE_RUBBISH)
            return false;
    return true;
}

/* got_i = factor · want_{i + step}, wherever both exist. */
static bool related(const Pair *p, double factor, int step)
{
    int from = step < 0 ? -step : 0, to = step > 0 ? p->n - step : p->n;

    for (int i = from; i < to; i++)
        if (value(p->kind, p->got, i) != factor * value(p->kind, p->want, i + step))
            return false;
    return to - from >= (step != 0 ? 3 : 1);
}

static bool turned_round(const Pair *p)
{
    for (int i = 0; i < p->n; i++)
        if (value(p->kind, p->got, i) != value(p->kind, p->want, p->n - 1 - i))
            return false;
    return p->n >= 3;
}

/* Does f explain the first wrong element and, of those that are wrong in got or in f,
 * at least half? One number alone may meet by chance. */
static bool explains_most(const Pair *p, const Fault *f)
{
    int wrong = 0, explained = 0;

    for (int i = 0; i < p->n; i++)
        if (!same(p->kind, p->got, p->want, i) || !same(p->kind, f->values, p->want, i)) {
            wrong++;
            explained += same(p->kind, p->got, f->values, i);
        }
    return same(p->kind, p->got, f->values, p->first) && 2 * explained >= wrong;
}

/* The key's own: first one that explains every element, then one that explains most
 * (floats only: small whole numbers meet by chance). */
static const char *guess_of_key(const Pair *p, const Fault *faults)
{
    for (const Fault *f = faults; f != NULL && f->values != NULL; f++) {
        int i = 0;

        while (i < p->n && same(p->kind, p->got, f->values, i))
            i++;
        if (i == p->n)
            return f->guess;
    }
    for (const Fault *f = faults; f != NULL && f->values != NULL; f++)
        if (p->kind <= DOUBLES && value(p->kind, p->got, p->first) != 0
            && explains_most(p, f))
            return f->guess;
    return NULL;
}

static const char *guess_of_values(const Pair *p)
{
    double got = value(p->kind, p->got, p->first);
    double want = value(p->kind, p->want, p->first);

    if (all_rubbish(p, p->first))
        return "your function never writes this element: it is the rubbish that was there "
               "before";
    if (isnan(got))
        return "a NaN: 0/0, infinity minus infinity, the root of a negative number, or a "
               "sum that met one";
    if (isinf(got))
        return "an infinity: a division by zero, or a number that grew too large";
    if (related(p, 0, 0))
        return "all zeros: is the result put where it belongs?";
    if (related(p, -1, 0))
        return "every sign is the wrong way round";
    if (related(p, 1, -1) || related(p, 1, 1))
        return "everything is one place too far: look at where the index begins";
    if (related(p, 2, 0) || related(p, 0.5, 0))
        return "everything is twice or half of what it should be";
    if (turned_round(p))
        return "the order is turned round: the last comes first";
    if (p->kind <= DOUBLES && got == 0 && want == 0)
        return "a zero with the wrong sign: 0 and -0 are different bits";
    if (p->kind <= DOUBLES && distance(p) <= 16)
        return "right up to the last bits: look at the order of the operations, at fmaf, "
               "and at what is float and what is double";
    if (p->kind == INTS && (got == want + 1 || got == want - 1))
        return "one too many, or one too few";
    return NULL;
}

/* ---- what a person reads */

static void show(char *text, size_t room, const Pair *p, const void *x)
{
    double v = value(p->kind, x, p->first);
    uint64_t bits = 0;

    memcpy(&bits, element(p->kind, x, p->first), size_of(p->kind));
    if (p->kind == INTS)
        snprintf(text, room, "%.0f", v);
    else if (p->kind == BYTES)
        snprintf(text, room, v >= 32 && v < 127 ? "0x%02X '%c'" : "0x%02X", (unsigned)bits,
                 (int)bits);
    else if (distance(p) > 0 && distance(p) < 1000)
        snprintf(text, room, "%.*g (bits 0x%0*llx)", p->kind == FLOATS ? 9 : 17, v,
                 p->kind == FLOATS ? 8 : 16, (unsigned long long)bits);
    else
        snprintf(text, room, "%.*g", p->kind == FLOATS ? 9 : 17, v);
}

/* Nothing happens when all n are the same; else the case ends here. */
static void compare(Case *c, const char *what, Pair p, const Fault *faults)
{
    Difference d = { .what = what, .n = p.n };

    for (int i = p.n - 1; i >= 0; i--)
        if (!same(p.kind, p.got, p.want, i)) {
            p.first = i;
            d.wrong++;
        }
    if (d.wrong == 0)
        return;
    d.index = p.first;
    d.ulps = distance(&p);
    show(d.want, sizeof d.want, &p, p.want);
    show(d.got, sizeof d.got, &p, p.got);
    d.guess = guess_of_key(&p, faults);
    if (d.guess == NULL)
        d.guess = guess_of_values(&p);
    judge_fail(c, &d);
}

void case_floats(Case *c, const char *what, const float *got, const float *want,
                 int n, const Fault *faults)
{
    compare(c, what, (Pair){ FLOATS, got, want, n, 0 }, faults);
}

void case_doubles(Case *c, const char *what, const double *got, const double *want,
                  int n, const Fault *faults)
{
    compare(c, what, (Pair){ DOUBLES, got, want, n, 0 }, faults);
}

void case_ints(Case *c, const char *what, const int *got, const int *want, int n,
               const Fault *faults)
{
    compare(c, what, (Pair){ INTS, got, want, n, 0 }, faults);
}

void case_bytes(Case *c, const char *what, const void *got, const void *want,
                int n, const Fault *faults)
{
    compare(c, what, (Pair){ BYTES, got, want, n, 0 }, faults);
}

void case_int(Case *c, const char *what, long long got, long long want,
              const char *guess)
{
    Difference d = { .what = what, .index = -1, .guess = guess };

    if (got == want)
        return;
    snprintf(d.want, sizeof d.want, "%lld", want);
    snprintf(d.got, sizeof d.got, "%lld", got);
    if (guess == NULL && (got == want + 1 || got == want - 1))
        d.guess = "one too many, or one too few";
    judge_fail(c, &d);
}

bool case_near(double a, double b, double share)
{
    return a == b || fabs(a - b) <= share * fabs(b);
}

const char *case_slip(const Slip *slips, int question, double said, double share,
                      const char *otherwise)
{
    for (; slips->guess != NULL; slips++)
        if (slips->question == question && case_near(said, slips->value, share))
            return slips->guess;
    return otherwise;
}

void case_answer(Case *c, double got, bool right, const char *guess)
{
    Difference d = { .what = "your answer", .index = -1, .guess = guess,
                     .want = "another number" };

    if (right)
        return;
    snprintf(d.got, sizeof d.got, "%.10g", got);
    judge_fail(c, &d);
}

/* In quotes; what cannot be seen as \n, \xE2 or "no text (NULL)"; the part around
 * the first difference when it is long. */
static void quote(char *out, size_t room, const char *text, size_t from)
{
    size_t used = 0, tail = 8;

    if (text == NULL) {
        snprintf(out, room, "no text (NULL)");
        return;
    }
    used += (size_t)snprintf(out, room, "%s\"", from > 0 ? "… " : "");
    for (const char *s = text + from; *s != '\0' && used + tail < room; s++) {
        unsigned char b = (unsigned char)*s;

        used += (size_t)(b == '\n' ? snprintf(out + used, room - used, "\\n")
              : b < 32 || b == 127 || (b >= 128 && utf8_check(text, strlen(text)) < strlen(text))
                  ? snprintf(out + used, room - used, "\\x%02X", b)
                  : snprintf(out + used, room - used, "%c", b));
    }
    snprintf(out + used, room - used, "\"");
}

void case_text(Case *c, const char *what, const char *got, const char *want)
{
    Difference d = { .what = what, .index = -1 };
    size_t at = 0;

    if (got != NULL && strcmp(got, want) == 0)
        return;
    while (got != NULL && got[at] == want[at])
        at++;
    at = at > 100 ? at - 60 : 0;
    while (at > 0 && ((unsigned char)want[at] & 0xC0) == 0x80)
        at--;                           /* not into the middle of a character */
    quote(d.want, sizeof d.want, want, at);
    quote(d.got, sizeof d.got, got, at);
    if (got != NULL && got[0] == JUDGE_RUBBISH && got[1] == JUDGE_RUBBISH)
        d.guess = "your function never writes the text: it is the rubbish that was there "
                  "before";
    judge_fail(c, &d);
}
