/* widen.c - copy a model folder with its weights as F32, F16 or BF16
 *
 *      folder/model.safetensors  BF16 ──► every tensor widened ──► F32
 *                                          or rounded to F16, BF16
 *      folder/….json ─────────────────────────────────────────────► copied
 *
 * Usage: widen FROM TO F32|F16|BF16
 *
 * The proofs compare number formats on one trained model, and the models of the
 * clone come in one format each. Widening is exact, so the F32 copy is the same
 * model to the last bit; a 16-bit copy may be rounded, which is fine: it is a model
 * of its own that must give the same bits everywhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/atomicfile.h"
#include "files/safetensors.h"
#include "files/safetensors_write.h"
#include "widened.h"

static void copy(const char *from, const char *to, const char *name, Error *error)
{
    char path[4096];
    MapFile file;
    AtomicFile out;

    snprintf(path, sizeof path, "%s/%s", from, name);
    if (!path_is_file(path))
        return;
    if (!mapfile_open(&file, path, error))
        exit(error_report(error));
    snprintf(path, sizeof path, "%s/%s", to, name);
    if (!atomicfile_open(&out, path, error)
        || !atomicfile_write(&out, file.bytes, file.size, error)
        || !atomicfile_commit(&out, error))
        exit(error_report(error));
    mapfile_close(&file);
}

int main(int argc, char **argv)
{
    Safetensors file;
    Tensor *tensors;
    Arena arena = {0};
    Error error = {0};
    Dtype dtype;
    char path[4096];

    if (argc != 4 || !dtype_find(&dtype, argv[3])
        || (dtype != DTYPE_F32 && dtype != DTYPE_F16 && dtype != DTYPE_BF16)) {
        fprintf(stderr, "usage: widen FROM TO F32|F16|BF16\n");
        return EXIT_USAGE;
    }
    if (!safetensors_open(&file, argv[1], &error))
        return error_report(&error);
    mkdir(argv[2], 0777);
    copy(argv[1], argv[2], "config.json", &error);
    copy(argv[1], argv[2], "generation_config.json", &error);
    copy(argv[1], argv[2], "tokenizer.json", &error);
    copy(argv[1], argv[2], "tokenizer_config.json", &error);
    tensors = memory_get(file.count, sizeof *tensors);
    for (int i = 0; i < file.count; i++)
        tensors[i] = widened(&file.tensors[i], dtype, &arena);
    snprintf(path, sizeof path, "%s/model.safetensors", argv[2]);
    if (!safetensors_write(path, tensors, file.count, NULL, 0, &error))
        return error_report(&error);
    return EXIT_FINE;
}
