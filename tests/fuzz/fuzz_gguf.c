/* fuzz_gguf.c - any bytes as a GGUF file, through everything that convert does but files
 *
 * What is taken must be true: tensors lie inside the file and do not overlap, config.json
 * and tokenizer.json are JSON, the config is one that the engine reads, and every number
 * can be asked for. The seeds are the models of tests/weights/gguf_bytes.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "files/json.h"
#include "weights-tools/gguf/gguf_config.h"
#include "weights-tools/gguf/gguf_layout.h"
#include "weights-tools/gguf/gguf_tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tensors(const Gguf *g, const uint8_t *data, size_t size)
{
    volatile uint8_t sum = 0;

    for (int i = 0; i < g->tensor_count; i++) {
        const GgufTensor *t = &g->tensors[i];

        must(t->data == data + t->offset && t->offset <= size
             && t->bytes <= size - t->offset, "%s", t->name);
        for (size_t j = 0; j < t->bytes; j++)
            sum = (uint8_t)(sum + t->data[j]);
    }
}

/* The JSON that was written, as a strict reader takes it; and as a Config. */
static void check_json(char *text, size_t length, bool config)
{
    JsonDocument document;
    Config read;
    Error error = {0};

    must(json_parse(&document, text, length, JSON_UNIQUE, 16, &error), "%s", error.text);
    if (config && config_read(&read, document.root, &error))
        must(read.V > 0, "V is %d", read.V);
    json_free(&document);
    free(text);
}

static void write_all(const GgufVocabulary *v, const Config *config)
{
    Error error = {0};
    char *text = NULL;
    size_t length = 0;
    JsonWriter w = { .out = open_memstream(&text, &length) };
    bool fine = gguf_tokenizer_write(&w, v, &error);

    fclose(w.out);
    if (fine)
        check_json(text, length, false);
    else
        free(text);
    w = (JsonWriter){ .out = open_memstream(&text, &length) };
    gguf_config_write(&w, config, DTYPE_F16);
    fclose(w.out);
    check_json(text, length, true);
    w = (JsonWriter){ .out = open_memstream(&text, &length) };
    gguf_tokenizer_config_write(&w, v, config->context);
    fclose(w.out);
    check_json(text, length, false);
}

static void fill_all(GgufLayout *layout)
{
    Error error = {0};
    float out[97];

    for (int i = 0; i < layout->count; i++) {
        const Tensor *t = &layout->tensors[i];
        size_t count = (size_t)tensor_count(t);

        for (size_t first = 0; first < count; first += 97)
            if (!gguf_fill(layout, t, first, count - first < 97 ? count - first : 97, out,
                           &error))
                return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Gguf gguf;
    Config config;
    GgufVocabulary v = {0};
    GgufLayout layout = {0};
    Error error = {0};

    if (gguf_parse(&gguf, data, size, &error)) {
        check_tensors(&gguf, data, size);
        if (gguf_config_read(&config, &gguf, &error)
            && gguf_vocabulary(&v, &gguf, &config, &error)) {
            write_all(&v, &config);
            if (gguf_layout(&layout, &gguf, &config, DTYPE_COUNT, &error))
                fill_all(&layout);
        }
    }
    gguf_layout_free(&layout);
    gguf_vocabulary_free(&v);
    gguf_free(&gguf);
    return 0;
}
