/* test_cli_errors.c - what goes wrong: exit code, words, and nothing on stdout */
#include "child.h"

#include <sys/stat.h>
#include <time.h>

/* One sentence on stderr that begins with "error: ", this code, these words. */
static void refused(Result result, int code, const char *words)
{
    size_t length = strlen(result.err);

    if (result.code != code || strstr(result.err, words) == NULL)
        test_fail(__FILE__, __LINE__, "exit %d, stderr \"%s\"; expected %d and "
                  "\"%s\"", result.code, result.err, code, words);
    if (strncmp(result.err, "error: ", 7) != 0
        || strchr(result.err, '\n') != result.err + length - 1)
        test_fail(__FILE__, __LINE__, "not one line that says error: \"%s\"",
                  result.err);
    expect_text(result.out, "");
}

typedef struct {
    int code;
    const char *words;
    const char *args[10];
} Case;

static void refuse_all(const Case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        refused(child_run(NULL, 0, cases[i].args), cases[i].code,
                cases[i].words);
}

#define REFUSE(cases) refuse_all(cases, sizeof cases / sizeof cases[0])

/* Exit 2: a word, an option, a value; the range or the nearest name helps. */
TEST(usage)
{
    static const Case cases[] = {
        { 2, "did you mean generate?", { "genrate", "hello" } },
        { 2, "did you mean chapter00_map?", { "chapter00_mop" } },
        { 2, "the word comes first", { "-n", "5", "generate" } },
        { 2, "no word", { "qqqqqqqqqqqq" } },
        { 2, "--temperature", { "generate", "--tempreature", "1", "hi" } },
        { 2, "--top", { "tokenize", "--top", "3", "hi" } },
        { 2, "1 to", { "generate", "--threads", "0", "hi" } },
        { 2, "1 to", { "generate", "--chunk", "0", "hi" } },
        { 2, "1 to", { "generate", "--ctx", "0", "hi" } },
        { 2, "0 to", { "generate", "-n", "-1", "hi" } },
        { 2, "0 to 1", { "generate", "--top-p", "2", "hi" } },
        { 2, "0 to 1", { "generate", "--min-p", "-0.1", "hi" } },
        { 2, "--temperature", { "generate", "--temperature", "nan", "hi" } },
        { 2, "--temperature", { "generate", "--temperature", "inf", "hi" } },
        { 2, "--temperature", { "generate", "--temperature", "-1", "hi" } },
        { 2, "--top-k", { "generate", "--top-k", "-1", "hi" } },
        { 2, "--seed", { "generate", "--seed", "-1", "hi" } },
        { 2, "--seed", { "generate", "--seed", "1.5", "hi" } },
        { 2, "--threads", { "generate", "--threads", "two", "hi" } },
        { 2, "--threads", { "generate", "hi", "--threads" } },
        { 2, "--kernels", { "generate", "--kernels", "sse9", "hi" } },
        { 2, "--kv", { "generate", "--kv", "f64", "hi" } },
        { 2, "--stop", { "generate", "--stop", "", "hi" } },
        { 2, "tcsh", { "--completions", "tcsh" } },
        { 2, "did you mean storyteller?", { "generate", "--model", "storytelar",
          "hi" } },
        { 2, "neither a folder nor", { "tokenize", "--model", "/no/where",
          "hi" } },
        { 2, "not a token id", { "detokenize", "1", "two" } },
        { 2, "not a token id", { "logits", "--ids", "1,-2" } },
        { 2, "not a token id", { "logits", "--ids", "1.5" } },
        { 2, "nothing to read", { "logits", "--no-special", "--text", "" } },
        { 2, "nothing to read", { "logits", "--ids", "" } },
        { 2, "as --prompt and as words", { "generate", "--prompt", "Once",
          "upon" } },
        { 2, "as --text and as --file", { "tokenize", "--file", "LICENSE",
          "--text", "a" } },
        { 2, "as --ids and as words", { "logits", "--ids", "1,2", "3" } },
        { 2, "takes no words", { "models", "storyteller" } },
        { 2, "--chat", { "generate", "--system", "Be brief.", "hi" } },
    };

    REFUSE(cases);
}

/* Exit 3: a text, an id, a model that cannot be used. */
TEST(input)
{
    static const Case cases[] = {
        { 3, "2048", { "logits", "--ids", "1,2048" } },
        { 3, "2048", { "detokenize", "2048" } },
        { 3, "0 to 2047", { "detokenize", "99999999999999999999999" } },
        { 3, "is a file", { "generate", "--model", "LICENSE", "hi" } },
        { 3, "is a file", { "generate", "--model",
          "models/storyteller/model.safetensors", "hi" } },
        { 3, "config.json", { "generate", "--model", "src", "hi" } },
        { 3, "tokenizer.json", { "tokenize", "--model", "src", "hi" } },
        { 3, "weights-tools/download tinyllama", { "generate",
          "--model", "tinyllama", "hi" } },
        { 3, "/no/such/cache", { "generate", "--model", "llama3.2-1b", "hi" } },
        { 3, "weights-tools/download some/model@x", { "tokenize", "--model", "some/model@x",
          "hi" } },
        { 3, "no chat template", { "generate", "--chat", "--prompt", "hi" } },
        { 3, "offset 2 ", { "tokenize", "--text", "ab\xFF" "c" } },
        { 3, "offset 0 ", { "generate", "--prompt", "\xC3" } },
        { 3, "offset 3 ", { "generate", "the\xED\xA0\x80" } },
        { 3, "--stop", { "generate", "--stop", "\x80", "hi" } },
        { 3, "/no/file", { "generate", "--file", "/no/file" } },
        { 3, "folder", { "generate", "--file", "src" } },
        { 3, "--ctx 3", { "generate", "--ctx", "3", "Once upon a time" } },
        { 3, "no/such/folder", { "logits", "--text", "hi", "--out",
          "/no/such/folder/f" } },
    };

    REFUSE(cases);
}

/* 300 tokens are more than a context of 256, 256 are not. */
TEST(a_long_prompt)
{
    char text[1024] = "", ids[2048] = "1";
    Result result;

    for (int i = 0; i < 300; i++)
        strcat(text, " a");
    refused(run("generate", "--prompt", text), 3, "256");
    refused(run("logits", "--text", text), 3, "256");
    refused(run_with(text, "generate", "--ctx", "5000"), 3, "256");
    for (int i = 1; i < 256; i++)
        strcat(ids, ",7");
    result = run("logits", "--ids", ids, "--top", "1");
    expect_int(result.code, 0);
}

/* More context than the model has: said, and not used. */
TEST(a_large_context)
{
    Result result = run("generate", "--ctx", "5000", "-n", "3", "Once");

    expect_int(result.code, 0);
    expect(strstr(result.err, "note: ") != NULL
           && strstr(result.err, "256") != NULL);
}

TEST(stdin_that_is_not_utf8)
{
    static const char *const args[] = { "generate", NULL };
    static const char *const ids[] = { "tokenize", NULL };

    refused(run_with("good, good, b\xE9" "d", "tokenize"), 3, "offset 13 ");
    refused(child_run("\xF0\x9F\xA6", 3, args), 3, "offset 0 ");
    /* A zero byte is a character like others, but no part of a number. */
    expect_text(fine(child_run("a\0b", 3, ids)), "0 65 189 66\n");
    refused(child_run("1 2\0 3", 6, (const char *const[]){ "detokenize", NULL }),
            2, "the byte 0 at offset 3 ");
}

static const char *write_folder(const char *name, const char *file,
                                const char *text)
{
    char *folder = strdup(test_scratch(name)), path[512], from[128];
    static const char *const links[] = { "config.json", "tokenizer.json",
                                         "model.safetensors" };
    bool weights = strcmp(file, links[0]) == 0 || strcmp(file, links[1]) == 0;

    mkdir(folder, 0700);
    for (int i = 0; i < 2 + weights; i++) {
        char *target;

        snprintf(from, sizeof from, "models/storyteller/%s", links[i]);
        snprintf(path, sizeof path, "%s/%s", folder, links[i]);
        target = realpath(from, NULL);
        if (strcmp(file, links[i]) != 0)
            expect(target != NULL && symlink(target, path) == 0);
    }
    snprintf(path, sizeof path, "%s/%s", folder, file);
    test_write(path, text, strlen(text));
    return folder;
}

/* Folders as people have them: each says what it is and what to do. */
TEST(folders_that_are_no_models)
{
    static const struct { const char *file, *text, *words; } cases[] = {
        { "README.md", "nothing", "there are no weights" },
        { "pytorch_model.bin", "PK", "pytorch_model.bin" },
        { "model-q4.gguf", "GGUF", "weights-tools/convert" },
        { "model.safetensors", "version https://git-lfs.github.com/spec/v1\noid "
          "sha256:0\nsize 5\n", "git lfs pull" },
        { "model.safetensors", "", "model.safetensors" },
        { "model.safetensors", "\x10\0\0\0\0\0\0\0{}", "model.safetensors" },
        { "config.json", "{", "config.json" },
        { "config.json", "{}", "config.json" },
        { "config.json", "[]", "config.json" },
        { "tokenizer.json", "{}", "tokenizer.json" },
        { "tokenizer.json", "{\"model\":{}}", "tokenizer.json" },
        { "tokenizer.json", "", "tokenizer.json" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[32];
        const char *folder;

        snprintf(name, sizeof name, "bad-%zu", i);
        folder = write_folder(name, cases[i].file, cases[i].text);
        if (strcmp(cases[i].file, "tokenizer.json") == 0)
            refused(run("tokenize", "--model", folder, "--text", "hi"), 3,
                    cases[i].words);
        refused(run("generate", "--model", folder, "--prompt", "hi"), 3,
                cases[i].words);
    }
    refused(run("generate", "--model", write_folder("gguf", "a.gguf", "GGUF"),
                "hi"), 3, "GGUF");
}

/* stdout on a disk that is full, and on a pipe that nobody reads. */
TEST(a_lost_answer)
{
    static const char *const generate[] = { "generate", "Once", NULL };
    static const char *const tokenize[] = { "tokenize", "Once", NULL };
    static const char *const map[] = { "chapter00_map", "-n", "5", NULL };
    const char *err = strdup(test_scratch("lost"));

    if (access("/dev/full", W_OK) != 0)
        skip("no /dev/full here");
    expect_int(child_wait(child_start(generate, "/dev/null", "/dev/full", err)), 5);
    expect(strstr(test_read(err, NULL), "error: stdout: the disk is full") != NULL);
    expect_int(child_wait(child_start(tokenize, "/dev/null", "/dev/full", err)), 5);
    expect_int(child_wait(child_start(map, "/dev/null", "/dev/full", err)), 5);
}

/* Started without a stream at all (`>&-`): the number of what is missing must not
 * go to a file that the program opens, which would then be read as the prompt, or
 * have the answer printed into it. */
TEST(streams_that_are_closed)
{
    static const char *const generate[] = { "generate", "-n", "3", NULL };
    const char *err = strdup(test_scratch("closed")), *out;
    static const char *args[] = { "logits", "--text", "hi", "--out", NULL, NULL };
    size_t length;
    int keep[2] = { dup(0), dup(1) };

    out = args[4] = strdup(test_scratch("closed.f32"));
    expect(keep[0] > 2 && keep[1] > 2);
    fcntl(keep[0], F_SETFD, FD_CLOEXEC), fcntl(keep[1], F_SETFD, FD_CLOEXEC);
    close(0);
    expect_int(child_wait(child_start(generate, NULL, "/dev/null", err)), 3);
    expect(strstr(test_read(err, NULL), "stdin cannot be read") != NULL);
    fflush(stdout);
    close(1);
    expect_int(child_wait(child_start(args, NULL, NULL, err)), 4);
    expect(dup2(keep[0], 0) == 0 && dup2(keep[1], 1) == 1);
    expect(strstr(test_read(err, NULL), "error: stdout: ") != NULL);
    test_read(out, &length);
    expect_int(length, 2048 * 4);
}

/* Start with stdout in a pipe; its read end comes back. */
static int start_piped(const char *const *args, const char *err, pid_t *child)
{
    int ends[2], keep = dup(1);

    fflush(stdout);
    expect(keep > 2 && pipe(ends) == 0 && dup2(ends[1], 1) == 1);
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    fcntl(keep, F_SETFD, FD_CLOEXEC);
    *child = child_start(args, "/dev/null", NULL, err);
    expect(dup2(keep, 1) == 1);
    close(keep), close(ends[1]);
    return ends[0];
}

#define SLOW "--kernels", "plain", "--threads", "1", "-n", "240"

TEST(a_reader_that_goes_away)
{
    static const char *const args[] = { "generate", "Once", SLOW, NULL };
    const char *err = strdup(test_scratch("gone"));
    char byte;
    pid_t child;
    int end = start_piped(args, err, &child);

    expect_int(read(end, &byte, 1), 1);
    close(end);
    expect_int(child_wait(child), 4);
    expect(strstr(test_read(err, NULL), "error: stdout: ") != NULL);
    expect(strstr(test_read(err, NULL), "stopped before") == NULL);
}

/* Ctrl-C after the first text: what there is stays, then 130. */
TEST(interrupted_while_writing)
{
    static const char *const args[] = { "generate", "Once upon a time", SLOW,
                                        NULL };
    const char *err = strdup(test_scratch("stopped"));
    char all[4096];
    size_t length = 0;
    ssize_t got;
    pid_t child;
    int end = start_piped(args, err, &child);

    got = read(end, all, sizeof all);
    expect(got > 0);
    kill(child, SIGINT);
    for (length = (size_t)got; (got = read(end, all + length,
         sizeof all - length)) > 0; length += (size_t)got)
        ;
    expect_int(child_wait(child), 130);
    expect(length > 1 && all[length - 1] == '\n');
    expect(strstr(test_read(err, NULL), "interrupted") != NULL);
}

/* Ctrl-C somewhere in the reading of a prompt. A signal that came before the
 * program listened, or after it was done, proves nothing: try another moment. */
TEST(interrupted_while_reading)
{
    static char ids[2048] = "1";
    static const char *const args[] = { "logits", "--ids", ids, "--chunk", "1",
        "--kernels", "plain", "--threads", "1", "--all", NULL };
    const char *err = strdup(test_scratch("stopped"));
    long low = 0, high = 2000000;               /* microseconds              */
    Result whole;

    for (int i = 1; i < 256; i++)
        strcat(ids, ",7");
    whole = child_run(NULL, 0, args);
    expect_int(whole.code, 0);
    for (int attempt = 0; attempt < 40; attempt++) {
        long delay = (low + high) / 2;
        const struct timespec wait = { delay / 1000000, delay % 1000000 * 1000 };
        pid_t child = child_start(args, "/dev/null", "/dev/null", err);
        int code;

        nanosleep(&wait, NULL);
        kill(child, SIGINT);
        code = child_wait(child);
        if (code == 130) {
            expect(strstr(test_read(err, NULL), "error: ") != NULL);
            return;
        }
        expect(code == 0 || code == 1000 + SIGINT);
        if (code == 0)
            high = delay;
        else
            low = delay;
        if (high - low < 200)               /* the machine changed its pace  */
            low = 0, high = 2000000;
    }
    test_fail(__FILE__, __LINE__, "no interrupt hit the reading of a prompt");
}

TEST(interrupted_while_waiting_for_stdin)
{
    static const char *const args[] = { "tokenize", NULL };
    const char *err = strdup(test_scratch("waiting"));
    const struct timespec wait = { 0, 300000000 };
    int ends[2], code;
    pid_t child;

    expect(pipe(ends) == 0);
    expect(dup2(ends[0], 0) == 0);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    child = child_start(args, NULL, "/dev/null", err);
    nanosleep(&wait, NULL);
    kill(child, SIGINT);
    code = child_wait(child);
    expect(code == 130 || code == 1000 + SIGINT);   /* very slow to start    */
}

const Test cli_errors_tests[] = {
    { "usage", usage },
    { "input", input },
    { "a long prompt", a_long_prompt },
    { "a large context", a_large_context },
    { "stdin that is not UTF-8", stdin_that_is_not_utf8 },
    { "folders that are no models", folders_that_are_no_models },
    { "a lost answer", a_lost_answer },
    { "streams that are closed", streams_that_are_closed },
    { "a reader that goes away", a_reader_that_goes_away },
    { "interrupted while writing", interrupted_while_writing },
    { "interrupted while reading", interrupted_while_reading },
    { "interrupted while waiting for stdin", interrupted_while_waiting_for_stdin },
    { NULL, NULL },
};
