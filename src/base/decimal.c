/* decimal.c - the double nearest to a decimal number, and digits of a double
 *
 *      "-0.0123e-4"
 *          │  split
 *          ▼
 *      sign −    digits 123    power of ten −8
 *          │
 *          │  as a fraction of two whole numbers, exactly
 *          ▼
 *        123          numerator, a whole number of up to 4096 bits
 *      ───────
 *        10^8         denominator
 *          │
 *          │  shifted until 1 ≤ numerator / denominator < 2; s counts the shifts
 *          ▼
 *      1.010010100…   one bit per comparison: long division as at school,
 *      └─ 53 bits ─┘  only that each digit is 0 or 1
 *          │
 *          │  what is left decides the rounding
 *          ▼
 *      the double
 *
 * The C library could read numbers, but strtod obeys the locale: where the point
 * is a comma it reads "0.5" as 0, and a model computes nonsense in Germany. The
 * usual quick ways round twice and are wrong in the last bit now and then. Whole
 * numbers are never wrong; they are slow (some microseconds), and a config has
 * twenty numbers.
 *
 *      value = digits · 10^e = (n / d) · 2^s,   1 ≤ n / d < 2             (1)
 *      bits that fit:  53,  or  1075 + s where s < -1022 (subnormal)      (2)
 *
 * Numbers halfway between two doubles go to the one whose last bit is 0. Which
 * side of halfway a number lies on is seen from its first 768 digits and from
 * whether anything but zeros follows: no halfway point has more digits.
 *
 * Source: IEEE 754-2019, section 5.12.2. Read next: base/options.c,
 * files/json_query.c.
 */
#include "base/decimal.h"

#include <math.h>       /* ldexp: exact here; signbit, isfinite             */
#include <stdio.h>      /* snprintf: correctly rounded digits               */
#include <stdlib.h>     /* atoi: the exponent that snprintf wrote           */
#include <string.h>     /* memcpy, strchr                                   */

#define BIG_WORDS 128   /* 4096 bits: 10^1115 has 3705, and 64 to shift     */
#define DIGITS 768      /* significant digits that can matter               */
#define TEN_MAX 310     /* 10^310 and above is infinite …                   */
#define TEN_MIN -345    /* … and below 10^-345 is nothing                   */

typedef struct {
    uint32_t word[BIG_WORDS];   /* least significant first                  */
    int count;                  /* words in use; the last one is not 0      */
} Big;

/* big = big · factor + addend */
static void big_multiply(Big *big, uint32_t factor, uint32_t addend)
{
    uint64_t carry = addend;

    for (int i = 0; i < big->count; i++) {
        carry += (uint64_t)big->word[i] * factor;
        big->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry > 0) {
        must(big->count < BIG_WORDS, "a number of %d words", big->count + 1);
        big->word[big->count++] = (uint32_t)carry;
    }
}

static void big_power_of_ten(Big *big, int power)
{
    for (; power >= 9; power -= 9)
        big_multiply(big, 1000000000u, 0);
    for (; power > 0; power--)
        big_multiply(big, 10, 0);
}

static void big_shift(Big *big, int bits)
{
    for (; bits >= 31; bits -= 31)
        big_multiply(big, 1u << 31, 0);
    big_multiply(big, 1u << bits, 0);
}

/* Position of the highest bit that is set, from 1; big > 0. */
static int big_bits(const Big *big)
{
    int bits = 32 * (big->count - 1);

    for (uint32_t top = big->word[big->count - 1]; top > 0; top >>= 1)
        bits++;
    return bits;
}

static int big_compare(const Big *a, const Big *b)
{
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (int i = a->count - 1; i >= 0; i--)
        if (a->word[i] != b->word[i])
            return a->word[i] < b->word[i] ? -1 : 1;
    return 0;
}

/* a = a - b, a >= b */
static void big_subtract(Big *a, const Big *b)
{
    uint64_t borrow = 0;

    for (int i = 0; i < a->count; i++) {
        uint64_t less = (i < b->count ? b->word[i] : 0) + borrow;

        borrow = a->word[i] < less;
        a->word[i] = (uint32_t)(a->word[i] - less);
    }
    while (a->count > 0 && a->word[a->count - 1] == 0)
        a->count--;
}

/* The double nearest to n / d, both above 0, equations (1) and (2).
 * Cost: up to 54 comparisons, subtractions and doublings of whole numbers. */
static double nearest_quotient(Big *n, Big *d)
{
    int s = big_bits(n) - big_bits(d), fit, side;
    uint64_t bits = 0;

    big_shift(s < 0 ? n : d, s < 0 ? -s : s);
    if (big_compare(n, d) < 0)
        big_shift(n, 1), s--;
    fit = s < -1022 ? 1075 + s : 53;
    if (fit < 0)
        return 0;               /* less than half of the smallest double    */
    for (int i = 0; i < fit; i++) {
        bool one = big_compare(n, d) >= 0;

        if (one)
            big_subtract(n, d);
        big_shift(n, 1);
        bits = 2 * bits + one;
    }
    side = big_compare(n, d);   /* n was doubled: 1 is half of the last bit */
    bits += side > 0 || (side == 0 && bits % 2 == 1);
    return ldexp((double)bits, s - fit + 1);
}

/* The exponent behind 'e'; 0 where there is none; cut where it stops to matter
 * (so that "1e99999999999" does not wrap round to something harmless). */
static int64_t read_exponent(const char *text, size_t length)
{
    bool negative = length > 0 && text[0] == '-';
    int64_t sum = 0;

    for (size_t i = length > 0 && (negative || text[0] == '+'); i < length; i++)
        if (sum < INT64_C(1000000000000))
            sum = sum * 10 + (text[i] - '0');
    return negative ? -sum : sum;
}

/* The digits of text, without point, sign, exponent and leading zeros, into
 * digits (empty: the number is zero).
 *
 *   returns  the power of ten that they are to be multiplied by; the digits that
 *            do not fit are told by a last digit 1 if one of them is not 0
 */
static int64_t read_digits(Big *digits, int *kept, const char *text,
                           size_t length)
{
    bool point = false, more = false;
    int64_t power = 0;
    size_t i = text[0] == '-';

    *kept = 0;
    for (; i < length && (text[i] | 32) != 'e'; i++) {
        if (text[i] == '.') {
            point = true;
            continue;
        }
        if (*kept < DIGITS) {
            big_multiply(digits, 10, (uint32_t)(text[i] - '0'));
            *kept += digits->count > 0;
        } else {
            more = more || text[i] != '0';
            power++;
        }
        power -= point;
    }
    if (more) {
        big_multiply(digits, 10, 1);
        power--;
        ++*kept;
    }
    if (i < length)
        power += read_exponent(text + i + 1, length - i - 1);
    return power;
}

/* Errors: false where the nearest double would be infinite.
 * Cost: microseconds; memory on the stack. */
bool decimal_read(double *value, const char *text, size_t length)
{
    Big n = { .count = 0 }, d = { .word = { 1 }, .count = 1 };
    int kept;                           /* digits in n                      */
    int64_t power;

    must(length > 0, "a number has digits");
    power = read_digits(&n, &kept, text, length);
    *value = 0;
    if (n.count > 0 && power + kept > TEN_MAX)
        return false;
    if (n.count > 0 && power + kept > TEN_MIN) {
        big_power_of_ten(power < 0 ? &d : &n, (int)(power < 0 ? -power : power));
        *value = nearest_quotient(&n, &d);
    }
    if (isinf(*value))
        return false;
    *value = text[0] == '-' ? -*value : *value;
    return true;
}

/* The C library's %e gives correctly rounded digits, d.ddde±xx; only the point
 * is the locale's (it may even be two bytes). So its digits and its exponent are
 * taken, and the point is set here. */
void decimal_write(char out[DECIMAL_LENGTH], double value, int digits)
{
    char spelt[64], digit[20];
    const char *e;
    int n = 0, ten, at = 0;             /* value = d.ddd · 10^ten           */

    must(digits >= 1 && digits <= 17 && isfinite(value), "%d digits of %g",
         digits, value);
    snprintf(spelt, sizeof spelt, "%.*e", digits - 1, value);
    e = strchr(spelt, 'e');
    for (const char *c = spelt; c < e; c++)
        if (*c >= '0' && *c <= '9')
            digit[n++] = *c;
    while (n > 1 && digit[n - 1] == '0')
        n--;
    ten = atoi(e + 1);

    if (signbit(value))
        out[at++] = '-';
    if (ten < -5 || ten > 16) {         /* 1.25e-07                         */
        at += snprintf(out + at, 4, n > 1 ? "%c." : "%c", digit[0]);
        memcpy(out + at, digit + 1, (size_t)n - 1);
        snprintf(out + at + n - 1, 8, "e%d", ten);
        return;
    }
    for (int i = ten < 0 ? ten : 0; i < n || i <= ten; i++) {   /* 0.00125  */
        if (i == ten + 1)
            out[at++] = '.';
        out[at++] = i < 0 || i >= n ? '0' : digit[i];
    }
    out[at] = '\0';
}
