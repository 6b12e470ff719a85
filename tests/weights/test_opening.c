/* test_opening.c - loading is mapping: what a large model costs before it is used
 *
 * The weights are a hole in a file: as long as a real model's, read as zeros, and no
 * disk is used. Opening must not touch their pages. How much memory the numbers of a
 * process take is the system's own count: RssFile is what it has of files.
 */
#include "cli/child.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "decode/modeldir.h"
#include "files/safetensors_write.h"

#define MEGA 1000000u

/* A model of this shape: header as its file would have it, weights a hole. Returns
 * the bytes of the weights. */
static size_t sparse_model(const char *folder, const char *shape)
{
    char path[300], *config;
    Config c;
    JsonDocument document;
    Error error = {0};
    Arena arena = {0};
    Text header = {0};
    Tensor *tensors;
    int count;
    size_t bytes = 0, length;
    unsigned char start[8];
    FILE *file;

    expect(mkdir(folder, 0700) == 0);
    config = test_read(shape, &length);
    snprintf(path, sizeof path, "%s/config.json", folder);
    test_write(path, config, length);
    expect_ok(json_parse(&document, config, length, JSON_UNIQUE, 3, &error), &error);
    expect_ok(config_read(&c, document.root, &error), &error);
    tensors = weights_expected(&c, &arena, &count);
    for (int i = 0; i < count; i++) {
        size_t size = 2 * (size_t)tensor_count(&tensors[i]);

        text_print(&header, "%c\"%s\":{\"dtype\":\"BF16\",\"shape\":[%llu",
                   i == 0 ? '{' : ',', tensors[i].name,
                   (unsigned long long)tensors[i].shape[0]);
        if (tensors[i].rank == 2)
            text_print(&header, ",%llu", (unsigned long long)tensors[i].shape[1]);
        text_print(&header, "],\"data_offsets\":[%zu,%zu]}", bytes, bytes + size);
        bytes += size;
    }
    text_print(&header, "}");
    for (int i = 0; i < 8; i++)
        start[i] = (unsigned char)((uint64_t)header.length >> 8 * i);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    file = fopen(path, "wb");
    expect(file != NULL && fwrite(start, 8, 1, file) == 1
           && fwrite(header.bytes, header.length, 1, file) == 1 && fclose(file) == 0);
    expect(truncate(path, (off_t)(8 + header.length + bytes)) == 0);
    arena_free(&arena);
    json_free(&document);
    text_free(&header);
    return bytes;
}

/* A field of /proc/self/status in bytes. */
static size_t status_of(const char *field)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[200];
    size_t kilobytes = 0;

    if (file == NULL)
        skip("/proc/self/status is not there");
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, field, strlen(field)) == 0)
            sscanf(line + strlen(field), ": %zu", &kilobytes);
    fclose(file);
    return kilobytes * 1024;
}

/* TinyLlama's 2.2 GB: opened and bound, less than 8 MB of it is in this process. (45
 * norms are read, and the system maps some pages around each.) Reading 20 MB shows
 * that the count does count. */
TEST(opening_touches_no_weights)
{
    const char *folder = strdup(test_scratch("sparse"));
    size_t bytes = sparse_model(folder, "models/shapes/tinyllama.json");
    size_t before = status_of("RssFile"), sum = 0;
    double started = clock_seconds();
    ModelDir dir;
    Model model;
    Error error = {0};

    expect(bytes > 2000 * (size_t)MEGA);
    expect_ok(modeldir_open(&dir, folder, MODELDIR_WEIGHTS, &error), &error);
    expect_ok(model_load(&model, dir.config.root, &dir.file, &error), &error);
    printf("(%.3f s) ", clock_seconds() - started);
    expect(status_of("RssFile") < before + 8 * MEGA);
    for (size_t i = 0; i < 20 * MEGA; i += 4096)
        sum += dir.file.files[0].bytes[i + 100 * MEGA];
    expect(sum == 0 && status_of("RssFile") > before + 19 * MEGA);
    model_free(&model);
    modeldir_close(&dir);
}

/* The peak of ./run as the system counts it, in bytes. */
static size_t peak_of(const char *const *args)
{
    const char *out = test_scratch("peak.out");
    struct rusage used;
    int status;
    pid_t child = child_start(args, "/dev/null", out, "/dev/null");

    expect(wait4(child, &status, 0, &used) == child && status == 0);
    return (size_t)used.ru_maxrss * 1024;
}

static size_t file_bytes(const char *folder, const char *name)
{
    char path[300];
    struct stat status;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    expect(stat(path, &status) == 0);
    return (size_t)status.st_size;
}

/* Keys and values of S positions: 2 · L · K · D · S numbers of 2 bytes. */
static size_t cache_bytes(size_t L, size_t K, size_t D, size_t S)
{
    return 2 * L * K * D * S * 2;
}

/* Random weights of 269 MB, all of them read; a prompt in several chunks; all logits;
 * a cache of 8192 positions. */
TEST(peak_memory)
{
    const char *folder = strdup(test_scratch("smollm2"));
    static char prompt[301];
    const char *const logits[] = { "logits", "--model", folder, "--text", prompt, NULL };
    const char *const all[] = { "logits", "--model", folder, "--text", "abc", "--all",
                                NULL };
    const char *const generate[] = { "generate", "--model", folder, "--prompt", prompt,
                                     "-n", "4", "--ctx", "8192", NULL };
    size_t file, most, peak;

    fine(tool("synthesize", "smollm2-135m", folder));
    memset(prompt, 'a', sizeof prompt - 1);
    file = file_bytes(folder, "model.safetensors");
    expect(file > 269 * MEGA);
    most = file + 150 * MEGA;
    peak = peak_of(logits);
    expect(peak < most + cache_bytes(30, 3, 64, 300));
    expect(peak_of(all) < most + cache_bytes(30, 3, 64, 3));
    expect(peak_of(generate) < most + cache_bytes(30, 3, 64, 8192));
    printf("(%zu MB over file and cache) ",
           (peak - file - cache_bytes(30, 3, 64, 300)) / MEGA);
}

const Test opening_tests[] = {
    { "opening touches no weights", opening_touches_no_weights },
    { "proof: peak memory is file, cache and little more", peak_memory },
    { NULL, NULL },
};
