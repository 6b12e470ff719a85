/* 4_longest.key.c - the key of exercise 01.4: the engine's vocabulary looks words up
 *
 *      pieces, random ──► vocabulary_init ──► from the longest prefix downwards:
 *                                             "##" + prefix in the vocabulary?
 *                                                    │
 *      my_longest_match ──────────────── compared ◄──┘
 *
 * The book has no such tokenizer, so the key asks in another way than the exercise
 * suggests: it does not look at the pieces, it makes every prefix of the rest of the
 * word, the longest first, and asks the engine's table of spellings for each.
 *
 * Three letters and short pieces: words are often stuck, and the longest piece is often
 * not the first one in the list. What typical mistakes give is worked out beside it.
 *
 * Read next: src/text/vocabulary.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "chapters/exercises/chapter01/tasks.h"
#include "chapters/exercises/judge.h"
#include "text/vocabulary.h"

#define PIECES 24
#define PIECE 16                    /* bytes of a piece with its ##          */
#define WORD 16

typedef struct {
    char text[PIECES][PIECE];
    const char *piece[PIECES];
    int count;
} List;

static void add(List *list, const char *text)
{
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->text[i], text) == 0)
            return;
    snprintf(list->text[list->count], PIECE, "%s", text);
    list->piece[list->count] = list->text[list->count];
    list->count++;
}

static void random_text(Case *c, char *text, int longest)
{
    int length = case_between(c, 1, longest);

    for (int i = 0; i < length; i++)
        text[i] = (char)('a' + case_between(c, 0, 2));
    text[length] = '\0';
}

static void random_list(Case *c, List *list)
{
    char letters[8], text[PIECE];

    add(list, "[UNK]");
    for (int tries = 0; tries < 40 && list->count < PIECES; tries++) {
        random_text(c, letters, 4);
        snprintf(text, sizeof text, "%s%s", case_between(c, 0, 2) > 0 ? "##" : "", letters);
        add(list, text);
    }
}

/* The engine's table from the list, by way of the JSON that it reads. */
static void make_vocabulary(Vocabulary *v, const List *list)
{
    Text text = {0};
    JsonDocument document;
    Error error = {0};
    char line[PIECE + 16];

    for (int i = 0; i < list->count; i++) {
        snprintf(line, sizeof line, "%c\"%s\":%d", i > 0 ? ',' : '{', list->piece[i], i);
        text_add(&text, line, strlen(line));
    }
    text_add(&text, "}", 1);
    must(json_parse(&document, text.bytes, text.length, JSON_PLAIN, 4, &error)
         && vocabulary_init(v, document.root, &error), "%s", error.text);
    json_free(&document);
    text_free(&text);
}

/* keep: a stuck word keeps what was cut before (a typical mistake). shortest: another. */
static int engine(int *out, const char *word, const Vocabulary *v, bool keep, bool shortest)
{
    int count = 0, length = (int)strlen(word);

    for (int at = 0, n; at < length; at += n) {
        int id = -1;

        for (int i = 1; i <= length - at && id < 0; i++) {
            char prefix[WORD + 4];

            n = shortest ? i : length - at + 1 - i;
            snprintf(prefix, sizeof prefix, "%s%.*s", at > 0 ? "##" : "", n, word + at);
            id = vocabulary_find(v, prefix, strlen(prefix));
        }
        if (id < 0 && !keep)
            return out[0] = 0, 1;
        out[count++] = id < 0 ? 0 : id;
        if (id < 0)
            return count;
    }
    return count;
}

static const char *guess(const char *word, const Vocabulary *v, const int *got, int count)
{
    int other[WORD];

    if (count == 1 && got[0] == 0)
        return "this word can be cut into pieces: look at rule 1 and rule 2";
    if (count == engine(other, word, v, true, false)
        && memcmp(got, other, (size_t)count * sizeof *got) == 0)
        return "when it is stuck, the whole word is unknown, not only the rest";
    if (count == engine(other, word, v, false, true)
        && memcmp(got, other, (size_t)count * sizeof *got) == 0)
        return "you took the shortest piece: rule 2";
    return NULL;
}

static void run(Case *c)
{
    static const char *const own[] = { "[UNK]", "un", "##a", "##aff", "##able", "##ford",
                                       "cat", "##s", "c", "##at", "s" };
    static const char *const words[] = { "cats", "unaffable", "unaffordable", "cat", "dog",
                                         "cs", "scat", "unaffs" };
    List list = {0};
    Vocabulary v;
    char word[WORD];
    int *got, want[WORD], expected, count;

    if (case_hidden(c)) {
        random_list(c, &list);
        random_text(c, word, 10);
    } else {
        for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
            add(&list, own[i]);
        snprintf(word, sizeof word, "%s", words[case_number(c)]);
    }
    make_vocabulary(&v, &list);
    case_says(c, "the word %s; pieces:", word);
    for (int i = 0; i < list.count; i++)
        case_says(c, " %d %s", i, list.piece[i]);
    expected = engine(want, word, &v, false, false);
    got = case_array(c, (int)strlen(word), sizeof *got);
    count = my_longest_match(got, word, list.piece, list.count, 0);
    case_int(c, "the number of ids", count, expected,
             count > 0 && count <= (int)strlen(word) ? guess(word, &v, got, count) : NULL);
    case_ints(c, "out", got, want, expected,
              (const Fault[]){ { got, guess(word, &v, got, count) }, { NULL, NULL } });
    vocabulary_free(&v);
}

const Exercise exercise = { .stop = "my_longest_match", .visible = 8, .hidden = 60,
                            .run = run };
