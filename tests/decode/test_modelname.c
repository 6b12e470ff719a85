/* test_modelname.c - what people call a model, well and badly */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "decode/modeldir.h"
#include "decode/revision.h"

#define COMMIT "0123456789abcdef0123456789abcdef01234567"
#define OTHER "fedcba9876543210fedcba9876543210fedcba98"

static Error error;

static void refused(const char *name, int code, const char *words)
{
    char path[HUBCACHE_PATH];

    error = (Error){0};
    if (modelname_find(path, name, &error))
        test_fail(__FILE__, __LINE__, "%s was found", name);
    if (error.code != code || !error_mentions(&error, words))
        test_fail(__FILE__, __LINE__, "%s: exit %d, \"%s\"; expected %d and \"%s\"",
                  name, error.code, error.text, code, words);
}

static void found(const char *name, const char *end)
{
    char path[HUBCACHE_PATH];

    error = (Error){0};
    expect_ok(modelname_find(path, name, &error), &error);
    if (!text_ends_with(path, end))
        test_fail(__FILE__, __LINE__, "%s: %s does not end with %s", name, path, end);
}

TEST(names_and_no_names)
{
    found("storyteller", "models/storyteller");
    found("models/storyteller/", "models/storyteller/");
    found("storyteller/", "models/storyteller");
    refused("storytelar", EXIT_USAGE, "did you mean storyteller?");
    refused("models/storyteler", EXIT_USAGE, "did you mean storyteller?");
    refused("models/storyteler/", EXIT_USAGE, "did you mean storyteller?");
    refused("tinylama", EXIT_USAGE, "did you mean tinyllama?");
    refused("tinylama@v1", EXIT_USAGE, "did you mean tinyllama?");
    refused("", EXIT_USAGE, "cannot be empty");
}

TEST(names_that_nobody_has)
{
    static char longer[5000];

    refused("/no/such/folder", EXIT_USAGE, "neither a folder nor");
    refused("./nothing", EXIT_USAGE, "neither a folder nor");
    refused("a/b/c", EXIT_USAGE, "neither a folder nor");
    refused("models\\storyteller", EXIT_USAGE, "joined by / here");
    refused("C:\\models\\x", EXIT_USAGE, "joined by / here");
    refused("org/name@", EXIT_USAGE, "is not the name of a model");
    refused("org/..", EXIT_USAGE, "is not the name of a model");
    expect(!error_mentions(&error, "download"));
    refused("a\x1b[31mb", EXIT_USAGE, "neither a folder nor");
    memset(longer, 'a', sizeof longer - 1);
    refused(longer, EXIT_USAGE, "longer than 1023 bytes");
    longer[900] = '\0';
    refused(longer, EXIT_USAGE, "aaa… is neither a folder nor a known name; `./run models`");
}

TEST(files_are_no_models)
{
    test_write(test_scratch("my tiny.gguf"), "GGUF", 4);
    test_write(test_scratch(".gguf"), "GGUF", 4);
    refused("LICENSE", EXIT_INPUT, "is a file");
    refused("models/storyteller/model.safetensors", EXIT_INPUT, "is a file");
    refused(test_scratch("my tiny.gguf"), EXIT_INPUT, "weights-tools/convert '");
    expect(error_mentions(&error, "/my tiny.gguf' 'my tiny'"));
    refused(test_scratch(".gguf"), EXIT_INPUT, "/.gguf model");
}

/* root/models--org--name with refs and empty snapshots. */
static const char *make_cache(void)
{
    static const char *const folders[] = { "names", "names/models--EleutherAI--pythia-1b",
        "names/models--EleutherAI--pythia-1b/refs",
        "names/models--EleutherAI--pythia-1b/snapshots",
        ("names/models--EleutherAI--pythia-1b/snapshots/" COMMIT),
        ("names/models--EleutherAI--pythia-1b/snapshots/" OTHER) };

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        expect(mkdir(test_scratch(folders[i]), 0700) == 0 || errno == EEXIST);
    test_write(test_scratch("names/models--EleutherAI--pythia-1b/refs/main"), COMMIT, 40);
    test_write(test_scratch("names/models--EleutherAI--pythia-1b/refs/step3000"), OTHER, 40);
    /* Its makers may add one tomorrow: what is here is there. */
    test_write(test_scratch("names/models--EleutherAI--pythia-1b/refs/step3500"), OTHER, 40);
    setenv("HF_HUB_CACHE", test_scratch("names"), 1);
    return test_scratch("names");
}

TEST(revisions_of_the_cache)
{
    const char *root = make_cache();

    found("pythia-1b", "snapshots/" COMMIT);
    found("pythia-1b@main", "snapshots/" COMMIT);
    found("pythia-1b@step3000", "snapshots/" OTHER);
    found("EleutherAI/pythia-1b@step3000", "snapshots/" OTHER);
    found("pythia-1b@step3500", "snapshots/" OTHER);
    found("pythia-1b@" OTHER, "snapshots/" OTHER);
    refused("pythia-1b@step4000", EXIT_INPUT,
            "weights-tools/download EleutherAI/pythia-1b@step4000");
    expect(error_mentions(&error, "refs/step4000"));
    refused("pythia-1b@step4500", EXIT_USAGE, "step4000 and step5000");
    refused("pythia-1b@", EXIT_USAGE, "is not the name of a model");
    refused("storyteller@main", EXIT_USAGE, "has no revisions");
    refused("tinyllama", EXIT_INPUT, "weights-tools/download tinyllama");
    expect(error_mentions(&error, root));           /* where it looked       */
    refused("tinyllama@v2", EXIT_INPUT,
            "weights-tools/download TinyLlama/TinyLlama-1.1B-Chat-v1.0@v2");
    refused("some/model", EXIT_INPUT, "weights-tools/download some/model");
    refused("gpt2@refs/pr/1", EXIT_INPUT, "weights-tools/download gpt2@refs/pr/1");
    refused("gpt2", EXIT_USAGE, "neither a folder nor");
    refused("some/model/", EXIT_INPUT, "weights-tools/download some/model");
}

/* The list as the README of the Pythia repository gives it: step0, step1, 2, 4 … 512,
 * and every 1000 up to 143000. */
TEST(the_steps_of_pythia)
{
    char name[64];
    int there = 0;

    for (long n = 0; n <= 150000; n++) {
        bool thousand = n >= 1000 && n <= 143000 && n % 1000 == 0, early = n == 0;

        for (int k = 0; k < 10; k++)
            early = early || n == 1 << k;
        snprintf(name, sizeof name, "EleutherAI/pythia-14m@step%ld", n);
        expect(revision_check(name, &error) == (early || thousand));
        there += early || thousand;
    }
    expect_int(there, 154);
}

TEST(steps_that_are_none)
{
    static const char *const cases[][2] = {
        { "step3500", "are step3000 and step4000 " }, { "step600", "are step512 and step1000 " },
        { "step3", "are step2 and step4 " }, { "step143001", "is step143000 " },
        { "step99999999999999999999", "is step143000 " }, { "stpe3000", "is step3000 " },
        { "step0100", "are step64 and step128 " }, { "step01000", "is step1000 " },
        { "3000", "is step3000 " }, { "Step3000", "is step3000 " },
    };
    static const char *const any[] = { "EleutherAI/pythia-1b", "EleutherAI/pythia-1b@main",
        "EleutherAI/pythia-1b@refs/pr/1", ("EleutherAI/pythia-1b@" COMMIT),
        "EleutherAI/pythia-1b@v1.0-beta", "EleutherAI/pythia-1b-v0@step3500",
        "other/pythia-1b@step3500" };
    char name[64];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(name, sizeof name, "EleutherAI/pythia-1b@%s", cases[i][0]);
        expect(!revision_check(name, &error) && error.code == EXIT_USAGE);
        if (!error_mentions(&error, cases[i][1]) || !error_mentions(&error, cases[i][0]))
            test_fail(__FILE__, __LINE__, "%s: %s", name, error.text);
    }
    for (size_t i = 0; i < sizeof any / sizeof any[0]; i++)
        expect(revision_check(any[i], &error));
}

/* Its weights have not come yet: the reason, and the command that brings them. */
TEST(a_download_that_was_not_finished)
{
    char snapshot[300], path[600];
    ModelDir dir;

    make_cache();
    snprintf(snapshot, sizeof snapshot, "%s", test_scratch("names/models--EleutherAI--"
             "pythia-1b/snapshots/" COMMIT));
    snprintf(path, sizeof path, "%s/config.json", snapshot);
    test_write(path, "{}", 2);
    expect(!modeldir_open(&dir, "pythia-1b", MODELDIR_WEIGHTS, &error));
    expect(!error_mentions(&error, "not finished"));
    snprintf(path, sizeof path, "%s/model.safetensors", snapshot);
    expect(symlink("../../blobs/gone", path) == 0);
    expect(!modeldir_open(&dir, "pythia-1b", MODELDIR_WEIGHTS, &error));
    expect(error.code == EXIT_INPUT && error_mentions(&error, "was not finished"));
    expect(text_ends_with(error.text, "weights-tools/download pythia-1b"));
    expect(!modeldir_open(&dir, snapshot, MODELDIR_WEIGHTS, &error));
    expect(text_ends_with(error.text, "weights-tools/download EleutherAI/pythia-1b"));
    memcpy(strrchr(snapshot, '/') + 1, OTHER, 40);
    snprintf(path, sizeof path, "%s/config.json", snapshot);
    expect(symlink("../../blobs/gone", path) == 0);
    expect(!modeldir_open(&dir, snapshot, MODELDIR_WEIGHTS, &error));
    expect(text_ends_with(error.text, "download EleutherAI/pythia-1b@" OTHER));
}

/* Each draft has a row of its own; so has each shape. */
TEST(the_table_is_whole)
{
    char path[HUBCACHE_PATH];

    for (const ModelName *one = model_names; one->name != NULL; one++) {
        const ModelName *draft = model_names;

        expect(one->repository == NULL || strchr(one->repository, '/') != NULL);
        while (one->draft != NULL && draft->name != NULL && strcmp(draft->name, one->draft))
            draft++;
        expect(draft->name != NULL);
    }
    expect_ok(modelname_shape(path, "pythia-1b", &error), &error);
    expect(text_ends_with(path, "models/shapes/pythia-1b.json"));
    expect(!modelname_shape(path, "llama-160m", &error) && error.code == EXIT_USAGE);
    expect(error_mentions(&error, "llama3.2-1b, pythia-1b, smollm2-135m, stablelm-1.6b, "
                          "tinyllama"));
    expect(!modelname_shape(path, "../shapes/pythia-1b", &error));
}

const Test modelname_tests[] = {
    { "names, and no names", names_and_no_names },
    { "names that nobody has", names_that_nobody_has },
    { "files are no models", files_are_no_models },
    { "revisions of the cache", revisions_of_the_cache },
    { "the 154 steps of Pythia", the_steps_of_pythia },
    { "steps that are none", steps_that_are_none },
    { "a download that was not finished", a_download_that_was_not_finished },
    { "the table is whole", the_table_is_whole },
    { NULL, NULL },
};
