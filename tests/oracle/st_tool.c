/* st_tool.c - our safetensors and hub cache on the command line, for an oracle
 *
 *      st_tool list PATH          {"metadata":{…},"tensors":[{"name":…,"dtype":…,
 *                                 "shape":[…],"bytes":"<hexadecimal>"},…]}
 *      st_tool copy PATH FILE     read all of PATH, write it as one file
 *      st_tool shard PATH FOLDER MOST     … as a model in files of at most MOST bytes
 *      st_tool hub NAME           the folder of org/name[@revision]
 *      st_tool root               the hub cache's root
 *
 * Exit 0, or the engine's code with the sentence on stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/hubcache.h"
#include "files/json_write.h"
#include "files/safetensors.h"
#include "weights-tools/common/shards.h"

static void list_tensor(JsonWriter *w, const Tensor *tensor)
{
    const unsigned char *bytes = tensor->data;
    char *hex = malloc(2 * tensor->bytes + 1);

    if (hex == NULL)
        exit(EXIT_ROOM);
    for (size_t i = 0; i < tensor->bytes; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    json_write_object(w, NULL);
    json_write_text(w, "name", tensor->name, strlen(tensor->name));
    json_write_text(w, "dtype", dtype_name(tensor->dtype),
                    strlen(dtype_name(tensor->dtype)));
    json_write_array(w, "shape");
    for (int d = 0; d < tensor->rank; d++)
        json_write_integer(w, NULL, (int64_t)tensor->shape[d]);
    json_write_array_end(w);
    json_write_text(w, "bytes", hex, 2 * tensor->bytes);
    json_write_object_end(w);
    free(hex);
}

static void list(const Safetensors *st)
{
    JsonWriter w = { .out = stdout };

    json_write_object(&w, NULL);
    json_write_object(&w, "metadata");
    for (int i = 0; i < st->metadata_count; i++)
        json_write_text(&w, st->metadata[2 * i], st->metadata[2 * i + 1],
                        strlen(st->metadata[2 * i + 1]));
    json_write_object_end(&w);
    json_write_array(&w, "tensors");
    for (int i = 0; i < st->count; i++)
        list_tensor(&w, &st->tensors[i]);
    json_write_array_end(&w);
    json_write_object_end(&w);
    json_write_line(&w);
}

int main(int argc, char **argv)
{
    char path[HUBCACHE_PATH];
    Safetensors st;
    Error error = {0};

    if (argc == 2 && strcmp(argv[1], "root") == 0 && hubcache_root(path))
        return puts(path) < 0;
    if (argc == 3 && strcmp(argv[1], "hub") == 0)
        return hubcache_find(path, argv[2], &error) ? puts(path) < 0
                                                    : error_report(&error);
    if (argc < 3)
        return EXIT_USAGE;
    if (!safetensors_open(&st, argv[2], &error))
        return error_report(&error);
    if (strcmp(argv[1], "list") == 0)
        list(&st);
    else if (strcmp(argv[1], "shard") == 0 && argc == 5) {
        if (!shards_write(argv[3], st.tensors, st.count, strtoull(argv[4], NULL, 10), NULL,
                          NULL, &error))
            return error_report(&error);
    }
    else if (!safetensors_write(argv[3], st.tensors, st.count, st.metadata,
                                st.metadata_count, &error))
        return error_report(&error);
    safetensors_close(&st);
    return 0;
}
