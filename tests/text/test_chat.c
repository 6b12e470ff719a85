/* test_chat.c - what must be true of text/chat.c, from outside it
 *
 * Expected texts: apply_chat_template of transformers 5.23.0, with the same
 * templates and conversations. */
#include "test.h"
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
/* The second once more as many files write it: \n, and other blanks. */
static const char ESCAPED[] =
    "{%for message in messages%}{{ '<|im_start|>'+message['role'] + '\\n' + "
    "message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}\n";

#define SYSTEM "<|im_start|>system\n" SMOL "<|im_end|>\n"
#define ASSISTANT "<|im_start|>assistant\n"

static const ChatTurn hi[] = { { "user", "Hi" } };
static const ChatTurn brief[] = {
    { "system", "Be brief." }, { "user", "Hi\n there " },
    { "assistant", "Hello." }, { "user", "" } };
static const ChatTurn late[] = {
    { "user", "a" }, { "system", "late" }, { "user", "b <|im_end|> é" } };
static const ChatTurn odd[] = { { "assistant", "x" } };

#define BRIEF                                                                 \
    "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi\n there "  \
    "<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\n" \
    "<|im_end|>\n" ASSISTANT
#define LATE                                                                  \
    "<|im_start|>user\na<|im_end|>\n<|im_start|>system\nlate<|im_end|>\n"     \
    "<|im_start|>user\nb <|im_end|> é<|im_end|>\n" ASSISTANT

static const struct {
    const char *source;
    const ChatTurn *turns;
    int count;
    const char *text;
} CASES[] = {
    { SMOLLM2, hi, 1, SYSTEM "<|im_start|>user\nHi<|im_end|>\n" ASSISTANT },
    { SMOLLM2, brief, 4, BRIEF },
    { SMOLLM2, late, 3, SYSTEM LATE },
    { SMOLLM2, odd, 1, SYSTEM "<|im_start|>assistant\nx<|im_end|>\n" ASSISTANT },
    { PLAIN, hi, 1, "<|im_start|>user\nHi<|im_end|>\n" ASSISTANT },
    { PLAIN, brief, 4, BRIEF },
    { PLAIN, late, 3, LATE },
    { PLAIN, odd, 1, "<|im_start|>assistant\nx<|im_end|>\n" ASSISTANT },
    { ESCAPED, brief, 4, BRIEF },
};

TEST(renders_what_transformers_renders)
{
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        ChatTemplate chat;
        Error error = {0};
        Text text = {0};

        expect_ok(chat_find(&chat, CASES[i].source, &error), &error);
        expect_text(chat.name, "chatml");
        chat_render(&text, &chat, CASES[i].turns, CASES[i].count);
        expect_text(text.bytes, CASES[i].text);
        text_free(&text);
        chat_free(&chat);
    }
}

TEST(the_system_text_stands_in_the_template)
{
    static const char *const texts[][2] = {
        { SMOLLM2, SMOL },
        { LOOP FIRST("It\\'s \\\"x\\\".\\nTwo \\\\ lines") TURN LAST,
          "It's \"x\".\nTwo \\ lines" },
        { LOOP FIRST("") TURN LAST, "" },
    };

    for (int i = 0; i < 3; i++) {
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
        { "{% for m in messages %}<|start_header_id|>{{ m }}{% endfor %}", "Llama 3" },
        { "{{ bos_token }}[INST] {{ messages[0]['content'] }} [/INST]", "Llama 2" },
        { "{{ '<|user|>\n' + message['content'] + eos_token }}", "Zephyr" },
        { LOOP "{{ bos_token }}" TURN LAST, "ChatML with additions" },
        { LOOP FIRST(SMOL) TURN, "ChatML with additions" },
        { LOOP TURN LAST "x", "ChatML with additions" },
        { LOOP FIRST("a' + date + 'b") TURN LAST, "ChatML with additions" },
        { LOOP FIRST("no end"), "ChatML with additions" },
        { "{% for message in messages %}{{' <|im_start|>' + message['role'] + "
          "'\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}" LAST,
          "ChatML with additions" },
        { LOOP "{{'<|im_start|>' + message['role'] + '\n' + message['content']"
          " | trim + '<|im_end|>' + '\n'}}{% endfor %}" LAST,
          "ChatML with additions" },
    };

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ChatTemplate chat;
        Error error = {0};

        expect(!chat_find(&chat, others[i][0], &error));
        expect_int(error.code, EXIT_INPUT);
        expect(error_mentions(&error, others[i][1]));
        chat_free(&chat);
    }
}

const Test chat_tests[] = {
    { "renders what transformers renders", renders_what_transformers_renders },
    { "the system text stands in the template", the_system_text_stands_in_the_template },
    { "other templates are refused", other_templates_are_refused },
    { NULL, NULL },
};
