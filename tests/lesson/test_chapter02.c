/* test_chapter02.c - what the lesson on weights shows, against the bytes themselves
 *
 * Expected: the header as it is read here by searching its text; sizes, formats and
 * 16-bit patterns computed with Python (struct, numpy, torch) from the models'
 * published shapes.
 */
#include "cli/child.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "files/json.h"
#include "files/safetensors_write.h"

#define STORYTELLER "models/storyteller/model.safetensors"

/* The lesson's data, with its theorem held. */
static const Json *lesson(const char *model)
{
    static JsonDocument document;
    Error error = {0};
    char *text = fine(run("chapter02_weights", "--json", "--model", model));

    expect_ok(json_parse(&document, text, strlen(text), JSON_UNIQUE, 20, &error),
              &error);
    expect(json_is(json_get(json_get(document.root, "theorem"), "holds"), JSON_TRUE));
    return document.root;
}

static const Json *at(const Json *node, const char *part, const char *key)
{
    const Json *found = json_get(json_get(node, part), key);

    expect(found != NULL);
    return found;
}

static long long whole(const Json *object, const char *key)
{
    int64_t value;

    expect(json_integer(&value, json_get(object, key)));
    return value;
}

/* The map's parts tile [0, size): none is missing, none is twice. */
static void expect_tiles(const Json *map, int count, size_t size)
{
    const Json *part = json_get(json_get(map, "file"), "parts")->child;
    long long end = 0;
    int n = 0;

    for (; part != NULL; part = part->next, n++) {
        expect_int(whole(part, "from"), end);
        end = whole(part, "to");
    }
    expect_int(n, count);
    expect_int(end, size);
}

/* Every tensor of the map stands in the header's own text with these offsets. */
TEST(map)
{
    const Json *map = json_get(lesson("models/storyteller"), "map");
    const Json *part = json_get(json_get(map, "file"), "parts")->child;
    size_t size;
    char *file = test_read(STORYTELLER, &size), *header;
    const unsigned char *b = (const unsigned char *)file;
    long long n = b[0] | b[1] << 8 | b[2] << 16, data = 8 + n;

    expect(b[3] == 0 && b[4] == 0 && b[5] == 0 && b[6] == 0 && b[7] == 0);
    header = memory_text(file + 8, (size_t)n);
    expect_tiles(map, 1 + 56, size);
    expect_text(json_get(part, "kind")->text, "header");
    expect_int(whole(part, "to"), data);
    for (part = part->next; part != NULL; part = part->next) {
        char name[128], *entry;
        long long from, to;

        snprintf(name, sizeof name, "\"%s\":{", json_get(part, "what")->text);
        entry = strstr(header, name);
        expect(entry != NULL);
        expect_int(sscanf(strstr(entry, "\"data_offsets\":"),
                          "\"data_offsets\":[%lld,%lld]", &from, &to), 2);
        expect_int(whole(part, "from"), data + from);
        expect_int(whole(part, "to"), data + to);
    }
    memory_give_back(header);
}

/* 2 bytes times: V·E; L · 2 (H+K) D E; L · 3 E F; (2 L + 1) E. */
TEST(groups)
{
    static const struct { const char *label; double bytes; } want[] = {
        { "header", 6016 }, { "embedding", 786432 }, { "attention", 1179648 },
        { "mlp", 3538944 }, { "norm", 4992 },
    };
    const Json *bar = at(lesson("models/storyteller"), "map", "bytes")->child;

    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++, bar = bar->next) {
        double value;

        expect(bar != NULL && json_number(&value, json_get(bar, "value")));
        expect_text(json_get(bar, "label")->text, want[i].label);
        expect_close(value, want[i].bytes, 0);
    }
    expect(bar == NULL);
}

/* Python: struct.pack("<e", -0.09765625) is 0xae40, as float32 0xbdc80000. */
TEST(one_number)
{
    static const struct { const char *key; int e, m; } want[] = {
        { "bf16", 123, 72 }, { "f16", 11, 576 }, { "f32", 123, 4718592 },
    };
    const Json *root = lesson("models/storyteller");
    const Json *reach = at(root, "number", "reach")->child;
    const char *tenths[] = { "0.100097656", "0.099975586", "0.100000001" };
    size_t size;
    char *file = test_read(STORYTELLER, &size);

    expect((unsigned char)file[6016] == 0xc8 && (unsigned char)file[6017] == 0xbd);
    for (int i = 0; i < 3; i++, reach = reach->next) {
        const Json *bits = at(root, "number", want[i].key);

        expect_int(whole(bits, "sign"), 1);
        expect_int(whole(bits, "exponent"), want[i].e);
        expect_int(whole(bits, "mantissa"), want[i].m);
        expect_text(json_get(bits, "value")->text, "-0.09765625");
        expect_text(json_get(reach, "0.1 becomes")->text, tenths[i]);
    }
}

TEST(memory)
{
    static const struct { const char *model, *mb[5]; } want[] = {
        { "storyteller", { "11.02", "5.52", "2.93", "1.56", "0.39" } },
        { "TinyLlama-1.1B", { "4400.2", "2200.3", "1169.1", "619.1", "46.14" } },
        { "Llama-3.2-1B", { "4943.3", "2471.8", "1313.3", "695.4", "67.11" } },
        { "StableLM-2-1.6B", { "6578.1", "3289.7", "1748.3", "926.2", "402.7" } },
        { "Pythia-1B", { "4047.1", "2024.4", "1076.3", "570.6", "268.4" } },
        { "SmolLM2-135M", { "538.1", "269.1", "143", "75.79", "47.19" } },
    };
    static const char *const formats[] = { "F32", "F16", "Q8", "Q4", "KV" };
    const Json *root = lesson("models/storyteller");
    const Json *line = at(root, "memory", "table")->child;

    for (size_t i = 0; i < 6; i++, line = line->next) {
        expect_text(json_get(line, "model")->text, want[i].model);
        for (int f = 0; f < 5; f++)
            expect_text(json_get(line, formats[f])->text, want[i].mb[f]);
    }
    expect_text(at(root, "memory", "today")->text, "F32, BF16, F16");
}

/* A folder below the scratch one, with a config.json that says nothing. */
static const char *folder(const char *name)
{
    static char path[300];
    char config[320];

    snprintf(path, sizeof path, "%s", test_scratch(name));
    expect(mkdir(path, 0700) == 0);
    snprintf(config, sizeof config, "%s/config.json", path);
    test_write(config, "{}", 2);
    return path;
}

static const char *in(const char *where, const char *name)
{
    static char path[400];

    snprintf(path, sizeof path, "%s/%s", where, name);
    return path;
}

/* Two shards; an empty tensor, a rank of 0, integers, a width that is no block. */
TEST(shards)
{
    static const unsigned char bytes[1280] = { 0x00, 0x3c };
    const Tensor first[] = {
        { "a.mlp.weight", DTYPE_F16, 2, { 3, 40 }, bytes, 240 },
        { "a.empty", DTYPE_F16, 2, { 0, 32 }, bytes, 0 },
    };
    const Tensor second[] = {
        { "b.bias", DTYPE_I64, 1, { 5 }, bytes, 40 },
        { "b.norm.weight", DTYPE_F32, 0, { 0 }, bytes, 4 },
        { "lm_head.weight", DTYPE_F16, 2, { 10, 64 }, bytes, 1280 },
    };
    const char *index = "{\"weight_map\":{\"a.mlp.weight\":\"1.safetensors\","
        "\"a.empty\":\"1.safetensors\",\"b.bias\":\"2.safetensors\","
        "\"b.norm.weight\":\"2.safetensors\",\"lm_head.weight\":\"2.safetensors\"}}";
    const char *where = folder("sharded");
    size_t sizes[2];
    const Json *root, *table;
    Error error = {0};

    expect_ok(safetensors_write(in(where, "1.safetensors"), first, 2, NULL, 0, &error),
              &error);
    test_read(in(where, "1.safetensors"), &sizes[0]);
    expect_ok(safetensors_write(in(where, "2.safetensors"), second, 3, NULL, 0, &error),
              &error);
    test_read(in(where, "2.safetensors"), &sizes[1]);
    test_write(in(where, "model.safetensors.index.json"), index, strlen(index));
    root = lesson(where);
    expect_int(whole(json_get(root, "map"), "files"), 2);
    expect_tiles(json_get(root, "map"), 5 + 2, sizes[0] + sizes[1]);
    expect_text(at(root, "number", "tensor")->text, "lm_head.weight");
    expect_int(whole(at(root, "number", "f16"), "exponent"), 15);       /* 1.0 */
    /* The format's order is the widest numbers first: these are the last.   */
    expect_int(whole(at(root, "number", "start"), "offset"), (long long)sizes[1] - 1280);
    table = at(root, "memory", "table")->child;
    expect_text(json_get(table, "KV")->text, "?");
}

/* What the lesson cannot open is an error in words, and no half of an object. */
TEST(refused)
{
    static const char hole[] = "{\"a\":{\"dtype\":\"F16\",\"shape\":[2],"
                               "\"data_offsets\":[2,6]}}";
    unsigned char file[8 + sizeof hole - 1 + 6] = { (unsigned char)(sizeof hole - 1) };
    const char *where = folder("hole");
    Result result;

    memcpy(file + 8, hole, sizeof hole - 1);
    test_write(in(where, "model.safetensors"), file, sizeof file);
    result = run("chapter02_weights", "--json", "--model", where);
    expect_int(result.code, 3);
    expect_int(result.length, 0);
    expect(strstr(result.err, "holes") != NULL);
}

/* An old file: a header of odd length, so every number stands at an odd address;
 * blanks in the JSON. */
TEST(unaligned)
{
    static const char header[] = "{ \"x\" : {\"dtype\": \"BF16\", \"shape\": [3], "
                                 "\"data_offsets\": [0, 6]}} ";
    unsigned char file[8 + sizeof header - 1 + 6] = { (unsigned char)(sizeof header - 1) };
    const char *where = folder("odd");
    const Json *root;

    expect(sizeof header % 2 == 0);         /* with its NUL: odd without     */
    memcpy(file + 8, header, sizeof header - 1);
    memcpy(file + sizeof file - 6, "\0\0\x80\x3f\0\xc0", 6);    /* 0 1 -2    */
    test_write(in(where, "model.safetensors"), file, sizeof file);
    root = lesson(where);
    expect_tiles(json_get(root, "map"), 2, sizeof file);
    expect_text(at(root, "number", "start") != NULL
                ? json_get(at(root, "number", "start"), "hex")->text : "",
                "0000803f00c0");
    expect_int(whole(at(root, "number", "bf16"), "exponent"), 127);     /* 1.0 */
    expect_int(at(root, "bytes", "start") != NULL
               ? json_get(at(root, "bytes", "start"), "parts")->count : 0, 4);
}

const Test chapter02_tests[] = {
    { "the map says what the header says", map },
    { "what each group takes", groups },
    { "one number of the file in three formats", one_number },
    { "memory, for models with published shapes", memory },
    { "a model in shards, with odd tensors", shards },
    { "a header of odd length", unaligned },
    { "a file with a hole is refused in words", refused },
    { NULL, NULL },
};
