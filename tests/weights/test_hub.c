/* test_hub.c - addresses, names and answers, as strangers would like them to be */
#include "test.h"
#include "weights-tools/common/disk.h"
#include "weights-tools/hub/answer.h"
#include "weights-tools/hub/settings.h"
#include "weights-tools/hub/store.h"

#include <stdlib.h>
#include <unistd.h>


/* RFC 3986, section 5.4, as far as the hub's redirects use it. */
TEST(where_a_redirect_leads)
{
    static const struct {
        const char *base, *location, *want;         /* NULL: refused         */
    } cases[] = {
        { "https://hub/a/b", "https://cdn/x?y=1&z=%20", "https://cdn/x?y=1&z=%20" },
        { "https://hub/a/b", "//cdn/x", "https://cdn/x" },
        { "https://hub:8443/a/b?q", "/api/x", "https://hub:8443/api/x" },
        { "https://hub/a/b?q=/z", "c", "https://hub/a/c" },
        { "https://hub", "c", "https://hub/c" },
        { "https://hub/a", "/b?to=http://c", "https://hub/b?to=http://c" },
        { "https://hub/a", "javascript:1", NULL },
        { "http://hub/a", "https://cdn/x", "https://cdn/x" },
        { "https://hub/a", "http://cdn/x", NULL },
        { "https://hub/a", "file:///etc/passwd", NULL },
        { "https://hub/a", "ftp://cdn/x", NULL },
        { "https://hub/a", "https://me@cdn/x", NULL },
        { "https://hub/a", "https://cdn/x\"\nurl = \"http://evil", NULL },
        { "https://hub/a", "https://cdn/a b", NULL },
        { "https://hub/a", "https:///x", NULL },
        { "https://hub/a", "https://cdn/{a,b}", NULL },
        { "https://hub/a", "/\x7f", NULL },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char url[URL_LENGTH];
        Error error = {0};
        bool fine = url_join(url, cases[i].base, cases[i].location, &error);

        if (fine != (cases[i].want != NULL))
            test_fail(__FILE__, __LINE__, "%s: %s", cases[i].location, error.text);
        if (fine)
            expect_text(url, cases[i].want);
    }
}

TEST(whose_secret_it_is)
{
    expect(url_same_origin("https://hub/a", "https://hub/b?c"));
    expect(url_same_origin("https://hub", "HTTPS://HUB:443/x"));
    expect(url_same_origin("http://hub:80/", "http://hub"));
    expect(!url_same_origin("https://hub/a", "http://hub/a"));
    expect(!url_same_origin("https://hub/a", "https://hub:444/a"));
    expect(!url_same_origin("https://hub/a", "https://hub.evil/a"));
    expect(!url_same_origin("https://hub/a", "https://hu/a"));
    expect(!url_same_origin("https://hub/a", "https://hub@evil/a"));
    expect(!url_same_origin("http://hub:443", "http://hub"));
    expect(!url_same_origin("nonsense", "nonsense"));
}

TEST(bytes_of_an_address)
{
    char out[40];

    expect(url_encode(out, sizeof out, "refs/pr/1", ""));
    expect_text(out, "refs%2Fpr%2F1");
    expect(url_encode(out, sizeof out, "a b/\xc3\xa4?#", "/"));
    expect_text(out, "a%20b/%C3%A4%3F%23");
    expect(!url_encode(out, 5, "abcdef", ""));
}

TEST(what_can_be_fetched)
{
    static const char *const none[] = {
        "", "/", "a/", "/a", "a/b/c", "../x", "a/..", "org/na me", "org/x@", "org/x@../y",
        "org/x@a//b", "-x/y", "a--b/c", "a/.b", "org/x@y z", "a\\b/c", "org/x\n", "nothing",
    };
    HubName name;
    Error error = {0};

    expect_ok(hubname_read(&name, "tinyllama", &error), &error);
    expect_text(name.repository, "TinyLlama/TinyLlama-1.1B-Chat-v1.0");
    expect_text(name.revision, "main");
    expect_ok(hubname_read(&name, "pythia-1b@step3000", &error), &error);
    expect_text(name.repository, "EleutherAI/pythia-1b");
    expect_text(name.revision, "step3000");
    expect_ok(hubname_read(&name, "org/a_b.c-1@refs/pr/1", &error), &error);
    expect_text(name.revision, "refs/pr/1");
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        if (hubname_read(&name, none[i], &error))
            test_fail(__FILE__, __LINE__, "\"%s\" was taken for a name", none[i]);
        expect_int(error.code, EXIT_USAGE);
    }
    expect(!hubname_read(&name, "storyteller", &error));
    expect(error_mentions(&error, "ships with the clone"));
    expect(!hubname_read(&name, "tinylama", &error));
    expect(error_mentions(&error, "did you mean tinyllama?"));
}

TEST(paths_stay_in_their_folder)
{
    static const char *const bad[] = { "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..",
                                       "a/./b", "a/../b", "a\\b", "a\nb", "a\x7f", "\x1b[1m" };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (hubname_is_path(bad[i]))
            test_fail(__FILE__, __LINE__, "\"%s\" was taken for a path", bad[i]);
    expect(hubname_is_path("a"));
    expect(hubname_is_path(".gitattributes"));
    expect(hubname_is_path("a/b c/..d/\xc3\xa4.json"));
}

TEST(which_files_are_needed)
{
    expect(hubname_is_needed("config.json", true));
    expect(hubname_is_needed("model.safetensors", true));
    expect(hubname_is_needed("chat_template.jinja", true));
    expect(!hubname_is_needed("original/config.json", true));
    expect(!hubname_is_needed("pytorch_model.bin", true));
    expect(!hubname_is_needed("model-00001-of-00002.safetensors", true));
    expect(hubname_is_needed("model-00001-of-00002.safetensors", false));
    expect(hubname_is_needed("model.safetensors.index.json", false));
    expect(!hubname_is_needed("sub/model-00001-of-00002.safetensors", false));
    expect(!hubname_is_needed("model-../x.safetensors", false));
    expect(!hubname_is_needed("adapter_model.safetensors", false));
}

static void line(Answer *answer, const char *text)
{
    answer_line(answer, text, strlen(text));
}

TEST(the_head_of_a_large_file)
{
    Answer a;

    answer_start(&a);
    line(&a, "HTTP/2 302 ");
    line(&a, "content-length: 1200");
    line(&a, "ETag: \"of-the-redirect\"");
    line(&a, "X-LINKED-ETAG:   \"6e6001da\"  ");
    line(&a, "x-linked-size: 2200119864");
    line(&a, "X-Repo-Commit: fe8a");
    line(&a, "Location: https://cdn/x?a=b:c");
    expect_int(a.status, 302);
    expect(answer_is_redirect(&a));
    expect_text(answer_checksum(&a), "6e6001da");
    expect_int(answer_size(&a), 2200119864LL);
    expect_text(a.location, "https://cdn/x?a=b:c");
    expect_text(a.commit, "fe8a");
}

/* A second status line is a new answer: nothing of a proxy's counts. */
TEST(the_head_of_a_small_file)
{
    Answer a;

    answer_start(&a);
    line(&a, "HTTP/1.1 407 Proxy");
    line(&a, "X-Error-Code: GatedRepo");
    line(&a, "HTTP/1.1 200 OK");
    line(&a, "ETag: W/\"abc\"");
    line(&a, "Content-Length: 608");
    line(&a, "no colon here");
    line(&a, ": no name");
    expect_int(a.status, 200);
    expect_text(a.code, "");
    expect_text(answer_checksum(&a), "abc");
    expect_int(answer_size(&a), 608);
}

TEST(heads_that_lie)
{
    char big[2 * URL_LENGTH] = "Location: ";
    Answer a;

    answer_start(&a);
    line(&a, "HTTP/1.1 2x0 OK");
    expect_int(a.status, -1);
    line(&a, "HTTP/1.1 200 OK");
    line(&a, "Content-Length: -5");
    expect_int(a.length, -1);
    line(&a, "Content-Length: 99999999999999999999");
    expect_int(a.length, -1);
    line(&a, "Content-Length: 12 34");
    expect_int(a.length, -1);
    memset(big + 10, 'x', sizeof big - 11);
    line(&a, big);
    expect_text(a.location, "");
    line(&a, "X-Error-Message: a\x1b[31mb");
    expect_text(a.message, "a?[31mb");
    line(&a, "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT");
    expect_int(a.retry_after, -1);
    line(&a, "Content-Range: bytes 100-199/200");
    expect_int(a.from, 100);
    expect_int(a.whole, 200);
    line(&a, "Content-Range: bytes 7-9/*");
    expect_int(a.from, 7);
    expect_int(a.whole, -1);
}

/* The command's manner: what happened, and what to do. */
TEST(refusals_say_what_helps)
{
    Asked who = { .endpoint = "https://hub", .repository = "org/x", .revision = "main" };
    Error error = {0};
    Answer a;

    answer_start(&a);
    line(&a, "HTTP/1.1 401 Unauthorized");
    line(&a, "X-Error-Code: GatedRepo");
    expect(!answer_refuse(&a, &who, &error));
    expect_int(error.code, EXIT_CRASH);
    expect(error_mentions(&error, "https://hub/org/x")
           && error_mentions(&error, "https://hub/settings/tokens")
           && error_mentions(&error, "HF_TOKEN"));
    answer_start(&a);
    line(&a, "HTTP/1.1 401 Unauthorized");
    who.token = true;
    expect(!answer_refuse(&a, &who, &error));
    expect(error_mentions(&error, "does not accept your token"));
    a.elsewhere = true;
    expect(!answer_refuse(&a, &who, &error));
    expect(!error_mentions(&error, "your token"));
}

TEST(links_are_relative)
{
    char blob[300], path[300], target[300];
    Error error = {0};
    ssize_t n;

    snprintf(blob, sizeof blob, "%s/m/blobs/abc", test_scratch("links"));
    snprintf(path, sizeof path, "%s/m/snapshots/c/sub/file", test_scratch("links"));
    expect_ok(store_folders_of(blob, &error), &error);
    test_write(blob, "bytes", 5);
    expect_ok(store_name(path, blob, true, &error), &error);
    n = readlink(path, target, sizeof target - 1);
    target[n > 0 ? n : 0] = '\0';
    expect_text(target, "../../../blobs/abc");
    expect_ok(store_name(path, blob, true, &error), &error);
    snprintf(path, sizeof path, "%s/m/snapshots/c/real", test_scratch("links"));
    expect_ok(store_name(path, blob, false, &error), &error);
    expect_int(readlink(path, target, sizeof target), -1);
    expect_int(store_size(path), 5);
    expect_int(store_size("/no/such/file"), -1);
    expect(disk_free("/no/such/place/yet") > 0);
}

/* A file system without links of either kind cannot be had here; a blob that is gone
 * stands for it: the file in the snapshot is left alone. */
TEST(a_file_in_the_snapshot_stays)
{
    char path[300];
    Error error = {0};

    snprintf(path, sizeof path, "%s/file", test_scratch("stays"));
    expect_ok(store_folders_of(path, &error), &error);
    test_write(path, "bytes", 5);
    expect_ok(store_name(path, "/no/such/blob", true, &error), &error);
    expect_int(store_size(path), 5);
}

TEST(what_the_environment_says)
{
    static Settings s;
    Error error = {0};
    char path[300];

    setenv("HF_ENDPOINT", "https://mirror/hub///", 1);
    setenv("HF_TOKEN", "  hf_abc\r\n", 1);
    setenv("HF_HUB_OFFLINE", "TRUE", 1);
    setenv("HF_HUB_CACHE", "/cache", 1);
    setenv("XDG_CACHE_HOME", "/x", 1);
    expect_ok(settings_read(&s, &error), &error);
    expect_text(s.endpoint, "https://mirror/hub");
    expect_text(s.token, "hf_abc");
    expect_text(s.cache, "/cache");
    expect_text(s.bench, "/x/billion-llm/bench");
    expect(s.offline && s.links);
    setenv("HF_TOKEN", "", 1);
    snprintf(path, sizeof path, "%s", test_scratch("token"));
    test_write(path, "hf_file\n", 8);
    setenv("HF_TOKEN_PATH", path, 1);
    setenv("HF_HUB_OFFLINE", "0", 1);
    expect_ok(settings_read(&s, &error), &error);
    expect_text(s.token, "hf_file");
    expect(!s.offline);
    setenv("HF_TOKEN", "hf_a b", 1);
    expect(!settings_read(&s, &error));
    expect(error_mentions(&error, "HF_TOKEN") && !error_mentions(&error, "hf_a"));
    setenv("HF_TOKEN", "hf_\xff", 1);
    expect(!settings_read(&s, &error));
    unsetenv("HF_TOKEN");
    setenv("HF_ENDPOINT", "ftp://x", 1);
    expect(!settings_read(&s, &error));
    expect(error_mentions(&error, "HF_ENDPOINT"));
    expect_int(error.code, EXIT_USAGE);
}

const Test hub_tests[] = {
    { "where a redirect leads", where_a_redirect_leads },
    { "whose secret it is", whose_secret_it_is },
    { "bytes of an address", bytes_of_an_address },
    { "what can be fetched", what_can_be_fetched },
    { "paths stay in their folder", paths_stay_in_their_folder },
    { "which files are needed", which_files_are_needed },
    { "the head of a large file", the_head_of_a_large_file },
    { "the head of a small file", the_head_of_a_small_file },
    { "heads that lie", heads_that_lie },
    { "refusals say what helps", refusals_say_what_helps },
    { "links are relative", links_are_relative },
    { "a file in the snapshot stays", a_file_in_the_snapshot_stays },
    { "what the environment says", what_the_environment_says },
    { NULL, NULL },
};
