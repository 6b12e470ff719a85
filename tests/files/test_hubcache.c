/* test_hubcache.c - a cache built by hand, as the hub's tools lay it out */
#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mapfile.h"
#include "files/hubcache.h"

#define COMMIT "0123456789abcdef0123456789abcdef01234567"
#define OTHER  "fedcba9876543210fedcba9876543210fedcba98"

static char root[300];

static void make_folder(const char *name)
{
    char path[600];

    snprintf(path, sizeof path, "%s/%s", root, name);
    expect(mkdir(path, 0700) == 0);
}

static void make_file(const char *name, const char *text)
{
    char path[600];

    snprintf(path, sizeof path, "%s/%s", root, name);
    test_write(path, text, strlen(text));
}

/* models--org--name with two revisions, and models--alone. */
static void make_cache(const char *name)
{
    char link[600];

    snprintf(root, sizeof root, "%s", test_scratch(name));
    expect(mkdir(root, 0700) == 0);
    make_folder("models--org--name");
    make_folder("models--org--name/blobs");
    make_folder("models--org--name/refs");
    make_folder("models--org--name/refs/refs");
    make_folder("models--org--name/refs/refs/pr");
    make_folder("models--org--name/snapshots");
    make_folder("models--org--name/snapshots/" COMMIT);
    make_folder("models--org--name/snapshots/" OTHER);
    make_file("models--org--name/refs/main", COMMIT);
    make_file("models--org--name/refs/refs/pr/1", OTHER "\n");
    make_file("models--org--name/refs/cut", "0123");
    make_file("models--org--name/refs/empty", "");
    make_file("models--org--name/refs/longer", COMMIT "0");
    make_file("models--org--name/refs/evil", "../../../../../../../../../../etc/passwd");
    make_file("models--org--name/refs/gone", "0000000000000000000000000000000000000000");
    make_file("models--org--name/blobs/abc", "{}");
    snprintf(link, sizeof link, "%s/models--org--name/snapshots/" COMMIT
             "/config.json", root);
    expect(symlink("../../blobs/abc", link) == 0);
    make_folder("models--alone");
    make_folder("models--alone/refs");
    make_folder("models--alone/snapshots");
    make_folder("models--alone/snapshots/" COMMIT);
    make_file("models--alone/refs/main", COMMIT);
    setenv("HF_HUB_CACHE", root, 1);
}

static void expect_found(const char *repository, const char *want)
{
    char path[HUBCACHE_PATH], full[700];
    Error error = {0};

    snprintf(full, sizeof full, "%s/%s", root, want);
    expect_ok(hubcache_find(path, repository, &error), &error);
    expect_text(path, full);
}

static void expect_error(const char *repository, int code, const char *words)
{
    char path[HUBCACHE_PATH];
    Error error = {0};

    expect(!hubcache_find(path, repository, &error));
    expect_int(error.code, code);
    if (!error_mentions(&error, words))
        test_fail(__FILE__, __LINE__, "%s: \"%s\" lacks \"%s\"", repository,
                  error.text, words);
}

static void expect_refused(const char *repository, const char *words)
{
    expect_error(repository, EXIT_INPUT, words);
}

TEST(revisions)
{
    char config[700];

    make_cache("hub1");
    expect_found("org/name", "models--org--name/snapshots/" COMMIT);
    expect_found("org/name@main", "models--org--name/snapshots/" COMMIT);
    expect_found("org/name@refs/pr/1", "models--org--name/snapshots/" OTHER);
    expect_found("org/name@" OTHER, "models--org--name/snapshots/" OTHER);
    expect_found("alone", "models--alone/snapshots/" COMMIT);
    snprintf(config, sizeof config, "%s/models--org--name/snapshots/" COMMIT
             "/config.json", root);
    expect(path_is_file(config));               /* the link is followed      */
}

TEST(what_is_not_there)
{
    make_cache("hub2");
    expect_refused("org/other", "models--org--other");
    expect_refused("org/name@dev", "models--org--name/refs/dev");
    expect_refused("org/name@gone", "snapshots/000000000000");
    expect_refused("org/name@abcdef0123abcdef0123abcdef0123abcdef0123",
                   "snapshots/abcdef0123");
    expect_refused("org/name@cut", "not a commit");
    expect_refused("org/name@empty", "not a commit");
    expect_refused("org/name@longer", "not a commit");
    expect_refused("org/name@evil", "not a commit");
}

/* Nothing in a name may lead out of the cache. */
TEST(names_that_are_none)
{
    static const char *const names[] = {
        "", "/", "a/", "/a", "a/b/c", "..", "../a", "a/..", "a/../b", "org//name",
        "org/name@", "org/name@../main", "org/name@a/../../b", "org/name@/etc",
        "a b", "a\nb", "a\\b", "org--x/name", ".hidden", "\xC3\xA9/x", "@main",
        "org/a..b", "-a", "a-", "org/a.", "org-/a", "org/a.git", "org/a@b//c",
        "org/name@.x", "org/name@x/.y", "org/name@~1",
    };
    char longer[5000], last[120] = "org/";

    make_cache("hub3");
    memset(last + 4, 'a', 96);                  /* the longest that there is */
    expect_error(last, EXIT_INPUT, "is not in the Hugging Face cache");
    last[100] = 'a';
    expect_error(last, EXIT_USAGE, "is not the name of a model");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        expect_error(names[i], EXIT_USAGE, "is not the name of a model");
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    expect_error(longer, EXIT_USAGE, "is not the name of a model");
}

static void expect_root(const char *want)
{
    char path[HUBCACHE_PATH];

    expect(hubcache_root(path));
    expect_text(path, want);
}

/* The hub's own order. */
TEST(the_root)
{
    char path[HUBCACHE_PATH];

    unsetenv("HF_HUB_CACHE"), unsetenv("HUGGINGFACE_HUB_CACHE"), unsetenv("HF_HOME");
    unsetenv("XDG_CACHE_HOME"), unsetenv("HOME");
    expect(!hubcache_root(path));
    setenv("HOME", "/h", 1);
    expect_root("/h/.cache/huggingface/hub");
    setenv("XDG_CACHE_HOME", "/x", 1);
    expect_root("/x/huggingface/hub");
    setenv("HF_HOME", "~/hf", 1);
    expect_root("/h/hf/hub");
    setenv("HUGGINGFACE_HUB_CACHE", "/old", 1);
    expect_root("/old");
    setenv("HF_HUB_CACHE", "", 1);
    expect_root("/old");
    setenv("HF_HUB_CACHE", "/new", 1);
    expect_root("/new");
}

/* As Python's expandvars does it, which the hub's client asks. */
TEST(variables_in_the_root)
{
    static const char *const cases[][2] = {
        { "$DISK/hub", "/disk/hub" }, { "${DISK}x/hub", "/diskx/hub" },
        { "/a$DISK", "/a/disk" }, { "/$NOT_SET/x", "/$NOT_SET/x" },
        { "/${NOT_SET}/x", "/${NOT_SET}/x" }, { "/a$", "/a$" }, { "/${DISK", "/${DISK" },
        { "/$/x", "/$/x" }, { "~/$DISK", "/h//disk" }, { "$EMPTY/x", "/x" },
    };

    setenv("HOME", "/h", 1), setenv("DISK", "/disk", 1), setenv("EMPTY", "", 1);
    unsetenv("NOT_SET");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setenv("HF_HUB_CACHE", cases[i][0], 1);
        expect_root(cases[i][1]);
    }
}

/* What the client leaves when it is cut off, and what it never says about a model. */
TEST(downloads_that_were_not_finished)
{
    char file[HUBCACHE_PATH], path[HUBCACHE_PATH], link[700];
    Error error = {0};

    make_cache("hub4");
    make_folder("models--org--name/.no_exist");
    make_folder("models--org--name/.no_exist/" COMMIT);
    make_file("models--org--name/.no_exist/" COMMIT "/config.json", "");
    expect_found("org/name", "models--org--name/snapshots/" COMMIT);
    expect(hubcache_find(path, "org/name", &error));
    expect(!hubcache_unfinished(file, path));
    snprintf(link, sizeof link, "%s/models--org--name/snapshots/" COMMIT
             "/model.safetensors", root);
    expect(symlink("../../blobs/gone", link) == 0);
    expect(hubcache_unfinished(file, path));
    expect_text(file, link);
    expect(unlink(link) == 0 && !hubcache_unfinished(file, path));
    make_file("models--org--name/blobs/def.0123abcd.incomplete", "par");
    expect(hubcache_unfinished(file, path));
    expect(strstr(file, "blobs/def.0123abcd.incomplete") != NULL);
    expect_refused("org/name@dev", "def.0123abcd.incomplete is a part of a file");
    expect_found("org/name", "models--org--name/snapshots/" COMMIT);
    make_folder("models--org--begun");
    make_folder("models--org--begun/blobs");
    make_file("models--org--begun/blobs/1.incomplete", "");
    expect_refused("org/begun", "models--org--begun/blobs/1.incomplete");
    expect(!hubcache_unfinished(file, "/a/folder") && !hubcache_unfinished(file, ""));
}

TEST(repositories_of_paths)
{
    static const char *const cases[][2] = {
        { "models--org--name", "org/name" }, { "models--alone", "alone" },
        { "/x/models--a--b/snapshots/01", "a/b" },
        { "/models--x/y/models--a--b.c/blobs", "a/b.c" },
        { "models--", NULL }, { "models--a--", NULL }, { "models--a--b--c", NULL },
        { "datasets--a--b", NULL }, { "/x/mymodels--a--b", NULL }, { "", NULL },
        { "models----b", NULL }, { "models--..", NULL },
    };
    char name[HUBCACHE_NAME], longer[600];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool found = hubcache_repository(name, cases[i][0]);

        expect(found == (cases[i][1] != NULL));
        if (found)
            expect_text(name, cases[i][1]);
    }
    memset(longer, 'a', sizeof longer);
    memcpy(longer, "models--", 8);
    longer[sizeof longer - 1] = '\0';
    expect(!hubcache_repository(name, longer));
}

const Test hubcache_tests[] = {
    { "revisions", revisions },
    { "what is not there is named", what_is_not_there },
    { "names that are none", names_that_are_none },
    { "the root, by the hub's order of variables", the_root },
    { "variables in the root", variables_in_the_root },
    { "downloads that were not finished", downloads_that_were_not_finished },
    { "repositories of paths", repositories_of_paths },
    { NULL, NULL },
};
