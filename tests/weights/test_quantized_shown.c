/* test_quantized_shown.c - a stored quantized model among others: what is said of it */
#include "cli/child.h"

#include "chapters/commands/modelneeds.h"
#include "files/json.h"

static const char *made(const char *format)
{
    const char *folder = strdup(test_scratch(format));

    fine(tool("quantize", "storyteller", folder, "--quantize", format));
    return folder;
}

static void has(const char *text, const char *words)
{
    if (strstr(text, words) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" is not in:\n%s", words, text);
}

/* 43 matrices: embedding, and 6 layers of 7; no layer's bytes are taken for numbers. */
TEST(inspected)
{
    const char *folder = made("int4");
    char *out = fine(tool("inspect", folder));
    JsonDocument document;
    Error error = {0};
    int blocks = 0;
    int64_t numbers;

    has(out, "int4 in blocks of 8 rows by 32 columns");
    has(out, "int8 in blocks of 8 rows by 32 columns");
    has(out, "56 tensors, 2755008 numbers");
    out = fine(tool("inspect", folder, "--json"));
    expect_ok(json_parse(&document, out, strlen(out), JSON_UNIQUE, JSON_DEPTH, &error),
              &error);
    for (const Json *t = json_get(document.root, "tensors")->child; t != NULL; t = t->next)
        blocks += json_equals(json_get(t, "blocks"), "int4");
    expect_int(blocks, 6 * 7);
    expect(json_integer(&numbers, json_get(document.root, "numbers")));
    expect_int(numbers, 2755008);
    json_free(&document);
}

/* Its own format is what it needs, and no other is offered. */
TEST(listed)
{
    static const char *const formats[] = { "int8", "int4" };
    static const int need[] = { NEED_int8, NEED_int4 };
    FoundModel plain = { "storyteller", "models/storyteller", "here" };
    Arena arena = {0};
    ModelSeen before, seen;

    model_look(&before, &plain, &arena);
    for (int i = 0; i < 2; i++) {
        FoundModel found = { formats[i], made(formats[i]), "here" };

        model_look(&seen, &found, &arena);
        expect(seen.usable && seen.supported);
        expect_text(seen.format, formats[i]);
        expect_int(seen.parameters, before.parameters);
        expect(seen.needed[NEED_f16] == 0 && seen.needed[need[1 - i]] == 0);
        /* What was said beforehand, but that norms are as the file has them, in BF16. */
        expect(before.needed[need[i]] > 0);
        expect_close(seen.needed[need[i]], before.needed[need[i]], 2 * 13 * 192);
    }
    arena_free(&arena);
}

/* These look at weights as floats; the others take any model. */
TEST(lessons)
{
    static const struct { const char *word; int code; } cases[] = {
        { "chapter00_map", 0 }, { "chapter01_tokenizer", 0 }, { "chapter02_weights", 3 },
        { "chapter03_layers", 3 }, { "chapter04_attention", 3 }, { "chapter05_sampling", 0 },
        { "chapter06_quantize", 3 }, { "chapter07_speculative", 0 },
    };
    const char *folder = made("int8");

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Result r = run(cases[i].word, "--model", folder);

        if (r.code != cases[i].code)
            test_fail(__FILE__, __LINE__, "%s: exit %d: %s", cases[i].word, r.code, r.err);
        if (i == 0)
            has(r.out, "as int8:");
        if (r.code != 0)
            expect(strstr(r.err, "blocks") != NULL || strstr(r.err, "already") != NULL);
    }
}

const Test quantized_shown_tests[] = {
    { "inspect says blocks, and counts weights", inspected },
    { "./run models knows its format and what it needs", listed },
    { "lessons that look at floats say so", lessons },
    { NULL, NULL },
};
