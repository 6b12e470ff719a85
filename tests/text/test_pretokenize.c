/* test_pretokenize.c - what must be true of text/pretokenize.c, from outside it
 *
 * tests/oracle/pretokenize.py asks the same with tens of thousands of texts. */
#include "test.h"
#include "text/pretokenize.h"

#include <time.h>               /* clock                                    */

#include "base/memory.h"

/* As tokenizer.json spells them: GPT-2's (in the code of ByteLevel), Llama 3's,
 * StableLM 2's (which is Qwen 2's), and another spelling of the second. */
#define GPT2 "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+" \
    "| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define LLAMA3 "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+" \
    "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define QWEN2 "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+" \
    "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define CL100K "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+" \
    "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"

static const SplitPattern *pattern_of(const char *regex)
{
    const SplitPattern *pattern = NULL;
    Error error = {0};

    expect_ok(pretokenize_pattern(&pattern, regex, strlen(regex), &error),
              &error);
    return pattern;
}

/* The pieces of text with a bar between two. */
static void cut(Text *out, const SplitPattern *pattern, const char *text)
{
    size_t length = strlen(text);

    text_clear(out);
    for (size_t at = 0; at < length; ) {
        size_t bytes = pattern->match(text, length, at);

        expect(bytes > 0 && bytes <= length - at);
        text_add(out, at > 0 ? "|" : "", at > 0);
        text_add(out, text + at, bytes);
        at += bytes;
    }
}

/* A text, and how tokenizers 0.23.3 splits it with GPT2, LLAMA3 and QWEN2. */
static const char *const SPLITS[][4] = {
    { "It's 2024,  she said.\n\nOK",
      "It|'s| 2024|,| | she| said|.|\n|\n|OK",
      "It|'s| |202|4|,| | she| said|.\n\n|OK",
      "It|'s| |2|0|2|4|,| | she| said|.\n\n|OK" },
    { "a   b",
      "a|  | b",
      "a|  | b",
      "a|  | b" },
    { "you'rex I'vex he'llx I'mx can'tx we'dx it'sx",
      "you|'re|x| I|'ve|x| he|'ll|x| I|'m|x| can|'t|x| we|'d|x| it|'s|x",
      "you|'re|x| I|'ve|x| he|'ll|x| I|'m|x| can|'t|x| we|'d|x| it|'s|x",
      "you|'re|x| I|'ve|x| he|'ll|x| I|'m|x| can|'t|x| we|'d|x| it|'s|x" },
    { "'REX'VEX'LLX'MX'TX'DX'SX'LX",
      "'|REX|'|VEX|'|LLX|'|MX|'|TX|'|DX|'|SX|'|LX",
      "'RE|X|'VE|X|'LL|X|'M|X|'T|X|'D|X|'S|X|'LX",
      "'RE|X|'VE|X|'LL|X|'M|X|'T|X|'D|X|'S|X|'LX" },
    { "a\nb\r\nc\rd",
      "a|\n|b|\r|\n|c|\r|d",
      "a|\n|b|\r\n|c|\r|d",
      "a|\n|b|\r\n|c|\r|d" },
    { "trailing   ",
      "trailing|   ",
      "trailing|   ",
      "trailing|   " },
    { "   ",
      "   ",
      "   ",
      "   " },
    { "\n \n  x",
      "\n \n | x",
      "\n \n| | x",
      "\n \n| | x" },
    { " \r\n\tfoo",
      " \r\n|\t|foo",
      " \r\n|\tfoo",
      " \r\n|\tfoo" },
    { "I'LL we'd 'Tis they'Re",
      "I|'|LL| we|'d| '|Tis| they|'|Re",
      "I|'LL| we|'d| '|Tis| they|'Re",
      "I|'LL| we|'d| '|Tis| they|'Re" },
    { "'\xC5\xBFx o'\xC5\xBF",
      "'|\xC5\xBFx| o|'|\xC5\xBF",
      "'\xC5\xBF|x| o|'\xC5\xBF",
      "'\xC5\xBF|x| o|'\xC5\xBF" },
    { "x\xE3\x80\x80\xE3\x80\x80y\xE3\x80\x80",
      "x|\xE3\x80\x80|\xE3\x80\x80|y|\xE3\x80\x80",
      "x|\xE3\x80\x80|\xE3\x80\x80y|\xE3\x80\x80",
      "x|\xE3\x80\x80|\xE3\x80\x80y|\xE3\x80\x80" },
    { "na\xC3\xAFve e\xCC\x81te\xCC\x81",
      "na\xC3\xAFve| e|\xCC\x81|te|\xCC\x81",
      "na\xC3\xAFve| e|\xCC\x81te|\xCC\x81",
      "na\xC3\xAFve| e|\xCC\x81te|\xCC\x81" },
    { "4\xE0\xA5\xA8\xE0\xA5\xAB\xE0\xA5\xAC""78\xC2\xBD \xC2\xB2",
      "4\xE0\xA5\xA8\xE0\xA5\xAB\xE0\xA5\xAC""78\xC2\xBD| \xC2\xB2",
      "4\xE0\xA5\xA8\xE0\xA5\xAB|\xE0\xA5\xAC""78|\xC2\xBD| |\xC2\xB2",
      "4|\xE0\xA5\xA8|\xE0\xA5\xAB|\xE0\xA5\xAC|7|8|\xC2\xBD| |\xC2\xB2" },
    { "(foo) [bar]!?\n\n  \r!",
      "(|foo|)| [|bar|]!?|\n\n  |\r|!",
      "(foo|)| [|bar|]!?\n\n|  \r|!",
      "(foo|)| [|bar|]!?\n\n|  \r|!" },
    { "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E 2024\xE5\xB9\xB4",
      "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E| 2024|\xE5\xB9\xB4",
      "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E| |202|4|\xE5\xB9\xB4",
      "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E| |2|0|2|4|\xE5\xB9\xB4" },
    { "\xF0\x9F\x98\x80\xF0\x9F\x98\x80 \xE2\x80\x8D""a\xE2\x80\x8B b",
      "\xF0\x9F\x98\x80\xF0\x9F\x98\x80| \xE2\x80\x8D|a|\xE2\x80\x8B| b",
      "\xF0\x9F\x98\x80\xF0\x9F\x98\x80| \xE2\x80\x8D|a|\xE2\x80\x8B| b",
      "\xF0\x9F\x98\x80\xF0\x9F\x98\x80| \xE2\x80\x8D|a|\xE2\x80\x8B| b" },
    { "a\xC2\x85\xC2\x85""b \xC2\x85\nc",
      "a|\xC2\x85|\xC2\x85|b| \xC2\x85|\n|c",
      "a|\xC2\x85|\xC2\x85""b| \xC2\x85\n|c",
      "a|\xC2\x85|\xC2\x85""b| \xC2\x85\n|c" },
    { "\t\tif x:\n\t\t\treturn'\n",
      "\t|\t|if| x|:|\n\t\t|\t|return|'|\n",
      "\t|\tif| x|:\n|\t\t|\treturn|'\n",
      "\t|\tif| x|:\n|\t\t|\treturn|'\n" },
    { "don''t 's",
      "don|''|t| '|s",
      "don|''|t| '|s",
      "don|''|t| '|s" },
    { " 's 'S",
      " '|s| '|S",
      " '|s| '|S",
      " '|s| '|S" },
    { "\x1C\x1D x\x7Fy",
      "\x1C\x1D| x|\x7F|y",
      "\x1C\x1D| x|\x7Fy",
      "\x1C\x1D| x|\x7Fy" },
    { "\xE1\xA0\x8Ez \xE2\x80\xA8\xE2\x80\xA8 w",
      "\xE1\xA0\x8E|z| \xE2\x80\xA8\xE2\x80\xA8| w",
      "\xE1\xA0\x8Ez| \xE2\x80\xA8\xE2\x80\xA8| w",
      "\xE1\xA0\x8Ez| \xE2\x80\xA8\xE2\x80\xA8| w" },
};

TEST(pieces_are_those_of_the_reference_tokenizer)
{
    const SplitPattern *patterns[3] = {
        pattern_of(GPT2), pattern_of(LLAMA3), pattern_of(QWEN2) };
    int count = (int)(sizeof SPLITS / sizeof SPLITS[0]);
    Text pieces = {0};

    for (int i = 0; i < count; i++)
        for (int k = 0; k < 3; k++) {
            cut(&pieces, patterns[k], SPLITS[i][0]);
            expect_text(pieces.bytes, SPLITS[i][k + 1]);
        }
    text_free(&pieces);
}

TEST(spellings)
{
    char literal[sizeof LLAMA3] = "";
    const SplitPattern *pattern;
    Error error = {0};
    size_t used = 0;

    expect(pattern_of(GPT2) == pretokenize_gpt2());
    expect_text(pattern_of(CL100K)->name, "llama3");
    expect_text(pattern_of(QWEN2)->name, "qwen2");
    for (const char *p = LLAMA3; *p != '\0'; p++) {     /* real CR and LF   */
        bool end = p[0] == '\\' && (p[1] == 'r' || p[1] == 'n');

        literal[used++] = !end ? *p : p[1] == 'r' ? '\r' : '\n';
        p += end;
    }
    expect(used < strlen(LLAMA3));
    expect(pattern_of(literal) == pattern_of(LLAMA3));
    *strchr(literal, '\r') = 'x';                   /* but no other byte    */
    expect(!pretokenize_pattern(&pattern, literal, used, &error));
}

TEST(unknown_patterns_are_printed)
{
    static const char *const OTHERS[] = { "", "\\s+", "\\p{N}{1,3}", GPT2 "?",
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)", LLAMA3 "|x" };
    const SplitPattern *pattern;
    char prefix[] = LLAMA3;
    Error error = {0};

    for (int i = 0; i < 6; i++) {
        error = (Error){0};
        expect(!pretokenize_pattern(&pattern, OTHERS[i], strlen(OTHERS[i]),
                                    &error));
        expect_int(error.code, EXIT_INPUT);
        expect(error_mentions(&error, OTHERS[i]));
        expect(error_mentions(&error, "tokenizer.json"));
    }
    for (size_t n = 0; n < strlen(LLAMA3); n++)     /* every beginning of one */
        expect(!pretokenize_pattern(&pattern, prefix, n, &error));
    for (size_t n = 0; n < strlen(LLAMA3); n++) {   /* one byte other         */
        prefix[n] ^= 1;
        expect(!pretokenize_pattern(&pattern, prefix, strlen(prefix), &error));
        prefix[n] ^= 1;
    }
}

/* A long run of anything takes as long as its length, not its square: a million
 * characters looked at twice each would be 10^12 steps, hours. */
TEST(a_million_of_anything_takes_a_moment)
{
    static const char *const UNITS[] = { " ", "a", "1", "!", "\n", "\r\n ", "'",
        "\xE3\x80\x80", "\xCC\x81", " a", "  a", " \n", "'s", "\t ", "\xC2\x85" };
    const SplitPattern *patterns[2] = { pattern_of(GPT2), pattern_of(LLAMA3) };
    clock_t start = clock();

    for (int i = 0; i < 15; i++) {
        size_t length = strlen(UNITS[i]) * 1000000;
        char *text = memory_get_bytes(length + 1);

        for (size_t k = 0; k < length; k++)
            text[k] = UNITS[i][k % strlen(UNITS[i])];
        for (int k = 0; k < 2; k++)
            for (size_t at = 0; at < length; )
                at += patterns[k]->match(text, length, at);
        memory_give_back(text);
    }
    expect((double)(clock() - start) / CLOCKS_PER_SEC < 30);
}

/* GPT-2's alphabet: 188 bytes are themselves (! to ~, ¡ to ¬, ® to ÿ); the
 * others follow from U+0100 in order. Published points: Ġ, Ċ, ĉ, and the last. */
TEST(the_byte_alphabet)
{
    int themselves = 0, next = 0x100;

    for (int byte = 0; byte < 256; byte++) {
        uint32_t point = pretokenize_byte_to_point((unsigned char)byte);
        bool printable = (byte >= '!' && byte <= '~')
                         || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;

        expect_int(point, printable ? byte : next++);
        expect_int(pretokenize_point_to_byte(point), byte);
        themselves += printable;
    }
    expect_int(themselves, 188);
    expect_int(next, 0x144);
    expect_int(pretokenize_byte_to_point(' '), 0x120);
    expect_int(pretokenize_byte_to_point('\n'), 0x10A);
    expect_int(pretokenize_byte_to_point('\t'), 0x109);
}

TEST(points_outside_the_byte_alphabet)
{
    int inside = 0;

    for (uint32_t point = 0; point < 0x1000; point++)
        inside += pretokenize_point_to_byte(point) >= 0;
    expect_int(inside, 256);
    expect_int(pretokenize_point_to_byte(' '), -1);
    expect_int(pretokenize_point_to_byte(0xAD), -1);
    expect_int(pretokenize_point_to_byte(0x144), -1);
    expect_int(pretokenize_point_to_byte(0x2581), -1);
    expect_int(pretokenize_point_to_byte(0xFFFFFFFF), -1);
}

const Test pretokenize_tests[] = {
    { "pieces are those of the reference tokenizer",
      pieces_are_those_of_the_reference_tokenizer },
    { "spellings", spellings },
    { "unknown patterns are printed", unknown_patterns_are_printed },
    { "a million of anything takes a moment",
      a_million_of_anything_takes_a_moment },
    { "the byte alphabet", the_byte_alphabet },
    { "points outside the byte alphabet", points_outside_the_byte_alphabet },
    { NULL, NULL },
};
