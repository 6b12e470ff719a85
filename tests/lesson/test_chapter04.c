/* test_chapter04.c - who looks at whom, against a textbook in double
 *
 * The lesson's cache is f16, so keys are off by up to 2^-11 of themselves and scores of
 * size 10 by a few thousandths: that is the tolerance of weights and scores.
 */
#include "seen.h"

enum { E = 192, H = 6, K = 2, D = 32, L = 6, V = 2048, T = 14 };

/* As tokenizers 0.23.3 cuts "The cat saw the dog, and the dog ran after the cat". */
static const int prompt[T] = { 0, 329, 1103, 640, 260, 1496, 12, 270, 260, 1496, 949, 616,
                               260, 1103 };

static struct {                     /* what the textbook saw                 */
    double p[L][H][T][T];           /* weights; NaN beyond the diagonal      */
    double q[L][T][H * D], k[L][T][K * D];      /* not turned                */
} book;

static void book_row(int l, int t, const double *q, const double *k)
{
    for (int h = 0; h < H; h++) {
        double sum = 0;

        for (int s = 0; s < T; s++) {
            double score = 0;

            for (int d = 0; d < D; d++)
                score += q[h * D + d] * k[s * K * D + h / (H / K) * D + d];
            book.p[l][h][t][s] = s <= t ? exp(score / sqrt(D)) : (double)NAN;
            sum += s <= t ? book.p[l][h][t][s] : 0;
        }
        for (int s = 0; s <= t; s++)
            book.p[l][h][t][s] /= sum;
    }
}

/* Layer by layer as textbook_logits goes, with queries and weights kept. */
static void read_book(const Weights *w)
{
    static double x[T][E], k[T * K * D], v[T * K * D];
    const Config *c = &model.config;

    expect(c->E == E && c->H == H && c->K == K && c->D == D && c->L == L && c->V == V);
    for (int t = 0; t < T; t++)
        wide_row(x[t], w, prompt[t], E);
    for (int l = 0; l < L; l++)
        for (int t = 0; t < T; t++) {
            double n[E], q[H * D];

            textbook_norm(n, x[t], w->layers[l].norm1, NULL, c);
            textbook_linear(q, &w->layers[l].q, n);
            textbook_linear(book.k[l][t], &w->layers[l].k, n);
            memcpy(book.q[l][t], q, sizeof q);
            textbook_turn(q, c, H, t);
            textbook_layer(x[t], k, v, t, c, &w->layers[l]);
            book_row(l, t, q, k);
        }
}

/* Every map of every layer; rows add up to 1. */
TEST(maps)
{
    Weights w = wide();

    read_book(&w);
    for (int l = 0; l < L; l++) {
        char layer[2] = { (char)('0' + l), '\0' };
        const Json *root = seen("chapter04_attention", "--layer", layer, "--head", "2");
        const Json *all = at(root, "heads/maps/values");

        expect_int(number(at(root, "heads/layer")), l);
        expect_int(number(at(root, "head/head")), 2);
        expect_int(all->count, H);
        for (int h = 0; h < H; h++)
            for (int t = 0; t < T; t++) {
                const Json *line = nth(nth(all, h), t);
                double sum = 0;

                expect_numbers(line, book.p[l][h][t], T, 5e-3);
                for (int s = 0; s <= t; s++)
                    sum += number(nth(line, s));
                expect_close(sum, 1, 1e-6);
                if (h == 2)
                    expect_numbers(nth(at(root, "head/map/values"), t), book.p[l][h][t], T,
                                   5e-3);
            }
    }
    close_storyteller();
}

/* The tables say what the maps say: storyteller's last layer, head 5, which the lesson
 * chooses because it looks back most decidedly. */
TEST(tables)
{
    Weights w = wide();
    const Json *root = seen("chapter04_attention"), *looks = at(root, "head/looks");
    const Json *habits = at(root, "heads/habits");

    read_book(&w);
    expect_int(number(at(root, "head/layer")), 5);
    expect_int(number(at(root, "head/head")), 5);
    expect_int(looks->count, T - 2);
    for (int t = 2; t < T; t++) {
        const Json *line = nth(looks, t - 2);
        const double *p = book.p[5][5][t];
        int best = 1;

        for (int s = 1; s < t; s++)
            best = p[s] > p[best] ? s : best;
        expect_int(number(at(line, "position")), t);
        expect_int(number(at(line, "at")), best);
        expect_close(number(at(line, "weight")), p[best], 6e-3);
        expect_close(number(at(line, "at_first")), p[0], 6e-3);
    }
    expect_int(habits->count, H);
    for (int h = 0; h < H; h++) {
        double first = 0, back = 0, own = 0, again = 0;

        for (int t = 2; t < T; t++) {
            first += book.p[5][h][t][0] / (T - 2);
            back += book.p[5][h][t][t - 1] / (T - 2);
            own += book.p[5][h][t][t] / (T - 2);
        }
        /* the, dog, the, cat stood before at 4, 5, 8, 2 */
        again = (book.p[5][h][8][4] + book.p[5][h][9][5] + book.p[5][h][12][8]
                 + book.p[5][h][13][2]) / 4;
        expect_close(number(at(nth(habits, h), "first")), first, 6e-3);
        expect_close(number(at(nth(habits, h), "one_back")), back, 6e-3);
        expect_close(number(at(nth(habits, h), "itself")), own, 6e-3);
        expect_close(number(at(nth(habits, h), "same_word")), again, 6e-3);
    }
    close_storyteller();
}

/* 2 · layers · key heads · width · 2 bytes (f16), and n (n + 1) / 2. */
TEST(cache)
{
    static const int positions[] = { 1, T, 64, 128, 256 };
    const Json *cache_ = at(seen("chapter04_attention"), "cache");

    expect_int(number(at(cache_, "bytes_per_position")), 2 * 6 * 2 * 32 * 2);
    expect_int(number(at(cache_, "bytes_now")), T * 1536);
    for (int i = 0; i < 5; i++) {
        const Json *line = nth(at(cache_, "work"), i);
        int n = positions[i];

        expect_int(number(at(nth(at(cache_, "growth"), i), "value")), n * 1536);
        expect_int(number(at(line, "positions")), n);
        expect_int(number(at(line, "bytes")), n * 1536);
        expect_int(number(at(line, "rows_kept")), n);
        expect_int(number(at(line, "rows_again")), n * (n + 1) / 2);
    }
}

/* Equation (4) with libm; and the score of "cat" at position `from + distance` and of
 * "the" at position `from`, from the textbook's query and key. */
TEST(turn)
{
    static const char *const from[] = { "from_0", "from_10", "from_100" };
    Weights w = wide();
    const Json *root = at(seen("chapter04_attention"), "turn");
    const Json *angles = at(root, "angles"), *scores = at(root, "scores");
    double q[H * D], k[K * D];

    read_book(&w);
    expect_int(angles->count, 6);
    expect_int(number(at(nth(angles, 5), "pair")), D / 2 - 1);
    for (const Json *line = angles->child; line != NULL; line = line->next) {
        double f = pow(10000, -2 * number(at(line, "pair")) / D), circle = 360;

        expect_close(number(at(line, "f")), f, 1e-6);
        for (int p = 1; p <= 3; p++) {
            char key[] = { 'a', 't', '_', (char)('0' + p), '\0' };

            expect_close(number(at(line, key)), fmod(p * f * 180 / acos(-1), circle), 6e-4);
        }
        expect_close(number(at(line, "round")), 2 * acos(-1) / f, 0.51);
    }
    expect_int(scores->count, 6);
    for (int i = 0; i < 6; i++) {
        int distance = i == 0 ? 0 : 1 << (i - 1);
        double want = 0;

        memcpy(q, book.q[5][T - 1], sizeof q);
        memcpy(k, book.k[5][T - 2], sizeof k);
        textbook_turn(q, &model.config, H, distance);
        for (int d = 0; d < D; d++)
            want += q[5 * D + d] * k[1 * D + d] / sqrt(D);
        expect_int(number(at(nth(scores, i), "distance")), distance);
        for (int j = 0; j < 3; j++)
            expect_close(number(at(nth(scores, i), from[j])), want, 1e-2);
        expect_close(number(at(nth(scores, i), from[2])),
                     number(at(nth(scores, i), from[0])), 1e-3);
    }
    close_storyteller();
}

TEST(guesses)
{
    static const int alone[] = { 0, 1103 };
    static double logits[T * V];
    Weights w = wide();
    const Json *root = seen("chapter04_attention");

    textbook_logits(logits, &model.config, &w, alone, 2);
    expect_guesses(at(root, "guesses/alone"), logits + V, 2e-3);
    textbook_logits(logits, &model.config, &w, prompt, T);
    expect_guesses(at(root, "guesses/prompt"), logits + (T - 1) * V, 2e-3);
    expect_text(at(root, "guesses/same")->text, "no");
    for (int t = 0; t < T; t++)
        expect_int(number(at(nth(at(root, "heads/tokens"), t), "id")), prompt[t]);
    close_storyteller();
}

TEST(plain)
{
    const char *text = fine(run("chapter04_attention"));

    expect(strstr(text, "\033") == NULL && strstr(text, "✗") == NULL);
    expect(strstr(text, "has \"cat\" at position 9") != NULL);
    expect(strstr(text, "✓ 5 of the 5 positions") != NULL);
    expect(strstr(text, "✓ read 7 at a time") != NULL);
    seen("chapter04_attention", "--model", "storyteller-draft", "--threads", "2", "x y");
    seen("chapter04_attention", "--kernels", "plain", "--head", "0", "--prompt", "a");
}

TEST(errors)
{
    Result r = run("chapter04_attention", "--layer", "6");

    expect_int(r.code, 2);
    expect_text(r.err, "error: --layer 6: this model has 0 to 5\n");
    r = run("chapter04_attention", "--head", "6", "--json");
    expect_int(r.code, 2);
    expect_text(r.err, "error: --head 6: this model has 0 to 5\n");
    expect_int(r.length, 0);
    r = run("chapter04_attention", "--prompt", "");
    expect_int(r.code, 2);
}

const Test chapter04_tests[] = {
    { "every weight is the textbook's in double", maps },
    { "the tables say what the maps say", tables },
    { "what the cache takes and saves", cache },
    { "angles, and scores that know only the distance", turn },
    { "with attention the words before count", guesses },
    { "the page in a pipe, other models and prompts", plain },
    { "what cannot be shown is refused", errors },
    { NULL, NULL },
};
