/* test_memory.c - zeroed, aligned, counted; and the two ways to fail */
#include "test.h"
#include "base/memory.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static bool zero(const void *p, size_t bytes)
{
    const unsigned char *byte = p;

    for (size_t i = 0; i < bytes; i++)
        if (byte[i] != 0)
            return false;
    return true;
}

TEST(zeroed_and_aligned)
{
    Error error = {0};

    for (int i = 0; i < 100; i++) {
        size_t bytes = (size_t)(i * i);
        unsigned char *small = memory_get_bytes(bytes);
        unsigned char *large = memory_get_large(bytes, "a test", &error);

        expect(small != NULL && zero(small, bytes));
        expect(large != NULL && zero(large, bytes));
        expect((uintptr_t)large % 64 == 0);
        memset(small, 0xFF, bytes), memset(large, 0xFF, bytes);
        memory_give_back(small), memory_give_back(large);
    }
    memory_give_back(NULL);
}

TEST(counted)
{
    Error error = {0};
    size_t before = memory_count();
    int *x = memory_get(10, sizeof *x);

    x[9] = 7;
    x = memory_grow(x, 1000 * sizeof *x);
    expect_int(x[9], 7);
    memory_give_back(x);
    memory_give_back(memory_text("ab", 2));
    memory_give_back(memory_get_large(1, "a byte", &error));
    expect_int(memory_count() - before, 4);
}

TEST(a_copy_of_a_text)
{
    char *copy = memory_text("abcdef", 3);

    expect_text(copy, "abc");
    memory_give_back(copy);
}

/* 2^60 bytes are more than any machine has: an Error that says what and how much. */
TEST(a_large_wish_comes_back)
{
    Error error = {0};

    expect(memory_get_large((size_t)1 << 60, "the key/value cache", &error) == NULL);
    expect_int(error.code, EXIT_ROOM);
    expect(error_mentions(&error, "the key/value cache"));
    expect(error_mentions(&error, "1152921504606.8 MB"));
    expect(memory_get_large(SIZE_MAX, "all", &error) == NULL);
}

static int exit_of(void (*body)(void))
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(9);
        body();
        _exit(0);
    }
    expect(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* A process that may have 64 MiB of addresses more than it has asks for 1 GiB. */
static void small_wish(void)
{
    struct rlimit limit = { 64 << 20, 64 << 20 };

    setrlimit(RLIMIT_DATA, &limit);
    memory_give_back(memory_get_bytes((size_t)1 << 30));
}

static void arena_wish(void)
{
    Arena arena = {0};

    arena_get(&arena, SIZE_MAX - 3);
}

TEST(a_small_wish_ends_the_process)
{
    if (SANITIZED)
        skip("a sanitizer has its own allocator");
    expect_int(exit_of(small_wish), EXIT_ROOM);
    expect_int(exit_of(arena_wish), EXIT_ROOM);
}

/* Thousands of pieces of all sizes: none touches another, all are aligned. */
TEST(arena)
{
    static unsigned char *piece[3000];
    Arena arena = {0};

    for (int i = 0; i < 3000; i++) {
        size_t bytes = (size_t)(i % 500 == 499 ? 100000 : i % 97);

        piece[i] = arena_get(&arena, bytes);
        expect((uintptr_t)piece[i] % 16 == 0 && zero(piece[i], bytes));
        memset(piece[i], i % 251 + 1, bytes);
    }
    for (int i = 0; i < 3000; i++) {
        size_t bytes = (size_t)(i % 500 == 499 ? 100000 : i % 97);

        for (size_t b = 0; b < bytes; b++)
            expect_int(piece[i][b], i % 251 + 1);
    }
    expect_text(arena_text(&arena, "abcdef", 4), "abcd");
    arena_free(&arena);
    expect(arena.last == NULL);
    arena_free(&arena);
}

/* 64 MB that were touched show in the peak and stay there; getrusage, another
 * witness, has seen at least as much (up to the kernel's lazy counting). */
TEST(printed_into_an_arena)
{
    Arena arena = {0};
    const char *short_one = arena_print(&arena, "%s/%d", "models", 3);
    const char *long_one = arena_print(&arena, "%*s|", 100000, "");

    expect_text(short_one, "models/3");
    expect(strlen(long_one) == 100001 && long_one[100000] == '|');
    expect_text(arena_print(&arena, "%s", ""), "");
    arena_free(&arena);
}

TEST(the_peak)
{
    size_t before = memory_peak(), bytes = (size_t)64 << 20, after;
    struct rusage usage;
    Error error = {0};
    void *p = memory_get_large(bytes, "a test", &error);

    expect_ok(p != NULL, &error);
    memory_give_back(p);
    after = memory_peak();
    getrusage(RUSAGE_SELF, &usage);
    expect(after >= before + bytes / 10 * 9);
    expect(before > 100000 && before < after);
#if defined(__linux__)
    expect(after <= (size_t)usage.ru_maxrss * 1024 + (1 << 20));
#endif
    expect(memory_machine() > after);
}

const Test memory_tests[] = {
    { "zeroed, and large ones aligned", zeroed_and_aligned },
    { "every allocation is counted", counted },
    { "a copy of a text", a_copy_of_a_text },
    { "a large wish comes back as an Error", a_large_wish_comes_back },
    { "a small wish that fails is exit 5", a_small_wish_ends_the_process },
    { "an arena's pieces are apart and aligned", arena },
    { "the peak shows what was touched", the_peak },
    { "printed into an arena", printed_into_an_arena },
    { NULL, NULL },
};
