/* test_rollback.c - what a cache holds after wrong guesses is what it would hold anyway
 *
 *      read      once upon a time │ there  lived  a  queen      guesses
 *      judged                        ✓      ✗
 *      kept      once upon a time   there │                     … and then "was"
 *                └────────────────────────┘
 *                 these bytes are those of a session that never read anything else
 *
 * After every round both caches, the target's and the draft's, are held against new
 * ones that read the same ids at once, byte for byte, in both formats of a cache. */
#include "guessing.h"

enum { N = 30, CAPACITY = 48 };

static const char PROMPT[] = "Once upon a time";
static Ids prompt;
static Error error;

/* All that is valid: layer by layer, keys and values, head by head. */
static void same_bytes(const KvCache *a, const KvCache *b)
{
    size_t size = a->format == FORMAT_F32 ? 4 : 2, D = (size_t)a->D;
    size_t valid = (size_t)a->length * D * size;

    expect_int(a->length, b->length);
    for (size_t i = 0; i < (size_t)a->L * 2 * (size_t)a->K; i++)
        expect(memcmp(a->data + i * (size_t)a->capacity * D * size,
                      b->data + i * (size_t)b->capacity * D * size, valid) == 0);
}

/* As if s had read its ids at once. */
static void expect_fresh(const Session *s)
{
    Session fresh;

    expect(s->length > 0 && s->length == s->cache.length);
    expect_ok(session_init(&fresh, s->model, s->length, 64, s->cache.format, &error),
              &error);
    expect_ok(session_feed(&fresh, s->ids, s->length, &error), &error);
    same_bytes(&s->cache, &fresh.cache);
    session_free(&fresh);
}

/* Write a text and look after every round. Returns how many rounds had a guess that
 * fell, and in *whole how many had none. */
static int look(Guesser *g, int K, const SamplingConfig *sampling, Format kv, int *whole)
{
    Session target;
    DraftSetup setup;
    ModelDraft d;
    Speculation s;
    int fell = 0;

    expect_ok(session_init_wide(&target, &model, CAPACITY, 5, DRAFT_MOST + 1, kv,
                                &error), &error);
    setup = setup_for("draft", &target, sampling, 3);
    setup.kv = kv;
    expect_ok(draft_model_init(&d, &g->model, &setup, &error), &error);
    expect_ok(session_feed(&target, prompt.id, prompt.count, &error), &error);
    speculation_begin(&s, &target, &d.draft, K, sampling, 3, prompt.id, prompt.count, N);
    while (s.count < prompt.count + N) {
        expect_ok(speculation_round(&s, prompt.count + N - s.count, &error), &error);
        fell += s.judged.accepted < s.guess.count;
        *whole += s.judged.accepted == s.guess.count;
        expect_int(target.length, s.count - 1);
        expect(memcmp(target.ids, s.text, (size_t)target.length * sizeof(int)) == 0);
        expect(d.session.length < s.count);
        expect(memcmp(d.session.ids, s.text,
                      (size_t)d.session.length * sizeof(int)) == 0);
        expect_fresh(&target);
        expect_fresh(&d.session);
    }
    speculation_free(&s);
    draft_model_free(&d);
    session_free(&target);
    return fell;
}

static void look_at(const char *draft)
{
    static const SamplingConfig ways[] = { { .top_p = 1, .repeat_penalty = 1 },
                                           { 0.8, 0, 0.95, 0, 1 }, { 1.2, 0, 1, 0, 1.2 } };
    static const int Ks[] = { 1, 3, 8 };
    Guesser g;
    int fell = 0, whole = 0;

    open_storyteller();
    open_guesser(&g, draft);
    tokenizer_encode(&prompt, dir.tokenizer, PROMPT, strlen(PROMPT), true);
    for (int way = 0; way < 3; way++)
        for (int k = 0; k < 3; k++)
            fell += look(&g, Ks[k], &ways[way], k % 2 == 0 ? FORMAT_F16 : FORMAT_F32,
                         &whole);
    expect(fell > 10 && whole > 5);         /* or nothing was looked at      */
    close_guesser(&g);
    close_storyteller();
}

TEST(behind_a_second_model)
{
    look_at("models/storyteller-draft");
}

TEST(behind_the_same_in_four_bits)
{
    look_at("int4");
}

/* Rows read together have the logits of rows read alone; cut and read again, too. */
TEST(rows_together_and_taken_back)
{
    Session s, alone;
    int V, other[8];

    open_storyteller();
    V = model.config.V;
    tokenizer_encode(&prompt, dir.tokenizer, "The king said to the queen that he", 34,
                     true);
    expect(prompt.count >= 9);
    expect_ok(session_init_wide(&s, &model, 32, 2, 8, FORMAT_F16, &error), &error);
    expect_ok(session_init(&alone, &model, 32, 1, FORMAT_F16, &error), &error);
    memcpy(other, prompt.id + 1, sizeof other);
    other[3] = (other[3] + 1) % V;
    expect_ok(session_feed(&s, prompt.id, 1, &error), &error);
    expect_ok(session_feed_together(&s, other, 8, &error), &error);
    session_cut(&s, 4);
    expect(s.logits == NULL);
    expect_ok(session_feed_together(&s, prompt.id + 4, 5, &error), &error);
    for (int t = 0; t < 9; t++) {
        expect_ok(session_feed(&alone, &prompt.id[t], 1, &error), &error);
        if (t >= 4)
            expect_same_bits(row(s.work.logits, t - 4, V), alone.logits, V);
    }
    expect_same_bits(s.logits, alone.logits, V);
    same_bytes(&s.cache, &alone.cache);
    expect(!session_feed_together(&s, other, 8, &error) || s.length <= 32);
    session_cut(&s, s.length);              /* nothing to forget             */
    expect(s.logits != NULL);
    close_storyteller();
}

TEST(no_room_changes_nothing)
{
    Session s;
    int ids[4] = { 5, 6, 7, 8 };
    const float *logits;

    open_storyteller();
    expect_ok(session_init_wide(&s, &model, 6, 64, 4, FORMAT_F32, &error), &error);
    expect_ok(session_feed_together(&s, ids, 4, &error), &error);
    logits = s.logits;
    expect(!session_feed_together(&s, ids, 3, &error));
    expect_int(error.code, EXIT_INPUT);
    expect(s.length == 4 && s.cache.length == 4 && s.logits == logits);
    expect_ok(session_feed_together(&s, ids, 2, &error), &error);
    expect_fresh(&s);
    close_storyteller();
}

const Test rollback_tests[] = {
    { "both caches after every round, a second model guessing", behind_a_second_model },
    { "the same, int4 guessing", behind_the_same_in_four_bits },
    { "rows read together, taken back and read again", rows_together_and_taken_back },
    { "no room for the rows changes nothing", no_room_changes_nothing },
    { NULL, NULL },
};
