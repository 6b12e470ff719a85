/* test_convert.c - the program itself: a folder that ./run runs, or nothing at all
 *
 * What stands in it: test_gguf_model.c; other programs' view: tests/oracle/convert.py. */
#include "cli/child.h"
#include "gguf_bytes.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "base/place.h"

static const char *engine;              /* ./run, while RUN names the tool   */

/* From now on run() starts the tool, which lies beside ./run. */
static void use_tool(void)
{
    static char tool[1000];
    char folder[900];
    char *slash;

    engine = child_program();
    snprintf(folder, sizeof folder, "%s", engine);
    slash = strrchr(folder, '/');
    expect(slash != NULL);
    *slash = '\0';
    snprintf(tool, sizeof tool, "%s/weights-tools/convert", folder);
    if (access(tool, X_OK) != 0)
        skip("build/weights-tools/convert is not built");
    setenv("RUN", tool, 1);
}

static const char *write_tiny(const char *name, const char *family)
{
    const char *path = test_scratch(name);
    GgufBytes g;

    gguf_tiny(&g, family, "gpt-2");
    test_write(path, g.bytes.bytes, g.bytes.length);
    return path;
}

static int files_in(const char *folder)
{
    Arena arena = {0};
    int count = 0;

    place_names(folder, &arena, &count);
    return count;
}

/* Names in the folder around path that begin with path's own: leftovers. */
static int beside(const char *path)
{
    char folder[300];
    const char *name = strrchr(path, '/') + 1;
    Arena arena = {0};
    const char **names;
    int count = 0, found = 0;

    snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
    names = place_names(folder, &arena, &count);
    for (int i = 0; i < count; i++)
        found += strncmp(names[i], name, strlen(name)) == 0;
    return found;
}

/* Convert each family, and let the engine use what came out. */
TEST(families)
{
    static const char *const families[] = { "llama", "stablelm", "gptneox" };

    use_tool();
    for (int i = 0; i < 3; i++) {
        char folder[300], slash[310], path[300], *logits;

        snprintf(path, sizeof path, "%s", write_tiny("model.gguf", families[i]));
        snprintf(folder, sizeof folder, "%s-%d", test_scratch("folder"), i);
        snprintf(slash, sizeof slash, "%s/", folder);
        expect(strstr(fine(run(path, slash)), "F16") != NULL);
        expect_int(files_in(folder), 5);
        expect_int(beside(folder), 1);
        setenv("RUN", engine, 1);
        logits = fine(run("logits", "--model", folder, "--ids", "1,2", "--top", "1"));
        expect(strstr(logits, "hash") != NULL);
        expect_text(fine(run("tokenize", "--model", folder, "--text", "abc ab")), "7 4 5\n");
        use_tool();
    }
}

TEST(same_bytes_and_json)
{
    char a[300], b[300], path[300], *out;
    size_t n, m;

    use_tool();
    snprintf(path, sizeof path, "%s", write_tiny("model.gguf", "llama"));
    snprintf(a, sizeof a, "%s", test_scratch("a"));
    snprintf(b, sizeof b, "%s", test_scratch("b"));
    out = fine(run(path, a, "--json", "--dtype", "F32"));
    expect(strstr(out, "\"dtype\":\"F32\"") != NULL && strstr(out, "\"tokens\":9") != NULL);
    expect(mkdir(b, 0700) == 0);                            /* empty: fine   */
    fine(run(path, b, "--dtype", "F32"));
    strcat(a, "/model.safetensors");
    strcat(b, "/model.safetensors");
    out = test_read(a, &n);
    expect(memcmp(out, test_read(b, &m), n) == 0 && n == m);
}

TEST(shards)
{
    char folder[300], path[300];

    use_tool();
    snprintf(path, sizeof path, "%s", write_tiny("model.gguf", "gptneox"));
    snprintf(folder, sizeof folder, "%s", test_scratch("shards"));
    fine(run(path, folder, "--shard-size", "0.03"));
    expect(files_in(folder) > 6);
    setenv("RUN", engine, 1);
    fine(run("logits", "--model", folder, "--ids", "1,2", "--top", "1"));
}

static void refused(Result result, int code, const char *words)
{
    if (result.code != code || strstr(result.err, words) == NULL)
        test_fail(__FILE__, __LINE__, "exit %d: %s", result.code, result.err);
}

TEST(refusals)
{
    char folder[300], path[300], file[310], *merge;
    GgufBytes g;

    use_tool();
    snprintf(path, sizeof path, "%s", write_tiny("model.gguf", "llama"));
    snprintf(folder, sizeof folder, "%s", test_scratch("taken"));
    snprintf(file, sizeof file, "%s/notes", folder);
    refused(run(path), 2, "FILE.gguf FOLDER");
    refused(run(path, folder, "--dtype", "I8"), 2, "--dtype");
    refused(run("/no/such.gguf", folder), 3, "/no/such.gguf");
    refused(run(path, path), 3, "is a file");
    refused(run(path, "/no/such/folder"), 3, "/no/such/folder");
    refused(run(path, ""), 3, "empty");
    expect(mkdir(folder, 0700) == 0);
    test_write(file, "x", 1);
    refused(run(path, folder), 3, "holds 1 files");
    expect_int(files_in(folder), 1);
    gguf_tiny(&g, "llama", "gpt-2");
    test_write(path, g.bytes.bytes, g.bytes.length - 1);
    refused(run(path, test_scratch("never")), 3, "ends too early");
    /* a merge of "ab" and "z" makes no token: the message speaks of the GGUF file */
    merge = memmem(g.bytes.bytes, g.bytes.length, "ab c", 4);
    expect(merge != NULL);
    memcpy(merge, "ab z", 4);
    test_write(path, g.bytes.bytes, g.bytes.length);
    refused(run(path, test_scratch("never")), 3, "model.gguf: what was made of it");
    expect_int(beside(test_scratch("never")), 0);
}

/* No file may be longer than 8 KB: as on a disk that gets full. Nothing is left. */
TEST(full_disk)
{
    struct rlimit limit = { 8192, 8192 };
    char folder[300], path[300];

    use_tool();
    snprintf(path, sizeof path, "%s", write_tiny("model.gguf", "llama"));
    snprintf(folder, sizeof folder, "%s", test_scratch("full"));
    signal(SIGXFSZ, SIG_DFL);
    expect(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    refused(run(path, folder), 5, "model.safetensors");
    expect_int(beside(folder), 0);
}

const Test convert_tests[] = {
    { "each family becomes a folder that ./run runs", families },
    { "the same bytes twice; --json; an empty folder is fine", same_bytes_and_json },
    { "--shard-size", shards },
    { "what is refused, and how", refusals },
    { "a full disk leaves nothing", full_disk },
    { NULL, NULL },
};
