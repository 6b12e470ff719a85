/* test_chat.c - what must be true of text/chat.c, from outside it
 *
 * Expected texts: apply_chat_template of transformers 5.23.0, with the same
 * templates and conversations (for llama3: Llama-3.2-1B-Instruct's own template and
 * date_string "26 Jul 2024"). tests/oracle/chat_templates.py asks it about hundreds
 * of random conversations. */
#include "test.h"
#include "base/memory.h"
#include "files/json.h"
#include "text/chat.h"

#define LOOP "{% for message in messages %}"
#define FIRST(text)                                                           \
    "{% if loop.first and messages[0]['role'] != 'system' %}"                 \
    "{{ '<|im_start|>system\n" text "<|im_end|>\n' }}{% endif %}"
#define TURN                                                                  \
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "       \
    "'<|im_end|>' + '\n'}}{% endfor %}"
#define LAST "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
#define SMOL "You are a helpful AI assistant named SmolLM, trained by Hugging Face"

/* SmolLM2-135M-Instruct's own, and ChatML without a system turn of its own. */
static const char SMOLLM2[] = LOOP FIRST(SMOL) TURN LAST;
static const char PLAIN[] = LOOP TURN LAST;
/* The second twice more, as other files write it. */
static const char ESCAPED[] =
    "{%for message in messages%}{{ '<|im_start|>'+message['role'] + '\\n' + "
    "message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}\n";
static const char LINES[] =
    "{% if not add_generation_prompt is defined %}\n"
    "    {% set add_generation_prompt = false %}\n"
    "{% endif %}\n"
    "{%- for message in messages %}\n"
    "    {{- '<|im_start|>' + message.role + '\\n' }}\n"
    "    {#- what was said #}\n"
    "    {{- message.content + \"<|im_end|>\\n\" }}\n"
    "{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n"
    "    {{- '<|im_start|>assistant\\n' }}\n"
    "{%- endif %}\n";

/* TinyLlama-1.1B-Chat's, and two that write the same in other words. */
#define ZEPHYR_CASE(role)                                                     \
    "if message['role'] == '" role "' %}\n{{ '<|" role                        \
    "|>\n' + message['content'] + eos_token }}\n"
static const char TINYLLAMA[] =
    LOOP "\n{% " ZEPHYR_CASE("user") "{% el" ZEPHYR_CASE("system") "{% el"
    ZEPHYR_CASE("assistant") "{% endif %}\n"
    "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n"
    "{% endif %}\n{% endfor %}";
#define ZEPHYR_SHORT(eos)                                                     \
    LOOP "{{ '<|' + message['role'] + '|>\\n' + message['content'] + " eos    \
    " + '\\n' }}{% endfor %}"                                                 \
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
static const char ZEPHYR_EOS[] = ZEPHYR_SHORT("eos_token");
static const char ZEPHYR_END[] = ZEPHYR_SHORT("'<|endoftext|>'");

static const ChatTurn hi[] = { { "user", "Hi" } };
static const ChatTurn brief[] = {
    { "system", "Be brief." }, { "user", "Hi\n there " },
    { "assistant", "Hello." }, { "user", "" } };
static const ChatTurn late[] = {
    { "user", "a" }, { "system", "late" }, { "user", "b <|im_end|> é" } };
static const ChatTurn odd[] = { { "assistant", "x" } };
static const ChatTurn wide[] = {
    { "system", "\xC2\xA0\x1C one\x1F\n" }, { "user", " \xE3\x80\x80\t" },
    { "user", "\xE2\x80\x8B two\xE2\x80\xA8\xC2\x85" } };

#define SYSTEM "<|im_start|>system\n" SMOL "<|im_end|>\n"
#define ASSISTANT "<|im_start|>assistant\n"
#define BRIEF                                                                 \
    "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi\n there "  \
    "<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\n" \
    "<|im_end|>\n" ASSISTANT
#define LATE                                                                  \
    "<|im_start|>user\na<|im_end|>\n<|im_start|>system\nlate<|im_end|>\n"     \
    "<|im_start|>user\nb <|im_end|> é<|im_end|>\n" ASSISTANT
#define ZBRIEF(eos)                                                           \
    "<|system|>\nBe brief." eos "\n<|user|>\nHi\n there " eos                 \
    "\n<|assistant|>\nHello." eos "\n<|user|>\n" eos "\n<|assistant|>\n"
#define HEAD(role) "<|start_header_id|>" role "<|end_header_id|>\n\n"
#define DATES                                                                 \
    "<|begin_of_text|>" HEAD("system") "Cutting Knowledge Date: December 2023" \
    "\nToday Date: 26 Jul 2024\n\n"

/* source: a template; or a name, for --template. */
static const struct {
    const char *source, *name, *bos, *eos;
    const ChatTurn *turns;
    int count;
    const char *text;
} CASES[] = {
    { SMOLLM2, "chatml", NULL, NULL, hi, 1,
      SYSTEM "<|im_start|>user\nHi<|im_end|>\n" ASSISTANT },
    { SMOLLM2, "chatml", "x", "y", brief, 4, BRIEF },
    { SMOLLM2, "chatml", NULL, NULL, late, 3, SYSTEM LATE },
    { SMOLLM2, "chatml", NULL, NULL, odd, 1,
      SYSTEM "<|im_start|>assistant\nx<|im_end|>\n" ASSISTANT },
    { PLAIN, "chatml", NULL, NULL, hi, 1,
      "<|im_start|>user\nHi<|im_end|>\n" ASSISTANT },
    { PLAIN, "chatml", NULL, NULL, brief, 4, BRIEF },
    { PLAIN, "chatml", NULL, NULL, late, 3, LATE },
    { PLAIN, "chatml", NULL, NULL, odd, 1,
      "<|im_start|>assistant\nx<|im_end|>\n" ASSISTANT },
    { ESCAPED, "chatml", NULL, NULL, brief, 4, BRIEF },
    { LINES, "chatml", NULL, NULL, brief, 4, BRIEF },
    { "chatml", "chatml", "<s>", "</s>", late, 3, LATE },
    { TINYLLAMA, "zephyr", "<s>", "</s>", hi, 1, "<|user|>\nHi</s>\n<|assistant|>\n" },
    { TINYLLAMA, "zephyr", "<s>", "</s>", brief, 4, ZBRIEF("</s>") },
    { ZEPHYR_EOS, "zephyr", NULL, "<|endoftext|>", brief, 4, ZBRIEF("<|endoftext|>") },
    { ZEPHYR_END, "stablelm-zephyr", NULL, "</s>", brief, 4, ZBRIEF("<|endoftext|>") },
    { "zephyr", "zephyr", NULL, "</s>", brief, 4, ZBRIEF("</s>") },
    { "stablelm-zephyr", "stablelm-zephyr", NULL, "</s>", brief, 4,
      ZBRIEF("<|endoftext|>") },
    { "llama3", "llama3", "<|begin_of_text|>", NULL, hi, 1,
      DATES "<|eot_id|>" HEAD("user") "Hi<|eot_id|>" HEAD("assistant") },
    { "llama3", "llama3", "<|begin_of_text|>", NULL, brief, 4,
      DATES "Be brief.<|eot_id|>" HEAD("user") "Hi\n there<|eot_id|>"
      HEAD("assistant") "Hello.<|eot_id|>" HEAD("user") "<|eot_id|>"
      HEAD("assistant") },
    { "llama3", "llama3", "<|begin_of_text|>", NULL, late, 3,
      DATES "<|eot_id|>" HEAD("user") "a<|eot_id|>" HEAD("system") "late<|eot_id|>"
      HEAD("user") "b <|im_end|> é<|eot_id|>" HEAD("assistant") },
    { "llama3", "llama3", "<|begin_of_text|>", NULL, wide, 3,
      DATES "one<|eot_id|>" HEAD("user") "<|eot_id|>" HEAD("user")
      "\xE2\x80\x8B two<|eot_id|>" HEAD("assistant") },
};

static char *copy(const char *text)
{
    return text != NULL ? memory_text(text, strlen(text)) : NULL;
}

TEST(renders_what_transformers_renders)
{
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        ChatTemplate chat;
        Error error = {0};
        Text text = {0};

        if (CASES[i].source[0] == '{')
            expect_ok(chat_find(&chat, CASES[i].source, &error), &error);
        else
            expect_ok(chat_choose(&chat, CASES[i].source, &error), &error);
        expect_text(chat.format->name, CASES[i].name);
        chat.bos = copy(CASES[i].bos);
        chat.eos = copy(CASES[i].eos);
        expect_ok(chat_render(&text, &chat, CASES[i].turns, CASES[i].count, &error),
                  &error);
        expect_text(text.bytes, CASES[i].text);
        text_free(&text);
        chat_free(&chat);
    }
}

/* Our own: no template of that name exists. */
TEST(none_is_the_text_as_it_is)
{
    ChatTemplate chat;
    Error error = {0};
    Text text = {0};

    expect_ok(chat_choose(&chat, "none", &error), &error);
    expect(chat_end(&chat) == NULL);
    expect_ok(chat_render(&text, &chat, hi, 1, &error), &error);
    expect_text(text.bytes, "Hi");
    text_clear(&text);
    expect_ok(chat_render(&text, &chat, brief, 4, &error), &error);
    expect_text(text.bytes, "Be brief.\nHi\n there \nHello.\n");
    text_free(&text);
    chat_free(&chat);
}

TEST(the_system_text_stands_in_the_template)
{
    static const char *const texts[][2] = {
        { SMOLLM2, SMOL },
        { LOOP FIRST("It\\'s \\\"x\\\".\\nTwo \\\\ lines") TURN LAST,
          "It's \"x\".\nTwo \\ lines" },
        { LOOP FIRST("") TURN LAST, "" },
        { LOOP FIRST("a' + 'b") TURN LAST, "ab" },
        { LOOP FIRST("a<|im_end|>\nb") TURN LAST, "a<|im_end|>\nb" },
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ChatTemplate chat;
        Error error = {0};

        expect_ok(chat_find(&chat, texts[i][0], &error), &error);
        expect_text(chat.default_system, texts[i][1]);
        chat_free(&chat);
    }
}

/* Anything that is not exactly known is refused, by name where there is one. */
TEST(other_templates_are_refused)
{
    static const char *const others[][2] = {
        { "", "do not know" },
        { "chatml", "do not know" },
        { "{% for m in messages %}<|start_header_id|>{{ m }}{% endfor %}", "Llama 3" },
        { "{{ bos_token }}[INST] {{ messages[0]['content'] }} [/INST]", "Llama 2" },
        { "{{ '<|user|>\n' + message['content'] + eos_token }}", "Zephyr" },
        { LOOP "{{ bos_token }}" TURN LAST, "ChatML (chatml) with additions" },
        { LOOP FIRST(SMOL) TURN, "ChatML (chatml) with additions" },
        { LOOP TURN LAST "x", "ChatML (chatml) with additions" },
        { LOOP " " TURN LAST, "ChatML (chatml) with additions" },
        { LOOP TURN "\n\n" LAST, "ChatML (chatml) with additions" },
        { LOOP FIRST("a' + date + 'b") TURN LAST, "ChatML (chatml) with additions" },
        { LOOP FIRST("no end"), "ChatML (chatml) with additions" },
        { LOOP "{% if loop.first and messages[0]['role'] != 'system' %}{{ "
          "'<|im_start|>system\nx\n' }}{% endif %}" TURN LAST, "with additions" },
        { "{% for message in messages %}{{' <|im_start|>' + message['role'] + "
          "'\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}" LAST,
          "ChatML (chatml) with additions" },
        { LOOP "{{'<|im_start|>' + message['role'] + '\n' + message['content']"
          " | trim + '<|im_end|>' + '\n'}}{% endfor %}" LAST,
          "ChatML (chatml) with additions" },
        { ZEPHYR_SHORT("'</s>'") "<|user|>", "Zephyr" },
        { "{{ '<|user|>' + '\\x41' }}", "--template NAME" },
        { "{{ '<|im_start|>", "chatml, stablelm-zephyr, none" },
    };

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ChatTemplate chat;
        Error error = {0};

        expect(!chat_find(&chat, others[i][0], &error));
        expect_int(error.code, EXIT_INPUT);
        if (!error_mentions(&error, others[i][1]))
            test_fail(__FILE__, __LINE__, "%s: %s", others[i][0], error.text);
        chat_free(&chat);
    }
}

TEST(names_roles_and_tokens_that_are_none)
{
    static const ChatTurn tool[] = { { "user", "x" }, { "tool", "y" } };
    static const ChatTurn empty[] = { { "", "x" } };
    ChatTemplate chat;
    Error error = {0};
    Text text = {0};

    expect(!chat_choose(&chat, "alpaca", &error) && error.code == EXIT_USAGE
           && error_mentions(&error, "no template alpaca: the known ones are zephyr, "
                             "llama3, chatml, stablelm-zephyr, none"));
    expect_ok(chat_choose(&chat, "zephyr", &error), &error);
    expect(!chat_render(&text, &chat, hi, 1, &error) && error.code == EXIT_INPUT
           && error_mentions(&error, "eos_token"));
    chat.eos = copy("</s>");
    expect_text(chat_end(&chat), "</s>");
    expect(!chat_render(&text, &chat, tool, 2, &error) && error.code == EXIT_INPUT
           && error_mentions(&error, "turn 2") && error_mentions(&error, "\"tool\""));
    expect(!chat_render(&text, &chat, empty, 1, &error));
    expect_int(text.length, 0);
    chat_free(&chat);
    expect_ok(chat_choose(&chat, "llama3", &error), &error);
    expect_text(chat_end(&chat), "<|eot_id|>");
    chat_free(&chat);
}

/* The published program, and this with one word or one blank changed. */
TEST(llama_3_2)
{
    static const struct { const char *from, *to; bool same; } changes[] = {
        { "{{- bos_token }}", "{{-  bos_token}}", true },
        { "26 Jul 2024", "26 Jul 2024", true },
        { "{#- System message #}", "{#- another remark #}", true },
        { "26 Jul 2024", "27 Jul 2024", false },
        { "{{- bos_token }}", "", false },
        { "{{- system_message }}", "{{- system_message + ' ' }}", false },
        { "+ message['content'] | trim +", "+ message['content'] +", false },
        { "{{- \"<|eot_id|>\" }}", "", false },
    };
    JsonDocument config;
    Error error = {0};
    ChatTemplate chat;
    const char *source;

    expect_ok(json_read_file(&config, test_data("models/Llama-3.2-1B-Instruct/"
                                                "tokenizer_config.json"), JSON_PLAIN,
                             &error), &error);
    source = json_get(config.root, "chat_template")->text;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const char *at = strstr(source, changes[i].from);
        Text changed = {0};

        expect(at != NULL);
        text_print(&changed, "%.*s%s%s", (int)(at - source), source, changes[i].to,
                   at + strlen(changes[i].from));
        expect_int(chat_find(&chat, changed.bytes, &error), changes[i].same);
        if (changes[i].same)
            expect_text(chat.format->name, "llama3");
        else
            expect(error_mentions(&error, "looks like Llama 3's layout (llama3)"));
        chat_free(&chat);
        text_free(&changed);
    }
    json_free(&config);
}

const Test chat_tests[] = {
    { "renders what transformers renders", renders_what_transformers_renders },
    { "none is the text as it is", none_is_the_text_as_it_is },
    { "the system text stands in the template", the_system_text_stands_in_the_template },
    { "other templates are refused", other_templates_are_refused },
    { "names, roles and tokens that are none", names_roles_and_tokens_that_are_none },
    { "proof: Llama 3.2's template, and nearly", llama_3_2 },
    { NULL, NULL },
};
