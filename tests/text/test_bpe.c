/* test_bpe.c - what must be true of text/bpe.c, from outside it */
#include "test.h"
#include "text/bpe.h"
#include "text/piececache.h"

static Bpe *from_text(const char *text, Error *error)
{
    JsonDocument document;
    Bpe *bpe;

    expect_ok(json_parse(&document, text, strlen(text), JSON_PLAIN, JSON_DEPTH,
                         error), error);
    bpe = bpe_new(document.root, error);
    json_free(&document);
    return bpe;
}

/* Rule (1) as it is written, by looking at all pairs for each merge: the
 * independent second opinion. Token t ≥ 4 is parts[t] put together, in rank order;
 * a pair has the rank of the last token made of it. */
typedef struct { int left, right; } Parts;

static int naive(int *ids, int n, const Parts *parts, int tokens)
{
    for (;;) {
        int best = -1, at = -1;

        for (int i = 0; i + 1 < n; i++)
            for (int t = 4; t < tokens; t++)
                if (parts[t].left == ids[i] && parts[t].right == ids[i + 1]
                    && (best < 0 || t < best))
                    best = t, at = i;
        if (best < 0)
            return n;
        ids[at] = best;
        memmove(ids + at + 1, ids + at + 2, sizeof *ids * (size_t)(n - at - 2));
        n--;
    }
}

/* Does a merge join a word's end and the next word's ▁? */
static bool joins_words(const char *left, const char *right)
{
    size_t n = strlen(left);

    return strncmp(right, "▁", 3) == 0 && (n < 3 || strcmp(left + n - 3, "▁") != 0);
}

/* Random vocabularies over a, ▁, c, d, with merges that join words or without; no
 * spelling and no pair stands twice. */
static int random_vocabulary(Parts *parts, char names[][64], int tokens, bool apart,
                             uint64_t *seed)
{
    static const char *const letters[4] = { "a", "▁", "c", "d" };
    int n = 4;

    for (int i = 0; i < 4; i++)
        snprintf(names[i], 64, "%s", letters[i]);
    for (int tries = 0; n < tokens && tries < 1000; tries++) {
        int left = (int)(test_random(seed) % (uint32_t)n);
        int right = (int)(test_random(seed) % (uint32_t)n);
        bool new = strlen(names[left]) + strlen(names[right]) < 20
                   && !(apart && joins_words(names[left], names[right]));
        char both[64];

        snprintf(both, sizeof both, "%.31s%.31s", names[left], names[right]);
        for (int i = 0; i < n; i++)
            new = new && strcmp(names[i], both) != 0;
        if (!new)
            continue;
        memcpy(names[n], both, sizeof both);
        parts[n++] = (Parts){ left, right };
    }
    return n;
}

TEST(equals_looking_at_all_pairs)
{
    static char names[40][64], text[8000];
    static Parts parts[40];
    uint64_t seed = 7;

    for (int model = 0; model < 40; model++) {
        int tokens = random_vocabulary(parts, names, 40, model % 2 == 0, &seed);
        size_t used = (size_t)snprintf(text, sizeof text, "{\"vocab\":{");
        BpeWork *work = bpe_work_new();
        Error error = {0};
        Bpe *bpe;

        for (int t = 0; t < tokens; t++)
            used += (size_t)snprintf(text + used, sizeof text - used,
                                     "%s\"%s\":%d", t ? "," : "", names[t], t);
        used += (size_t)snprintf(text + used, sizeof text - used, "},\"merges\":[");
        for (int t = 4; t < tokens; t++)
            used += (size_t)snprintf(text + used, sizeof text - used,
                                     "%s\"%s %s\"", t > 4 ? "," : "",
                                     names[parts[t].left], names[parts[t].right]);
        snprintf(text + used, sizeof text - used, "],\"unk_token\":\"%s\"}", names[0]);
        bpe = from_text(text, &error);
        expect_ok(bpe != NULL, &error);
        expect_int(bpe_vocabulary(bpe), tokens);

        for (int k = 0; k < 100; k++) {
            char piece[200] = "";
            int want[60], n = (int)(test_random(&seed) % 60);
            Ids ids = {0};

            for (int i = 0; i < n; i++) {
                want[i] = (int)(test_random(&seed) % (k % 2 ? 4 : 2));
                strcat(piece, names[want[i]]);
            }
            n = naive(want, n, parts, tokens);
            bpe_encode(&ids, bpe, work, piece, strlen(piece));
            expect_int(ids.count, n);
            expect(n == 0 || memcmp(ids.id, want, sizeof *want * (size_t)n) == 0);
            ids_free(&ids);
        }
        bpe_work_free(work);
        bpe_free(bpe);
    }
}

/* Where ▁ begins no word of its own: a merge joins words, an unknown token ends with
 * ▁ or is none, ▁ is spelt in bytes, a whole piece is a token. The ids are those that `tokenizers`
 * 0.23.3 gives. */
TEST(words_are_cut_only_where_it_is_exact)
{
    static const struct { const char *model, *text; int count, ids[12]; } cases[] = {
        { "{\"vocab\":{\"▁\":0,\"a\":1,\"u▁\":2,\"u▁▁\":3},"
          "\"merges\":[\"u▁ ▁\"],\"unk_token\":\"u▁\"}", "a?▁a", 3, { 1, 3, 1 } },
        { "{\"vocab\":{\"a\":0,\"<0xE2>\":1,\"<0x96>\":2,\"<0x81>\":3,\"a<0xE2>\":4},"
          "\"merges\":[\"a <0xE2>\"],\"byte_fallback\":true}", "aa▁", 4, { 0, 4, 2, 3 } },
        { "{\"vocab\":{\"a\":0,\"▁\":1,\"a▁\":2,\"▁a\":3},"
          "\"merges\":[\"a ▁\",\"▁ a\"]}", "a▁a▁▁a", 3, { 2, 2, 3 } },
        { "{\"vocab\":{\"a\":0,\"▁\":1,\"a▁\":2,\"▁a\":3,\"▁▁\":4,\"a▁▁\":5},"
          "\"merges\":[\"▁ a\",\"a ▁\",\"▁ ▁\",\"a ▁▁\"]}", "a▁aa▁▁", 4,
          { 0, 3, 2, 1 } },
        { "{\"vocab\":{\"a\":0,\"▁\":1,\"a▁\":2},\"merges\":[],"
          "\"ignore_merges\":true}", "a▁", 1, { 2 } },
        { "{\"vocab\":{\"a\":0,\"▁\":1,\"u\":2,\"<0x3F>\":3},\"merges\":[],"
          "\"unk_token\":\"u\",\"fuse_unk\":true,\"byte_fallback\":true}",
          "?" "?!▁!?▁▁!!▁a!", 12, { 3, 3, 2, 1, 3, 2, 1, 1, 2, 1, 0, 2 } },
        { "{\"vocab\":{\"a\":0,\"▁\":1,\"▁a\":2,\"▁▁\":3,\"aa\":4,\"▁aa\":5},"
          "\"merges\":[\"a a\",\"▁ ▁\",\"▁ aa\",\"▁ a\"]}", "aa▁aaa▁▁a▁", 6,
          { 4, 5, 0, 3, 0, 1 } },
        /* No unknown token: ? vanishes, and two ▁ meet. */
        { "{\"vocab\":{\"a\":0,\"▁\":1,\"▁▁\":2},\"merges\":[\"▁ ▁\"]}",
          "▁?▁a", 2, { 2, 0 } },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Error error = {0};
        Ids ids = {0};
        BpeWork *work = bpe_work_new();
        Bpe *bpe = from_text(cases[i].model, &error);

        expect_ok(bpe != NULL, &error);
        bpe_encode(&ids, bpe, work, cases[i].text, strlen(cases[i].text));
        expect_int(ids.count, cases[i].count);
        for (int k = 0; k < ids.count; k++)
            expect_int(ids.id[k], cases[i].ids[k]);
        ids_free(&ids);
        bpe_work_free(work);
        bpe_free(bpe);
    }
}

static void see_nothing_piece(void *context, const char *piece, size_t length)
{
    (void)context, (void)piece, (void)length;
}

static void see_nothing_symbol(void *context, int id)
{
    (void)context, (void)id;
}

static void see_nothing_merge(void *context, int place, int rank, int left, int right,
                              int merged)
{
    (void)context, (void)place, (void)rank, (void)left, (void)right, (void)merged;
}

/* What a race gives that is looked at, and so is run, a remembered piece must give
 * too: 40,000 pieces of 1 to 80 letters, the short ones often, the others many more
 * than there are slots; some have more bytes or ids than a slot. "d" is no token. */
TEST(what_is_remembered_is_what_was_merged)
{
    const BpeObserver observer = { see_nothing_piece, see_nothing_symbol,
                                   see_nothing_merge, NULL };
    BpeWork *remembers = bpe_work_new(), *looks = bpe_work_new();
    uint64_t seed = 11;
    Ids got = {0}, want = {0};
    Error error = {0};
    Bpe *bpe = from_text("{\"vocab\":{\"a\":0,\"b\":1,\"c\":2,\"ab\":3,\"abc\":4,"
                         "\"bc\":5,\"aa\":6},\"merges\":[\"b c\",\"a bc\",\"a b\","
                         "\"a a\"]}", &error);

    expect_ok(bpe != NULL, &error);
    bpe_work_observe(looks, &observer);
    for (int i = 0; i < 40000; i++) {
        size_t length = 1 + test_random(&seed) % (i % 4 == 0 ? 80 : i % 4 == 1 ? 9 : 3);
        char piece[80];

        for (size_t k = 0; k < length; k++)
            piece[k] = "abcd"[test_random(&seed) % 4];
        bpe_encode(&got, bpe, remembers, piece, length);
        bpe_encode(&want, bpe, looks, piece, length);
        expect_int(got.count, want.count);
    }
    expect(memcmp(got.id, want.id, sizeof *got.id * (size_t)got.count) == 0);
    ids_free(&got);
    ids_free(&want);
    bpe_work_free(remembers);
    bpe_work_free(looks);
    bpe_free(bpe);
}

TEST(a_slot_holds_one_piece_that_fits)
{
    static const char text[] = "a piece that is longer than a slot is";
    const int ids[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    KnownPiece slot[2] = {{0}}, none = {0};

    piececache_fill(slot, text, 30, ids, 8);
    expect(piececache_holds(slot, text, 30) && !piececache_holds(slot, text, 29)
           && !piececache_holds(slot, text + 1, 30) && slot->count == 8
           && memcmp(slot->id, ids, sizeof slot->id) == 0);
    piececache_fill(slot, text, 31, ids, 1);
    expect(!piececache_holds(slot, text, 31));
    piececache_fill(slot, text + 1, 3, ids, 9);
    expect(!piececache_holds(slot, text + 1, 3) && piececache_holds(slot, text, 30));
    piececache_fill(slot, text + 1, 3, ids, 0);
    expect(piececache_holds(slot, text + 1, 3) && !piececache_holds(slot, text, 30));
    expect(slot->count == 0 && memcmp(&slot[1], &none, sizeof none) == 0);
}

/* 2^18 + 3 times "a", where tokens of 2, 4, 8 and 16 exist: the runs of 16, and
 * then what is left, counted by hand. An algorithm that is quadratic would need
 * hours. */
TEST(a_long_run_is_fast)
{
    static char run[(1 << 18) + 3];
    Error error = {0};
    Ids ids = {0};
    BpeWork *work = bpe_work_new();
    Bpe *bpe = from_text("{\"vocab\":{\"a\":0,\"aa\":1,\"aaaa\":2,\"aaaaaaaa\":3,"
                         "\"aaaaaaaaaaaaaaaa\":4},\"merges\":[\"a a\",\"aa aa\","
                         "\"aaaa aaaa\",\"aaaaaaaa aaaaaaaa\"]}", &error);

    expect_ok(bpe != NULL, &error);
    memset(run, 'a', sizeof run);
    bpe_encode(&ids, bpe, work, run, sizeof run);
    expect_int(ids.count, (1 << 14) + 2);
    for (int i = 0; i < 1 << 14; i++)
        expect_int(ids.id[i], 4);
    expect_int(ids.id[1 << 14], 1);
    expect_int(ids.id[(1 << 14) + 1], 0);
    ids_free(&ids);
    bpe_work_free(work);
    bpe_free(bpe);
}

TEST(tokens_are_found_both_ways)
{
    Error error = {0};
    size_t length;
    Bpe *bpe = from_text("{\"vocab\":{\"a\":0,\"\":2,\"é\":7,\"x\\u0000y\":5},"
                         "\"merges\":[]}", &error);

    expect_ok(bpe != NULL, &error);
    expect_int(bpe_vocabulary(bpe), 8);
    expect_int(bpe_find(bpe, "a", 1), 0);
    expect_int(bpe_find(bpe, "", 0), 2);
    expect_int(bpe_find(bpe, "é", 2), 7);
    expect_int(bpe_find(bpe, "x\0y", 3), 5);
    expect_int(bpe_find(bpe, "x", 1), -1);
    expect_text(bpe_token(bpe, 7, &length), "é");
    expect_int(length, 2);
    expect(bpe_token(bpe, 1, &length) == NULL);
    expect(bpe_token(bpe, -1, &length) == NULL);
    expect(bpe_token(bpe, 8, &length) == NULL);
    bpe_free(bpe);
}

TEST(bad_models_are_refused_with_their_place)
{
    static const char *const bad[][2] = {
        { "{\"merges\":[]}", "lacks the field \"vocab\"" },
        { "{\"vocab\":{}}", "lacks the field \"merges\"" },
        { "{\"vocab\":[],\"merges\":[]}", "\"vocab\" at byte 9 must be an object" },
        { "{\"vocab\":{},\"merges\":7}", "\"merges\" at byte 21 must be a list" },
        { "{\"type\":\"Unigram\",\"vocab\":{},\"merges\":[]}",
          "\"Unigram\" is not supported" },
        { "{\"type\":\"WordPiece\",\"vocab\":{},\"merges\":[]}", "BPE" },
        { "{\"vocab\":{\"a\":-1},\"merges\":[]}", "byte 14: the id of \"a\"" },
        { "{\"vocab\":{\"a\":1.5},\"merges\":[]}", "whole number" },
        { "{\"vocab\":{\"a\":99999999999},\"merges\":[]}", "whole number" },
        { "{\"vocab\":{\"a\":1048576},\"merges\":[]}", "whole number" },
        { "{\"vocab\":{\"a\":\"0\"},\"merges\":[]}", "whole number" },
        { "{\"vocab\":{\"a\":0,\"b\":0},\"merges\":[]}", "this id stands there" },
        { "{\"vocab\":{\"a\":0,\"a\":1},\"merges\":[]}", "this token stands there" },
        { "{\"vocab\":{\"a\":0},\"merges\":[\"a b\"]}", "\"b\" is not in model.vocab" },
        { "{\"vocab\":{\"a\":0},\"merges\":[\"a a\"]}", "\"aa\" is not in" },
        { "{\"vocab\":{\"a\":0},\"merges\":[\"a\"]}", "byte 27 is neither" },
        { "{\"vocab\":{\"a\":0},\"merges\":[\"a a a\"]}", "neither" },
        { "{\"vocab\":{\"a\":0},\"merges\":[[\"a\"]]}", "neither" },
        { "{\"vocab\":{\"a\":0},\"merges\":[[\"a\",1]]}", "neither" },
        { "{\"vocab\":{\"a\":0},\"merges\":[1]}", "neither" },
        { "{\"vocab\":{},\"merges\":[],\"dropout\":0.1}", "model.dropout at byte 34" },
        { "{\"vocab\":{},\"merges\":[],\"dropout\":\"x\"}", "model.dropout" },
        { "{\"vocab\":{},\"merges\":[],\"unk_token\":\"<u>\"}", "model.unk_token" },
        { "{\"vocab\":{},\"merges\":[],\"fuse_unk\":1}", "\"fuse_unk\"" },
        { "{\"vocab\":{},\"merges\":[],\"byte_fallback\":null}", "\"byte_fallback\"" },
        { "{\"vocab\":{},\"merges\":[],\"ignore_merges\":\"\"}", "\"ignore_merges\"" },
        { "{\"vocab\":{},\"merges\":[],\"continuing_subword_prefix\":\"##\"}",
          "model.continuing_subword_prefix" },
        { "{\"vocab\":{},\"merges\":[],\"end_of_word_suffix\":\"</w>\"}",
          "model.end_of_word_suffix" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Error error = {0};

        expect(from_text(bad[i][0], &error) == NULL);
        expect_int(error.code, EXIT_INPUT);
        if (!error_mentions(&error, bad[i][1]))
            test_fail(__FILE__, __LINE__, "%s does not mention %s", error.text,
                      bad[i][1]);
    }
}

/* What old and new files say and what means nothing. */
TEST(harmless_settings_are_accepted)
{
    Error error = {0};
    Bpe *bpe = from_text("{\"type\":\"BPE\",\"dropout\":0.0,\"unk_token\":\"\","
                         "\"continuing_subword_prefix\":\"\",\"fuse_unk\":false,"
                         "\"end_of_word_suffix\":null,\"vocab\":{},"
                         "\"merges\":[]}", &error);
    BpeWork *work = bpe_work_new();
    Ids ids = {0};

    expect_ok(bpe != NULL, &error);
    bpe_encode(&ids, bpe, work, "abc", 3);
    expect_int(ids.count, 0);
    bpe_work_free(work);
    bpe_free(bpe);
}

/* Everything that an observer is told, as a line of text. */
static void saw_piece(void *context, const char *piece, size_t length)
{
    snprintf((char *)context + strlen(context), 100, "[%.*s]", (int)length, piece);
}

static void saw_symbol(void *context, int id)
{
    snprintf((char *)context + strlen(context), 20, " %d", id);
}

static void saw_merge(void *context, int place, int rank, int left, int right,
                      int merged)
{
    snprintf((char *)context + strlen(context), 60, ", %d: #%d %d+%d=%d", place, rank,
             left, right, merged);
}

/* The essay's picture, and "nethen": of two pairs "t h" would be taken first
 * wherever it stands, "n e" is last; of two equal ones the left one goes first. */
TEST(the_race_can_be_watched)
{
    static const char model[] = "{\"vocab\":{\"t\":0,\"h\":1,\"e\":2,\"n\":3,"
        "\"th\":4,\"the\":5,\"he\":6,\"ne\":7},"
        "\"merges\":[\"t h\",\"th e\",\"h e\",\"n e\"]%s}";
    static const struct { const char *piece, *seen; } cases[] = {
        { "then", "[then] 0 1 2 3, 0: #0 0+1=4, 0: #1 4+2=5" },
        { "nethen", "[nethen] 3 2 0 1 2 3, 2: #0 0+1=4, 2: #1 4+2=5, 0: #3 3+2=7" },
        { "hehe", "[hehe] 1 2 1 2, 0: #2 1+2=6, 2: #2 1+2=6" },
        { "nt", "[nt] 3 0" },
    };
    char seen[1000] = "", text[300];
    const BpeObserver observer = { saw_piece, saw_symbol, saw_merge, seen };
    Error error = {0};
    Ids ids = {0};

    for (int whole = 0; whole < 2; whole++) {
        BpeWork *work = bpe_work_new();
        Bpe *bpe;

        snprintf(text, sizeof text, model, whole ? ",\"ignore_merges\":true" : "");
        bpe = from_text(text, &error);
        expect_ok(bpe != NULL, &error);
        bpe_work_observe(work, &observer);
        for (size_t i = 0; whole == 0 && i < sizeof cases / sizeof *cases; i++) {
            seen[0] = '\0';
            bpe_encode(&ids, bpe, work, cases[i].piece, strlen(cases[i].piece));
            expect_text(seen, cases[i].seen);
        }
        if (whole == 1) {               /* a piece that is a token: no race  */
            seen[0] = '\0';
            bpe_encode(&ids, bpe, work, "the", 3);
            expect_text(seen, "[the] 5");
        }
        expect_int(bpe_rank(bpe, 4, 2), 1);
        expect_int(bpe_rank(bpe, 2, 4), -1);
        expect_int(bpe_rank(bpe, -1, 0), -1);
        bpe_work_free(work);
        bpe_free(bpe);
    }
    expect_int(ids.count, 2 + 3 + 2 + 2 + 1);
    ids_free(&ids);
}

const Test bpe_tests[] = {
    { "equals looking at all pairs", equals_looking_at_all_pairs },
    { "words are cut only where it is exact", words_are_cut_only_where_it_is_exact },
    { "a slot holds one piece that fits", a_slot_holds_one_piece_that_fits },
    { "what is remembered is what was merged", what_is_remembered_is_what_was_merged },
    { "a long run is fast", a_long_run_is_fast },
    { "tokens are found both ways", tokens_are_found_both_ways },
    { "bad models are refused with their place",
      bad_models_are_refused_with_their_place },
    { "harmless settings are accepted", harmless_settings_are_accepted },
    { "the race can be watched", the_race_can_be_watched },
    { NULL, NULL },
};
