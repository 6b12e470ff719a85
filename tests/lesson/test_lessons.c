/* test_lessons.c - what must be true of every lesson: on a terminal, in a pipe, as
 * data, without its model
 *
 * Columns are counted by chapters/lesson/columns.c, which test_pictures.c checks. */
#include "test.h"

#include <poll.h>
#include <sys/resource.h>

#include "base/pseudo_terminal.h"
#include "chapters/lesson/columns.h"
#include "cli/child.h"
#include "files/json.h"

#define PIPE_WIDTH 80
#define SECONDS 15              /* of one processor: a lesson's time at most */

typedef struct {
    const char *name;
    bool map;                   /* chapter00: in a pipe lines as long as they are,
                                   and a story for a theorem                 */
    const char *n;              /* -n where its width is looked at; NULL: its own */
} LessonName;

static const LessonName lessons[] = {
    { "chapter00_map", true, NULL }, { "chapter01_tokenizer", false, NULL },
    { "chapter02_weights", false, NULL }, { "chapter03_layers", false, NULL },
    { "chapter04_attention", false, NULL }, { "chapter05_sampling", false, NULL },
    { "chapter06_quantize", false, NULL }, { "chapter07_speculative", false, "8" },
    { "chapter09_speed", false, NULL },
};

#define LESSONS (int)(sizeof lessons / sizeof *lessons)

/* One of each architecture, and the draft. */
static const char *const models[] = { "storyteller", "storyteller-draft",
                                      "storyteller-neox", "storyteller-stablelm" };

#define MODELS (int)(sizeof models / sizeof *models)

/* A lesson that writes many texts takes a sanitizer a minute each time: others of its
 * runs are seen. */
static bool takes_too_long(const LessonName *l)
{
    return SANITIZED && l->n != NULL;
}

/* The line without its escapes and its carriage return; NUL-terminated, to free. */
static char *bare(const char *line, size_t n)
{
    char *out = calloc(n + 1, 1), *end = out;

    for (size_t i = 0; i < n; i++)
        if (line[i] == '\033')
            while (i < n && line[i] != 'm')
                i++;
        else if (line[i] != '\r')
            *end++ = line[i];
    return out;
}

/* Lines of at most width columns; 0: any. Colours end before the line does. */
static void expect_lines(const LessonName *l, const char *text, int width)
{
    int lines = 0;

    for (const char *line = text; *line != '\0'; lines++) {
        size_t n = strcspn(line, "\n");
        char *plain = bare(line, n);
        const char *last = NULL;

        if (width > 0 && columns_of(plain) > width)
            test_fail(__FILE__, __LINE__, "%s: wider than %d: %s", l->name, width,
                      plain);
        for (size_t i = 0; i < n; i++)
            last = line[i] == '\033' ? line + i : last;
        if (last != NULL && strncmp(last, "\033[0m", 4) != 0)
            test_fail(__FILE__, __LINE__, "%s: a colour goes on: %s", l->name, plain);
        free(plain);
        line += n + (line[n] == '\n');
    }
    if (lines < (l->map ? 5 : 10))
        test_fail(__FILE__, __LINE__, "%s: only %d lines", l->name, lines);
}

static Result run_lesson(const LessonName *l, const char *option, const char *value)
{
    const char *args[] = { l->name, option, value, NULL };

    return child_run(NULL, 0, args);
}

static char *fine_lesson(const LessonName *l, const char *option, const char *value)
{
    Result result = run_lesson(l, option, value);

    if (result.code != 0)
        test_fail(__FILE__, __LINE__, "%s %s: exit %d: %s%s", l->name,
                  option != NULL ? option : "", result.code, result.out, result.err);
    expect_text(result.err, "");
    return result.out;
}

TEST(in_a_pipe_they_are_plain)
{
    for (int i = 0; i < LESSONS; i++) {
        const LessonName *l = &lessons[i];
        char *out = fine_lesson(l, NULL, NULL), *theorem = strstr(out, "\nTheorem  ");

        if (strchr(out, '\033') != NULL)
            test_fail(__FILE__, __LINE__, "%s: an escape in a pipe", l->name);
        expect_lines(l, out, l->map ? 0 : PIPE_WIDTH);
        if (!l->map && (theorem == NULL || strstr(theorem, "✓") == NULL
                        || strstr(theorem, "✗") != NULL))
            test_fail(__FILE__, __LINE__, "%s: no theorem that holds:\n%s", l->name, out);
    }
}

TEST(colour_can_be_asked_for)
{
    for (int i = 0; i < LESSONS; i++) {
        const LessonName *l = &lessons[i];
        char *out;

        if (takes_too_long(l))
            continue;
        out = fine_lesson(l, "--color", "always");
        if (strstr(out, "\033[") == NULL)
            test_fail(__FILE__, __LINE__, "%s: no colour", l->name);
        expect_lines(l, out, l->map ? 0 : PIPE_WIDTH);
    }
}

/* What the program drew on a terminal of so many columns, until it ended well. */
static char *on_a_terminal(const LessonName *l, const char *model,
                           unsigned short columns)
{
    static char text[200000];
    const char *args[] = { l->name, "--model", model, l->n != NULL ? "-n" : NULL, l->n,
                           NULL }, *path;
    int terminal, reader = pseudo_terminal_make(columns, &terminal, &path), status = 0;
    size_t length = 0;
    pid_t child, ended = 0;

    setenv("TERM", "xterm-256color", 1);
    unsetenv("NO_COLOR");
    child = child_start(args, "/dev/null", path, test_scratch("terminal.err"));
    for (;;) {
        struct pollfd wait = { .fd = reader, .events = POLLIN };
        ssize_t n = poll(&wait, 1, 10) > 0
                  ? read(reader, text + length, sizeof text - 1 - length) : 0;

        length += n > 0 ? (size_t)n : 0;
        if (n <= 0 && ended != 0)
            break;                      /* it has ended, and all is read     */
        ended = ended != 0 ? ended : waitpid(child, &status, WNOHANG);
    }
    text[length] = '\0';
    close(terminal);
    close(reader);
    expect(length + 1 < sizeof text);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        test_fail(__FILE__, __LINE__, "%s --model %s: status %d on a terminal", l->name,
                  model, status);
    return text;
}

static void expect_fits(const char *model, unsigned short columns)
{
    for (int i = 0; i < LESSONS; i++) {
        const LessonName *l = &lessons[i];
        char *out, *story;

        if (takes_too_long(l))
            continue;
        out = on_a_terminal(l, model, columns);
        story = strstr(out, "\r\n\r\n");
        if (strstr(out, "\033[") == NULL)
            test_fail(__FILE__, __LINE__, "%s: no colour on a terminal", l->name);
        if (l->map && story != NULL)
            story[2] = '\0';            /* its lines are as the model wrote them */
        expect_lines(l, out, columns);
    }
}

TEST(on_a_narrow_terminal_they_fit)
{
    for (int m = 0; m < MODELS; m++)
        expect_fits(models[m], 60);
}

TEST(on_wider_ones_too)
{
    for (int m = 0; m < MODELS; m++) {
        expect_fits(models[m], 80);
        expect_fits(models[m], 100);
    }
}

/* What a lesson says of a model's kind, and what it must not say of it. */
TEST(words_are_the_models_own)
{
    static const struct { int lesson; const char *model, *says, *says_not; } words[] = {
        { 3, "storyteller", "w · x / √(mean of squares + ε)", "mean to zero" },
        { 3, "storyteller", "silu", "gelu" },
        { 3, "storyteller", "two matrices (a gate", "a bias is added" },
        { 3, "storyteller-neox", "w · (x - mean) / √(variance + ε) + b", "mean of squares +" },
        { 3, "storyteller-neox", "gelu", "silu" },
        { 3, "storyteller-neox", "wider by a matrix", "gate" },
        { 3, "storyteller-neox", "bias is added", "two matrices (" },
        { 3, "storyteller-stablelm", "w · (x - mean) / √(variance + ε) + b", "gelu" },
        { 3, "storyteller-stablelm", "silu", "bias is added" },
        { 4, "storyteller", "all numbers of a head", "side by side" },
        { 4, "storyteller", "the MLP x + attention", "one matrix" },
        { 4, "storyteller-neox", "the rest of each head", "all numbers of a head" },
        { 4, "storyteller-neox", "6 of the 24 numbers of a head turn", "MLP x +" },
        { 4, "storyteller-neox", "side by side", "x + attention after another" },
        { 4, "storyteller-neox", "one matrix: q, k, v of head 0", "share" },
        { 4, "storyteller-stablelm", "6 of the 24 numbers of a head turn", "side by side" },
        { 0, "storyteller-neox", "4 query heads, 4 key heads", "share" },
        { 0, "storyteller", "6 query heads share 2 key heads", "6 query heads," },
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const LessonName *l = &lessons[words[i].lesson];
        char *out = fine_lesson(l, "--model", words[i].model), *at = out;

        for (char *from = out; *from != '\0'; from++)      /* as if on one line */
            if (*from != '\n' && *from != ' ')
                *at++ = *from;
            else if (at > out && at[-1] != ' ')
                *at++ = ' ';
        *at = '\0';
        if (strstr(out, words[i].says) == NULL || strstr(out, words[i].says_not) != NULL)
            test_fail(__FILE__, __LINE__, "%s --model %s does not say \"%s\", or says "
                      "\"%s\"", l->name, words[i].model, words[i].says,
                      words[i].says_not);
    }
}

TEST(as_data_they_are_one_object)
{
    for (int i = 0; i < LESSONS; i++) {
        const LessonName *l = &lessons[i];
        Result result = run_lesson(l, "--json", NULL);
        const Json *theorem, *checks;
        JsonDocument document;
        Error error = {0};

        if (result.code != 0)
            test_fail(__FILE__, __LINE__, "%s: exit %d: %s", l->name, result.code,
                      result.err);
        expect(strchr(result.out, '\n') == result.out + result.length - 1);
        expect_ok(json_parse(&document, result.out, result.length, JSON_UNIQUE,
                             JSON_DEPTH, &error), &error);
        expect(json_is(document.root, JSON_OBJECT));
        theorem = json_get(document.root, "theorem");
        checks = json_get(theorem, "checks");
        if (!l->map && (!json_equals(json_get(document.root, "chapter"), l->name)
                        || !json_is(json_get(theorem, "holds"), JSON_TRUE)
                        || !json_is(checks, JSON_ARRAY) || checks->count == 0))
            test_fail(__FILE__, __LINE__, "%s: no theorem in its data", l->name);
        json_free(&document);
    }
}

TEST(a_missing_model_is_said)
{
    for (int i = 0; i < LESSONS; i++) {
        const LessonName *l = &lessons[i];
        Result result = run_lesson(l, "--model", "no-such-model"), data;
        const char *args[] = { l->name, "--model", "no-such-model", "--json", NULL };

        if (result.code != 2 || strstr(result.err, "no-such-model") == NULL)
            test_fail(__FILE__, __LINE__, "%s: exit %d: %s", l->name, result.code,
                      result.err);
        data = child_run(NULL, 0, args);
        expect_int(data.code, 2);
        expect_text(data.out, "");
    }
}

/* Seconds of the processor, not of a clock: this holds on a busy machine too. */
TEST(they_end_in_seconds)
{
    double before = 0;

    if (SANITIZED)
        skip("a sanitizer takes its own time");
    for (int i = 0; i < LESSONS; i++) {
        const LessonName *l = &lessons[i];
        struct rusage used;
        double now;

        fine_lesson(l, NULL, NULL);
        expect(getrusage(RUSAGE_CHILDREN, &used) == 0);
        now = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec);
        if (now - before > SECONDS)
            test_fail(__FILE__, __LINE__, "%s took %.0f s", l->name, now - before);
        before = now;
    }
}

/* Tokenizers of real models: only their tokenizer.json is needed. The one that
 * writes blanks as ▁ cannot bring back a ▁, and the lesson says so. */
TEST(real_tokenizers_keep_the_theorem)
{
    static const char *const names[] = {
        "models/TinyLlama-1.1B-Chat-v1.0", "models/Llama-3.2-1B-Instruct",
        "models/pythia-1b", "models/stablelm-2-1_6b", "models/gpt2" };

    for (int i = 0; i < 5; i++) {
        char *out = fine_lesson(&lessons[1], "--model", test_data(names[i]));

        expect((strstr(out, "U+2581") != NULL) == (i == 0));
    }
}

const Test lessons_tests[] = {
    { "in a pipe they are plain", in_a_pipe_they_are_plain },
    { "colour can be asked for", colour_can_be_asked_for },
    { "on a narrow terminal they fit, for every model", on_a_narrow_terminal_they_fit },
    { "on 80 and 100 columns too", on_wider_ones_too },
    { "words are the model's own", words_are_the_models_own },
    { "as data they are one object", as_data_they_are_one_object },
    { "a missing model is said", a_missing_model_is_said },
    { "they end in seconds", they_end_in_seconds },
    { "proof: real tokenizers keep the theorem", real_tokenizers_keep_the_theorem },
    { NULL, NULL },
};
