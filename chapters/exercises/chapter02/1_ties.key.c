/* 1_ties.key.c - the key of exercise 02.1: narrowing, seen as numbers again
 *
 *      x [n] ──► my_f32_to_bf16 ──► my_drop_bits ──┐
 *        │                                         ├──► widened, compared
 *        └─────► f32_to_bf16 (halffloat.c) ────────┘
 *
 * The pupil's function is called through the two narrowings that the skeleton
 * holds, so what is compared are numbers: "1.0078125 instead of 1" says more than
 * two patterns of bits. f16 takes 13 bits off where bf16 takes 16, so a function
 * that knows the 16 by heart does not pass.
 *
 * Half of the hidden numbers are made into exact ties: at random they would be one
 * in 65536.
 *
 * Read next: src/numbers/halffloat.c.
 */
#include "chapters/exercises/chapter02/tasks.h"
#include "chapters/exercises/judge.h"
#include "numbers/halffloat.h"      /* the engine's                          */


#define N 16

typedef struct {                    /* one of the two formats                */
    const char *name;
    uint16_t (*mine)(float x), (*engine)(float x);
    float (*widen)(uint16_t h);
    int low;                        /* bits that go                          */
    uint32_t from, to;              /* |x| as bits: inside of the format     */
} Narrow;

static float widen_f16(uint16_t h) { return f16_to_f32(h); }
static float widen_bf16(uint16_t h) { return bf16_to_f32(h); }

static const Narrow bf16 = { "bf16", my_f32_to_bf16, f32_to_bf16, widen_bf16,
                             16, 0, 0x7F800000 };
static const Narrow f16 = { "f16", my_f32_to_f16, f32_to_f16, widen_f16,
                            13, 0x38800000, 0x477FE000 };

/* x narrowed by the rule that ties go where the last place added says:
 * half of the step, one less, or nothing at all. */
static float narrow_by(const Narrow *f, float x, uint32_t add)
{
    uint32_t bits = f32_bits(x), kept = (bits & 0x7FFFFFFF) + add;

    kept = kept >> f->low << f->low;
    return f32_of_bits(kept | (bits & 0x80000000));
}

static void compare(Case *c, const Narrow *f, const float *x, int n)
{
    float got[N], want[N], cut[N], up[N], down[N], odd[N], always[N];
    uint32_t half = 1u << (f->low - 1);

    for (int i = 0; i < n; i++) {
        got[i] = f->widen(f->mine(x[i]));
        want[i] = f->widen(f->engine(x[i]));
        cut[i] = narrow_by(f, x[i], 0);
        up[i] = narrow_by(f, x[i], half);
        down[i] = narrow_by(f, x[i], half - 1);
        odd[i] = narrow_by(f, x[i], half - (f32_bits(x[i]) >> f->low & 1));
        always[i] = narrow_by(f, x[i], 2 * half - 1);
    }
    const Fault faults[] = {
        { cut, "the bits are cut off: every number moves towards zero" },
        { up, "ties always go up: you add half, whether the last bit that stays "
              "is even or odd" },
        { down, "ties always go down: you add one less than half, whether the last "
                "bit that stays is even or odd" },
        { odd, "ties go to the odd neighbour: the last bit that stays has the "
               "opposite effect" },
        { always, "rounded up whenever anything is dropped: add only half" },
        { NULL, NULL },
    };
    case_floats(c, f->name, got, want, n, faults);
}

/* A number of the format's range; every other one lies exactly between two. */
static float random_number(Case *c, const Narrow *f, int i)
{
    uint32_t bits = f->from + case_random(c) % (f->to - f->from);

    if (i % 2 == 0)
        bits = (bits >> f->low << f->low) | 1u << (f->low - 1);
    return f32_of_bits(bits | (case_random(c) & 0x80000000));
}

static void run(Case *c)
{
    static const float small[][4] = {
        { 1, 1.00390625f, 1.01171875f, 2.71828175f },
        { -1.00390625f, -1.01171875f, 1.99609375f, 3.4028235e38f },
        { 1.00048828f, 1.00146484f, 0.333333343f, 65503 },
    };
    const Narrow *f = case_number(c) % 3 == 2 ? &f16 : &bf16;
    float x[N];
    int n = case_hidden(c) ? N : 4;

    for (int i = 0; i < n; i++)
        x[i] = case_hidden(c) ? random_number(c, f, i) : small[case_number(c)][i];
    case_says(c, "%s: %d bits go", f->name, f->low);
    case_shows(c, "x", x, n);
    compare(c, f, x, n);
}

const Exercise exercise = {
    .stop = "my_drop_bits", .each = true, .visible = 3, .hidden = 24, .run = run,
};
