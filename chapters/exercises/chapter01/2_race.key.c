/* 2_race.key.c - the key of exercise 01.2: the engine's own merges, on random lists
 *
 *      letters and merges, random ──► {"vocab":…,"merges":…} ──► bpe_new ──► Bpe
 *                                                                  │
 *      a word ──► one id a letter ──► my_merge_all ─────┐           │
 *        │                                              ├─ compared │
 *        └──► bpe_encode ◄──────────────────────────────┴──────────┘
 *
 * The pupil's loop asks rank_of and both_as_one, and these ask the engine: so both
 * sides race by the same list, and only the loop can be wrong. Three letters and a
 * dozen merges make words in which equal pairs touch (aaa), which is where the left
 * one must win.
 *
 * Read next: src/text/bpe.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "chapters/exercises/chapter01/tasks.h"
#include "chapters/exercises/judge.h"
#include "text/bpe.h"

#define LETTERS 3
#define MERGES 12
#define LONGEST 60                  /* bytes of a token                      */
#define WORD 24                     /* letters of a word, at most            */

struct Merges {
    const Bpe *bpe;
};

int rank_of(const Merges *merges, int left, int right)
{
    int rank = bpe_rank(merges->bpe, left, right);

    return rank < 0 ? WORST : rank;
}

int both_as_one(const Merges *merges, int left, int right)
{
    const char *a = bpe_token(merges->bpe, left, NULL);
    const char *b = bpe_token(merges->bpe, right, NULL);
    char both[2 * LONGEST + 1];

    if (a == NULL || b == NULL)
        return -1;
    snprintf(both, sizeof both, "%s%s", a, b);
    return bpe_find(merges->bpe, both, strlen(both));
}

typedef struct {                    /* tokens and merges before they are a Bpe */
    char token[LETTERS + MERGES][LONGEST + 1];
    int tokens;
    int left[MERGES], right[MERGES];
    int merges;
} List;

static int find(const List *list, const char *token)
{
    for (int i = 0; i < list->tokens; i++)
        if (strcmp(list->token[i], token) == 0)
            return i;
    return -1;
}

static void add_merge(List *list, int left, int right)
{
    char both[2 * LONGEST + 1];

    snprintf(both, sizeof both, "%s%s", list->token[left], list->token[right]);
    if (strlen(both) > LONGEST)
        return;
    if (find(list, both) < 0)
        strcpy(list->token[list->tokens++], both);
    list->left[list->merges] = left;
    list->right[list->merges++] = right;
}

/* The skeleton's own list, or a random one. */
static void make_list(Case *c, List *list)
{
    const char *letters = case_number(c) == 0 ? "red" : "abc";

    *list = (List){0};
    for (int i = 0; i < LETTERS; i++)
        snprintf(list->token[list->tokens++], LONGEST, "%c", letters[i]);
    if (case_number(c) == 0) {
        add_merge(list, 0, 1);              /* r e                           */
        add_merge(list, 2, 1);              /* d e                           */
        add_merge(list, 4, 0);              /* de r                          */
    } else if (case_number(c) == 1) {
        add_merge(list, 0, 0);              /* a a                           */
    } else {
        for (int tries = 0; list->merges < MERGES && tries < 100; tries++)
            add_merge(list, case_between(c, 0, list->tokens - 1),
                      case_between(c, 0, list->tokens - 1));
    }
}

static Bpe *make_bpe(const List *list)
{
    Text text = {0};
    JsonDocument document;
    Error error = {0};
    char line[4 * LONGEST];
    Bpe *bpe;

    text_add(&text, "{\"vocab\":{", 10);
    for (int i = 0; i < list->tokens; i++) {
        snprintf(line, sizeof line, "%s\"%s\":%d", i > 0 ? "," : "", list->token[i], i);
        text_add(&text, line, strlen(line));
    }
    text_add(&text, "},\"merges\":[", 12);
    for (int i = 0; i < list->merges; i++) {
        snprintf(line, sizeof line, "%s\"%s %s\"", i > 0 ? "," : "",
                 list->token[list->left[i]], list->token[list->right[i]]);
        text_add(&text, line, strlen(line));
    }
    text_add(&text, "]}", 2);
    must(json_parse(&document, text.bytes, text.length, JSON_PLAIN, 8, &error), "%s",
         error.text);
    bpe = bpe_new(document.root, &error);
    must(bpe != NULL, "%s", error.text);
    json_free(&document);
    text_free(&text);
    return bpe;
}

static void make_word(Case *c, char *word, const List *list)
{
    int length = case_between(c, 1, WORD);

    if (case_number(c) < 2) {
        strcpy(word, case_number(c) == 0 ? "reder" : "aaaaa");
        return;
    }
    for (int i = 0; i < length; i++)
        word[i] = list->token[case_between(c, 0, LETTERS - 1)][0];
    word[length] = '\0';
}

/* The pupil's symbols, spelt; an id that is none as a question mark. */
static void say_left(Case *c, const List *list, const int *id, int left, int n)
{
    case_says(c, "\nyours:");
    for (int i = 0; i < left && i < n; i++)
        case_says(c, " %s", id[i] >= 0 && id[i] < list->tokens ? list->token[id[i]] : "?");
}

static void run(Case *c)
{
    List list;
    Merges merges;
    Bpe *bpe;
    BpeWork *work = bpe_work_new();
    Ids want = {0};
    char word[WORD + 1];
    int *got, n, left;

    make_list(c, &list);
    make_word(c, word, &list);
    merges.bpe = bpe = make_bpe(&list);
    case_says(c, "the word %s; merges:", word);
    for (int i = 0; i < list.merges; i++)
        case_says(c, "%s %s %s", i > 0 ? "," : "", list.token[list.left[i]],
                  list.token[list.right[i]]);
    case_says(c, "\nids:");
    for (int i = 0; i < list.tokens; i++)
        case_says(c, " %d %s", i, list.token[i]);
    n = (int)strlen(word);
    got = case_array(c, n, sizeof *got);
    for (int i = 0; i < n; i++)
        got[i] = bpe_find(bpe, word + i, 1);
    bpe_encode(&want, bpe, work, word, (size_t)n);
    left = my_merge_all(got, n, &merges);
    say_left(c, &list, got, left, n);
    case_int(c, "the number of symbols that are left", left, want.count,
             left > want.count ? "symbols were left that should have been merged, or n "
             "counts one that is gone" : "too much was merged, or n counts too little");
    case_ints(c, "id", got, want.id, want.count, NULL);
    ids_free(&want);
    bpe_work_free(work);
    bpe_free(bpe);
}

const Exercise exercise = { .stop = "my_merge_all", .visible = 3, .hidden = 40, .run = run };
