/* test_session.c - a text is a text, however it was fed */
#include "storyteller.h"

#include <stdlib.h>

#include "base/memory.h"
#include "decode/session.h"

enum { LONG = 60, ROOM = 64 };

static int text[ROOM];              /* any ids will do                       */
static int V;

static void open_all(void)
{
    uint64_t state = 3;

    open_storyteller();
    V = model.config.V;
    for (int i = 0; i < ROOM; i++)
        text[i] = (int)(test_random(&state) % (uint32_t)V);
}

static void start(Session *s, int capacity, int chunk)
{
    Error error = {0};

    expect_ok(session_init(s, &model, capacity, chunk, FORMAT_F16, &error),
              &error);
}

static void feed(Session *s, const int *ids, int n)
{
    Error error = {0};

    expect_ok(session_feed(s, ids, n, &error), &error);
}

/* A copy of the logits behind text[0 … n-1], read in one pass by a new session. */
static float *fresh(const int *ids, int n)
{
    Session s;
    float *copy = malloc((size_t)V * sizeof *copy);

    start(&s, ROOM, ROOM);
    feed(&s, ids, n);
    memcpy(copy, s.logits, (size_t)V * sizeof *copy);
    session_free(&s);
    return copy;
}

TEST(chunks_change_no_bit)
{
    static const int chunks[] = { 1, 2, 7, 13, 60, 128 };
    float *whole;

    open_all();
    whole = fresh(text, LONG);
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        Session s;

        start(&s, ROOM, chunks[i]);
        feed(&s, text, 11);                 /* and in two calls             */
        feed(&s, text + 11, LONG - 11);
        expect_int(s.length, LONG);
        expect_same_bits(s.logits, whole, V);
        session_free(&s);
    }
    free(whole);
    close_storyteller();
}

typedef struct { int next; float *all; } Seen;

static void see(void *context, int position, const float *logits)
{
    Seen *seen = context;

    expect_int(position, seen->next++);
    memcpy(row(seen->all, position, V), logits, (size_t)V * sizeof *logits);
}

/* Every position's logits in one go are those of feeding one by one. */
TEST(all_positions_are_seen_in_order)
{
    Seen seen = {0};
    Session s, slow;
    Error error = {0};

    open_all();
    seen.all = malloc((size_t)LONG * (size_t)V * sizeof *seen.all);
    start(&s, ROOM, 9);
    start(&slow, ROOM, 1);
    expect_ok(session_feed_all(&s, text, LONG, see, &seen, &error), &error);
    expect_int(seen.next, LONG);
    for (int t = 0; t < LONG; t++) {
        feed(&slow, text + t, 1);
        expect_same_bits(row(seen.all, t, V), slow.logits, V);
    }
    expect_same_bits(s.logits, slow.logits, V);
    session_free(&s), session_free(&slow);
    free(seen.all);
    close_storyteller();
}

/* The first 30 ids stay, and only what differs goes through the model. */
TEST(goto_keeps_the_common_beginning)
{
    int other[LONG];
    float *want;
    Session s;
    Error error = {0};
    size_t before;

    open_all();
    memcpy(other, text, sizeof other);
    other[30] = (text[30] + 1) % V;
    want = fresh(other, 50);
    start(&s, ROOM, 16);
    feed(&s, text, LONG);
    before = s.fed;
    expect_ok(session_goto(&s, other, 50, &error), &error);
    expect_int(s.fed - before, 20);
    expect_int(s.length, 50);
    expect_same_bits(s.logits, want, V);
    expect(memcmp(s.ids, other, 50 * sizeof *other) == 0);
    before = s.fed;
    expect_ok(session_goto(&s, other, 50, &error), &error);
    expect_int(s.fed - before, 0);              /* it stands there          */
    expect_same_bits(s.logits, want, V);
    free(want);
    session_free(&s);
    close_storyteller();
}

/* Backwards: one id is fed again, because logits were of another. To nothing
 * and from nothing too. */
TEST(goto_an_earlier_place)
{
    float *want;
    Session s;
    Error error = {0};

    open_all();
    want = fresh(text, 10);
    start(&s, ROOM, 16);
    expect_ok(session_goto(&s, text, LONG, &error), &error);
    expect_ok(session_goto(&s, text, 10, &error), &error);
    expect_int(s.fed, LONG + 1);
    expect_int(s.length, 10);
    expect_same_bits(s.logits, want, V);
    expect_ok(session_goto(&s, text, 0, &error), &error);
    expect(s.length == 0 && s.logits == NULL);
    expect_ok(session_goto(&s, text, 10, &error), &error);
    expect_same_bits(s.logits, want, V);
    free(want);
    session_free(&s);
    close_storyteller();
}

TEST(a_full_context_is_refused_and_changes_nothing)
{
    Session s;
    Error error = {0};
    float *want;

    open_all();
    want = fresh(text, 20);
    start(&s, 24, 8);
    feed(&s, text, 20);
    expect(!session_feed(&s, text, 5, &error));
    expect_int(error.code, EXIT_INPUT);
    expect(error_mentions(&error, "--ctx") && error_mentions(&error, "256"));
    expect(!session_goto(&s, text, 25, &error) && error.code == EXIT_INPUT);
    expect_int(s.length, 20);
    expect_same_bits(s.logits, want, V);
    feed(&s, text, 4);                          /* exactly full is fine     */
    expect_int(s.length, 24);
    free(want);
    session_free(&s);
    close_storyteller();
}

typedef struct { int calls, allowed; size_t done, total; } Patience;

static bool go_on(void *context, size_t done, size_t total)
{
    Patience *patience = context;

    expect(done >= patience->done && done <= total);        /* only forwards */
    patience->done = done, patience->total = total;
    return patience->calls++ < patience->allowed;
}

/* Stopped at every moment there is: the session stands where it stood, and what
 * is fed then gives the same bits as if nothing had happened. */
TEST(a_stopped_feed_leaves_it_where_it_was)
{
    float *want;
    int stopped = 0;

    open_all();
    want = fresh(text, 40);
    for (int allowed = 0;; allowed += 3) {
        Patience patience = { .allowed = allowed };
        Watch watch = { go_on, &patience };
        Session s;
        Error error = {0};
        bool fine;

        start(&s, ROOM, 8);
        feed(&s, text, 10);
        s.watch = &watch;
        fine = session_feed(&s, text + 10, 30, &error);
        s.watch = NULL;
        if (!fine) {
            stopped++;
            expect_int(error.code, EXIT_INTERRUPTED);
            expect_int(s.length, 10);
            expect(s.logits == NULL);
            feed(&s, text + 10, 30);
        }
        expect_same_bits(s.logits, want, V);
        session_free(&s);
        if (fine)
            break;
    }
    expect(stopped >= 8);                       /* 4 passes of 6 layers     */
    free(want);
    close_storyteller();
}

TEST(an_id_that_is_none_changes_nothing)
{
    int bad[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 2048 };
    Session s;
    Error error = {0};

    open_all();
    start(&s, ROOM, 4);
    feed(&s, text, 10);
    expect(!session_feed(&s, bad, 12, &error));     /* in the third pass    */
    expect(error.code == EXIT_INPUT && error_mentions(&error, "2048"));
    expect_int(s.length, 10);
    bad[11] = -1;
    expect(!session_feed(&s, bad, 12, &error) && s.length == 10);
    session_free(&s);
    close_storyteller();
}

TEST(nothing_is_allocated_after_init)
{
    Session s;
    Error error = {0};
    Seen seen = {0};
    size_t before;

    open_all();
    seen.all = malloc((size_t)LONG * (size_t)V * sizeof *seen.all);
    start(&s, ROOM, 16);
    feed(&s, text, 3);                          /* a pool may start here    */
    before = memory_count();
    feed(&s, text + 3, 17);
    expect_ok(session_goto(&s, text, 5, &error), &error);
    seen.next = 5;
    expect_ok(session_feed_all(&s, text + 5, 30, see, &seen, &error), &error);
    expect(memory_count() == before);
    free(seen.all);
    session_free(&s);
    close_storyteller();
}

TEST(how_much_room)
{
    Config config = { .context = 256 };
    Error error = {0};
    int room;

    expect(session_capacity(&room, &config, 0, 10, 20, &error) && room == 30);
    expect(session_capacity(&room, &config, 0, 10, 0, &error) && room == 10);
    expect(session_capacity(&room, &config, 0, 200, 100, &error) && room == 256);
    expect(session_capacity(&room, &config, 0, 256, 1 << 30, &error)
           && room == 256);
    expect(session_capacity(&room, &config, 50, 10, 200, &error) && room == 50);
    expect(session_capacity(&room, &config, 5000, 10, 2, &error) && room == 256);
    expect(!session_capacity(&room, &config, 0, 257, 1, &error)
           && error.code == EXIT_INPUT && error_mentions(&error, "257")
           && error_mentions(&error, "256"));
    expect(!session_capacity(&room, &config, 9, 10, 1, &error)
           && error.code == EXIT_INPUT && error_mentions(&error, "--ctx 9"));
}

const Test session_tests[] = {
    { "chunks change no bit", chunks_change_no_bit },
    { "all positions are seen, in order", all_positions_are_seen_in_order },
    { "goto keeps the common beginning", goto_keeps_the_common_beginning },
    { "goto an earlier place", goto_an_earlier_place },
    { "a full context is refused and changes nothing",
      a_full_context_is_refused_and_changes_nothing },
    { "a stopped feed leaves it where it was",
      a_stopped_feed_leaves_it_where_it_was },
    { "an id that is none changes nothing", an_id_that_is_none_changes_nothing },
    { "nothing is allocated after init", nothing_is_allocated_after_init },
    { "how much room", how_much_room },
    { NULL, NULL },
};
