/* test_decimal.c - base/decimal.c against the C library in the C locale
 *
 * The test never calls setlocale but where it says so, so strtod and printf are
 * the C locale's here: correctly rounded in every C library that we meet.
 */
#include "test.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "base/decimal.h"

static void expect_read(const char *text)
{
    double want = strtod(text, NULL), got = 7;
    bool finite = decimal_read(&got, text, strlen(text));

    if (finite != (isinf(want) == 0))
        test_fail(__FILE__, __LINE__, "%s: finite is %d", text, finite);
    if (finite && memcmp(&got, &want, sizeof got) != 0)
        test_fail(__FILE__, __LINE__, "%s is %a, expected %a", text, got, want);
}

/* Halfway cases, both ends of the subnormals, and the famous ones on which
 * PHP, Java and others hung or rounded wrongly. */
TEST(hard_cases)
{
    static const char *const cases[] = {
        "0", "-0", "0.0", "-0.0e5", "0e999999", "1", "-1", "0.1", "0.5", "1e22",
        "1e23", "8.5e22", "9007199254740993", "9007199254740992.9999999999",
        "9007199254740993.0000000000000000000000000000000000000000000001",
        "9007199254740995", "-9007199254740997", "123456789012345678901234567890",
        "2.2250738585072011e-308", "2.2250738585072012e-308",
        "2.2250738585072014e-308", "4.9406564584124654e-324", "5e-324",
        "2.4703282292062327e-324", "2.4703282292062328e-324", "2.4e-324",
        "2.47032822920623272088284396434110686182529901307162382212792841250337753"
        "635104375932649918180817996189898282347722858865463328355177969898199387"
        "398005390939063150356595155702263922908583924491051844359318028499365361"
        "525003193704576782492193656236698636584807570015857692699037063119282795"
        "585513329278343384093519780155312465972635795746227664652728272200563740"
        "064854999770965994704540208281662262378573934507363390079677305775067501"
        "763246736009689513405355374585166611342237666786041621596804619144672918"
        "403005300575308490487653917113865916462395249126236538818796362393732804"
        "238910186723484976682350898633885879256283027559956575244555072551893136"
        "908362547791869486679949683240497058210285131854513962138377228261454376"
        "934125320985913276672363281250e-324",
        "1.7976931348623157e308", "1.7976931348623158e308",
        "1.7976931348623159e308", "1.8e308", "1e309", "-1e400", "1e99999999999",
        "1e-99999999999", "1e9999999999999999999999999999",
        "179769313486231580793728971405303415079934132710037826936"
        "173778980444968292764750946649017977587207096330286416692887910946555547"
        "851940402630657488671505820681908902000708383676273854845817711531764475"
        "730270069855571366959622842914819860834936475292719074168444365510704342"
        "711559699508093042880", "6.631236846766476e-316", "3e-308",
        "0.000000000000000000000000000000000000000000000000000000000000001e70",
        "1E+2", "1e-2", "100e-2",
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_read(cases[i]);
}

/* (2^54 - 1) · 2^-1075 in decimal, by halving at school: halfway between two
 * doubles, and with 768 digits the longest such number there is. */
static int longest_halfway(char *text)
{
    char *digit = text + 2;             /* behind "0."                      */
    int n = sprintf(text, "0.18014398509481983") - 2;

    for (int halving = 0; halving < 1075; halving++) {
        int rest = 0;

        for (int i = 0; i <= n; i++) {
            int value = 10 * rest + (i < n ? digit[i] - '0' : 0);

            digit[i] = (char)('0' + value / 2);
            rest = value % 2;
        }
        n += digit[n] != '0';
    }
    return sprintf(digit + n, "e17") + n + 2 - 3;   /* of "0.ddd", without e17 */
}

TEST(a_digit_far_behind_still_counts)
{
    static char text[4000];
    int n = longest_halfway(text);
    double below, above;

    expect_read(text);
    text[n - 1]--;                      /* the last digit, a 5              */
    expect_read(text);
    text[n - 1]++;
    memset(text + n, '0', 1500);
    strcpy(text + n + 1500, "e17");
    expect_read(text);
    text[n + 1499] = '1';
    expect_read(text);

    memcpy(text, "9007199254740993.", 17);      /* 2^53 + 1: a tie, to even */
    memset(text + 17, '0', 2000);
    text[2017] = '\0';
    expect(decimal_read(&below, text, 2017) && below == 9007199254740992.0);
    text[2016] = '1';
    expect(decimal_read(&above, text, 2017) && above == 9007199254740994.0);
}

/* Random spellings: few and many digits, all exponents. */
static void spell(char *text, uint64_t *state)
{
    int digits = 1 + (int)(test_random(state) % (test_random(state) % 8 ? 20 : 900));
    int point = (int)(test_random(state) % (uint32_t)(digits + 1)), n = 0;

    if (test_random(state) % 4 == 0)
        text[n++] = '-';
    for (int i = 0; i < digits; i++) {
        if (i == point)
            n += sprintf(text + n, i == 0 ? "0." : ".");
        text[n++] = (char)('0' + test_random(state) % 10);
    }
    if (test_random(state) % 4 != 0)
        sprintf(text + n, "e%d", (int)(test_random(state) % 700) - 360);
    else
        text[n] = '\0';
}

static void random_spellings(int count, uint64_t state)
{
    static char text[1000];

    for (int i = 0; i < count; i++) {
        spell(text, &state);
        expect_read(text);
    }
}

TEST(random_spellings_equal_strtod)
{
    random_spellings(5000, 1);
}

TEST(proof_random_spellings)
{
    random_spellings(2000000, 2);
}

static double random_double(uint64_t *state)
{
    uint64_t bits = (uint64_t)test_random(state) << 32 | test_random(state);
    double value;

    memcpy(&value, &bits, sizeof value);
    return isfinite(value) ? value : 1;
}

/* Every double comes back from 17 digits, every float from 9; and with fewer
 * digits the text means what printf's means. */
static void random_doubles(int count, uint64_t state)
{
    char text[DECIMAL_LENGTH], reference[64];

    for (int i = 0; i < count; i++) {
        double value = random_double(&state), back;
        int digits = 1 + (int)(test_random(&state) % 17);

        decimal_write(text, value, 17);
        expect(strlen(text) < DECIMAL_LENGTH - 8);
        expect(decimal_read(&back, text, strlen(text)));
        if (memcmp(&back, &value, sizeof back) != 0)
            test_fail(__FILE__, __LINE__, "%s is not %a", text, value);
        decimal_write(text, value, digits);
        snprintf(reference, sizeof reference, "%.*g", digits, value);
        if (strtod(text, NULL) != strtod(reference, NULL))
            test_fail(__FILE__, __LINE__, "%s, expected %s", text, reference);
    }
}

TEST(written_doubles_come_back)
{
    random_doubles(5000, 3);
}

TEST(proof_written_doubles)
{
    random_doubles(1000000, 4);
}

TEST(floats_come_back_from_nine_digits)
{
    uint64_t state = 5;

    for (int i = 0; i < 5000; i++) {
        uint32_t bits = test_random(&state);
        char text[DECIMAL_LENGTH];
        double back;
        float value, narrow;

        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        decimal_write(text, (double)value, 9);
        expect(decimal_read(&back, text, strlen(text)));
        narrow = (float)back;
        expect(memcmp(&narrow, &value, sizeof value) == 0);
    }
}

static void expect_written(double value, int digits, const char *want)
{
    char text[DECIMAL_LENGTH];

    decimal_write(text, value, digits);
    expect_text(text, want);
}

TEST(how_numbers_look)
{
    expect_written(0, 9, "0");
    expect_written(-0.0, 9, "-0");
    expect_written(0.5, 9, "0.5");
    expect_written(-12.25, 9, "-12.25");
    expect_written(100, 9, "100");
    expect_written(1234567, 3, "1230000");
    expect_written(0.1, 17, "0.10000000000000001");
    expect_written(0.1, 9, "0.1");
    expect_written(0.00125, 5, "0.00125");
    expect_written(9.9999, 2, "10");
    expect_written(1e16, 17, "10000000000000000");
    expect_written(1e17, 17, "1e17");
    expect_written(-2.5e-7, 9, "-2.5e-7");
    expect_written(5e-324, 17, "4.9406564584124654e-324");
    expect_written(1.7976931348623157e308, 17, "1.7976931348623157e308");
}

/* Where the point is a comma: strtod would read 0 here. */
TEST(the_locale_does_not_matter)
{
    static const char *const names[] = {
        "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE.utf8", "ps_AF.UTF-8", "de_DE",
    };
    double value;
    size_t i = 0;

    while (i < 5 && setlocale(LC_ALL, names[i]) == NULL)
        i++;
    if (i == 5)
        skip("a locale with a decimal comma (de_DE.UTF-8)");
    expect(strcmp(localeconv()->decimal_point, ".") != 0);
    expect(decimal_read(&value, "0.5", 3) && value == 0.5);
    expect_written(0.5, 9, "0.5");
    expect_written(1.25e-30, 9, "1.25e-30");
}

const Test decimal_tests[] = {
    { "hard cases equal strtod", hard_cases },
    { "a digit far behind still counts", a_digit_far_behind_still_counts },
    { "random spellings equal strtod", random_spellings_equal_strtod },
    { "written doubles come back", written_doubles_come_back },
    { "floats come back from nine digits", floats_come_back_from_nine_digits },
    { "how numbers look", how_numbers_look },
    { "the locale does not matter", the_locale_does_not_matter },
    { "proof: two million random spellings equal strtod",
      proof_random_spellings },
    { "proof: a million random doubles come back", proof_written_doubles },
    { NULL, NULL },
};
