/* test_speculative.c - guessing changes how fast a text is written, and not what */
#include "guessing.h"

static const char PROMPT[] = "Once upon a time";

/* n ids behind PROMPT by a new session; K guesses of draft. */
static void write_text(Generated *out, Draft *draft, Session *s, int K,
                       const SamplingConfig *sampling, int n)
{
    Ids ids = {0};
    Error error = {0};
    GenerateOptions o = { .sampling = *sampling, .seed = 1, .n = n, .draft = draft,
                          .guesses = K, .eos = dir.eos, .eos_count = dir.eos_count };

    tokenizer_encode(&ids, dir.tokenizer, PROMPT, strlen(PROMPT), true);
    expect_ok(generate(out, s, dir.tokenizer, ids.id, ids.count, &o, &error), &error);
    ids_free(&ids);
}

static void open_session(Session *s, int wide)
{
    Error error = {0};

    expect_ok(session_init_wide(s, &model, 100, 64, wide, FORMAT_F16, &error), &error);
}

static void same_text(const Generated *a, const Generated *b)
{
    expect_int(a->ids.count, b->ids.count);
    expect(memcmp(a->ids.id, b->ids.id, (size_t)a->ids.count * sizeof(int)) == 0);
    expect_text(a->text.bytes, b->text.bytes);
    expect_int(a->reason, b->reason);
}

/* Who guesses, and how many, does not matter at temperature 0. */
TEST(greedy_text_is_the_greedy_text)
{
    static const char *const names[] = { "models/storyteller-draft", "int8", "int4" };
    Session plain, s;
    Generated want, got;
    Draft ngram = draft_ngram();
    PlantedDraft planted;

    open_target();
    open_session(&plain, 1);
    write_text(&want, NULL, &plain, 0, &GREEDY, 60);
    for (int i = 0; i < 5; i++) {
        Guesser g = {0};
        ModelDraft d = {0};
        Draft *draft = i == 3 ? &ngram : &d.draft;
        Error error = {0};

        if (i < 3)
            open_guesser(&g, names[i]);
        for (int K = 0; K <= 8; K++) {
            open_session(&s, K + 1);
            if (i < 3) {
                DraftSetup setup = setup_for(names[i], &s, &GREEDY, 1);

                expect_ok(draft_model_init(&d, &g.model, &setup, &error), &error);
            }
            if (i == 4) {
                planted = draft_planted(s.ids, 0, 2048, 0.7, 3);
                planted.truth = want.ids.id;        /* not aligned: mostly wrong */
                planted.count = want.ids.count;
                draft = &planted.draft;
            }
            write_text(&got, draft, &s, K, &GREEDY, 60);
            same_text(&got, &want);
            generated_free(&got);
            session_free(&s);
            draft_model_free(&d);
        }
        if (i < 3)
            close_guesser(&g);
    }
    generated_free(&want);
    session_free(&plain);
    close_storyteller();
}

const Test speculative_tests[] = {
    { "greedy text is the greedy text, whoever guesses", greedy_text_is_the_greedy_text },
    { NULL, NULL },
};
