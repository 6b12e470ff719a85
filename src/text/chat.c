/* chat.c - the text around a conversation that a chat model was trained on
 *
 *   system  "You are a helpful …"        <|im_start|>system
 *   user    "What is the capital         You are a helpful …<|im_end|>
 *            of France?"          ──►    <|im_start|>user
 *                                        What is the capital of France?<|im_end|>
 *                                        <|im_start|>assistant
 *                                        ▲
 *                                        └─ and here the model goes on
 *
 * A chat model is a model of text like any other. It was trained on texts that
 * look like the right side, so it continues them with an answer, and ends it
 * with <|im_end|> because every turn it ever saw ended so. One blank or newline
 * that is different, and the answers get worse without any error.
 *
 * All layouts that are met here have one shape, and ChatFormat is its columns:
 *
 *      open role named content end between                                (1)
 *
 *                       open               named              end      between
 *      zephyr           <|                 |>⏎                (eos)    ⏎
 *      stablelm-zephyr  <|                 |>⏎                <|endoftext|>  ⏎
 *      chatml           <|im_start|>       ⏎                  <|im_end|>     ⏎
 *      llama3           <|start_header_id|> <|end_header_id|>⏎⏎  <|eot_id|>
 *
 * for each turn; then open "assistant" named. On top of that,
 * - some ChatML models put a system turn of their own in front when the
 *   conversation does not begin with one: default_system;
 * - llama3 begins with <|begin_of_text|> and always has a system turn, which says
 *   two dates before anything else, and it trims every content. The second date
 *   is today's for transformers, unless date_string says another one. Here it
 *   is always the one that the template itself falls back on: a prompt that is
 *   another one tomorrow is no prompt to compare anything with;
 * - "none" is for models that know no layout: the contents, a newline between.
 *
 * The model's files carry the layout as a program in a template language (Jinja).
 * Running foreign programs is not what we want, and in practice there are few of
 * them. So the program is *recognized*, and what it would write is written here.
 * Its normal form (text/jinja.c), in which two spellings of one program are
 * equal, must be that of a program in the table below, from the first word to the
 * last; anything else is another template, and an unknown one is an Error, not a
 * guess. That is strict on purpose: of Llama 3's there are copies in use which
 * differ by one `if` around the system turn. Looking for <|start_header_id|> would
 * take them for the original, and every answer would be a little worse.
 *
 * Llama 3's program is long, since it writes tools too, which are never given
 * here. For it the table holds the hash of its normal form. 64 bits are enough
 * against chance; whoever makes a template with this hash on purpose gets his
 * model Llama 3's layout, and nothing else.
 *
 * Source: behaviour of apply_chat_template in transformers 5.23.
 * Read next: text/tokenizer.c, which finds the <|im_start|> again.
 */
#include "text/chat.h"

#include <string.h>                 /* strcmp, strlen, strstr               */

#include "base/hash.h"
#include "base/memory.h"            /* memory_text, memory_give_back        */
#include "text/jinja.h"
#include "text/unicode_class.h"     /* unicode_is_space                     */

enum { ZEPHYR, LLAMA3, CHATML, STABLELM_ZEPHYR, NONE, FORMATS };

static const ChatFormat formats[FORMATS] = {
    [ZEPHYR] = { "zephyr", "<|", "|>\n", NULL, "\n", .trims = false },
    [LLAMA3] = { "llama3", "<|start_header_id|>", "<|end_header_id|>\n\n",
        "<|eot_id|>", "", "Cutting Knowledge Date: December 2023\n"
                          "Today Date: 26 Jul 2024\n\n", .trims = true,
        .tokens = { "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>" } },
    [CHATML] = { "chatml", "<|im_start|>", "\n", "<|im_end|>", "\n",
        .tokens = { "<|im_start|>", "<|im_end|>" } },
    [STABLELM_ZEPHYR] = { "stablelm-zephyr", "<|", "|>\n", "<|endoftext|>", "\n",
        .tokens = { "<|endoftext|>" } },
    [NONE] = { "none", .plain = true },
};

/* The pieces that known programs are made of. HOLE, in a quoted text, stands for
 * any text: what the system turn of the model's own says. */
#define HOLE "\3"
#define EACH "{% for message in messages %}"
#define NEXT "{% endfor %}"
#define ASKED(text)                                                           \
    "{% if add_generation_prompt %}{{ '" text "' }}{% endif %}"
#define CHATML_TURN                                                           \
    "{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}"
#define CHATML_FIRST                                                          \
    "{% if loop.first and messages[0].role != 'system' %}"                    \
    "{{ '<|im_start|>system\n" HOLE "<|im_end|>\n' }}{% endif %}"
#define ZEPHYR_ROLE(role)                                                     \
    "if message.role == '" role "' %}"                                        \
    "{{ '<|" role "|>\n' + message.content + eos_token + '\n' }}"
#define ZEPHYR_TURN(eos)                                                      \
    "{{ '<|' + message.role + '|>\n' + message.content + " eos " + '\n' }}"

/* What is said once more in front of some: it changes nothing, as we always ask. */
static const char DEFAULT[] = "{% if not add_generation_prompt is defined %}"
                              "{% set add_generation_prompt = false %}{% endif %}";

static const struct { int format; const char *program; } PROGRAMS[] = {
    { CHATML, EACH CHATML_TURN NEXT ASKED("<|im_start|>assistant\n") },
    { CHATML, EACH CHATML_FIRST CHATML_TURN NEXT ASKED("<|im_start|>assistant\n") },
    /* zephyr, TinyLlama, StableLM: newlines between the tags make the last ones */
    { ZEPHYR, EACH "{% " ZEPHYR_ROLE("user") "{% el" ZEPHYR_ROLE("system")
              "{% el" ZEPHYR_ROLE("assistant") "{% endif %}"
              "{% if loop.last and add_generation_prompt %}"
              "{{ '<|assistant|>\n' }}{% endif %}" NEXT },
    { ZEPHYR, EACH ZEPHYR_TURN("eos_token") NEXT ASKED("<|assistant|>\n") },
    { STABLELM_ZEPHYR,
      EACH ZEPHYR_TURN("'<|endoftext|>'") NEXT ASKED("<|assistant|>\n") },
};
enum { PROGRAM_COUNT = sizeof PROGRAMS / sizeof PROGRAMS[0] };

/* Of Llama 3.2's program, as published with the 1B and 3B Instruct models. */
#define LLAMA3_HASH UINT64_C(0xf347794062bf4b34)

/* Are two normal forms the same?
 *   hole    out: the text at the known one's HOLE, untouched when it has none.
 *           Owner: the caller
 */
static bool matches(char **hole, const char *program, const char *known)
{
    size_t before = strcspn(known, HOLE), behind, text;

    if (known[before] == '\0')
        return strcmp(program, known) == 0;
    if (strncmp(program, known, before) != 0)
        return false;
    program += before, known += before + 1;
    text = strcspn(program, JINJA_TEXT_END);
    behind = strcspn(known, JINJA_TEXT_END);
    if (text < behind || strcmp(program + text - behind, known) != 0)
        return false;
    *hole = memory_text(program, text - behind);
    return true;
}

/* The same, with the known program as it stands in the table. */
static bool is_program(char **hole, const char *program, const char *source)
{
    Text known = {0};
    bool same;

    must(jinja_normal(&known, source), "a known template is no program: %s", source);
    same = matches(hole, program, known.bytes);
    text_free(&known);
    return same;
}

/* Which layout a program in its normal form writes, or NULL. */
static const ChatFormat *recognize(char **hole, const char *program)
{
    Text skip = {0};

    jinja_normal(&skip, DEFAULT);
    if (strncmp(program, skip.bytes, skip.length) == 0)
        program += skip.length;
    text_free(&skip);
    for (int i = 0; i < PROGRAM_COUNT; i++)
        if (is_program(hole, program, PROGRAMS[i].program))
            return &formats[PROGRAMS[i].format];
    if (hash_bytes(HASH_START, program, strlen(program)) == LLAMA3_HASH)
        return &formats[LLAMA3];
    return NULL;
}

/* What an unknown template looks like, so that the message can say it. */
static const char *guess_name(const char *source)
{
    static const char *const marks[][2] = {
        { "<|start_header_id|>", "looks like Llama 3's layout (llama3)" },
        { "[INST]", "looks like Llama 2's layout" },
        { "<|user|>", "looks like Zephyr's layout (zephyr)" },
        { "<|im_start|>", "looks like ChatML (chatml) with additions" },
    };

    for (int i = 0; i < 4; i++)
        if (strstr(source, marks[i][0]) != NULL)
            return marks[i][1];
    return "is a layout that we do not know";
}

bool chat_find(ChatTemplate *chat, const char *source, Error *error)
{
    Text program = {0};

    *chat = (ChatTemplate){0};
    if (jinja_normal(&program, source))
        chat->format = recognize(&chat->default_system, program.bytes);
    text_free(&program);
    return chat->format != NULL
        || error_set(error, "the model's chat template %s, but it is none of the "
                     "programs whose output is known here. --template NAME writes "
                     "one of the known layouts (" CHAT_NAMES "), at your own risk; "
                     "without --chat the model continues the prompt as it is",
                     guess_name(source));
}

bool chat_choose(ChatTemplate *chat, const char *name, Error *error)
{
    *chat = (ChatTemplate){0};
    for (int i = 0; i < FORMATS; i++)
        if (strcmp(name, formats[i].name) == 0)
            chat->format = &formats[i];
    return chat->format != NULL
        || error_code(error, EXIT_USAGE, "there is no template %s: the known ones "
                      "are " CHAT_NAMES, name);
}

void chat_free(ChatTemplate *chat)
{
    memory_give_back(chat->default_system);
    memory_give_back(chat->bos);
    memory_give_back(chat->eos);
    *chat = (ChatTemplate){0};
}

const char *chat_end(const ChatTemplate *chat)
{
    if (chat->format->plain || chat->format->end != NULL)
        return chat->format->end;
    return chat->eos;
}

static void add(Text *out, const char *text)
{
    text_add(out, text, strlen(text));
}

/* White space as Python's str.strip has it, which Jinja's trim calls: White_Space
 * and the four separators U+001C … U+001F. */
static bool trims_away(uint32_t point)
{
    return unicode_is_space(point) || (point >= 0x1C && point <= 0x1F);
}

static void add_trimmed(Text *out, const char *content)
{
    size_t length = strlen(content), kept = 0, at = 0;
    bool begun = false;

    while (at < length) {
        uint32_t point = 0;
        int n = utf8_read(&point, content + at, length - at);

        must(n > 0, "a content that is not UTF-8 at byte %zu", at);
        at += (size_t)n;
        if (!trims_away(point)) {
            begun = true;
            kept = at;
        } else if (!begun) {
            content += at, length -= at, at = 0;
        }
    }
    text_add(out, content, kept);
}

/* One turn, layout (1); preamble stands before the content. */
static void add_turn(Text *out, const ChatTemplate *chat, const char *role,
                     const char *preamble, const char *content)
{
    const ChatFormat *f = chat->format;

    add(out, f->open);
    add(out, role);
    add(out, f->named);
    add(out, preamble);
    if (f->trims)
        add_trimmed(out, content);
    else
        add(out, content);
    add(out, chat_end(chat));
    add(out, f->between);
}

static bool check_turns(const ChatTemplate *chat, const ChatTurn *turns, int count,
                        Error *error)
{
    must(count > 0, "a conversation of %d turns", count);
    for (int i = 0; i < count; i++)
        if (strcmp(turns[i].role, "system") != 0 && strcmp(turns[i].role, "user") != 0
            && strcmp(turns[i].role, "assistant") != 0)
            return error_set(error, "turn %d of the conversation is by \"%s\": known "
                             "are system, user and assistant", i + 1, turns[i].role);
    return chat->format->plain || chat_end(chat) != NULL
        || error_set(error, "the layout %s ends each turn with the model's eos_token, "
                     "and tokenizer_config.json names none", chat->format->name);
}

bool chat_render(Text *out, const ChatTemplate *chat, const ChatTurn *turns,
                 int count, Error *error)
{
    const ChatFormat *f = chat->format;
    bool told = strcmp(turns[0].role, "system") == 0;
    int next = 0;

    if (!check_turns(chat, turns, count, error))
        return false;
    if (f->plain) {
        for (int i = 0; i < count; i++)
            text_print(out, "%s%s", i > 0 ? "\n" : "", turns[i].content);
        return true;
    }
    if (f->preamble != NULL) {
        add(out, chat->bos != NULL ? chat->bos : "");
        add_turn(out, chat, "system", f->preamble, told ? turns[0].content : "");
        next = told;
    } else if (chat->default_system != NULL && !told) {
        add_turn(out, chat, "system", "", chat->default_system);
    }
    for (; next < count; next++)
        add_turn(out, chat, turns[next].role, "", turns[next].content);
    add(out, f->open);
    add(out, "assistant");
    add(out, f->named);
    return true;
}
