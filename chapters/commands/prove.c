/* prove.c - ./run grade --prove: the course proves itself
 *
 *      2_pairs.c ─────────────────────────────► compiles without a warning, fails
 *          │
 *          │ between the marks                   2_pairs.answer
 *          ▼                                      engine src/kernels/rope.c rope_apply body
 *      ┌────────────┐      answer ◄───────────   mutant turned the wrong way
 *      │ skeleton + │─────────────────────────►  - im * c + re * s
 *      │ answer     │      with one text         + im * c - re * s
 *      └────────────┘      replaced: mutant      mutant …
 *            │                   │
 *            ▼                   ▼
 *      passes with three     compiles and fails: a wrong result, a crash, a report;
 *      seeds                 at least five of them
 *
 * An exercise can be broken in ways that nobody notices: a key that lets everything
 * pass, a skeleton that passes already, an answer that the engine has left behind. So
 * each is tried. The answer is taken out of the engine's own source wherever the
 * engine has the function: nothing is copied, and when the engine changes the exercise
 * changes with it, or fails here.
 *
 * A mutant is what a person might write. One that passes shows a case that the key
 * lacks; one that does not compile shows nothing, and is a failure here.
 *
 *      ./run grade --prove            all         ./run grade --prove 04.2   one
 *      ./run grade --prove 04         a chapter
 *
 * The rules of the .answer file stand in chapters/exercises/MAKING.md.
 *
 * Read next: chapters/exercises/MAKING.md.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>             /* atoi                                      */
#include <string.h>
#include <unistd.h>             /* unlink                                    */

#include "base/atomicfile.h"
#include "base/mapfile.h"
#include "chapters/commands/common.h"
#include "chapters/commands/grading.h"

#define BEGINS "/* your code begins */"
#define ENDS "/* your code ends */"
#define SEEDS 3
#define MUTANTS 5               /* of each exercise, at least                */

typedef struct {
    Course *course;
    const Task *task;
    const Options *options;
    const char *file, *name;        /* where what is tried is written; its
                                       program's name                        */
    int passed, failed;
} Proof;

static void claim(Proof *proof, bool holds, const char *what, const char *why)
{
    proof->passed += holds;
    proof->failed += !holds;
    printf("  %s%s%s%s\n", holds ? "" : "FAILED: ", what, why[0] != '\0' ? ": " : "", why);
    fflush(stdout);
}

/* How a verdict came, on one line; into the course's arena. */
static const char *in_short(Proof *proof, const Verdict *v)
{
    const char *hidden = v->hidden ? ", hidden" : "";

    if (v->kind == VERDICT_PASSED)
        return "it passes";
    if (v->kind == VERDICT_WRONG && v->guess[0] != '\0')
        return arena_print(&proof->course->arena, "case %d%s: \"%.60s%s\"", v->number, hidden,
                           v->guess, strlen(v->guess) > 60 ? "…" : "");
    if (v->kind == VERDICT_WRONG)
        return arena_print(&proof->course->arena, "case %d%s: %s, expected %.40s, got %.40s",
                           v->number, hidden, v->what, v->expected, v->got);
    return arena_print(&proof->course->arena, "%scase %d%s: %.*s",
                       v->kind == VERDICT_COMPILER ? "does not compile, " : "", v->number,
                       hidden, v->kind == VERDICT_COMPILER ? 600
                       : (int)strcspn(v->trouble.bytes, "\n"), v->trouble.bytes);
}

static bool read_whole(Text *text, const char *path, Error *error)
{
    MapFile file;

    text_clear(text);
    if (!mapfile_open(&file, path, error))
        return false;
    text_add(text, (const char *)file.bytes, file.size);
    mapfile_close(&file);
    return true;
}

/* ---- a function out of the engine's source */

static bool is_letter(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
        || (c >= 'a' && c <= 'z');
}

/* The next place where name stands as a whole word; NULL: none. */
static const char *whole_word(const char *text, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = text; (at = strstr(at, name)) != NULL; at += length)
        if ((at == text || !is_letter(at[-1])) && !is_letter(at[length]))
            return at;
    return NULL;
}

/* Where the definition of name begins: its first line is at the left edge, and its
 * arguments are followed by a line "{". NULL: it has none here. */
static const char *definition(const char *source, const char *name)
{
    for (const char *at = source; (at = whole_word(at, name)) != NULL; at += strlen(name)) {
        const char *line = at, *close;

        while (line > source && line[-1] != '\n')
            line--;
        close = strchr(at, ')');
        if (at[strlen(name)] == '(' && is_letter(line[0]) && close != NULL
            && strncmp(close, ")\n{\n", 4) == 0)
            return line;
    }
    return NULL;
}

/* "engine FILE NAME [body|helper]": append it to code. A helper stays as it is; else
 * the whole function is called my_NAME, also where it calls itself, and not static. */
static bool add_engine(Text *code, Proof *proof, const char *line, Error *error)
{
    char path[200], name[100], how[10] = "";
    int words = sscanf(line, "engine %199[^ \n] %99[^ \n]%*[ ]%9[^ \n]", path, name, how);
    const char *begin, *end;
    Text source = {0};
    bool fine = words >= 2 && read_whole(&source, arena_print(&proof->course->arena, "%s/%s",
                                         proof->course->root, path), error);

    if (!fine)
        return words >= 2 ? false : error_set(error, "%s.answer: engine wants a file and a "
                                              "function", proof->task->base);
    begin = definition(source.bytes, name);
    end = begin == NULL ? NULL : strstr(begin, "\n}\n");
    if (end == NULL) {
        text_free(&source);
        return error_set(error, "%s.answer: %s has no function %s", proof->task->base, path,
                         name);
    }
    if (strcmp(how, "body") == 0) {
        begin = strstr(begin, "\n{\n") + 3;
        text_add(code, begin, (size_t)(end + 1 - begin));
    } else if (strcmp(how, "helper") == 0) {
        text_add(code, begin, (size_t)(end + 3 - begin));
    } else {
        if (strncmp(begin, "static ", 7) == 0)
            begin += 7;
        for (const char *at; (at = whole_word(begin, name)) != NULL && at < end;
             begin = at + strlen(name)) {
            text_add(code, begin, (size_t)(at - begin));
            text_print(code, "my_%s", name);
        }
        text_add(code, begin, (size_t)(end + 3 - begin));
    }
    text_free(&source);
    return true;
}

/* ---- the .answer file */

/* The next line: its length without the newline; *at moves on. NULL: the end. */
static const char *next_line(const char **at, size_t *length)
{
    const char *line = *at;

    if (*line == '\0')
        return NULL;
    *length = strcspn(line, "\n");
    *at += *length + (line[*length] == '\n');
    return line;
}

static bool begins(const char *line, const char *word)
{
    return strncmp(line, word, strlen(word)) == 0;
}

/* The answer into code; *rest is where the first mutant begins. */
static bool read_answer(Text *code, Proof *proof, const char *text, const char **rest,
                        Error *error)
{
    const char *line, *before = text;
    bool inside = false;
    size_t length;

    text_clear(code);
    text_add(code, "", 0);
    for (; (line = next_line(&text, &length)) != NULL; before = text) {
        if (begins(line, "mutant "))
            break;
        if (!inside && begins(line, "engine ")) {
            if (!add_engine(code, proof, line, error))
                return false;
        } else if (!inside && length == 6 && begins(line, "answer")) {
            inside = true;
        } else if (inside) {
            text_add(code, line, length);
            text_add(code, "\n", 1);
        } else if (length > 0) {
            return error_set(error, "%s.answer: \"%.*s\" is neither engine nor answer nor "
                             "mutant", proof->task->base, (int)length, line);
        }
    }
    *rest = before;
    return true;
}

/* "mutant NAME", lines "- old", lines "+ new": name, old and new are filled; several
 * lines of one kind are one text. false: no mutant follows. */
static bool read_mutant(Text *name, Text *old, Text *new, const char **rest)
{
    const char *line, *before = *rest;
    size_t length;

    text_clear(name), text_clear(old), text_clear(new);
    text_add(name, "", 0), text_add(old, "", 0), text_add(new, "", 0);
    for (; (line = next_line(rest, &length)) != NULL; before = *rest) {
        Text *to = line[0] == '-' ? old : new;

        if (begins(line, "mutant ")) {
            if (name->length > 0)
                break;
            text_add(name, line + 7, length - 7);
        } else if (length > 0 && (line[0] == '-' || line[0] == '+')) {
            if (to->length > 0)
                text_add(to, "\n", 1);
            if (length > 2)
                text_add(to, line + 2, length - 2);
        }
    }
    if (line != NULL)
        *rest = before;
    return name->length > 0;
}

/* ---- trying */

/* The skeleton with code between its marks. */
static bool put_in(Text *file, const Text *skeleton, const Text *code, Error *error,
                   const Task *task)
{
    const char *from = strstr(skeleton->bytes, BEGINS), *to;

    to = from != NULL ? strstr(from, ENDS) : NULL;
    if (to == NULL)
        return error_set(error, "%s.c: the marks \"%s\" and \"%s\" are missing", task->base,
                         BEGINS, ENDS);
    from += strlen(BEGINS);
    while (to > from && to[-1] != '\n')
        to--;
    text_clear(file);
    text_add(file, skeleton->bytes, (size_t)(from - skeleton->bytes));
    text_add(file, "\n", 1);
    text_add(file, code->bytes, code->length);
    text_add(file, to, strlen(to));
    return true;
}

/* An endless mutant shall not take the full time of a pupil's answer. Of several
 * seeds in a row, from 0, the first builds the program for the others. */
static bool judge(Verdict *v, Proof *proof, const char *path, uint64_t seed, uint64_t seeds,
                  Error *error)
{
    double seconds = proof->options->seconds;
    Judging how = { .seed = seed, .seconds = seconds < 5 ? seconds : 5, .built = seed > 0,
                    .keep = seed + 1 < seeds };

    if (judging_judge(v, proof->course, proof->task, path, proof->name, &how, error))
        return true;
    verdict_free(v);
    return false;
}

static bool prove_skeleton(Proof *proof, const char *path, Error *error)
{
    Verdict v = {0};

    if (!judge(&v, proof, path, 0, 1, error))
        return false;
    claim(proof, v.warnings.length == 0 && v.kind != VERDICT_COMPILER,
          "the skeleton compiles without a warning",
          v.kind == VERDICT_COMPILER ? v.trouble.bytes
          : v.warnings.length > 0 ? v.warnings.bytes : "");
    claim(proof, v.kind != VERDICT_PASSED, "the skeleton does not pass", in_short(proof, &v));
    verdict_free(&v);
    return true;
}

static bool prove_answer(Proof *proof, Error *error)
{
    bool compiles = true;

    for (uint64_t seed = 0; compiles && seed < SEEDS; seed++) {
        Verdict v = {0};

        if (!judge(&v, proof, proof->file, seed, SEEDS, error))
            return false;
        claim(proof, v.kind == VERDICT_PASSED && v.cases > 0 && v.warnings.length == 0,
              arena_print(&proof->course->arena, "the answer passes with seed %" PRIu64, seed),
              v.warnings.length > 0 ? v.warnings.bytes
              : v.kind != VERDICT_PASSED ? in_short(proof, &v)
              : arena_print(&proof->course->arena, "%d cases", v.cases));
        compiles = v.kind != VERDICT_COMPILER;
        verdict_free(&v);
    }
    return true;
}

/* One mutant: code with the first old replaced by new. */
static bool prove_mutant(Proof *proof, const Text *skeleton, const Text *code,
                         const Text *name, const Text *old, const Text *new, Error *error)
{
    const char *what = arena_print(&proof->course->arena, "mutant \"%s\"", name->bytes);
    const char *at = old->length > 0 ? strstr(code->bytes, old->bytes) : NULL;
    Text changed = {0}, file = {0};
    Verdict v = {0};
    bool fine = true;

    if (at == NULL) {
        claim(proof, false, what, "the answer does not hold the text behind its -");
        return true;
    }
    text_add(&changed, code->bytes, (size_t)(at - code->bytes));
    text_add(&changed, new->bytes, new->length);
    text_add(&changed, at + old->length, strlen(at + old->length));
    fine = put_in(&file, skeleton, &changed, error, proof->task)
        && atomicfile_save(proof->file, file.bytes, file.length, error)
        && judge(&v, proof, proof->file, 0, 1, error);
    if (fine)
        claim(proof, v.kind != VERDICT_PASSED && v.kind != VERDICT_COMPILER, what,
              in_short(proof, &v));
    verdict_free(&v);
    text_free(&changed);
    text_free(&file);
    return fine;
}

static bool prove_answer_file(Proof *proof, const Text *skeleton, const Text *answers,
                              Error *error)
{
    Text code = {0}, file = {0}, name = {0}, old = {0}, new = {0};
    const char *rest = answers->bytes;
    int mutants = 0;
    bool fine = read_answer(&code, proof, answers->bytes, &rest, error)
        && put_in(&file, skeleton, &code, error, proof->task)
        && atomicfile_save(proof->file, file.bytes, file.length, error)
        && prove_answer(proof, error);

    while (fine && read_mutant(&name, &old, &new, &rest)) {
        fine = prove_mutant(proof, skeleton, &code, &name, &old, &new, error);
        mutants++;
    }
    if (fine && mutants < MUTANTS)
        claim(proof, false, "at least five mutants",
              arena_print(&proof->course->arena, "there are %d", mutants));
    text_free(&code), text_free(&file), text_free(&name), text_free(&old), text_free(&new);
    return fine;
}

static bool prove_task(Proof *proof, Error *error)
{
    const char *path = arena_print(&proof->course->arena, "%s.c", proof->task->base);
    Text skeleton = {0}, answers = {0};
    bool fine;

    printf("%s %s\n", proof->task->number, proof->task->title);
    proof->name = arena_print(&proof->course->arena, "prove-%s", proof->task->number);
    proof->file = arena_print(&proof->course->arena, "%s/%s.c", proof->course->builds, proof->name);
    fine = read_whole(&skeleton, path, error)
        && read_whole(&answers, arena_print(&proof->course->arena, "%s.answer", proof->task->base),
                      error)
        && prove_skeleton(proof, path, error)
        && prove_answer_file(proof, &skeleton, &answers, error);
    unlink(proof->file);
    text_free(&skeleton);
    text_free(&answers);
    return fine;
}

/* "04": the chapter; "04.2": one; several of them; NULL: all. */
static bool is_wanted(const Task *task, const char *words)
{
    for (const char *at = words; at != NULL && *at != '\0'; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        bool whole = memchr(at, '.', length) == NULL;

        if (whole ? atoi(at) == task->chapter
                  : length == strlen(task->number) && memcmp(at, task->number, length) == 0)
            return true;
        at += length;
    }
    return words == NULL;
}

bool prove_course(int *code, Course *course, const Options *o, Error *error)
{
    Proof proof = { .course = course, .options = o };

    for (int i = 0; i < course->count; i++) {
        proof.task = &course->tasks[i];
        if (!is_wanted(proof.task, o->words))
            continue;
        if (prove_task(&proof, error))
            continue;
        if (error->code == EXIT_INTERRUPTED)
            return false;
        claim(&proof, false, "it can be tried", error->text);
        *error = (Error){0};
    }
    if (proof.passed + proof.failed == 0)
        return error_code(error, EXIT_USAGE, "no exercise is called %s", o->words);
    printf("%d passed, %d failed\n", proof.passed, proof.failed);
    *code = proof.failed == 0 ? EXIT_FINE : EXIT_CHECK;
    return true;
}
