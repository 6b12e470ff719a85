/* chapter01_tokenizer.c - a text becomes numbers
 *
 *      "Once upon a time"
 *          │  cut where merges never cross              src/text/splitter.c
 *          ▼
 *      Once │ Ġupon │ Ġa │ Ġtime                        Ġ: how a blank is spelled
 *          │  the race: the best pair merges, again and again      src/text/bpe.c
 *          ▼
 *      On ce │ Ġupon │ Ġa │ Ġtime
 *          │  the vocabulary's number of each      src/text/vocabulary.c
 *          ▼
 *      1688 375 693 259 544 ─────────► the model ─────────► more numbers
 *                                                                │
 *      " there" ◄── bytes that make a character ◄────────────────┘
 *                                                     src/text/decoder.c
 *
 *      //= id[1..5] -> 1688 375 693 259 544
 *
 * A model has never seen a letter. It has a table with one row of numbers for each
 * token of its vocabulary, and a tokenizer is the road from text to the numbers of
 * those rows, and back. Words would not do as tokens: there is always a new one.
 * Letters would: but then a text is a very long row, and every step costs time. So
 * the vocabulary holds what was frequent in the texts it was made from: single
 * bytes, all or nearly all of them, and on top syllables, words and their blanks.
 *
 * How a text is cut into tokens is a race. In the beginning each character (or
 * byte) stands alone. There is one list of pairs, the merges, and
 *
 *      among the pairs of neighbours that are in the list, merge the one
 *      that came first in the list; of equals the leftmost                (1)
 *
 * until no pair of neighbours is in the list. What the lesson shows of it was
 * seen, not computed again: an observer is lent to the real encoding.
 *
 * The way back must be exact, or a model could not repeat what it was told:
 *
 *      decode(encode(s)) = normalize(s)                                   (2)
 *
 * normalize: some tokenizers write é always as one character, where the text had
 * e and an accent. And some cannot hold (2) for some texts at all; those are named.
 *
 * What to notice:
 *
 * - " time" and "time" are different tokens. The blank belongs to the word behind it.
 * - The list decides, not the length: a long token is made only if each step towards
 *   it wins its race.
 * - A token is not a character. Until the last byte of 😀 has come there is nothing
 *   to print, and a good program prints nothing.
 * - What the vocabulary has not met costs more tokens: other languages, numbers.
 *
 * In a debugger (make debug; gdb build/debug/run):
 *
 *      break chapter01_tokenizer     here
 *      break merge_symbols           the race of one piece: `print *work`
 *      break stream_add              the way back, `print id`
 *
 * Read next: src/text/bpe.c, then chapters/chapter02_weights.c.
 */
#include <string.h>

#include "base/memory.h"
#include "chapters/commands/common.h"
#include "chapters/lesson/pictures.h"
#include "chapters/lesson/roundtrip.h"
#include "chapters/words.h"

#define PROMPT "Once upon a time"
#define SMILE "café 😀"             /* é: 2 bytes, 😀: 4                      */
#define SHOWN 60                    /* tokens that are drawn of a long text  */
#define EACH 600                    /* random texts of each kind             */

typedef struct {
    Lesson l;
    ModelDir dir;
    const Tokenizer *t;
    RoundTrip trip;
    Arena arena;                    /* cells of tables                       */
} Lab;

static const char *token(const Lab *lab, int id)
{
    return spelling(lab->t, id);
}

/* 1: the pieces, and the tokens that are left of them. */
static bool show_pieces(Lab *lab, const Options *options, Error *error)
{
    const char *shown[SHOWN];
    Text prompt = {0};
    Ids ids = {0};
    bool fine = take_prompt(&prompt, options, PROMPT, error);

    if (fine && prompt.length == 0)
        fine = error_code(error, EXIT_USAGE, "the prompt is empty: give one");
    if (fine) {
        lesson_part(&lab->l, "pieces", "From a text to numbers");
        picture_text(&lab->l, "text", "the text", prompt.bytes);
        picture_number(&lab->l, "vocabulary", "tokens in the vocabulary",
                       tokenizer_vocabulary(lab->t), 9, "");
        race_run(&lab->trip.race, lab->t, prompt.bytes, prompt.length);
        for (int i = 0; i < min_int(SHOWN, lab->trip.race.pieces); i++) {
            char *piece = race_piece(&lab->trip.race, i);

            shown[i] = arena_text(&lab->arena, piece, strlen(piece));
            memory_give_back(piece);
        }
        picture_tokens(&lab->l, "cut", "cut into pieces; no token crosses a cut",
                       shown, NULL, min_int(SHOWN, lab->trip.race.pieces));
        tokenizer_encode(&ids, lab->t, prompt.bytes, prompt.length, true);
        //@stop text_encoded
        for (int i = 0; i < min_int(SHOWN, ids.count); i++)
            shown[i] = token(lab, ids.id[i]);
        picture_tokens(&lab->l, "tokens", "and into tokens; below, what the model "
                       "gets", shown, ids.id, min_int(SHOWN, ids.count));
        lesson_say(&lab->l, "%s is how this vocabulary spells a blank. %s",
                   lab->trip.marks ? "▁" : "Ġ", ids.count > SHOWN || lab->trip.race.pieces > SHOWN
                   ? "(The text is long: its beginning is shown.)"
                   : ids.count > lab->trip.race.ids.count
                   ? "What stands around the text was not typed: the model "
                     "was trained on texts that begin so." : "");
    }
    ids_free(&ids);
    text_free(&prompt);
    return fine;
}

/* The symbols of a row with blanks between: "Ġ u p on". */
static const char *row_text(Lab *lab, const RaceRow *row)
{
    Text text = {0};
    const char *copy;

    for (int i = 0; i < row->id.count; i++) {
        const char *symbol = token(lab, row->id.id[i]);

        text_add(&text, " ", i > 0);
        text_add(&text, symbol, strlen(symbol));
    }
    copy = arena_text(&lab->arena, text.length > 0 ? text.bytes : "", text.length);
    text_free(&text);
    return copy;
}

/* 2: every merge of the piece with the longest race. */
static void show_race(Lab *lab)
{
    static const char *const head[] = { "rank", "merged", "the row" };
    const Race *race = &lab->trip.race;
    const RacePiece *piece;
    const char **cell;
    RaceRow row = {0};
    int most = 0, steps;

    for (int p = 1; p < race->pieces; p++)
        if (race->piece[p].steps > race->piece[most].steps)
            most = p;
    piece = &race->piece[most];
    steps = min_int(piece->steps, SHOWN);
    cell = memory_get(3 * (steps + 1), sizeof *cell);
    lesson_part(&lab->l, "race", "The race: one merge a line");
    lesson_say(&lab->l, piece->steps == 0
               ? "Nothing merges in this text: a piece is a token as it stands, or no two "
                 "neighbours are in the list."
               : "The piece with the most merges, from its single characters or bytes on. "
                 "Each line joins one pair of neighbours.");
    race_begin(&row, race, most);
    cell[0] = cell[1] = "";
    cell[2] = row_text(lab, &row);
    for (int s = 0; s < steps; s++) {
        const RaceStep *step = &race->step[piece->step + s];

        //@stop race_step
        if (!race_merge(&row, step))
            break;
        cell[3 * s + 3] = arena_print(&lab->arena, "%d", step->rank);
        cell[3 * s + 4] = arena_print(&lab->arena, "%s + %s", token(lab, step->left),
                                      token(lab, step->right));
        cell[3 * s + 5] = row_text(lab, &row);
    }
    picture_table(&lab->l, "merges", head, "rll", cell, steps + 1);
    lesson_say(&lab->l, "Rank is the place in the list of merges. The list was "
               "learned once, from many texts: each time the most frequent pair of "
               "neighbours was added at its end. %s",
               piece->steps == 0 ? "" : steps < piece->steps
               ? "(The race is long: its beginning is shown.)"
               : row.id.count == 1 ? "This piece became one token."
               : "Now no two neighbours are in the list: the race is over.");
    memory_give_back(cell);
    race_row_free(&row);
}

/* 3: which token stands for which bytes, and when there is something to print. */
static void show_bytes(Lab *lab)
{
    static const char *const head[] = { "id", "token", "on the screen" };
    static const Bracket parts[] = { { 3, 5, "é" }, { 6, 10, "😀" } };
    TokenStream stream;
    const char **cell;
    Text out = {0};
    int n;

    race_run(&lab->trip.race, lab->t, SMILE, strlen(SMILE));
    n = lab->trip.race.ids.count;
    cell = memory_get(3 * n, sizeof *cell);
    lesson_part(&lab->l, "bytes", "A character may be several tokens");
    picture_hexdump(&lab->l, "text", (const unsigned char *)SMILE, strlen(SMILE), 0,
                    parts, 2);
    stream_init(&stream, lab->t, false);
    for (int i = 0; i < n; i++) {
        text_clear(&out);
        stream_add(&stream, &out, lab->trip.race.ids.id[i]);
        //@stop bytes_streamed
        cell[3 * i] = arena_print(&lab->arena, "%d", lab->trip.race.ids.id[i]);
        cell[3 * i + 1] = token(lab, lab->trip.race.ids.id[i]);
        cell[3 * i + 2] = arena_text(&lab->arena, out.length > 0 ? out.bytes : "",
                                     out.length);
    }
    text_clear(&out);
    stream_end(&stream, &out);
    stream_free(&stream);
    picture_table(&lab->l, "tokens", head, "rll", cell, n);
    if (out.length > 0)
        picture_text(&lab->l, "at_the_end", "and at the end", out.bytes);
    lesson_say(&lab->l, "%s While only a part of a character is there, nothing is "
               "printed; the rest of it may be the next token.", lab->trip.marks
               ? "A character that is no token is spelled by its bytes: <0xF0> and "
                 "so on." : "Each byte has a letter of its own in this vocabulary: f0 is "
                 "ð, 20 (a blank) is Ġ.");
    text_free(&out);
    memory_give_back(cell);
}

/* 4: the same word in other coats, and what texts cost. */
static void show_texts(Lab *lab)
{
    static const char *const head[] = { "text", "ids", "tokens" };
    static const char *const word[] = { "time", " time", "Time", "TIME", "  time",
                                        "2024", "12345" };
    static const char *const text[] = {
        "There was once a king who had three daughters.",
        "Es war einmal ein König, der hatte drei Töchter.",
        "昔々、ある王様に三人の娘",
        "for (int i = 0; i < n; i++) sum += x[i];",
        "3.14159265358979323846264338327950288" };
    enum { WORDS = sizeof word / sizeof *word, TEXTS = sizeof text / sizeof *text };
    const char *cell[3 * WORDS];
    Bar bar[TEXTS];

    for (int i = 0; i < WORDS; i++) {
        RaceRow row = {0};

        race_run(&lab->trip.race, lab->t, word[i], strlen(word[i]));
        for (int k = 0; k < lab->trip.race.ids.count; k++)
            ids_add(&row.id, lab->trip.race.ids.id[k]);
        cell[3 * i] = arena_print(&lab->arena, "\"%s\"", word[i]);
        cell[3 * i + 1] = arena_print(&lab->arena, "%d", row.id.count);
        cell[3 * i + 2] = row_text(lab, &row);
        race_row_free(&row);
    }
    lesson_part(&lab->l, "costs", "What a text costs");
    lesson_say(&lab->l, "One word in several spellings, and two numbers:");
    picture_table(&lab->l, "words", head, "lrl", cell, WORDS);
    for (int i = 0; i < TEXTS; i++) {
        int characters = 0;

        for (const char *c = text[i]; *c != '\0'; c++)
            characters += (*c & 0xC0) != 0x80;
        race_run(&lab->trip.race, lab->t, text[i], strlen(text[i]));
        bar[i] = (Bar){ text[i], (double)lab->trip.race.ids.count / characters,
                        arena_print(&lab->arena, "%d for %d characters",
                                    lab->trip.race.ids.count, characters) };
    }
    lesson_say(&lab->l, "Tokens for each character of a text:");
    picture_bars(&lab->l, "texts", bar, TEXTS);
    lesson_say(&lab->l, "A model pays for each token with a pass through all its "
               "weights, and with a place in what it can remember.");
}

/* 5: thousands of texts that nobody would write. */
static RoundTripCount show_trials(Lab *lab, uint64_t seed)
{
    RoundTripCount all;

    lesson_part(&lab->l, "trials", "There and back again");
    lesson_say(&lab->l, "Texts made by chance become tokens and then text again. Came "
               "back: byte for byte, but for what a tokenizer may normalize first (é as "
               "one character or as two). Cannot: it holds a character that this tokenizer "
               "has no way to write.");
    all = roundtrip_table(&lab->l, &lab->arena, &lab->trip, seed, EACH);
    if (lab->trip.losses > 0) {
        lesson_say(&lab->l, "Characters that it cannot write:");
        roundtrip_losses(&lab->l, &lab->arena, &lab->trip);
    }
    if (lab->trip.more_losses)
        lesson_say(&lab->l, "(There are more of them than the table has room for.)");
    return all;
}

static void prove(Lab *lab, const RoundTripCount *all)
{
    const RaceVerdict *v = &lab->trip.verdict;

    //@stop trials_done
    lesson_theorem(&lab->l, "decode(encode(s)) = normalize(s), and every merge was the "
                   "best that stood there");
    lesson_check(&lab->l, all->back + all->excused == all->texts,
                 "%d random texts: %d came back byte for byte, %d hold a character that "
                 "this tokenizer cannot write, %d changed without such a reason",
                 all->texts, all->back, all->excused,
                 all->texts - all->back - all->excused);
    lesson_check(&lab->l, v->not_best == 0, "%lld merges: before each of them no pair "
                 "stood there that was better, or as good and further left",
                 (long long)v->merges);
    lesson_check(&lab->l, v->unfinished == 0, "%lld races: at the end of each no two "
                 "neighbours were in the list", (long long)v->pieces);
    lesson_check(&lab->l, v->other_ids == 0, "the rows at the end of the races are the "
                 "%d ids that the model gets", all->ids);
}

int chapter01_tokenizer(const Options *options)
{
    Lab lab = {0};
    Error error = {0};
    bool fine;

    lesson_begin(&lab.l, "chapter01_tokenizer", "01 tokenizer: a text becomes numbers",
                 options);
    fine = modeldir_open(&lab.dir, options->model, MODELDIR_TOKENIZER, &error);
    lab.t = lab.dir.tokenizer;
    if (fine) {
        roundtrip_init(&lab.trip, lab.t);
        fine = show_pieces(&lab, options, &error);
    }
    if (fine) {
        RoundTripCount all;

        show_race(&lab);
        show_bytes(&lab);
        show_texts(&lab);
        all = show_trials(&lab, (uint64_t)options->seed);
        prove(&lab, &all);
    }
    roundtrip_free(&lab.trip);
    arena_free(&lab.arena);
    modeldir_close(&lab.dir);
    return lesson_end(&lab.l, fine, &error);
}
