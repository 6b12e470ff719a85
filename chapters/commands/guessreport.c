/* guessreport.c - what became of the guesses: for a person, and as JSON
 *
 *      guesses of storyteller-draft, 4 a round: 31 of 44 accepted (70.5 %)
 *      11 passes for 42 tokens, 3.8 a pass; accepted by place: 91 % 73 % 64 % 55 %
 *      ✓✓✓✓+ ✓✗·· ✓✓✗· ✗··· ✓✓✓✓+ …
 *      │      │ └┴─ behind it: not read
 *      │      └─── another token took its place
 *      └────────── four that stood, and one more for nothing
 *
 * One mark for each guess, one group for each round. The numbers say how often guesses
 * stood; the marks say where: whole groups in a quotation, first places only where
 * the text takes a turn.
 *
 * accepted ÷ proposed is what is printed, and a guess counts as accepted when it stands
 * in the text. Nothing else is called acceptance here (decode/acceptance.c).
 *
 * Read next: src/decode/acceptance.c. Lesson: chapters/chapter07_speculative.c.
 */
#include "chapters/commands/guessreport.h"

#include <stdio.h>

#include "base/terminal.h"

#define LINES 8                     /* of marks; the JSON has them all       */

static const struct { const char *mark, *color, *meaning; } marks[] = {
    [GUESS_ACCEPTED] = { "\342\234\223", "32", "stood" },
    [GUESS_REJECTED] = { "\342\234\227", "31", "replaced" },
    [GUESS_UNREAD] = { "\302\267", "90", "behind it, not read" },
    [GUESS_CUT] = { "~", "33", "behind the end" },
};

/* The id behind all guesses that stood. */
#define MARK_BONUS "+"
#define MARK_PLAIN "o"              /* a round without guesses               */

static double percent(int part, int whole)
{
    return whole > 0 ? 100.0 * part / whole : 0;
}

/* Is the last id of the round one that nobody guessed, behind guesses that stood? As
 * many ids as guesses come when one fell at the last place; so one more says it. */
static bool has_bonus(const Round *r)
{
    return r->guesses > 0 && r->emitted > r->guesses;
}

static void print_mark(const char *mark, const char *sgr, bool color)
{
    if (color && sgr != NULL)
        fprintf(stderr, "\033[%sm%s\033[0m", sgr, mark);
    else
        fputs(mark, stderr);
}

/* The groups of marks, wrapped. */
static void print_rounds(const Acceptance *a, bool color)
{
    int width = terminal_width(stderr), column = 0, lines = 1;

    for (int r = 0; r < a->rounds; r++) {
        const Round *round = &a->round[r];
        int wide = max_int(round->guesses, 1) + 1;

        if (column > 0 && column + 1 + wide > width) {
            fputc('\n', stderr);
            column = 0;
            if (++lines > LINES) {
                fprintf(stderr, "… and %d rounds more: --json has all of them\n",
                        a->rounds - r);
                return;
            }
        }
        if (column > 0)
            fputc(' ', stderr);
        column += (column > 0) + wide;
        for (int i = 0; i < round->guesses; i++) {
            GuessVerdict v = a->guess[round->guess + i].verdict;

            print_mark(marks[v].mark, marks[v].color, color);
        }
        if (round->guesses == 0)
            print_mark(MARK_PLAIN, NULL, color);
        else if (has_bonus(round))
            print_mark(MARK_BONUS, "32", color);
    }
    if (column > 0)
        fputc('\n', stderr);
}

/* What the marks mean, those that occur. */
static void print_legend(const Acceptance *a)
{
    bool seen[4] = { false }, bonus = false, plain = false;

    for (int i = 0; i < a->guesses; i++)
        seen[a->guess[i].verdict] = true;
    for (int r = 0; r < a->rounds; r++) {
        plain = plain || a->round[r].guesses == 0;
        bonus = bonus || has_bonus(&a->round[r]);
    }
    for (int v = 0; v < 4; v++)
        if (seen[v])
            fprintf(stderr, "%s %s  ", marks[v].mark, marks[v].meaning);
    fprintf(stderr, "%s%s\n", bonus ? MARK_BONUS " one more for nothing  " : "",
            plain ? MARK_PLAIN " nothing was guessed" : "");
}

void guesses_print(const Acceptance *a, const Guessing *g, int tokens,
                   const char *color)
{
    char each[20] = "auto";

    if (g->K != SPECULATIVE_AUTO)
        snprintf(each, sizeof each, "%d", g->K);
    fprintf(stderr, "guesses of %s, %s a round: %d of %d accepted (%.1f %%)\n", g->name,
            each, a->accepted, a->guesses, percent(a->accepted, a->guesses));
    fprintf(stderr, "%d passes for %d tokens, %.2f a pass", a->passes, tokens,
            a->passes > 0 ? (double)tokens / a->passes : 0);
    for (int place = 0; place < DRAFT_MOST; place++) {
        PlaceCount count = acceptance_at(a, place);

        if (count.proposed > 0)
            fprintf(stderr, "%s %.0f %%", place == 0 ? "; accepted by place:" : "",
                    percent(count.accepted, count.proposed));
    }
    fputc('\n', stderr);
    if (a->guesses > 0) {
        print_rounds(a, terminal_color(stderr, color));
        print_legend(a);
    }
    if (a->off >= 0)
        fprintf(stderr, "note: guessing was switched off in round %d: by the guesses so "
                "far it costs more than it brings (--k auto)\n", a->off + 1);
}

static void write_guesses(JsonWriter *w, const Guess *g, int n)
{
    json_write_array(w, "draft");
    for (int i = 0; i < n; i++)
        json_write_integer(w, NULL, g[i].id);
    json_write_array_end(w);
    json_write_array(w, "q");
    for (int i = 0; i < n; i++)
        json_write_number(w, NULL, g[i].q, 17);
    json_write_array_end(w);
    json_write_array(w, "p");
    for (int i = 0; i < n; i++)
        json_write_number(w, NULL, g[i].p, 17);
    json_write_array_end(w);
    json_write_array(w, "u");
    for (int i = 0; i < n; i++)
        json_write_number(w, NULL, (double)g[i].u, 17);
    json_write_array_end(w);
    json_write_array(w, "verdicts");
    for (int i = 0; i < n; i++)
        json_write_word(w, NULL, guess_verdict_name(g[i].verdict));
    json_write_array_end(w);
}

void guesses_write(JsonWriter *w, const Acceptance *a, const Guessing *g)
{
    json_write_word(w, "draft", g->name);
    if (g->K == SPECULATIVE_AUTO)
        json_write_word(w, "k", "auto");
    else
        json_write_integer(w, "k", g->K);
    json_write_integer(w, "proposed", a->guesses);
    json_write_integer(w, "accepted", a->accepted);
    json_write_integer(w, "passes", a->passes);
    if (a->off >= 0)
        json_write_integer(w, "switched_off", a->off);
    json_write_array(w, "rounds");
    for (int r = 0; r < a->rounds; r++) {
        const Round *round = &a->round[r];

        json_write_object(w, NULL);
        write_guesses(w, a->guess + round->guess, round->guesses);
        json_write_integer(w, "accepted", round->accepted);
        json_write_ids(w, "emitted", a->emitted + round->emit, round->emitted);
        json_write_object_end(w);
    }
    json_write_array_end(w);
}
