/* test_mapfile.c - the bytes that were written, and what is refused by name */
#include "test.h"
#include "base/mapfile.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

TEST(shows_the_bytes)
{
    static unsigned char bytes[100000];
    const char *path = test_scratch("mapped");
    MapFile file;
    Error error = {0};

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * i >> 3);
    test_write(path, bytes, sizeof bytes);
    expect_ok(mapfile_open(&file, path, &error), &error);
    expect_int(file.size, sizeof bytes);
    expect_text(file.path, path);
    expect(memcmp(file.bytes, bytes, sizeof bytes) == 0);
    mapfile_give_back(&file, 0, file.size);
    mapfile_give_back(&file, 17, 18);
    expect(memcmp(file.bytes, bytes, sizeof bytes) == 0);   /* read again    */
    expect_ok(mapfile_check(&file, &error), &error);
    mapfile_close(&file);
    expect(file.bytes == NULL && file.size == 0);
    mapfile_close(&file);
}

TEST(an_empty_file_is_fine)
{
    const char *path = test_scratch("empty");
    MapFile file;
    Error error = {0};

    test_write(path, "", 0);
    expect_ok(mapfile_open(&file, path, &error), &error);
    expect(file.size == 0 && file.bytes != NULL);
    mapfile_give_back(&file, 0, 0);
    mapfile_close(&file);
}

static void refused(const char *path, const char *words)
{
    MapFile file;
    Error error = {0};

    if (mapfile_open(&file, path, &error))
        test_fail(__FILE__, __LINE__, "%s was taken", path);
    expect_int(error.code, EXIT_INPUT);
    if (!error_mentions(&error, words) || !error_mentions(&error, path))
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\" of \"%s\"",
                  error.text, words, path);
}

TEST(refused_by_name)
{
    const char *pipe_path = test_scratch("pipe");

    expect(mkfifo(pipe_path, 0600) == 0);
    refused(pipe_path, "a pipe");
    refused("/tmp", "a folder");
    refused("/dev/null", "a device");
    refused(test_scratch("missing"), "No such file");
    refused("", "cannot be opened");
}

/* Cut short while mapped: noticed. Replaced by rename: harmless. */
TEST(a_file_that_changes)
{
    char path[256], other[256];
    MapFile file;
    Error error = {0};

    snprintf(path, sizeof path, "%s", test_scratch("cut"));
    snprintf(other, sizeof other, "%s", test_scratch("other"));
    test_write(path, "0123456789", 10);
    test_write(other, "abc", 3);
    expect_ok(mapfile_open(&file, path, &error), &error);
    expect(rename(other, path) == 0);
    expect_ok(mapfile_check(&file, &error), &error);
    expect(memcmp(file.bytes, "0123456789", 10) == 0);
    mapfile_close(&file);

    expect_ok(mapfile_open(&file, path, &error), &error);
    expect(truncate(path, 2) == 0);
    expect(!mapfile_check(&file, &error));
    expect(error_mentions(&error, "was 3 bytes long and is now 2"));
    mapfile_close(&file);
}

TEST(kinds_of_path)
{
    const char *path = test_scratch("plain");

    test_write(path, "x", 1);
    expect(path_is_file(path) && !path_is_folder(path));
    expect(path_is_folder("/tmp") && !path_is_file("/tmp"));
    expect(!path_is_file("/dev/null") && !path_is_folder("/dev/null"));
    expect(!path_is_file("/no/such") && !path_is_folder("/no/such"));
    expect(path_is_there(path) && path_is_there("/tmp"));
    expect(!path_is_there("/no/such"));
}

/* What remains of a cache whose blobs were thrown away. */
TEST(a_link_to_nowhere)
{
    const char *path = test_scratch("link");
    MapFile file;
    Error error = {0};

    expect(symlink("/no/such/blob", path) == 0);
    expect(path_is_there(path) && !path_is_file(path));
    expect(!mapfile_open(&file, path, &error));
    expect(error_mentions(&error, "what it leads to is gone"));
    expect(!mapfile_open(&file, "/no/such/blob", &error));
    expect(!error_mentions(&error, "what it leads to"));
}

const Test mapfile_tests[] = {
    { "shows the bytes of the file", shows_the_bytes },
    { "an empty file is fine", an_empty_file_is_fine },
    { "folder, pipe, device, nothing: refused by name", refused_by_name },
    { "a file that changes while it is mapped", a_file_that_changes },
    { "kinds of path", kinds_of_path },
    { "a link to nowhere", a_link_to_nowhere },
    { NULL, NULL },
};
