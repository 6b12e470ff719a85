/* test_cli_chat.c - generate --chat --template: what is fed, and what ends it
 *
 * Expected: the layout written out by hand (spec of each format in text/chat.c) and
 * tokenized by ./run tokenize. */
#include "child.h"

#include <sys/stat.h>

#include "files/json.h"

/* A folder of storyteller's files, with this tokenizer_config.json. */
static const char *folder_with(const char *config)
{
    static const char *const names[] = { "config.json", "tokenizer.json",
        "model.safetensors", "generation_config.json" };
    static char folder[256];
    char from[256], path[512];

    snprintf(from, sizeof from, "chatty-%ld", (long)getpid());
    snprintf(folder, sizeof folder, "%s", test_scratch(from));
    expect(mkdir(folder, 0700) == 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *target;

        snprintf(from, sizeof from, "models/storyteller/%s", names[i]);
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        target = realpath(from, NULL);
        expect(target != NULL && symlink(target, path) == 0);
        free(target);
    }
    snprintf(path, sizeof path, "%s/tokenizer_config.json", folder);
    test_write(path, config, strlen(config));
    return folder;
}

/* The member "key" of what --json printed, as it stands there. */
static const char *member(const char *json, const char *key)
{
    static char text[4096];
    char name[64];
    const char *at;

    snprintf(name, sizeof name, "\"%s\":", key);
    at = strstr(json, name);
    expect(at != NULL);
    at += strlen(name);
    snprintf(text, sizeof text, "%.*s", (int)strcspn(at, *at == '[' ? "]" : ",}"), at);
    return text;
}

TEST(layouts_by_name)
{
    static const struct { const char *name, *text, *note; } cases[] = {
        { "chatml", "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi <|im_end|>"
          "\n<|im_start|>assistant\n", "note: <|im_start|> of the layout chatml is no token" },
        { "zephyr", "<|system|>\nBe kind.<|endoftext|>\n<|user|>\nHi <|endoftext|>\n"
          "<|assistant|>\n", NULL },
        { "stablelm-zephyr", "<|system|>\nBe kind.<|endoftext|>\n<|user|>\nHi "
          "<|endoftext|>\n<|assistant|>\n", NULL },
        { "llama3", "<|endoftext|><|start_header_id|>system<|end_header_id|>\n\n"
          "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"
          "Be kind.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
          "<|start_header_id|>assistant<|end_header_id|>\n\n",
          "note: <|start_header_id|> of the layout llama3 is no token" },
        { "none", "<|endoftext|>Be kind.\nHi ", NULL },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *ids = fine(run("tokenize", "--no-special", "--json", "--text", cases[i].text));
        Result result = run("generate", "--json", "--chat", "--template", cases[i].name,
                            "--system", "Be kind.", "--prompt", "Hi ", "-n", "1");
        char want[4096];

        snprintf(want, sizeof want, "%s", member(ids, "ids"));
        expect_text(member(fine(result), "prompt_ids"), want);
        expect(cases[i].note != NULL ? strstr(result.err, cases[i].note) != NULL
                                     : strstr(result.err, "note") == NULL);
    }
}

/* "," is 12: as eos_token it ends each turn of the layout, and no list of ends has
 * it. */
TEST(the_end_of_a_turn_ends_the_answer)
{
    const char *folder = folder_with("{\"eos_token\":\",\"}"), *ids;
    char *json = fine(run("generate", "--json", "--chat", "--template", "zephyr", "--model",
                          folder, "--temperature", "0", "--prompt", "Once", "-n", "100"));

    expect_text(member(json, "stop"), "\"eos\"");
    ids = member(json, "ids");
    expect(strlen(ids) > 4 && strcmp(ids + strlen(ids) - 3, ",12") == 0);
    json = fine(run("generate", "--json", "--chat", "--template", "none", "--model",
                    folder, "--temperature", "0", "--prompt", "Once", "-n", "100"));
    expect(strstr(member(json, "ids"), ",12,") != NULL);
}

TEST(templates_that_are_refused)
{
    static const struct { int code; const char *words; const char *args[8]; } cases[] = {
        { 2, "there is no template zefyr: the known ones are zephyr, llama3, chatml, "
          "stablelm-zephyr, none", { "generate", "--chat", "--template", "zefyr", "hi" } },
        { 2, "--template is the layout of a chat: give --chat", { "generate", "--template",
          "zephyr", "hi" } },
        { 2, "--template", { "tokenize", "--template", "zephyr", "hi" } },
        { 3, "--template (zephyr, llama3, chatml, stablelm-zephyr, none)", { "generate",
          "--chat", "hi" } },
    };
    const char *folder = folder_with("{\"chat_template\":\"{{ '<|im_start|>' }}\"}");
    Result result;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        result = child_run(NULL, 0, cases[i].args);
        if (result.code != cases[i].code || strstr(result.err, cases[i].words) == NULL)
            test_fail(__FILE__, __LINE__, "exit %d: %s", result.code, result.err);
        expect_text(result.out, "");
    }
    result = run("generate", "--chat", "--model", folder, "hi");
    expect(result.code == 3 && strstr(result.err, "ChatML (chatml) with additions") != NULL
           && strstr(result.err, "tokenizer_config.json") != NULL);
    fine(run("generate", "--chat", "--model", folder, "--template", "chatml", "-n", "1", "hi"));
}

const Test cli_chat_tests[] = {
    { "layouts by name", layouts_by_name },
    { "the end of a turn ends the answer", the_end_of_a_turn_ends_the_answer },
    { "templates that are refused", templates_that_are_refused },
    { NULL, NULL },
};
