/* test_sha.c - SHA-256 and SHA-1 against FIPS 180's own examples, and git's */
#include "test.h"
#include "weights-tools/hub/sha.h"

#include <stdlib.h>

static const char *digest(ShaKind kind, const char *text, size_t length)
{
    static char digits[SHA_TEXT];
    Sha sha;

    sha_start(&sha, kind);
    sha_add(&sha, text, length);
    sha_end(&sha, digits);
    return digits;
}

static const char *of(ShaKind kind, const char *text)
{
    return digest(kind, text, strlen(text));
}

#define LONG "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
#define LONGER "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"               \
               "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"

/* FIPS 180-2, appendices A and B; the last is NIST's 896-bit example. */
TEST(published_examples)
{
    expect_text(of(SHA_256, "abc"),
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect_text(of(SHA_256, ""),
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect_text(of(SHA_256, LONG),
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    expect_text(of(SHA_256, LONGER),
                "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    expect_text(of(SHA_1, "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    expect_text(of(SHA_1, ""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    expect_text(of(SHA_1, LONG), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    expect_text(of(SHA_1, LONGER), "a49b2446a02c645bf419f995b67091253a04a259");
}

/* The third example of the standard, fed in pieces that never fit a block. */
TEST(a_million_of_a)
{
    static const char *const want[] = {
        [SHA_1] = "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
        [SHA_256] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    };
    char a[997];

    memset(a, 'a', sizeof a);
    for (int kind = SHA_1; kind <= SHA_256; kind++) {
        char digits[SHA_TEXT];
        Sha sha;

        sha_start(&sha, (ShaKind)kind);
        for (size_t left = 1000000, n; left > 0; left -= n) {
            n = left % sizeof a + 1 < left ? left % sizeof a + 1 : left;
            n = n < sizeof a ? n : sizeof a;
            sha_add(&sha, a, n);
        }
        sha_end(&sha, digits);
        expect_text(digits, want[kind]);
    }
}

/* Around the block's end, where the padding goes wrong: any cut gives what the whole
 * gives, and no two lengths give the same. (The values at 55, 56 and 64 bytes of 'a'
 * are coreutils' sha256sum's.) */
TEST(every_length_around_a_block)
{
    char a[200], last[SHA_TEXT] = "";

    memset(a, 'a', sizeof a);
    expect_text(digest(SHA_256, a, 55),
                "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
    expect_text(digest(SHA_256, a, 56),
                "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
    expect_text(digest(SHA_256, a, 64),
                "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
    for (size_t n = 0; n <= sizeof a; n++) {
        char whole[SHA_TEXT], cut[SHA_TEXT];
        Sha sha;

        memcpy(whole, digest(SHA_256, a, n), sizeof whole);
        sha_start(&sha, SHA_256);
        for (size_t i = 0; i < n; i++)
            sha_add(&sha, a + i, 1);
        sha_end(&sha, cut);
        expect_text(cut, whole);
        expect(strcmp(whole, last) != 0);
        memcpy(last, whole, sizeof last);
    }
}

/* git's own names: of no bytes (in every repository), and of "test content\n" and
 * "what is up, doc?" (the book "Pro Git", chapter 10). */
TEST(git_blobs)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391" },
        { "test content\n", "d670460b4b4aece5915caf5c68d12f560a9fe3e4" },
        { "what is up, doc?", "bd9dbf5aae1a3862dd1526723246b20206e5fc37" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char digits[SHA_TEXT];
        Sha sha;

        sha_start_git(&sha, strlen(cases[i].text));
        sha_add(&sha, cases[i].text, strlen(cases[i].text));
        sha_end(&sha, digits);
        expect_text(digits, cases[i].want);
    }
}

const Test sha_tests[] = {
    { "FIPS 180's examples", published_examples },
    { "a million of a, in pieces", a_million_of_a },
    { "every length around a block", every_length_around_a_block },
    { "git's names for files", git_blobs },
    { NULL, NULL },
};
