/* bench.c - the questions of MMLU, out of the archive that its authors publish
 *
 *      data.tar                                    the folder
 *      ┌──────────────────────────┐
 *      │ head 512 bytes           │  data/auxiliary_train/…        160 MB: left out
 *      │   name, size in octal    │  data/dev/SUBJECT_dev.csv   ─► dev/SUBJECT_dev.csv
 *      ├──────────────────────────┤  data/val/SUBJECT_val.csv   ─► val/…
 *      │ size bytes, filled up to │  data/test/SUBJECT_test.csv ─► test/…
 *      │ a multiple of 512        │
 *      ├──────────────────────────┤                                SHA256SUMS
 *      │ the next head …          │
 *      └──────────────────────────┘
 *
 * The hub has the questions twice: as Parquet, a format of its own, and as the authors'
 * archive of plain CSV files. The archive is larger by what nobody here needs, and it is
 * exactly what the published figures were measured with.
 *
 * tar is forty years old and simple: a head, the bytes, the next head; a block of zeros
 * ends it. A head's own checksum is the sum of its bytes, those of the checksum counted
 * as blanks; it tells a head from bytes that merely lie there. Only names of the form
 * above are taken, so that nothing can be written anywhere else.
 *
 * When all are there, SHA256SUMS is written, in the manner of the program of that name;
 * its first line says which archive they are from. So the archive itself can go, and the
 * files can still be verified, by us or by `sha256sum -c SHA256SUMS`.
 *
 * Source: POSIX pax, "ustar Interchange Format". Read next: benchplace.h.
 */
#include "weights-tools/hub/bench.h"

#include <stdio.h>          /* snprintf                                      */
#include <string.h>         /* strspn, memcmp                                */

#include "base/atomicfile.h"
#include "base/mapfile.h"
#include "base/utf8.h"
#include "weights-tools/hub/hubname.h"
#include "weights-tools/hub/store.h"

#define BLOCK 512
#define ORIGIN "# from data.tar "

/* An octal number in a field that blanks or a NUL end; -1: none. */
static int64_t octal(const unsigned char *field, int length)
{
    int64_t value = 0;
    int i = 0;

    while (i < length && field[i] == ' ')
        i++;
    if (i == length || field[i] < '0' || field[i] > '7')
        return -1;
    for (; i < length && field[i] >= '0' && field[i] <= '7'; i++)
        value = value * 8 + (field[i] - '0');
    return value;
}

static bool is_head(const unsigned char head[BLOCK])
{
    int64_t sum = 0;

    for (int i = 0; i < BLOCK; i++)
        sum += i >= 148 && i < 156 ? ' ' : head[i];
    return octal(head + 148, 8) == sum;
}

/* "data/dev/anatomy_dev.csv" → "dev/anatomy_dev.csv"; NULL: not one that is wanted. */
static const char *wanted(const char *name)
{
    static const char *const parts[] = { "dev", "val", "test" };

    if (strncmp(name, "./", 2) == 0)
        name += 2;
    if (strncmp(name, "data/", 5) != 0)
        return NULL;
    name += 5;
    for (int i = 0; i < 3; i++) {
        size_t n = strlen(parts[i]), subject;
        char ending[16];

        snprintf(ending, sizeof ending, "_%s.csv", parts[i]);
        if (strncmp(name, parts[i], n) != 0 || name[n] != '/')
            continue;
        subject = strspn(name + n + 1, "abcdefghijklmnopqrstuvwxyz_");
        if (subject > 0 && text_ends_with(name, ending)
            && strlen(name + n + 1) == subject + strlen(".csv"))
            return name;
    }
    return NULL;
}

/* One file, and its line in the sums. */
static bool unpack_one(Text *sums, const char *folder, const char *name,
                       const unsigned char *bytes, size_t size, Error *error)
{
    char path[4096], digits[SHA_TEXT];
    Sha sha;

    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return error_set(error, "%s: too long for a path", folder);
    sha_start(&sha, SHA_256);
    sha_add(&sha, bytes, size);
    sha_end(&sha, digits);
    text_print(sums, "%s  %s\n", digits, name);
    return store_folders_of(path, error) && atomicfile_save(path, bytes, size, error);
}

/* Walk over the heads. Errors: as of bench_unpack. */
static bool unpack(Text *sums, const MapFile *tar, const char *folder, Error *error)
{
    size_t at = 0, files = 0;

    while (at + BLOCK <= tar->size && tar->bytes[at] != '\0') {
        const unsigned char *head = tar->bytes + at;
        int64_t size = octal(head + 124, 12);
        char name[101] = "";
        const char *inside;

        if (!is_head(head) || size < 0 || (uint64_t)size > tar->size - at - BLOCK)
            return error_code(error, EXIT_CRASH, "%s: byte %zu should begin a file of a tar "
                              "archive and does not", tar->path, at);
        memcpy(name, head, 100);
        inside = head[156] == '0' || head[156] == '\0' ? wanted(name) : NULL;
        if (inside != NULL && ++files > 0
            && !unpack_one(sums, folder, inside, head + BLOCK, (size_t)size, error))
            return false;
        at += BLOCK + round_up((size_t)size, BLOCK);
    }
    if (at + BLOCK > tar->size)
        return error_code(error, EXIT_CRASH, "%s: ends without the empty block that ends a "
                          "tar archive: it is cut off", tar->path);
    return files > 0 || error_code(error, EXIT_CRASH, "%s: holds no questions "
                                   "(data/test/SUBJECT_test.csv)", tar->path);
}

bool bench_unpack(const char *archive, const char *folder, const char *checksum,
                  Error *error)
{
    char path[4096];
    Text sums = {0};
    MapFile tar;
    bool fine;

    if (!mapfile_open(&tar, archive, error))
        return false;
    text_print(&sums, "%s%s\n", ORIGIN, checksum);
    snprintf(path, sizeof path, "%s/SHA256SUMS", folder);
    fine = unpack(&sums, &tar, folder, error)
        && atomicfile_save(path, sums.bytes, sums.length, error);
    mapfile_close(&tar);
    text_free(&sums);
    return fine;
}

/* One line: 64 digits, two blanks, a path. */
static bool check_line(bool *right, char file[1024], const char *folder, const char *line,
                       size_t length, Error *error)
{
    char path[4096], want[SHA_TEXT] = "", digits[SHA_TEXT];

    *right = false;
    snprintf(file, 1024, "%.*s", length > 66 ? (int)(length - 66) : (int)length,
             length > 66 ? line + 66 : line);
    if (length <= 66)
        return true;
    memcpy(want, line, 64);
    snprintf(path, sizeof path, "%s/%s", folder, file);
    if (!hubname_is_checksum(want) || !hubname_is_path(file) || store_size(path) < 0)
        return true;
    if (!store_checksum(digits, path, want, NULL, error))
        return false;
    *right = strcmp(digits, want) == 0;
    return true;
}

int bench_check(const char *folder, void (*say)(void *context, const char *file, bool right),
                void *context, Error *error)
{
    char path[4096], file[1024];
    MapFile sums;
    int wrong = 0;
    bool right;

    snprintf(path, sizeof path, "%s/SHA256SUMS", folder);
    if (!path_is_file(path) || !mapfile_open(&sums, path, error))
        return -1;
    for (const char *p = (const char *)sums.bytes, *end = p + sums.size, *next; p < end;
         p = next) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));

        next = newline != NULL ? newline + 1 : end;
        if (*p == '#')
            continue;
        if (!check_line(&right, file, folder, p, (size_t)((newline != NULL ? newline : end)
                                                          - p), error)) {
            wrong = -1;
            break;
        }
        wrong += !right;
        if (say != NULL)
            say(context, file, right);
    }
    mapfile_close(&sums);
    return wrong;
}

bool bench_is_here(const char *folder, const char *checksum)
{
    char path[4096];
    size_t length = strlen(ORIGIN);
    MapFile sums;
    Error error = {0};
    bool same;

    snprintf(path, sizeof path, "%s/SHA256SUMS", folder);
    if (!path_is_file(path) || !mapfile_open(&sums, path, &error))
        return false;
    same = sums.size > length + 64 && memcmp(sums.bytes, ORIGIN, length) == 0
        && memcmp(sums.bytes + length, checksum, strlen(checksum)) == 0;
    mapfile_close(&sums);
    return same && bench_check(folder, NULL, NULL, &error) == 0;
}
