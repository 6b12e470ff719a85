/* test_cli.c - what the words print, to the letter */
#include "child.h"

#include <math.h>
#include <sys/stat.h>

#include "files/json.h"

/* One JSON object on one line, and nothing else. Owner: nobody, tests are short. */
static const Json *json_of(const char *text)
{
    static JsonDocument document;
    Error error = {0};
    size_t length = strlen(text);

    expect(length > 2 && text[length - 1] == '\n'
           && strchr(text, '\n') == text + length - 1);
    expect_ok(json_parse(&document, text, length, JSON_UNIQUE, 100, &error),
              &error);
    expect(json_is(document.root, JSON_OBJECT));
    return document.root;
}

/* The text and a newline behind it. */
static const char *line(const char *text)
{
    static char all[8192];

    snprintf(all, sizeof all, "%s\n", text);
    return all;
}

/* ids of an array, as "1 2 3". */
static const char *numbers(const Json *array)
{
    static char text[8192];

    text[0] = '\0';
    expect(json_is(array, JSON_ARRAY));
    for (const Json *one = array->child; one != NULL; one = one->next)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s",
                 text[0] != '\0' ? " " : "", one->text);
    return text;
}

/* Ids and spellings as tokenizers 0.23.3 gives them for the same file. */
TEST(tokenize)
{
    expect_text(fine(run("tokenize", "--text", "Once upon a time")),
                "0 1688 375 693 259 544\n");
    expect_text(fine(run("tokenize", "--no-special", "--text",
                         "Once upon a time")), "1688 375 693 259 544\n");
    expect_text(fine(run("tokenize", "Once", "upon", "a", "time")),
                "0 1688 375 693 259 544\n");
    expect_text(fine(run("tokenize", "--text", "<|endoftext|>Hi")),
                "0 0 40 73\n");
    expect_text(fine(run_with("a fox\n", "tokenize")), "0 65 956 88 199\n");
    expect_text(fine(run("tokenize", "--text", "")), "0\n");
    expect_text(fine(run_with("", "tokenize", "--no-special")), "\n");
    expect_text(fine(run("tokenize", "--json", "--text", "\xE2\x82\xAC" "5")),
                "{\"ids\":[0,159,225,106,21],\"tokens\":[\"<|endoftext|>\","
                "\"\xC3\xA2\",\"\xC4\xA4\",\"\xC2\xAC\",\"5\"]}\n");
    expect_text(fine(run("tokenize", "--model", "models/storyteller-neox",
                         "--text", "Hi")), "0 40 73\n");
}

TEST(detokenize)
{
    expect_text(fine(run("detokenize", "0", "1688", "375", "693", "259", "544")),
                "Once upon a time");
    expect_text(fine(run("detokenize", "1688", "0", "375")),
                "On<|endoftext|>ce");
    expect_text(fine(run_with("0 65 956 88 199\n", "detokenize")), "a fox\n");
    expect_text(fine(run("detokenize", "159", "225")), "\xEF\xBF\xBD");
    expect_text(fine(run_with(" \n", "detokenize")), "");
}

/* FNV-1a-64, with its published offset and prime. */
static unsigned long long fnv(const char *bytes, size_t length)
{
    unsigned long long hash = 14695981039346656037ull;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 1099511628211ull;
    return hash;
}

static float float_at(const char *bytes, int index)
{
    const unsigned char *b = (const unsigned char *)bytes + 4 * (size_t)index;
    uint32_t bits = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16
                  | (uint32_t)b[3] << 24;
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The table, the JSON, the file and the hash are four views of the same bits. */
TEST(logits)
{
    const char *path = test_scratch("logits.f32");
    size_t length;
    char *table = fine(run("logits", "--text", "Once upon a", "--out", path,
                           "--top", "4"));
    char *raw = test_read(path, &length), hash[32], *at = table;
    const Json *root, *position, *top;
    int lines = 0;

    expect_int(length, 2048 * 4);
    snprintf(hash, sizeof hash, "%016llx", fnv(raw, length));
    expect_text(strstr(table, "hash ") + 5, line(hash));
    for (; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    expect_int(lines, 1 + 1 + 4 + 1);       /* position, heads, top, hash    */

    root = json_of(fine(run("logits", "--json", "--text", "Once upon a")));
    expect_text(json_get(root, "hash")->text, hash);
    expect_text(numbers(json_get(root, "ids")), "0 1688 375 693 259");
    expect_text(json_get(root, "vocab")->text, "2048");
    position = json_get(root, "positions")->child;
    expect(position->next == NULL);
    expect_text(json_get(position, "position")->text, "4");
    top = json_get(position, "top");
    expect_int(top->count, 10);
    expect_text(json_get(top->child, "token")->text, "\xC4\xA0time");
    for (const Json *one = top->child; one != NULL; one = one->next) {
        int64_t id;
        double logit, logprob, sum = 0;

        expect(json_integer(&id, json_get(one, "id"))
               && json_number(&logit, json_get(one, "logit"))
               && json_number(&logprob, json_get(one, "logprob")));
        expect((float)logit == float_at(raw, (int)id));     /* nine digits   */
        for (int i = 0; i < 2048; i++)
            sum += exp((double)float_at(raw, i) - logit);
        expect_close(logprob, -log(sum), 1e-7);
    }
}

TEST(logits_of_all_positions)
{
    const char *path = test_scratch("all.f32");
    const Json *root = json_of(fine(run("logits", "--json", "--ids",
                                        "0,1688,375", "--all", "--top", "2",
                                        "--out", path)));
    size_t length;
    char *raw = test_read(path, &length), hash[32];

    expect_int(length, 3 * 2048 * 4);
    snprintf(hash, sizeof hash, "%016llx", fnv(raw, length));
    expect_text(json_get(root, "hash")->text, hash);
    expect_int(json_get(root, "positions")->count, 3);
    expect_text(json_get(json_get(root, "positions")->child, "position")->text,
                "0");
}

/* One hash and one text for every way of computing them. */
TEST(the_same_bits_any_way)
{
    static const char *const threads[] = { "1", "2", "3" };
    static const char *const chunks[] = { "1", "7", "128" };
    const char *text = "Once upon a time there was a little girl who lived by "
                       "the sea, and she said to the cat:";
    char *logits = fine(run("logits", "--all", "--top", "1", "--text", text));
    char *story = fine(run("generate", "--prompt", text, "--temperature", "0",
                           "-n", "40"));

    expect(strstr(logits, "hash ") != NULL && strlen(story) > 40);
    for (int t = 0; t < 3; t++)
        for (int c = 0; c < 3; c++) {
            expect_text(fine(run("logits", "--all", "--top", "1", "--text", text,
                                 "--threads", threads[t], "--chunk", chunks[c])),
                        logits);
            expect_text(fine(run("generate", "--prompt", text, "--temperature",
                                 "0", "-n", "40", "--threads", threads[t],
                                 "--chunk", chunks[c])), story);
        }
    expect_text(fine(run("logits", "--all", "--top", "1", "--text", text,
                         "--kernels", "plain", "--ctx", "200")), logits);
}

TEST(generate)
{
    static const char *const keys[] = { "prompt_ids", "ids", "text", "stop",
        "prompt_tokens_per_second", "tokens_per_second", "peak_memory_bytes",
        "weights_bytes", "kv_bytes", "other_bytes" };
    Result plain = run("generate", "--prompt", "Once upon a time", "-n", "30");
    const Json *root = json_of(fine(run("generate", "--prompt",
                                        "Once upon a time", "-n", "30",
                                        "--json")));
    int64_t bytes[4];

    expect_text(fine(plain), line(json_get(root, "text")->text));
    expect(strstr(plain.err, "tok/s") != NULL
           && strstr(plain.err, "peak memory") != NULL
           && strchr(plain.out, '\033') == NULL
           && strchr(plain.err, '\033') == NULL);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        expect(json_get(root, keys[i]) != NULL);
    expect_text(numbers(json_get(root, "prompt_ids")), "0 1688 375 693 259 544");
    expect_int(json_get(root, "ids")->count, 30);
    expect_text(json_get(root, "stop")->text, "length");
    for (int i = 0; i < 4; i++)
        expect(json_integer(&bytes[i], json_get(root, keys[6 + i])));
    expect_int(bytes[1], 5510016);          /* 2,755,008 numbers of BF16     */
    expect_int(bytes[2], 6 * 2 * 2 * 36 * 32 * 2);      /* L, 2, K, S, D, f16 */
    expect(bytes[0] <= bytes[1] + bytes[2] + bytes[3] && bytes[3] < 64 << 20);
}

TEST(generate_is_repeatable)
{
#define STORY(...) fine(run("generate", "--prompt", "The king", "-n", "25",   \
                            __VA_ARGS__))
    char *one = STORY("--seed", "0");

    expect_text(STORY("--color", "never"), one);
    expect_text(fine(run("generate", "-n", "25", "The", "king")), one);
    expect_text(fine(run_with("The king", "generate", "-n", "25")), one);
    test_write(test_scratch("king.txt"), "The king", 8);
    expect_text(fine(run("generate", "-n", "25", "--file",
                         test_scratch("king.txt"))), one);
    expect(strcmp(STORY("--seed", "1"), one) != 0);
    expect(strcmp(STORY("--temperature", "0"), one) != 0);
    expect_text(STORY("--temperature", "0"), STORY("--top-k", "1"));
    expect_text(STORY("--temperature", "0"), STORY("--top-p", "0"));
    expect_text(STORY("--temperature", "0"), STORY("--min-p", "1"));
    expect(strcmp(STORY("--temperature", "0", "--repeat-penalty", "2"),
                  STORY("--temperature", "0")) != 0);
}

TEST(generate_ends)
{
    const Json *root;
    char text[2000], piece[8];

    expect_text(fine(run("generate", "-n", "0", "--prompt", "Once")), "");
    root = json_of(fine(run("generate", "--json", "--ctx", "9", "--prompt",
                            "Once upon a time")));
    expect_text(json_get(root, "stop")->text, "length");
    expect_int(json_get(root, "ids")->count, 3);
    /* A piece of the text itself, as a stop: the text ends in front of it. */
    root = json_of(fine(run("generate", "--json", "--temperature", "0",
                            "--prompt", "Once upon a time")));
    snprintf(text, sizeof text, "%s", json_get(root, "text")->text);
    expect(strlen(text) > 60);
    snprintf(piece, sizeof piece, "%.7s", text + 40);
    root = json_of(fine(run("generate", "--json", "--temperature", "0",
                            "--prompt", "Once upon a time", "--stop", "xyzzy",
                            "--stop", piece)));
    expect_text(json_get(root, "stop")->text, "stop");
    *strstr(text, piece) = '\0';
    expect_text(json_get(root, "text")->text, text);
    root = json_of(fine(run("generate", "--json", "--seed", "3", "--logprobs",
                            "2", "-n", "4", "--prompt", "a")));
    expect_int(json_get(root, "logprobs")->count, 4);
    expect_int(json_get(json_get(root, "logprobs")->child, "top")->count, 2);
}

/* The rendered conversation, tokenized by hand, is the prompt. */
TEST(generate_chat)
{
    static const char *const names[] = { "config.json", "tokenizer.json",
                                         "model.safetensors" };
    static const char config[] = "{\"chat_template\":\"{% for message in messages "
        "%}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + "
        "'<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ "
        "'<|im_start|>assistant\\n' }}{% endif %}\"}";
    const char *folder = strdup(test_scratch("chatty"));
    char from[256], path[512], *ids;
    const Json *root;

    expect(mkdir(folder, 0700) == 0);
    for (int i = 0; i < 3; i++) {
        char *target;

        snprintf(from, sizeof from, "models/storyteller/%s", names[i]);
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        target = realpath(from, NULL);
        expect(target != NULL && symlink(target, path) == 0);
    }
    snprintf(path, sizeof path, "%s/tokenizer_config.json", folder);
    test_write(path, config, strlen(config));
    ids = fine(run("tokenize", "--no-special", "--text", "<|im_start|>system\n"
                   "Be kind.<|im_end|>\n<|im_start|>user\nWho are you?<|im_end|>"
                   "\n<|im_start|>assistant\n"));
    root = json_of(fine(run("generate", "--json", "--chat", "--model", folder,
                            "--system", "Be kind.", "--prompt", "Who are you?",
                            "-n", "3")));
    ids[strcspn(ids, "\n")] = '\0';
    expect_text(numbers(json_get(root, "prompt_ids")), ids);
}

TEST(the_map)
{
    char *text = fine(run("chapter00_map", "-n", "20", "--kernels", "plain"));
    const Json *root = json_of(fine(run("chapter00_map", "-n", "20", "--json")));
    char *logits = fine(run("logits", "--text", "Once upon a time", "--top", "1"));
    static const char *const stages[] = { "01 tokenizer", "02 weights",
        "03 layers", "04 attention", "logits", "05 sampling",
        "Once upon a time" };
    const char *at = text;

    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        at = strstr(at, stages[i]);
        if (at == NULL)
            test_fail(__FILE__, __LINE__, "no stage %s in\n%s", stages[i], text);
    }
    expect(strchr(text, '\033') == NULL);
    expect(strstr(text, json_get(root, "text")->text) != NULL);
    expect(strstr(logits, json_get(root, "hash")->text) != NULL);
    expect_text(json_get(root, "picked")->text, json_get(root, "ids")->child->text);
    expect_int(json_get(root, "row_sizes")->count, 7);
    text = fine(run("chapter00_map", "-n", "1", "--color", "always"));
    expect(strchr(text, '\033') != NULL);
}

/* ./run alone, and all that explains itself: exit 0, on stdout, nothing else. */
TEST(help)
{
    static const char *const words[] = { "chapter00_map", "tokenize",
        "detokenize", "logits", "generate", "models" };
    static const char *const shells[] = { "bash", "zsh", "fish" };
    char *overview = fine(child_run(NULL, 0, (const char *const[]){ NULL }));
    int files = 0;

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        Result help = run(words[i], "--help");

        expect(strstr(overview, words[i]) != NULL);
        expect(strncmp(fine(help), "./run ", 6) == 0);      /* examples first */
        expect(strstr(help.out, "--help") != NULL && help.err[0] == '\0');
    }
    for (char *at = overview; (at = strstr(at, "src/")) != NULL; at++) {
        char file[64] = "";

        memcpy(file, at, strcspn(at, " \n"));
        expect(access(file, R_OK) == 0);
        files++;
    }
    expect_int(files, 9);
    expect(strstr(overview, "storyteller-draft") != NULL);
    expect_text(fine(run("--help")), overview);
    expect(strncmp(fine(run("--version")), "billion-llm ", 12) == 0);
    expect_text(fine(run("generate", "--version")), fine(run("--version")));
    expect(strstr(fine(run("--man")), ".TH") != NULL);
    for (int i = 0; i < 3; i++)
        expect(strstr(fine(run("--completions", shells[i])), "generate") != NULL);
}

const Test cli_tests[] = {
    { "tokenize", tokenize },
    { "detokenize", detokenize },
    { "logits: table, JSON, file and hash agree", logits },
    { "logits of all positions", logits_of_all_positions },
    { "the same bits any way", the_same_bits_any_way },
    { "generate", generate },
    { "generate is repeatable", generate_is_repeatable },
    { "generate ends", generate_ends },
    { "generate --chat", generate_chat },
    { "the map", the_map },
    { "help", help },
    { NULL, NULL },
};
