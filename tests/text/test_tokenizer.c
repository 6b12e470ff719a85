/* test_tokenizer.c - what must be true of text/tokenizer.c and of the steps below
 * it (component, normalizer, added_tokens, splitter), from outside them
 *
 * Expected ids: `tokenizers` 0.23.3 with the same file and text. */
#include "test.h"
#include "text/tokenizer.h"

#include <stdlib.h>

#define T "true"
#define F "false"
#define NFC "{\"type\":\"NFC\"}"
#define PREPEND "{\"type\":\"Prepend\",\"prepend\":\"▁\"}"
#define REPLACE(from, to)                                                     \
    "{\"type\":\"Replace\",\"pattern\":{\"String\":\"" from "\"},"            \
    "\"content\":\"" to "\"}"
#define SEQUENCE(members, list)                                               \
    "{\"type\":\"Sequence\",\"" members "\":[" list "]}"
#define LEVEL_WITH(blank, cut)                                                \
    "{\"type\":\"ByteLevel\",\"trim_offsets\":true,\"add_prefix_space\":"     \
    blank cut "}"
#define LEVEL LEVEL_WITH("false", "")
#define LEVEL_BLANK LEVEL_WITH("true", "")
#define LEVEL_UNCUT LEVEL_WITH("false", ",\"use_regex\":false")
#define SPLIT(pattern, behavior, invert)                                      \
    "{\"type\":\"Split\",\"pattern\":{\"String\":\"" pattern "\"},"           \
    "\"behavior\":\"" behavior "\",\"invert\":" invert "}"
#define DIGITS "{\"type\":\"Digits\",\"individual_digits\":true}"
#define NUMBERS "{\"type\":\"Digits\",\"individual_digits\":false}"
#define TEMPLATE(single)                                                      \
    "{\"type\":\"TemplateProcessing\",\"single\":[" single "],\"pair\":[],"   \
    "\"special_tokens\":{\"<s>\":{\"id\":\"<s>\",\"ids\":[40]},"              \
    "\"<e>\":{\"id\":\"<e>\",\"ids\":[41,42]}}}"
#define TOKEN(id) "{\"SpecialToken\":{\"id\":\"" id "\",\"type_id\":0}}"
#define TEXT "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}"
#define TEMPLATE_BOS TEMPLATE(TOKEN("<s>") "," TEXT)
#define TEMPLATE_BOTH TEMPLATE(TOKEN("<s>") "," TEXT "," TOKEN("<e>"))
#define ADDED(id, content, normalized, lstrip, rstrip)                        \
    "{\"id\":" id ",\"content\":\"" content "\",\"special\":true,"            \
    "\"normalized\":" normalized ",\"lstrip\":" lstrip ",\"rstrip\":" rstrip  \
    ",\"single_word\":false}"

/* All files below have this vocabulary. */
#define VOCABULARY(e)                                                         \
    "\"vocab\":{\"<unk>\":0,\"a\":1,\"b\":2,\"c\":3,\" \":4,\"▁\":5,"         \
    "\"ab\":6,\"▁a\":7,\"▁ab\":8,\"1\":9,\"2\":10,\"12\":11," e               \
    "\"<0xC3>\":13,\"<0xA9>\":14,\"Ġ\":15,\"Ġa\":16,\"Ã\":17,\"©\":18,"       \
    "\"Ã©\":19,\"bc\":20,\"abc\":21,\"x\":22,\"<\":23,\"s\":24,\">\":25,"     \
    "\"e\":26,\"\\u0301\":27,\"²\":28}"
#define MERGES                                                                \
    "\"merges\":[\"b c\",\"a b\",\"▁ a\",\"▁ ab\",\"1 2\",\"Ġ a\",\"Ã ©\","   \
    "\"a bc\"]"
#define MODEL "{\"type\":\"BPE\"," VOCABULARY("\"é\":12,") "," MERGES "}"
#define LIST(merges)                                                          \
    "{\"type\":\"BPE\"," VOCABULARY("\"é\":12,") ",\"merges\":[" merges "]"
/* The same without é, and with more settings. */
#define SET(settings)                                                         \
    "{\"type\":\"BPE\"," settings "," VOCABULARY("") "," MERGES "}"

typedef struct {
    const char *name, *text, *ids;
    const char *model, *normal, *cut, *post, *added;    /* NULL: the default */
} Case;

static const char *or_null(const char *part)
{
    return part != NULL ? part : "null";
}

static Tokenizer *from_case(const Case *c, Error *error)
{
    char file[6000];
    int n = snprintf(file, sizeof file,
                     "{\"version\":\"1.0\",\"truncation\":{\"max_length\":1},"
                     "\"padding\":{\"strategy\":{\"Fixed\":512}},\"added_tokens\""
                     ":[%s],\"normalizer\":%s,\"pre_tokenizer\":%s,"
                     "\"post_processor\":%s,\"decoder\":null,\"model\":%s}",
                     c->added != NULL ? c->added : "", or_null(c->normal),
                     or_null(c->cut), or_null(c->post),
                     c->model != NULL ? c->model : MODEL);

    expect(n > 0 && n < (int)sizeof file);
    return tokenizer_parse(file, (size_t)n, error);
}

/* "6 3" */
static void ids_text(char out[2000], const Ids *ids)
{
    size_t used = 0;

    out[0] = '\0';
    for (int i = 0; i < ids->count; i++)
        used += (size_t)snprintf(out + used, 2000 - used, "%s%d",
                                 i > 0 ? " " : "", ids->id[i]);
}

static void expect_ids(const Tokenizer *tokenizer, const char *text,
                       bool special, const char *want)
{
    char got[2000];
    Ids ids = {0};

    tokenizer_encode(&ids, tokenizer, text, strlen(text), special);
    ids_text(got, &ids);
    if (strcmp(got, want) != 0)
        printf("\n    \"%s\":", text);
    expect_text(got, want);
    ids_free(&ids);
}

static const Case CASES[] = {
    { "nothing at all", "abc ab", "21 4 6", .model = MODEL },
    { "lowest rank first", "abcab", "21 6", .model = MODEL },
    { "no unk: dropped", "aZb", "6", .model = MODEL },
    { "unk, fused", "aZZb", "1 0 2", .model = SET("\"unk_token\":\"<unk>\",\"fuse_unk\":true") },
    { "unk, each", "aZZb", "1 0 0 2", .model = SET("\"unk_token\":\"<unk>\"") },
    { "byte fallback", "aéb", "1 13 14 2", .model = SET("\"byte_fallback\":true") },
    { "bytes overtake unk", "aZéZb", "1 13 14 0 2",
      .model = SET("\"unk_token\":\"<unk>\",\"fuse_unk\":true,"
                   "\"byte_fallback\":true") },
    { "a whole piece first", "abc", "21",
      .model = LIST("\"a b\"") ",\"ignore_merges\":true}" },
    { "merges as pairs", "abc", "21", .model = LIST("[\"a\",\"b\"],[\"ab\",\"c\"]") "}" },
    { "a version line does not count", "abc", "6 3",
      .model = LIST("\"#version: 0.2\",\"a b\"") "}" },
    { "a pair twice: the last place", "abc", "1 20",
      .model = LIST("\"a b\",\"b c\",\"a b\"") "}" },
    { "Prepend, Replace", "ab ab", "8 8",
      .normal = SEQUENCE("normalizers", PREPEND "," REPLACE(" ", "▁")) },
    { "Prepend on nothing", "", "", .normal = PREPEND },
    { "Prepend on what became nothing", "x", "",
      .normal = SEQUENCE("normalizers", REPLACE("x", "") "," PREPEND) },
    { "Replace of two", "aaaaa", "2 2 1", .normal = REPLACE("aa", "b") },
    { "Replace by nothing", "xaxxbx", "6", .normal = REPLACE("x", "") },
    { "NFC", "ae\xCC\x81""b", "1 12 2", .normal = NFC },
    { "ByteLevel", "ab a é", "6 16 15 19", .cut = LEVEL },
    { "ByteLevel with a blank in front", "a", "16", .cut = LEVEL_BLANK },
    { "ByteLevel, a blank is there", " a", "16", .cut = LEVEL_BLANK },
    { "ByteLevel without its pattern", "b a", "2 16", .cut = LEVEL_UNCUT },
    { "Split Isolated", "abcb", "1 2 3 2", .cut = SPLIT("b", "Isolated", F) },
    { "Split Removed", "abcbb", "1 3", .cut = SPLIT("b", "Removed", F) },
    { "Split Removed, inverted", "abcbb", "2 2 2", .cut = SPLIT("b", "Removed", T) },
    { "Split at two characters", "abcbbc", "1 20 2 20",
      .cut = SPLIT("bc", "Isolated", F) },
    { "Digits, each", "a121b", "1 9 10 9 2", .cut = DIGITS },
    { "Digits, runs", "a121b", "1 11 9 2", .cut = NUMBERS },
    { "Digits of other kinds", "²1", "28 9", .cut = DIGITS },
    { "Digits behind ByteLevel", "a12", "1 9 10",
      .cut = SEQUENCE("pretokenizers", LEVEL_UNCUT "," DIGITS) },
    { "Digits, then ByteLevel", "ab 12é", "6 15 9 10 19",
      .cut = SEQUENCE("pretokenizers", DIGITS "," LEVEL) },
    { "a nested Sequence", "12", "9 10",
      .cut = SEQUENCE("pretokenizers",
                      SEQUENCE("pretokenizers", DIGITS) "," LEVEL) },
    { "template", "ab", "40 6", .post = TEMPLATE_BOS },
    { "template around nothing", "", "40 41 42", .post = TEMPLATE_BOTH },
    { "template in a Sequence", "ab", "40 6",
      .post = SEQUENCE("processors", LEVEL "," TEMPLATE_BOS) },
    { "added token", "a<s>b<s", "1 29 2 23 24",
      .added = ADDED("29", "<s>", F, F, F) },
    { "added tokens, the longest", "<s>><s>b<s>x", "30 29 2 31",
      .added = ADDED("29", "<s>", F, F, F) ","
               ADDED("30", "<s>>", F, F, F) ","
               ADDED("31", "<s>x", F, F, F) },
    { "added tokens, leftmost", "abcabcab", "30 29 2",
      .added = ADDED("29", "ca", F, F, F) ","
               ADDED("30", "abcab", F, F, F) },
    { "added tokens that meet", "aaaaa", "29 29 1",
      .added = ADDED("29", "aa", F, F, F) },
    { "lstrip", "a  <s> b", "1 29 4 2", .added = ADDED("29", "<s>", F, T, F) },
    { "rstrip", "a  <s>\xE3\x80\x80""\n b", "1 4 4 29 2",
      .added = ADDED("29", "<s>", F, F, T) },
    { "both strips between two", "a <s>  <s> b", "1 29 29 2",
      .added = ADDED("29", "<s>", F, T, T) },
    { "strips and a blank as token", "a<s>  b ", "1 29 4 4 2 4",
      .added = ADDED("29", "<s>", F, F, T) ","
               ADDED("4", " ", F, F, F) },
    { "raw tokens see no normalizer", "a b▁", "1 5 2 5",
      .normal = REPLACE(" ", "▁"), .added = ADDED("5", "▁", F, F, F) },
    { "normalized tokens are searched behind it", "a x▁x x", "1 29 29 29",
      .normal = REPLACE(" ", "▁"), .added = ADDED("29", " x", T, F, F) },
    { "raw ones win over normalized ones", "abc", "1 20",
      .added = ADDED("6", "ab", T, F, F) ","
               ADDED("20", "bc", F, F, F) },
    { "Prepend behind every token", "a<s>ab", "7 29 8",
      .normal = PREPEND, .added = ADDED("29", "<s>", F, F, F) },
    { "an added token of the vocabulary", "abc", "6 3",
      .added = ADDED("6", "ab", F, F, F) },
};

TEST(every_step)
{
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        Error error = {0};
        Tokenizer *tokenizer = from_case(&CASES[i], &error);

        if (tokenizer == NULL)
            test_fail(__FILE__, __LINE__, "%s: %s", CASES[i].name, error.text);
        expect_ids(tokenizer, CASES[i].text, true, CASES[i].ids);
        tokenizer_close(tokenizer);
    }
}

/* Ids of the file, a gap before them included: the package would say 29. */
TEST(an_added_token_keeps_its_id)
{
    Case c = { .added = ADDED("50", "<s>", F, F, F) };
    Error error = {0};
    Tokenizer *tokenizer = from_case(&c, &error);

    expect_ok(tokenizer != NULL, &error);
    expect_ids(tokenizer, "a<s>", true, "1 50");
    expect_int(tokenizer_vocabulary(tokenizer), 51);
    expect_int(tokenizer_find(tokenizer, "<s>"), 50);
    expect_int(tokenizer_find(tokenizer, "ab"), 6);
    expect_int(tokenizer_find(tokenizer, "nothing"), -1);
    expect_text(tokenizer_token(tokenizer, 50), "<s>");
    expect_text(tokenizer_token(tokenizer, 16), "Ġa");
    expect(tokenizer_token(tokenizer, 29) == NULL);
    expect(tokenizer_token(tokenizer, -1) == NULL);
    expect(tokenizer_token(tokenizer, 51) == NULL);
    expect(tokenizer_is_special(tokenizer, 50));
    expect(!tokenizer_is_special(tokenizer, 6));
    tokenizer_close(tokenizer);
}

TEST(special_is_a_choice)
{
    Case c = { .post = TEMPLATE_BOTH };
    Error error = {0};
    int id = -1;
    Tokenizer *tokenizer = from_case(&c, &error);

    expect_ok(tokenizer != NULL, &error);
    expect_ids(tokenizer, "ab", false, "6");
    expect_ids(tokenizer, "ab", true, "40 6 41 42");
    expect(tokenizer_adds_first(tokenizer, &id));
    expect_int(id, 40);
    tokenizer_close(tokenizer);
    c.post = LEVEL;
    tokenizer = from_case(&c, &error);
    expect(!tokenizer_adds_first(tokenizer, &id));
    tokenizer_close(tokenizer);
}

/* The models that ship: their BOS, and no byte that gets lost. */
TEST(storyteller_writes_back_what_it_read)
{
    Error error = {0};
    Tokenizer *tokenizer = tokenizer_open("models/storyteller/tokenizer.json",
                                          &error);
    static const char text[] = "Once upon a time, there was a cat of 12 years.\n"
                               "  \"Ça va?\" \xF0\x9F\x98\x80\t\x01 the end";
    Text back = {0};
    Ids ids = {0};
    int first;

    expect_ok(tokenizer != NULL, &error);
    expect(tokenizer_adds_first(tokenizer, &first));
    expect_int(first, 0);
    expect_int(tokenizer_vocabulary(tokenizer), 2048);
    expect_ids(tokenizer, "Once upon a time, there was a cat.", true,
               "0 1688 375 693 259 544 12 442 307 259 1103 14");
    tokenizer_encode(&ids, tokenizer, text, sizeof text - 1, true);
    tokenizer_decode(&back, tokenizer, ids.id, ids.count, true);
    expect_text(back.bytes, text);
    ids_free(&ids);
    text_free(&back);
    tokenizer_close(tokenizer);
}

typedef struct { Case c; const char *words; } Bad;

#define FIELDS(more) "{\"id\":50,\"content\":\"<s>\"," more "}"

static const Bad BAD[] = {
    { { .normal = "{\"type\":\"NFKC\"}" }, "normalizer at byte" },
    { { .normal = "{\"type\":\"Lowercase\"}" }, "\"Lowercase\" is not supported" },
    { { .normal = "{\"type\":\"Prepend\"}" }, "Prepend" },
    { { .normal = "{\"type\":\"Prepend\"}" }, "lacks the field \"prepend\"" },
    { { .normal = "{\"type\":\"Prepend\",\"prepend\":1}" }, "must be a text" },
    { { .normal = "{\"type\":\"Replace\",\"content\":\"\"}" }, "\"pattern\"" },
    { { .normal = "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"}}" },
      "\"content\"" },
    { { .normal = "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"a\"},"
                  "\"content\":\"\"}" }, "{\"String\"" },
    { { .normal = REPLACE("", "b") }, "{\"String\"" },
    { { .normal = "{\"type\":\"Sequence\"}" }, "\"normalizers\"" },
    { { .normal = "{}" }, "\"type\"" },
    { { .normal = "true" }, "\"type\"" },
    { { .cut = "{\"type\":\"Metaspace\",\"replacement\":\"▁\"}" },
      "\"Metaspace\" is not supported; supported are ByteLevel, Digits" },
    { { .cut = "{\"type\":\"Whitespace\"}" }, "pre_tokenizer at byte" },
    { { .cut = "{\"type\":\"ByteLevel\"}" }, "\"add_prefix_space\"" },
    { { .cut = LEVEL_WITH("0", "") }, "must be true or false, not a number" },
    { { .cut = "{\"type\":\"Digits\"}" },
      "\"individual_digits\" (true or false)" },
    { { .cut = SPLIT("a", "MergedWithPrevious", "false") },
      "\"MergedWithPrevious\" is not supported" },
    { { .cut = SPLIT("a", "MergedWithNext", "false") }, "\"MergedWithNext\"" },
    { { .cut = SPLIT("a", "Contiguous", "false") }, "\"Contiguous\"" },
    { { .cut = SPLIT("", "Isolated", "false") }, "{\"String\"" },
    { { .cut = "{\"type\":\"Split\",\"pattern\":{\"String\":\"a\"},"
               "\"behavior\":\"Isolated\"}" }, "\"invert\"" },
    { { .cut = "{\"type\":\"Split\",\"pattern\":{\"String\":\"a\"},"
               "\"invert\":false}" }, "\"behavior\"" },
    { { .cut = "{\"type\":\"Split\",\"behavior\":\"Isolated\","
               "\"invert\":false}" }, "\"pattern\"" },
    { { .cut = "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[xyz]+\"},"
               "\"behavior\":\"Isolated\",\"invert\":false}" }, "[xyz]+" },
    { { .cut = SEQUENCE("pretokenizers", LEVEL "," "7") }, "\"type\"" },
    { { .post = "{\"type\":\"BertProcessing\"}" }, "\"BertProcessing\"" },
    { { .post = "{\"type\":\"TemplateProcessing\"}" }, "\"single\"" },
    { { .post = TEMPLATE(TOKEN("<s>")) }, "lacks the text \"A\"" },
    { { .post = TEMPLATE(TEXT "," TEXT) }, "\"A\" once" },
    { { .post = TEMPLATE(TOKEN("<x>") "," TEXT) }, "\"<x>\"" },
    { { .post = TEMPLATE("{}") }, "\"A\" once" },
    { { .post = "{\"type\":\"TemplateProcessing\",\"single\":[" TOKEN("<s>")
                "]}" }, "\"special_tokens\"" },
    { { .post = SEQUENCE("processors", TEMPLATE_BOS "," TEMPLATE_BOS) }, "second" },
    { { .added = FIELDS("\"normalized\":false,\"lstrip\":false,\"rstrip\":false,"
                        "\"single_word\":false") }, "\"special\"" },
    { { .added = FIELDS("\"special\":true,\"lstrip\":false,\"rstrip\":false,"
                        "\"single_word\":false") }, "\"normalized\"" },
    { { .added = FIELDS("\"special\":true,\"normalized\":false,\"rstrip\":false,"
                        "\"single_word\":false") }, "\"lstrip\"" },
    { { .added = FIELDS("\"special\":true,\"normalized\":false,\"lstrip\":false,"
                        "\"single_word\":false") }, "\"rstrip\"" },
    { { .added = FIELDS("\"special\":true,\"normalized\":false,\"lstrip\":false,"
                        "\"rstrip\":false") }, "\"single_word\"" },
    { { .added = FIELDS("\"special\":true,\"normalized\":false,\"lstrip\":false,"
                        "\"rstrip\":false,\"single_word\":true") },
      "\"single_word\": true is not supported" },
    { { .added = "{\"id\":50}" }, "\"content\"" },
    { { .added = "{\"content\":\"x\"}" }, "\"id\"" },
    { { .added = ADDED("-1", "<s>", F, F, F) }, "\"id\" at byte" },
    { { .added = ADDED("1048576", "<s>", F, F, F) }, "\"id\" at byte" },
    { { .added = ADDED("7", "<s>", F, F, F) }, "belongs to another token" },
    { { .added = ADDED("50", "ab", F, F, F) }, "50 here and 6" },
    { { .added = ADDED("50", "<s>", F, F, F) "," ADDED("51", "<s>", F, F, F) },
      "\"<s>\" or its id 51 is listed twice" },
    { { .added = ADDED("50", "<s>", F, F, F) "," ADDED("50", "<t>", F, F, F) },
      "\"<t>\" or its id 50 is listed twice" },
    { { .added = ADDED("50", "zz", T, F, F), .normal = REPLACE("z", "") },
      "nothing is left" },
};

/* What decoding can bring back: composed where the file composes, blanks as
 * blanks, the tokens in the text as they are. */
TEST(a_text_has_the_spelling_that_can_come_back)
{
    static const struct { Case c; const char *spelled; } cases[] = {
        { { .text = "a  b" }, "a  b" },
        { { .text = "ae\u0301", .normal = NFC }, "a\u00E9" },
        { { .text = "e\u0301" }, "e\u0301" },
        { { .text = " a b",
            .normal = SEQUENCE("normalizers", PREPEND "," REPLACE(" ", "▁")) },
          " a b" },
        { { .text = "a b", .normal = SEQUENCE("normalizers",
                                  PREPEND "," NFC "," REPLACE("a", "x")) }, "x b" },
        { { .text = "e<s>\u0301e\u0301", .normal = NFC,
            .added = ADDED("40", "<s>", F, F, F) }, "e<s>\u0301\u00E9" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Error error = {0};
        Text spelled = {0};
        Tokenizer *t = from_case(&cases[i].c, &error);

        expect_ok(t != NULL, &error);
        tokenizer_normalize(&spelled, t, cases[i].c.text, strlen(cases[i].c.text));
        expect_text(spelled.bytes, cases[i].spelled);
        text_free(&spelled);
        tokenizer_close(t);
    }
}

TEST(what_is_not_supported_or_missing_is_named)
{
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        Error error = {0};

        expect(from_case(&BAD[i].c, &error) == NULL);
        expect_int(error.code, EXIT_INPUT);
        if (!error_mentions(&error, BAD[i].words))
            test_fail(__FILE__, __LINE__, "%s\n    does not mention %s",
                      error.text, BAD[i].words);
    }
}

TEST(what_is_no_tokenizer_is_refused)
{
    static const char *const bad[] = { "", "{}", "[]", "{\"model\":null}", "null",
                                       "{\"model\":[]}", "{\"model\":{}}" };
    Error error = {0};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        error = (Error){0};
        expect(tokenizer_parse(bad[i], strlen(bad[i]), &error) == NULL);
        expect_int(error.code, EXIT_INPUT);
    }
    expect(error_mentions(&error, "lacks the field \"vocab\""));
    expect(tokenizer_open("models/nowhere/tokenizer.json", &error) == NULL);
    expect(error_mentions(&error, "models/nowhere/tokenizer.json"));
}

const Test tokenizer_tests[] = {
    { "every step", every_step },
    { "an added token keeps its id", an_added_token_keeps_its_id },
    { "special is a choice", special_is_a_choice },
    { "storyteller writes back what it read", storyteller_writes_back_what_it_read },
    { "a text has the spelling that can come back",
      a_text_has_the_spelling_that_can_come_back },
    { "what is not supported or missing is named",
      what_is_not_supported_or_missing_is_named },
    { "what is no tokenizer is refused", what_is_no_tokenizer_is_refused },
    { NULL, NULL },
};
