/* inspect.c - what is in a file of weights: a line per tensor, and what is unusual
 *
 *      $ inspect storyteller
 *      tensor                     dtype shape     min   max   mean   std  zero  …
 *      model.embed_tokens.weight  BF16  2048×192  …                        ▁▂▅█▅▂▁
 *      model.layers.0
 *        input_layernorm.weight   BF16  192       …                        ▂▇█▃▁
 *        …
 *      56 tensors, 2755008 numbers, 5.5 MB: 56 BF16
 *      unusual:
 *        model.layers.0.mlp.up_proj.weight: 3 outliers beyond 8 std, …
 *
 * A file of weights is the one part of a model that nobody can read. This is a way
 * to look: every tensor with its extremes, mean, spread and a histogram as a row of
 * blocks, from mean - 4 std to mean + 4 std; and below, in sentences, what is not
 * as it usually is.
 *
 *      file, mapped ──► TensorLook (tensorlook.c) ──► a line, or JSON
 *                                       └───────────► what is unusual, at the end
 *
 * Any safetensors file will do, and any folder of shards: it need not be a model.
 * Formats that are no plain numbers (packed 4-bit, scales) are listed with their
 * shape, and the blocks of weights-tools/quantize as such. Words behind the file choose
 * tensors whose names contain one of them.
 *
 * Names that differ only in a layer's number would hide what differs: what stands
 * before the number is said once, and layer 10 comes behind layer 9.
 *
 * Read next: weights-tools/common/tensorlook.c.
 */
#include <ctype.h>                  /* isdigit                              */
#include <stdio.h>                  /* printf                               */
#include <stdlib.h>                 /* qsort, strtoull                      */
#include <string.h>                 /* strstr, strlen                       */

#include "base/interrupt.h"         /* Ctrl-C                               */
#include "base/output.h"            /* a reader that went away              */
#include "base/parallel.h"          /* --threads                            */
#include "base/progress.h"          /* a bar when stdout is a file          */
#include "base/terminal.h"          /* is the line too long?                */
#include "decode/modelname.h"       /* a model by its name                  */
#include "files/json.h"             /* json_show: names of unknown origin   */
#include "files/safetensors.h"
#include "weights-tools/common/tensorlook.h"
#include "weights-tools/common/tool.h"

#define SHAPE_ROOM (22 * TENSOR_RANK)

typedef struct {                    /* one run                              */
    char path[HUBCACHE_PATH];
    Safetensors file;
    const Tensor **chosen;          /* [count] in the order shown           */
    int count;
    int name_width;                 /* columns of the longest name shown    */
    bool two_lines;                 /* the terminal is too narrow for one   */
    const char *group;              /* the heading that was printed last    */
    int group_length;
    Text unusual;                   /* the sentences so far                 */
    uint64_t numbers, bytes;
    int dtypes[DTYPE_COUNT];        /* tensors of each                      */
    Progress bar;
} Inspection;

/* ---- which tensors, in which order */

/* "layers.10." behind "layers.9.": digits count as numbers. */
static int by_name(const void *left, const void *right)
{
    const char *a = (*(const Tensor *const *)left)->name;
    const char *b = (*(const Tensor *const *)right)->name;

    for (; *a != '\0' && *b != '\0'; a++, b++) {
        if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
            char *a_end, *b_end;
            unsigned long long x = strtoull(a, &a_end, 10), y = strtoull(b, &b_end, 10);

            if (x != y)
                return x < y ? -1 : 1;
            if (a_end - a != b_end - b)
                break;                      /* 01 and 1                     */
            a = a_end - 1;
            b = b_end - 1;
        } else if (*a != *b) {
            break;
        }
    }
    return strcmp(a, b);
}

/* How much of a name goes into the heading: up to its last ".number.". */
static int heading(const char *name)
{
    int length = 0;

    for (int i = 0; name[i] != '\0'; i++) {
        int end = i + 1;

        while (name[i] == '.' && isdigit((unsigned char)name[end]))
            end++;
        if (end > i + 1 && name[end] == '.' && name[end + 1] != '\0')
            length = end;
    }
    return length;
}

static bool is_chosen(const Options *options, const char *name)
{
    bool chosen = options->arguments == 1;

    for (int i = 1; i < options->arguments; i++)
        chosen = chosen || strstr(name, options->argument[i]) != NULL;
    return chosen;
}

static bool choose(Inspection *in, const Options *options, Error *error)
{
    in->chosen = memory_get(in->file.count, sizeof *in->chosen);
    in->name_width = 6;                         /* "tensor"                 */
    for (int i = 0; i < in->file.count; i++) {
        const Tensor *tensor = &in->file.tensors[i];
        char shown[JSON_SHOWN];
        int skipped = heading(tensor->name), width;

        if (!is_chosen(options, tensor->name))
            continue;
        json_show(shown, tensor->name + skipped, strlen(tensor->name + skipped));
        width = terminal_columns(shown) + (skipped > 0);    /* 2 in, dot off */
        in->name_width = max_int(in->name_width, width);
        in->chosen[in->count++] = tensor;
    }
    qsort(in->chosen, (size_t)in->count, sizeof *in->chosen, by_name);
    return in->count > 0 || in->file.count == 0
        || error_code(error, EXIT_USAGE, "none of the %d names in %s contains \"%s\"",
                      in->file.count, in->path, options->argument[1]);
}

static bool open_file(Inspection *in, const Options *options, Error *error)
{
    const char *name = options->argument[0];

    if (path_is_there(name))
        snprintf(in->path, sizeof in->path, "%s", name);
    else if (!modelname_find(in->path, name, error))
        return false;
    if (!path_is_folder(in->path) && (text_ends_with(in->path, ".gguf")
                                      || text_ends_with(in->path, ".json")))
        return error_set(error, "%s: holds no safetensors; give a .safetensors file, a "
                         "folder or a model's name (build/weights-tools/convert makes "
                         "a folder of a GGUF file)", in->path);
    return safetensors_open(&in->file, in->path, error)
        && choose(in, options, error);
}

/* ---- one line */

static const char *shape_text(char out[SHAPE_ROOM], const Tensor *tensor)
{
    int used = snprintf(out, SHAPE_ROOM, "%s", tensor->rank == 0 ? "one" : "");

    for (int d = 0; d < tensor->rank; d++)
        used += snprintf(out + used, SHAPE_ROOM - (size_t)used, "%s%llu",
                         d == 0 ? "" : "\xC3\x97",                      /* ×  */
                         (unsigned long long)tensor->shape[d]);
    return out;
}

/* text, and blanks up to width columns. */
static void put(const char *text, int width)
{
    printf("%s%*s", text, max_int(0, width - terminal_columns(text)), "");
}

/* 16 bins as blocks of eight heights; a bin that holds anything shows. */
static void put_histogram(const Statistics *s)
{
    static const char *const blocks[] = {
        " ", "\xE2\x96\x81", "\xE2\x96\x82", "\xE2\x96\x83", "\xE2\x96\x84",
        "\xE2\x96\x85", "\xE2\x96\x86", "\xE2\x96\x87", "\xE2\x96\x88",
    };
    uint64_t most = 1;

    for (int i = 0; i < STATISTICS_BINS; i++)
        most = s->bins[i] > most ? s->bins[i] : most;
    for (int i = 0; i < STATISTICS_BINS; i++)
        fputs(blocks[s->bins[i] == 0 ? 0
                     : 1 + (int)(7 * (double)s->bins[i] / (double)most)], stdout);
}

static void put_numbers(const Statistics *s)
{
    double zeros = 100 * (double)s->zeros / (double)(s->count > 0 ? s->count : 1);

    if (s->finite == 0)
        printf("%s", s->count == 0 ? "no numbers" : "no finite number");
    else
        printf("%9.3g %9.3g %9.3g %9.3g  ", s->min, s->max, s->mean, s->std);
    if (s->finite > 0 && zeros > 0 && zeros < 0.05)
        printf(" <.1%%  ");
    else if (s->finite > 0)
        printf("%4.*f%%  ", zeros == 0 || zeros >= 99.95 ? 0 : 1, zeros);
    if (s->finite > 0)
        put_histogram(s);
}

static void put_heading(Inspection *in, const char *name)
{
    int length = heading(name);

    if (length > 0 && (length != in->group_length
                       || strncmp(name, in->group, (size_t)length) != 0)) {
        char shown[JSON_SHOWN];

        puts(json_show(shown, name, (size_t)length));
    }
    in->group = name;
    in->group_length = length;
}

static void put_line(Inspection *in, const TensorLook *found)
{
    const Tensor *tensor = found->tensor;
    const char *name = tensor->name + heading(tensor->name);
    char shown[JSON_SHOWN], shape[SHAPE_ROOM];

    put_heading(in, tensor->name);
    json_show(shown, name, strlen(name));
    if (name != tensor->name)
        shown[0] = ' ', printf(" ");                /* ".weight": 2 in, no dot */
    put(shown, in->name_width + 1 - (name != tensor->name));
    put(dtype_name(tensor->dtype), 5);
    put(shape_text(shape, tensor), 13);
    if (in->two_lines)
        printf("\n    ");
    if (found->numbers)
        put_numbers(&found->s);
    else if (found->blocks != FORMAT_COUNT)
        printf("%s in blocks of %d rows by %d columns", format_name(found->blocks),
               GROUP_ROWS, BLOCK_NUMBERS);
    else
        printf("numbers of this format are not summarised");
    putchar('\n');
}

static void put_title(Inspection *in)
{
    int width = in->name_width + 1 + 5 + 13 + 40 + 8 + STATISTICS_BINS;

    in->two_lines = terminal_is_person(stdout) && terminal_width(stdout) < width;
    put("tensor", in->name_width + 1);
    put("dtype", 6);
    put("shape", 12);
    printf("%s%9s %9s %9s %9s  %5s  histogram\n", in->two_lines ? "\n    " : "", "min",
           "max", "mean", "std", "zeros");
}

static void put_total(const Inspection *in)
{
    printf("\n%d tensor%s, %llu numbers, %.1f MB:", in->count,
           in->count == 1 ? "" : "s", (unsigned long long)in->numbers,
           (double)in->bytes / 1e6);
    for (int d = 0; d < DTYPE_COUNT; d++)
        if (in->dtypes[d] > 0)
            printf(" %d %s", in->dtypes[d], dtype_name((Dtype)d));
    printf("\n%s", in->unusual.length > 0 ? "unusual:\n" : "nothing unusual\n");
    if (in->unusual.length > 0)
        fwrite(in->unusual.bytes, 1, in->unusual.length, stdout);
}

/* ---- all of them */

static const MapFile *file_of(const Inspection *in, const Tensor *tensor)
{
    const unsigned char *data = tensor->data;

    for (int i = 0; i < in->file.file_count; i++) {
        const MapFile *file = &in->file.files[i];

        if (data >= file->bytes && data < file->bytes + file->size)
            return file;
    }
    return NULL;                        /* no bytes, at the end of a file   */
}

static void look(Inspection *in, TensorLook *found, const Tensor *tensor)
{
    char shown[JSON_SHOWN];

    tensorlook_take(found, tensor, file_of(in, tensor));
    in->numbers += found->count;
    in->bytes += tensor->bytes;
    in->dtypes[tensor->dtype]++;
    for (int i = 0; i < found->unusual.count; i++)
        text_print(&in->unusual, "  %s: %s\n",
                   json_show(shown, tensor->name, strlen(tensor->name)),
                   found->unusual.text[i].bytes);
}

/* Every chosen tensor, shown as soon as it was looked at.
 *
 *   w       JSON goes there; NULL: lines
 *   Errors: Ctrl-C (130); a reader that went away ends it quietly */
static bool look_at_all(Inspection *in, JsonWriter *w, Error *error)
{
    bool bar = !terminal_is_person(stdout);

    for (int i = 0; i < in->count && !output_lost(); i++) {
        TensorLook found;

        if (interrupt_asked())
            return error_code(error, EXIT_INTERRUPTED, "interrupted");
        if (bar)
            progress_update(&in->bar, (size_t)i, (size_t)in->count);
        look(in, &found, in->chosen[i]);
        if (w != NULL)
            tensorlook_write(w, &found);
        else
            put_line(in, &found);
        tensorlook_free(&found);
    }
    return safetensors_check(&in->file, error);
}

static bool inspect(Inspection *in, const Options *options, Error *error)
{
    JsonWriter w = { .out = stdout };
    bool fine;

    if (!open_file(in, options, error))
        return false;
    progress_start(&in->bar, "looking at the tensors");
    if (options->json) {
        json_write_object(&w, NULL);
        json_write_word(&w, "path", in->path);
        json_write_array(&w, "tensors");
    } else {
        put_title(in);
    }
    fine = look_at_all(in, options->json ? &w : NULL, error);
    progress_end(&in->bar);
    if (!options->json) {
        put_total(in);
        return fine;
    }
    json_write_array_end(&w);
    json_write_integer(&w, "numbers", (int64_t)in->numbers);
    json_write_integer(&w, "bytes", (int64_t)in->bytes);
    json_write_object_end(&w);
    json_write_line(&w);
    return fine;
}

static int run(const Options *options);

static const Word word = {
    "inspect", run, "FILE|FOLDER|MODEL [NAME…]",
    "every tensor of a file of weights, and what is unusual",
    "build/weights-tools/inspect storyteller\n"
    "build/weights-tools/inspect model.safetensors --json\n"
    "build/weights-tools/inspect storyteller layers.3. lm_head\n"
};

static int run(const Options *options)
{
    Inspection *in = memory_get(1, sizeof *in);
    Error error = {0};
    bool fine = tool_arguments(&word, options, 1, OPTIONS_ARGUMENTS, &error);

    if (options->threads > 0)
        parallel_set_threads(options->threads);
    fine = fine && inspect(in, options, &error);
    safetensors_close(&in->file);
    text_free(&in->unusual);
    memory_give_back(in->chosen);
    memory_give_back(in);
    return tool_finish(fine, &error);
}

int main(int argc, char **argv)
{
    return tool_main(&word, argc, argv);
}
