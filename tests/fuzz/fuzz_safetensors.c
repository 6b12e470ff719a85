/* fuzz_safetensors.c - any bytes as a safetensors file; what is taken must be true
 *
 * Each input is tried twice: as a file, and with the 8 bytes of length set so that
 * the header ends at the last brace, for a fuzzer seldom guesses them.
 */
#include <stdlib.h>
#include <string.h>

#include "files/safetensors_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try(const uint8_t *data, size_t size)
{
    SafetensorsHeader header;
    Arena arena = {0};
    Error error;
    uint64_t n = 0, bytes, data_bytes = 0;
    volatile uint8_t sum = 0;

    if (safetensors_parse(&header, &arena, data, size, &error)) {
        for (int i = 0; i < 8; i++)
            n |= (uint64_t)data[i] << 8 * i;
        for (int i = 0; i < header.count; i++) {
            const Tensor *t = &header.tensors[i];

            must(i == 0 || strcmp(t[-1].name, t->name) < 0, "names are sorted");
            must(tensor_bytes(&bytes, t->shape, t->rank, t->dtype)
                 && bytes == t->bytes, "%s", t->name);
            for (size_t j = 0; j < t->bytes; j++)
                sum = (uint8_t)(sum + ((const uint8_t *)t->data)[j]);
            data_bytes += t->bytes;
        }
        for (int i = 0; i < 2 * header.metadata_count; i++)
            sum = (uint8_t)(sum + strlen(header.metadata[i]));
        must(8 + n + data_bytes == size, "no byte is unexplained");
    }
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy;
    size_t end = size;

    try(data, size);
    while (end > 8 && data[end - 1] != '}')
        end--;
    if (end <= 8)
        return 0;
    copy = malloc(size);
    memcpy(copy, data, size);
    for (int i = 0; i < 8; i++)
        copy[i] = (uint8_t)((uint64_t)(end - 8) >> 8 * i);
    try(copy, size);
    free(copy);
    return 0;
}
