/* test.h - a test is a function; a file has one table of them
 *
 * Rules of use:
 * 1. TEST(name) { … } defines one; the file ends with
 *        const Test rope_tests[] = { { "what must hold", name }, …, { NULL, NULL } };
 *    and is called test_rope.c: the Makefile finds it by that name.
 * 2. Each runs in a child process of its own; the first expectation that fails
 *    prints itself and ends the child.
 * 3. A name that begins with "proof: " is run by `make proof` only (it needs data
 *    from BILLION_DATA, or time). A test that lacks something calls skip("what")
 *    and counts as skipped.
 * 4. Expected numbers come from outside the code under test.
 */
#ifndef TEST_H
#define TEST_H

#include <stdio.h>
#include <string.h>

#include "base/base.h"

typedef struct {
    const char *name;
    void (*run)(void);
} Test;

typedef struct {
    const char *name;               /* "rope"                                */
    const Test *tests;
} Suite;

#define TEST(name) static void name(void)

#define expect(condition)                                                     \
    ((condition) ? (void)0                                                    \
                 : test_fail(__FILE__, __LINE__, "expected: %s", #condition))
#define expect_int(got, want)                                                 \
    test_int(__FILE__, __LINE__, #got, (long long)(got), (long long)(want))
#define expect_text(got, want)                                                \
    test_text(__FILE__, __LINE__, #got, got, want)
#define expect_close(got, want, tolerance)      /* |got - want| <= tolerance */ \
    test_close(__FILE__, __LINE__, #got, got, want, tolerance)
#define expect_relative(got, want, tolerance)   /* … <= tolerance · |want|   */ \
    test_close(__FILE__, __LINE__, #got, got, want,                           \
               (tolerance) * ((want) < 0 ? -(want) : (want)))
#define expect_same_bits(x, y, n)               /* float32 [n], memcmp       */ \
    test_same_bits(__FILE__, __LINE__, #x, x, y, n)
/* ok is a call that returns bool and fills error: show error when it fails. */
#define expect_ok(ok, error)                                                  \
    ((ok) ? (void)0 : test_fail(__FILE__, __LINE__, "%s: %s", #ok, (error)->text))

_Noreturn void test_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
_Noreturn void skip(const char *why);

void test_int(const char *file, int line, const char *what, long long got,
              long long want);
void test_text(const char *file, int line, const char *what, const char *got,
               const char *want);
void test_close(const char *file, int line, const char *what, double got,
                double want, double tolerance);
void test_same_bits(const char *file, int line, const char *what,
                    const float *x, const float *y, int n);

/* Is this built with a sanitizer? Then time and memory are not what they are. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

/* x [n]: seeded numbers in [-1, 1], the same everywhere. */
void test_fill(float *x, int n, uint32_t seed);
uint32_t test_random(uint64_t *state);          /* 32 seeded bits            */

/* A path inside BILLION_DATA; skips the test when it is not there. */
const char *test_data(const char *path);
/* A path in the test's own scratch folder, removed when the run ends. */
const char *test_scratch(const char *name);
/* The whole file; NUL-terminated; ends the test when it cannot be read. */
char *test_read(const char *path, size_t *length);
void test_write(const char *path, const void *bytes, size_t length);

#endif
