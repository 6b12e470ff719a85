/* test_chapter07.c - what the lesson on speculation shows, computed again from logits
 *
 * Expected: p and q from the scores that `./run logits --all` prints of both models,
 * softmax and top-p by sorting in long double; u and darts from Philox4x32-10 written in
 * Python (its published vector for zeros agrees); verdicts and corrections by
 * Leviathan's rules from these; formulas in closed form; verdicts of whole texts counted
 * in what `./run speculative --json` prints; laws of dyadic toys by hand.
 */
#include "seen.h"

#include "chapters/lesson/emission.h"

enum { V = 2048, LONG = 64, K = 4 };

/* Seed 0, sequence 0, positions 12 … 31, in 2^-24: pick, accept, guess. */
static const double numbers[][3] = {
    { 10832285, 3918416, 10253353 }, { 5955428, 4321915, 6660707 },
    { 545446, 12143889, 2404970 }, { 10676342, 6032973, 7580076 },
    { 9789872, 12523586, 6898412 }, { 7022190, 9219288, 2675543 },
    { 1741666, 7153548, 16171904 }, { 10549268, 9583460, 10275730 },
    { 5444880, 1233065, 1421672 }, { 6534491, 6329175, 13427968 },
    { 7998560, 5777217, 8347956 }, { 7438090, 3306029, 4422119 },
    { 3529760, 13198972, 10777879 }, { 1734478, 7202500, 1627309 },
    { 15877366, 2271152, 2767318 }, { 7089101, 1575460, 13705207 },
    { 11899167, 10700933, 16576714 }, { 99079, 8951230, 10425620 },
    { 8149075, 7937752, 10432950 }, { 10619554, 13718758, 2444515 },
};
enum { FIRST = 12, PICK = 0, ACCEPT = 1, GUESS = 2 };

static const int prompt[] = { 0, 1688, 375, 693, 259, 544, 442, 307, 259, 843, 436, 342 };

static long double key_of[V];               /* for the sort                  */

static int better(const void *left, const void *right)
{
    int a = *(const int *)left, b = *(const int *)right;

    return key_of[a] > key_of[b] ? -1 : key_of[a] < key_of[b] ? 1 : a - b;
}

/* T = 0.8, top-p 0.95, as generation_config.json has them. top: of one position */
static void distribution(long double *p, const Json *top)
{
    long double sum = 0, mass = 0, kept = 0;
    int order[V], n = 0;

    for (const Json *one = top->child; one != NULL; one = one->next, n++)
        key_of[(int)number(at(one, "id"))] = expl((long double)number(at(one, "logit"))
                                                  / 0.8L);
    expect_int(n, V);
    for (int i = 0; i < V; i++) {
        order[i] = i;
        sum += key_of[i];
        p[i] = 0;
    }
    qsort(order, V, sizeof *order, better);
    for (int i = 0; i < V && (i == 0 || mass < 0.95L * sum); i++) {
        mass += key_of[order[i]];
        p[order[i]] = key_of[order[i]];
    }
    for (int i = 0; i < V; i++)
        kept += p[i];
    for (int i = 0; i < V; i++)
        p[i] /= kept;
}

/* Behind the last `count` positions of text [n], into p [count, V]. */
static void distributions(long double *p, const char *name, const int *text, int n,
                          int count)
{
    char ids[LONG * 6] = "";
    JsonDocument document;
    Error error = {0};
    const char *said;
    const Json *position;

    for (int i = 0; i < n; i++)
        snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%d ", text[i]);
    said = fine(run("logits", "--model", name, "--ids", ids, "--all", "--top", "2048",
                    "--json"));
    expect_ok(json_parse(&document, said, strlen(said), JSON_UNIQUE, 20, &error), &error);
    position = nth(at(document.root, "positions"), n - count);
    for (int i = 0; i < count; i++, position = position->next)
        distribution(p + (size_t)i * V, at(position, "top"));
    json_free(&document);
}

static int lands(const long double *p, double dart)
{
    long double all = 0, sum;
    int id = 0;

    for (int i = 0; i < V; i++)
        all += p[i];
    for (sum = p[0]; sum <= (long double)dart * 0x1p-24L * all; sum += p[++id])
        ;
    return id;
}

static const char *verdict(bool judged, bool stands)
{
    return !judged ? "· unread" : stands ? "✓ stands" : "✗ fell";
}

/* One round of the text, which grows by it. */
static void expect_round(const Json *round, const Json *gained, int *text, int *n,
                         long double *p, long double *q)
{
    int guess[K], accepted = 0, next, at_id = *n - FIRST;
    bool fell = false;
    const double (*u)[3] = numbers + at_id;

    expect_int(round->count, K);
    for (int i = 0; i < K; i++) {
        guess[i] = (int)number(at(nth(round, i), "id"));
        text[*n + i] = guess[i];
    }
    distributions(p, "storyteller", text, *n + K, K + 1);
    distributions(q, "storyteller-draft", text, *n + K, K + 1);
    for (int i = 0; i < K; i++) {
        const Json *line = nth(round, i);
        long double *p_i = p + (size_t)i * V, *q_i = q + (size_t)i * V;
        int x = guess[i];
        bool stands = (long double)u[i][ACCEPT] * 0x1p-24L * q_i[x] < p_i[x];

        expect_int((int)number(at(line, "place")), i + 1);
        expect_int(lands(q_i, u[i][GUESS]), x);
        expect_close(number(at(line, "q")), (double)q_i[x], 5.1e-5);
        expect_close(number(at(line, "p")), (double)p_i[x], 5.1e-5);
        expect_close(number(at(line, "u")), u[i][ACCEPT] * 0x1p-24, 5.1e-7);
        expect_text(at(line, "verdict")->text, verdict(!fell, stands));
        fell = fell || !stands;
        accepted += !fell;
    }
    p += (size_t)accepted * V;
    q += (size_t)accepted * V;
    for (int i = 0; i < V && accepted < K; i++)
        p[i] = p[i] > q[i] ? p[i] - q[i] : 0;
    next = lands(p, u[accepted][PICK]);
    expect_int(gained->count, accepted + 1);
    for (int i = 0; i < accepted; i++)
        expect_int((int)number(at(nth(gained, i), "id")), guess[i]);
    expect_int((int)number(at(nth(gained, accepted), "id")), next);
    *n += accepted;
    text[(*n)++] = next;
}

static void rounds(const Json *root)
{
    const Json *part = at(root, "rounds");
    long double *p = calloc((K + 1) * V, sizeof *p), *q = calloc((K + 1) * V, sizeof *q);
    int text[LONG], n = FIRST;

    memcpy(text, prompt, sizeof prompt);
    for (int r = 1; r <= 4; r++) {
        char round[20], gained[20];

        snprintf(round, sizeof round, "round_%d", r);
        snprintf(gained, sizeof gained, "gained_%d", r);
        expect_round(at(part, round), at(part, gained), text, &n, p, q);
    }
    expect(strstr(at(part, "text_4")->text, "he was a king, with") != NULL);
    free(p);
    free(q);
}

/* min and rest of each word from its p and q; a rejected place from the sums. */
static void a_rejection_in_full(const Json *root)
{
    const Json *part = at(root, "rounds"), *bars = at(part, "bars");
    double both = number(at(part, "accepted_here")), rest = number(at(part, "rejected_here"));
    double shown[2] = { 0, 0 };
    int fell = 0, took = 0;

    expect(bars->count % 4 == 0 && bars->count >= 12);
    for (int i = 0; i < bars->count; i += 4) {
        double p = number(at(nth(bars, i), "value")), q = number(at(nth(bars, i + 1), "value"));
        double least = number(at(nth(bars, i + 2), "value"));
        double more = number(at(nth(bars, i + 3), "value"));

        expect_close(least, fmin(p, q), 1e-12);
        expect_close(more, fmax(0, p - q), 1e-12);
        fell += strstr(at(nth(bars, i + 1), "note")->text, "fell") != NULL && p < q;
        took += strstr(at(nth(bars, i + 3), "note")->text, "its place") != NULL && more > 0;
        shown[0] += least;
        shown[1] += more;
    }
    expect(fell == 1 && took == 1);
    expect_close(both + rest, 1, 1e-8);
    expect(shown[0] <= both + 1e-8 && shown[1] <= rest + 1e-8);
}

/* Table and bars of one draft, by the verdicts that another word prints. */
static void expect_counts(const Json *root, const char *slot, int line, const char *draft,
                          const char *temperature)
{
    static const char text[] = "Once upon a time there was a king who had";
    const char *said = fine(run("speculative", "--json", "-n", "48", "--draft", draft,
                                "--temperature", temperature, "--prompt", text));
    const Json *row = nth(at(root, "places/drafts"), line), *bars, *round;
    int proposed[K] = {0}, judged[K] = {0}, accepted[K] = {0}, all[3] = {0}, rounds = 0;
    char path[40];
    JsonDocument document;
    Error error = {0};

    expect_ok(json_parse(&document, said, strlen(said), JSON_UNIQUE, 20, &error), &error);
    expect_int(at(document.root, "ids")->count, 48);
    for (round = at(document.root, "rounds")->child; round != NULL; round = round->next) {
        const Json *verdicts = at(round, "verdicts");

        rounds++;
        for (int i = 0; i < verdicts->count; i++) {
            const char *word = nth(verdicts, i)->text;

            proposed[i]++;
            judged[i] += strcmp(word, "unread") != 0;
            accepted[i] += strcmp(word, "accepted") == 0;
        }
    }
    snprintf(path, sizeof path, "places/%s", slot);
    bars = at(root, path);
    expect_int(bars->count, 2 * K);
    for (int i = 0; i < K; i++) {
        expect_close(number(at(nth(bars, 2 * i), "value")),
                     proposed[i] > 0 ? (double)accepted[i] / proposed[i] : 0, 1e-9);
        expect_close(number(at(nth(bars, 2 * i + 1), "value")),
                     judged[i] > 0 ? (double)accepted[i] / judged[i] : 0, 1e-9);
        all[0] += proposed[i];
        all[1] += judged[i];
        all[2] += accepted[i];
    }
    expect_int((int)number(at(row, "proposed")), all[0]);
    expect_int((int)number(at(row, "judged")), all[1]);
    expect_int((int)number(at(row, "accepted")), all[2]);
    expect(abs((int)number(at(row, "passes")) - rounds) <= 1);
    expect_close(number(at(row, "share")), (double)all[2] / all[0], 5.1e-4);
    expect_close(number(at(row, "alpha")), (double)all[2] / all[1], 5.1e-4);
    json_free(&document);
}

static void places(const Json *root)
{

    expect_int(at(root, "places/drafts")->count, 5);
    expect_counts(root, "model", 0, "models/storyteller-draft", "0.8");
    expect_counts(root, "int8", 1, "int8", "0.8");
    expect_counts(root, "int4", 2, "int4", "0.8");
    expect_counts(root, "ngram", 3, "ngram", "0.8");
}

/* planted is right with 0.7, independently at each place: four standard deviations. */
TEST(planted_is_right_as_often_as_told)
{
    const Json *row;
    double judged;

    if (SANITIZED)
        skip("a sanitizer takes minutes for so long texts");
    row = nth(at(seen("chapter07_speculative", "-n", "160"), "places/drafts"), 4);
    judged = number(at(row, "judged"));
    expect_text(at(row, "draft")->text, "planted");
    expect(judged > 100);
    expect_close(number(at(row, "accepted")) / judged, 0.7, 4 * sqrt(0.21 / judged));
}

/* In closed form; guesses that are always right give one token each, and one more. */
static double expected(double alpha, int guesses)
{
    return alpha == 1 ? guesses + 1 : (1 - pow(alpha, guesses + 1)) / (1 - alpha);
}

/* Counts of a kind fit together, and the formula is (1 - α^{K+1}) / (1 - α). */
static void what_a_pass_gives(const Json *root)
{
    static const char *const kinds[] = { "story", "repeat", "random" };
    const Json *part = at(root, "kinds");

    for (int k = 0; k < 3; k++) {
        const Json *table = at(part, kinds[k]);
        double judged = 0, accepted = 0, alpha;

        expect_int(table->count, 8);
        for (int i = 0; i < 8; i++) {
            judged += number(at(nth(table, i), "judged"));
            accepted += number(at(nth(table, i), "accepted"));
        }
        alpha = accepted / judged;
        expect_close(number(at(nth(at(part, "alpha"), k), "value")), alpha, 1e-9);
        for (int i = 0; i < 8; i++) {
            const Json *row = nth(table, i);
            double passes = number(at(row, "passes")), tokens = number(at(row, "tokens"));
            double stood = number(at(row, "accepted"));

            expect_int((int)number(at(row, "K")), i + 1);
            expect_close(number(at(row, "formula")), expected(alpha, i + 1), 5.1e-3);
            expect_close(number(at(row, "a_pass")), tokens / passes, 5.1e-3);
            expect(number(at(row, "judged")) <= number(at(row, "proposed")));
            /* A pass gives one id besides those that stood; the last may not. */
            expect(tokens - stood == passes || tokens - stood == passes - 1);
            expect(number(at(row, "proposed")) <= (i + 1) * passes);
        }
    }
}

/* A text that repeats itself is the ngram's; a story is not. */
static void who_knows_which_text(const Json *root)
{
    const Json *who = at(root, "kinds/who");

    expect_text(at(nth(who, 3), "draft")->text, "ngram");
    expect(number(at(nth(who, 3), "repeat")) > 0.8);
    expect(number(at(nth(who, 0), "story")) < number(at(nth(who, 2), "story")));
    expect(number(at(nth(who, 2), "story")) > 0.85);
}

/* Predictions from the costs and the α that stand there. */
static void expect_gains(const Json *root)
{
    static const char *const kinds[] = { "story_says", "repeat_says", "random_says" };
    const Json *costs = at(root, "costs/costs"), *gains = at(root, "costs/speed_up");
    double one = number(at(nth(costs, 0), "ms")), c = number(at(root, "costs/c"));

    expect_close(c, number(at(root, "costs/guess_ms")) / one, 0.001 * c + 1e-4);
    for (int i = 0; i < 8; i++) {
        double pass = number(at(nth(costs, i + 1), "ms")) / one;

        expect_close(number(at(nth(costs, i + 1), "beside_one")), pass, 0.0051 + 0.001 * pass);
        for (int k = 0; k < 3; k++) {
            double alpha = number(at(nth(at(root, "kinds/alpha"), k), "value"));
            double want = expected(alpha, i + 1) / ((i + 1) * c + pass);

            expect_close(number(at(nth(gains, i), kinds[k])), want, 0.0051 + 0.002 * want);
        }
        expect(number(at(nth(gains, i), "story")) > 0);
    }
}

/* TinyLlama: a guess reads 0.64 of 2.2 GB (and 2 MiB beside both for what is no product),
 * a row more costs a fifth of a byte for weights of two bytes: decode/pace.c says so. */
static void what_it_costs(const Json *root)
{
    const Json *large = at(root, "costs/large");
    double draft = (0.64e9 + 2097152) / (2.2e9 + 2097152), row = 0.1;

    expect_gains(root);
    expect_int(large->count, 8);
    for (int r = 0; r < 8; r++) {
        double alpha = number(at(nth(large, r), "alpha"));

        for (int k = 1; k <= 8; k++) {
            double want = expected(alpha, k) / (k * draft + 1 + k * row);
            char head[16];

            snprintf(head, sizeof head, "K_%d", k);
            expect_close(number(at(nth(large, r), head)), want, 0.0105);
        }
    }
    expect_close(number(at(nth(large, 7), "alpha")),
                 number(at(nth(at(root, "kinds/who"), 2), "story")), 0.00051);
}

/* One run of the lesson is enough for all that it shows when nothing is asked for. */
TEST(the_lesson_as_it_stands)
{
    const Json *root = seen("chapter07_speculative");

    rounds(root);
    a_rejection_in_full(root);
    places(root);
    what_a_pass_gives(root);
    who_knows_which_text(root);
    what_it_costs(root);
}

/* --draft, --k, and settings are those of part 1. */
TEST(options)
{
    const Json *part;
    Result bad;

    if (SANITIZED)
        skip("a sanitizer takes a minute for each lesson, and one was seen");
    part = at(seen("chapter07_speculative", "--draft", "ngram", "--k", "6", "--prompt",
                   "and the cat and the dog and the cat and the"), "rounds");
    bad = run("chapter07_speculative", "--k", "17");
    expect_int(at(part, "round_1")->count, 6);
    for (int i = 0; i < 6; i++)
        expect_close(number(at(nth(at(part, "round_1"), i), "q")), 1, 0);
    part = at(seen("chapter07_speculative", "--k", "0", "--temperature", "0"), "rounds");
    expect_int(at(part, "round_1")->count, 0);
    expect_int(at(part, "gained_1")->count, 1);
    expect_int(bad.code, 2);
    expect(strstr(bad.err, "from 0 to 16") != NULL);
    expect_int(run("chapter07_speculative", "--draft", "nobody").code, 2);
}

/* Shares that are multiples of 1/4: nothing is rounded anywhere, and the law is exact. */
TEST(the_law_of_a_toy)
{
    static const double p[] = { 0.5, 0.25, 0.25, 0 }, q[] = { 0.25, 0.5, 0, 0.25 };
    static const uint32_t accepts[] = { ALL_DARTS, ALL_DARTS / 2, 0, 0 };
    double law[4];
    Emission e;

    emission_init(&e, p, q, 4);
    for (int x = 0; x < 4; x++)
        if (q[x] > 0)
            expect_int(emission_accepts(&e, x), accepts[x]);
    expect(emission_law(law, &e, 0));
    for (int i = 0; i < 4; i++)
        expect_close(law[i], p[i], 0);
    expect_close(emission_off(&e, law), 0, 0);
    law[3] = 0x1p-40;                           /* what p never says         */
    expect(isinf(emission_off(&e, law)));
    emission_free(&e);
}

/* A certain guess: its share, and the others by theirs. */
TEST(the_law_of_a_certain_guess)
{
    static const double p[] = { 0.5, 0.125, 0.375 };
    double law[3];
    Emission e;

    emission_init(&e, p, NULL, 3);
    for (int x = 0; x < 3; x++) {
        expect_int(emission_accepts(&e, x), (long long)(p[x] * ALL_DARTS));
        expect(emission_law(law, &e, x));
        expect_close(law[x], p[x], 0);
        for (int i = 0; i < 3; i++)             /* thirds are no multiples   */
            expect_close(law[i], p[i], 0x1p-24);
        expect(emission_off(&e, law) <= 1);
    }
    emission_free(&e);
}

/* What storyteller thinks behind the prompt, guessed for by the same, hotter. */
TEST(the_law_of_a_model)
{
    const SamplingConfig cold = { .temperature = 0.8, .top_p = 0.95, .repeat_penalty = 1 };
    const SamplingConfig hot = { .temperature = 2, .top_k = 40, .top_p = 1,
                                 .repeat_penalty = 1 };
    static double p[V], q[V], law[V];
    double all = 0;
    SamplingWork work;
    Session s;
    Error error = {0};
    Emission e;

    open_storyteller();
    expect_ok(session_init(&s, &model, FIRST, FIRST, FORMAT_F16, &error), &error);
    expect_ok(session_feed(&s, prompt, FIRST, &error), &error);
    sampling_work_init(&work, V);
    sampling_distribution(p, s.logits, V, NULL, 0, &cold, &work);
    sampling_distribution(q, s.logits, V, NULL, 0, &hot, &work);
    emission_init(&e, p, q, V);
    expect(emission_law(law, &e, 0));
    expect(emission_off(&e, law) > 0 && emission_off(&e, law) <= 2.001);
    for (int i = 0; i < V; i++) {
        expect_close(law[i], p[i], 2.001 * 0x1p-24);
        all += law[i];
    }
    expect_close(all, 1, 1e-12);
    emission_free(&e);
    sampling_work_free(&work);
    session_free(&s);
    close_storyteller();
}

const Test chapter07_tests[] = {
    { "rounds, places, kinds and costs, computed again", the_lesson_as_it_stands },
    { "planted is right as often as told", planted_is_right_as_often_as_told },
    { "--draft, --k and settings are honoured", options },
    { "the law of a toy is exact", the_law_of_a_toy },
    { "the law of a certain guess", the_law_of_a_certain_guess },
    { "the law of a model is p", the_law_of_a_model },
    { NULL, NULL },
};
