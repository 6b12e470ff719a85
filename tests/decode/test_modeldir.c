/* test_modeldir.c - folders as people really have them, good and bad */
#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "decode/modeldir.h"

#define STORYTELLER "models/storyteller"

static Error error;

static void write_in(const char *folder, const char *name, const char *text)
{
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    test_write(path, text, strlen(text));
}

static void link_in(const char *folder, const char *name, const char *from)
{
    char path[1024], *target = realpath(from, NULL);

    snprintf(path, sizeof path, "%s/%s", folder, name);
    expect(target != NULL && symlink(target, path) == 0);
    free(target);
}

/* A folder like storyteller's, without the names in missing. */
static const char *folder_without(const char *missing)
{
    static const char *const names[] = { "config.json", "tokenizer.json",
        "generation_config.json", "tokenizer_config.json",
        "model.safetensors" };
    static int number;
    static char folder[8][256];
    char *path = folder[number % 8], from[256], name[64];

    snprintf(name, sizeof name, "model-%ld-%d", (long)getpid(), number++);
    snprintf(path, sizeof folder[0], "%s", test_scratch(name));
    expect(mkdir(path, 0700) == 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(from, sizeof from, STORYTELLER "/%s", names[i]);
        if (strstr(missing, names[i]) == NULL       /* or a longer name's end */
            || (strstr(missing, names[i]) > missing
                && strstr(missing, names[i])[-1] != ' '))
            link_in(path, names[i], from);
    }
    return path;
}

/* Opening fails with this code and says these words. */
static void refused(const char *name, ModelDirParts parts, int code,
                    const char *words)
{
    ModelDir dir;

    error = (Error){0};
    if (modeldir_open(&dir, name, parts, &error))
        test_fail(__FILE__, __LINE__, "%s was accepted", name);
    if (error.code != code || !error_mentions(&error, words))
        test_fail(__FILE__, __LINE__, "%s: exit %d, \"%s\"; expected %d and \"%s\"",
                  name, error.code, error.text, code, words);
}

TEST(all_parts_of_a_good_folder)
{
    ModelDir dir;

    expect_ok(modeldir_open(&dir, STORYTELLER, MODELDIR_ALL, &error), &error);
    expect(dir.has_weights && dir.tokenizer != NULL);
    expect_int(tokenizer_vocabulary(dir.tokenizer), 2048);
    expect(dir.sampling.temperature == 0.8 && dir.sampling.top_p == 0.95
           && dir.sampling.top_k == 0 && dir.sampling.min_p == 0
           && dir.sampling.repeat_penalty == 1);
    expect(dir.eos_count == 1 && dir.eos[0] == 0);
    modeldir_close(&dir);
    modeldir_close(&dir);                           /* twice is fine         */
}

/* Only tokenizer.json is there. */
TEST(a_tokenizer_needs_nothing_else)
{
    const char *folder = folder_without("config.json generation_config.json "
                                        "tokenizer_config.json "
                                        "model.safetensors");
    ModelDir dir;

    expect_ok(modeldir_open(&dir, folder, MODELDIR_TOKENIZER, &error), &error);
    modeldir_close(&dir);
    refused(folder, MODELDIR_ALL, EXIT_INPUT, "config.json");
}

/* The wishes of files as they are in the world, field by field. */
TEST(wishes_field_by_field)
{
    static const struct {
        const char *file;
        SamplingConfig want;
        int eos_count, eos[3];
    } cases[] = {
        { "{}", { 0.8, 0, 0.95, 0, 1 }, 1, { 0 } },
        /* TinyLlama's: nothing about sampling in it */
        { "{\"bos_token_id\":1,\"eos_token_id\":2,\"max_length\":2048}",
          { 0.8, 0, 0.95, 0, 1 }, 1, { 2 } },
        /* Llama-3.2-1B-Instruct's */
        { "{\"do_sample\":true,\"temperature\":0.6,\"top_p\":0.9,"
          "\"eos_token_id\":[128001,128008,128009]}",
          { 0.6, 0, 0.9, 0, 1 }, 3, { 128001, 128008, 128009 } },
        { "{\"do_sample\":false,\"temperature\":0.6,\"top_k\":40}",
          { 0, 40, 0.95, 0, 1 }, 1, { 0 } },
        { "{\"temperature\":null,\"top_k\":50,\"top_p\":1,\"min_p\":0.05,"
          "\"repetition_penalty\":1.1,\"eos_token_id\":null}",
          { 0.8, 50, 1, 0.05, 1.1 }, 1, { 0 } },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *folder = folder_without("generation_config.json");
        const SamplingConfig *want = &cases[i].want;
        ModelDir dir;

        write_in(folder, "generation_config.json", cases[i].file);
        expect_ok(modeldir_open(&dir, folder, MODELDIR_ALL, &error), &error);
        expect_close(dir.sampling.temperature, want->temperature, 0);
        expect_int(dir.sampling.top_k, want->top_k);
        expect_close(dir.sampling.top_p, want->top_p, 0);
        expect_close(dir.sampling.min_p, want->min_p, 0);
        expect_close(dir.sampling.repeat_penalty, want->repeat_penalty, 0);
        expect_int(dir.eos_count, cases[i].eos_count);
        for (int k = 0; k < dir.eos_count; k++)
            expect_int(dir.eos[k], cases[i].eos[k]);
        modeldir_close(&dir);
    }
}

TEST(no_wishes_at_all)
{
    ModelDir dir;

    expect_ok(modeldir_open(&dir, folder_without("generation_config.json"),
                            MODELDIR_ALL, &error), &error);
    expect(dir.sampling.temperature == 0.8 && dir.eos_count == 1);
    modeldir_close(&dir);
}

TEST(wishes_that_are_none)
{
    static const struct { const char *file, *words; } cases[] = {
        { "{\"temperature\":-1}", "temperature" },
        { "{\"temperature\":\"hot\"}", "temperature" },
        { "{\"top_p\":1.5}", "top_p" },
        { "{\"eos_token_id\":\"</s>\"}", "eos_token_id" },
        { "{\"eos_token_id\":[1,-2]}", "eos_token_id" },
        { "{\"eos_token_id\":[1,2,3,4,5,6,7,8,9]}", "eos_token_id" },
        { "{\"temperature\":1,\"temperature\":2}", "temperature" },
        { "{\"do_sample\":\"no\"}", "do_sample at byte 13 must be true or" },
        { "{\"top_k\":2.5}", "top_k at byte 9 must be a whole number" },
        { "[]", "must hold one object" },
        { "null", "must hold one object" },
        { "{", "generation_config.json" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *folder = folder_without("generation_config.json");

        write_in(folder, "generation_config.json", cases[i].file);
        refused(folder, MODELDIR_ALL, EXIT_INPUT, cases[i].words);
        expect(error_mentions(&error, "generation_config.json"));
    }
}

TEST(folders_that_are_no_models)
{
    const char *folder = folder_without("model.safetensors");

    refused(folder, MODELDIR_ALL, EXIT_INPUT, "neither model.safetensors nor");
    write_in(folder, "other.safetensors", "");
    refused(folder, MODELDIR_ALL, EXIT_INPUT, "only other.safetensors");
    folder = folder_without("config.json model.safetensors");
    write_in(folder, "adapter_config.json", "{}");
    refused(folder, MODELDIR_ALL, EXIT_INPUT, "is an adapter");
    folder = folder_without("model.safetensors");
    write_in(folder, "model.gguf", "GGUF");
    refused(folder, MODELDIR_ALL, EXIT_INPUT, "GGUF");
    folder = folder_without("model.safetensors");
    write_in(folder, "pytorch_model.bin", "PK");
    refused(folder, MODELDIR_ALL, EXIT_INPUT, "pytorch_model.bin");
    write_in(folder, "model.safetensors",
             "version https://git-lfs.github.com/spec/v1\n"
             "oid sha256:6e6001da2106d4757498752a021df6c2bdc332c650aae4bae6b0c004\n"
             "size 2200119864\n");
    refused(folder, MODELDIR_ALL, EXIT_INPUT, "git-lfs");
    refused(folder_without("tokenizer.json"), MODELDIR_ALL, EXIT_INPUT,
            "tokenizer.json");
    refused(folder_without("config.json"), MODELDIR_WEIGHTS, EXIT_INPUT,
            "config.json");
    folder = folder_without("tokenizer.json");
    write_in(folder, "tokenizer.json", "version https://git-lfs.github.com/spec");
    refused(folder, MODELDIR_TOKENIZER, EXIT_INPUT, "git-lfs");
    folder = folder_without("model.safetensors");
    write_in(folder, "model.safetensors.index.json", "version https://git-lfs.git");
    refused(folder, MODELDIR_ALL, EXIT_INPUT, "git-lfs");
    folder = folder_without("model.safetensors");
    write_in(folder, "model.safetensors", "");      /* cut short: its reader */
    refused(folder, MODELDIR_ALL, EXIT_INPUT, "model.safetensors");
}

/* Something is there by that name, so "there is none" would be a lie, and to go on
 * without it would be worse: the model would sample by other rules. */
TEST(files_that_are_none)
{
    static const char *const names[] = { "config.json", "tokenizer.json",
        "model.safetensors", "generation_config.json" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *folder = folder_without(names[i]);
        char path[600];

        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        expect(symlink("/no/such/blob", path) == 0);
        refused(folder, MODELDIR_ALL, EXIT_INPUT, "what it leads to is gone");
        expect(error_mentions(&error, path));
        expect(unlink(path) == 0 && mkdir(path, 0700) == 0);
        refused(folder, MODELDIR_ALL, EXIT_INPUT, "is a folder");
    }
}

#define CHATML "{% for message in messages %}{{'<|im_start|>' + message['role'] + " \
    "'\\\\n' + message['content'] + '<|im_end|>' + '\\\\n'}}{% endfor %}{% if " \
    "add_generation_prompt %}{{ '<|im_start|>assistant\\\\n' }}{% endif %}"

TEST(chat_templates)
{
    static const char *const files[] = {
        "{\"chat_template\":\"" CHATML "\"}",
        "{\"chat_template\":[{\"name\":\"tools\",\"template\":\"x\"},"
        "{\"name\":\"default\",\"template\":\"" CHATML "\"}]}",
    };
    ChatTemplate chat;
    ModelDir dir;

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const char *folder = folder_without("tokenizer_config.json");

        write_in(folder, "tokenizer_config.json", files[i]);
        expect_ok(modeldir_open(&dir, folder, MODELDIR_ALL, &error), &error);
        expect_ok(modeldir_chat(&chat, &dir, NULL, &error), &error);
        expect_text(chat.format->name, "chatml");
        chat_free(&chat);
        /* A file of its own goes first, and --template before both. */
        write_in(folder, "chat_template.jinja", "no template that we know");
        expect(!modeldir_chat(&chat, &dir, NULL, &error) && error.code == EXIT_INPUT
               && error_mentions(&error, "chat_template.jinja"));
        expect_ok(modeldir_chat(&chat, &dir, "llama3", &error), &error);
        expect_text(chat.format->name, "llama3");
        chat_free(&chat);
        modeldir_close(&dir);
    }
    expect_ok(modeldir_open(&dir, STORYTELLER, MODELDIR_ALL, &error), &error);
    expect(!modeldir_chat(&chat, &dir, NULL, &error) && error.code == EXIT_INPUT
           && error_mentions(&error, "no chat template")
           && error_mentions(&error, "--template (zephyr, llama3"));
    expect(!modeldir_chat(&chat, &dir, "alpaca", &error) && error.code == EXIT_USAGE);
    modeldir_close(&dir);
}

/* There is one, so "this model has none" would send people the wrong way. */
TEST(chat_templates_that_are_none)
{
    static const struct { const char *file, *words; } cases[] = {
        { "{\"chat_template\":[{\"name\":\"tool_use\",\"template\":\"" CHATML "\"}]}",
          "chat_template at byte " },
        { "{\"chat_template\":[{\"name\":\"default\"}]}", "chat_template at byte " },
        { "{\"chat_template\":{\"default\":\"" CHATML "\"}}", "chat_template at byte " },
        { "{\"chat_template\":5}", "chat_template at byte " },
        { "{\"chat_template\":\"" CHATML "\\u0000x\"}", "zero byte" },
        { "{\"chat_template\":\"" CHATML "\",\"eos_token\":5}", "eos_token at byte " },
        { "{\"chat_template\":\"" CHATML "\",\"bos_token\":{\"content\":[]}}",
          "bos_token at byte " },
        { "{\"chat_template\":\"" CHATML "\",\"eos_token\":\"a\\u0000\"}",
          "eos_token at byte " },
        { "{", "byte" },
    };
    ChatTemplate chat;
    ModelDir dir;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *folder = folder_without("tokenizer_config.json");

        write_in(folder, "tokenizer_config.json", cases[i].file);
        expect_ok(modeldir_open(&dir, folder, MODELDIR_ALL, &error), &error);
        expect(!modeldir_chat(&chat, &dir, NULL, &error) && error.code == EXIT_INPUT);
        if (!error_mentions(&error, cases[i].words)
            || !error_mentions(&error, "tokenizer_config.json"))
            test_fail(__FILE__, __LINE__, "%s: %s", cases[i].file, error.text);
        modeldir_close(&dir);
    }
}

/* One that cannot be read is no reason to take the other file's. */
TEST(chat_template_files_that_are_none)
{
    static const char *const files[][2] = {
        { "version https://git-lfs.git", "git lfs pull" },
        { "{% for message in messages %}{% if loop.first and messages[0]['role'] != "
          "'system' %}{{ '<|im_start|>system\nb\xFF<|im_end|>\n' }}{% endif %}",
          "UTF-8, at offset 108" },
    };
    const char *folder = folder_without("tokenizer_config.json");
    ChatTemplate chat;
    ModelDir dir;

    write_in(folder, "tokenizer_config.json", "{\"chat_template\":\"" CHATML "\"}");
    expect_ok(modeldir_open(&dir, folder, MODELDIR_ALL, &error), &error);
    for (int i = 0; i < 2; i++) {
        write_in(folder, "chat_template.jinja", files[i][0]);
        expect(!modeldir_chat(&chat, &dir, NULL, &error) && error.code == EXIT_INPUT
               && error_mentions(&error, "chat_template.jinja"));
        if (!error_mentions(&error, files[i][1]))
            test_fail(__FILE__, __LINE__, "%s", error.text);
    }
    modeldir_close(&dir);
}

/* storyteller's only special token is <|endoftext|> = 0. "A" = 33 plays the end of a
 * turn that no list of ends names, "Z" = 58 one that is named. */
TEST(what_a_layout_needs_of_the_model)
{
    static const struct {
        const char *config, *generation, *name, *eos, *missing;
        int ends, last;                         /* dir.eos: how many; the last */
    } cases[] = {
        { "{\"eos_token\":\"Z\"}", "{\"eos_token_id\":[58]}", "zephyr", "Z", NULL, 1,
          58 },
        { "{\"eos_token\":{\"content\":\"A\",\"lstrip\":false}}",
          "{\"eos_token_id\":58}", "zephyr", "A", NULL, 2, 33 },
        { "{\"eos_token\":null}", "{\"eos_token_id\":58}", "zephyr", "Z", NULL, 1, 58 },
        { "{\"eos_token\":\"<no token>\"}", "{\"eos_token_id\":58}", "zephyr",
          "<no token>", NULL, 1, 58 },
        { "{}", "{\"eos_token_id\":58}", "stablelm-zephyr", "Z", NULL, 2, 0 },
        { "{}", "{\"eos_token_id\":[33,58]}", "chatml", "A", "<|im_start|>", 2, 58 },
        { "{}", "{\"eos_token_id\":58}", "none", "Z", NULL, 1, 58 },
        { "{}", "{\"eos_token_id\":58}", "llama3", "Z", "<|start_header_id|>", 1, 58 },
        { "{\"eos_token\":\"A\"}", "{\"eos_token_id\":[9,8,7,6,5,4,3,2]}", "zephyr",
          "A", NULL, CONFIG_EOS + 1, 33 },
    };
    ChatTemplate chat;
    ModelDir dir;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *folder = folder_without("tokenizer_config.json "
                                            "generation_config.json");

        write_in(folder, "tokenizer_config.json", cases[i].config);
        write_in(folder, "generation_config.json", cases[i].generation);
        expect_ok(modeldir_open(&dir, folder, MODELDIR_ALL, &error), &error);
        expect_ok(modeldir_chat(&chat, &dir, cases[i].name, &error), &error);
        expect_text(chat.eos, cases[i].eos);
        expect((chat.missing == NULL) == (cases[i].missing == NULL));
        if (chat.missing != NULL)
            expect_text(chat.missing, cases[i].missing);
        expect_int(dir.eos_count, cases[i].ends);
        expect_int(dir.eos[dir.eos_count - 1], cases[i].last);
        chat_free(&chat);
        modeldir_close(&dir);
    }
}

const Test modeldir_tests[] = {
    { "all parts of a good folder", all_parts_of_a_good_folder },
    { "a tokenizer needs nothing else", a_tokenizer_needs_nothing_else },
    { "wishes, field by field", wishes_field_by_field },
    { "no wishes at all", no_wishes_at_all },
    { "wishes that are none", wishes_that_are_none },
    { "folders that are no models", folders_that_are_no_models },
    { "files that are none", files_that_are_none },
    { "chat templates", chat_templates },
    { "chat templates that are none", chat_templates_that_are_none },
    { "chat_template.jinja that is none", chat_template_files_that_are_none },
    { "what a layout needs of the model", what_a_layout_needs_of_the_model },
    { NULL, NULL },
};
