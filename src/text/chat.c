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
 * The model's files carry the layout as a program in a template language (Jinja).
 * Running foreign programs is not what we want, and in practice there are few of
 * them. So the program's text is *recognized*, and what it would write is
 * written here. This layout is called ChatML:
 *
 *      <|im_start|> role newline content <|im_end|> newline               (1)
 *
 * for each turn, then <|im_start|>assistant newline. Some models put a system
 * turn of their own in front when the conversation does not begin with one; its
 * text stands in the template, between <|im_start|>system and <|im_end|>.
 *
 * Recognizing is strict: blanks between the words of the program do not
 * matter, and a newline in quotes may be written \n; any other difference
 * is another template, and an unknown one is an Error, not a guess.
 *
 * Source: behaviour of apply_chat_template in transformers 5.23.
 * Read next: text/tokenizer.c, which finds the <|im_start|> again.
 */
#include "text/chat.h"

#include <string.h>                 /* strcmp, strlen, strstr               */

#include "base/memory.h"            /* memory_text, memory_give_back        */

#define SYSTEM_TURN                                                           \
    "{% for message in messages %}"                                           \
    "{% if loop.first and messages[0]['role'] != 'system' %}"                 \
    "{{ '<|im_start|>system\n"
#define SYSTEM_TURN_END "<|im_end|>\n' }}{% endif %}"
#define TURNS                                                                 \
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] "         \
    "+ '<|im_end|>' + '\n'}}{% endfor %}"                                     \
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

/* The place in source behind pattern, or NULL when source does not begin so.
 *
 *   quoted   in and out: is this place inside '…'? There every blank counts.
 */
static const char *skip_over(const char *source, const char *pattern,
                             bool *quoted)
{
    for (;;) {
        while (!*quoted && *source == ' ')
            source++;
        while (!*quoted && *pattern == ' ')
            pattern++;
        if (*pattern == '\0')
            return source;
        if (*quoted && *pattern == '\n' && source[0] == '\\'
            && source[1] == 'n')
            source++;                       /* \n: the n stands for it      */
        else if (*source != *pattern)
            return NULL;
        if (*pattern == '\'')
            *quoted = !*quoted;
        source++, pattern++;
    }
}

/* The rest of the program and nothing behind it but white space. */
static bool ends_with(const char *source, const char *pattern, bool quoted)
{
    source = skip_over(source, pattern, &quoted);
    return source != NULL && source[strspn(source, " \r\n")] == '\0';
}

/* A quoted text as it is meant: \n, \' and \\ are one character each. */
static char *unquote(const char *quoted, size_t length)
{
    char *text = memory_text(quoted, length);
    size_t n = 0;

    for (size_t i = 0; i < length; i++) {
        bool escape = quoted[i] == '\\' && i + 1 < length
                   && strchr("n'\"\\", quoted[i + 1]) != NULL;

        if (escape)
            i++;
        text[n++] = escape && quoted[i] == 'n' ? '\n' : quoted[i];
    }
    text[n] = '\0';
    return text;
}

/* ChatML with a system turn of its own, whose text is anything. */
static bool find_default(ChatTemplate *chat, const char *source)
{
    bool quoted = false;
    const char *text = skip_over(source, SYSTEM_TURN, &quoted), *end;

    if (text == NULL)
        return false;
    for (end = text; strncmp(end, "<|im_end|>", 10) != 0; end++) {
        if (*end == '\0' || *end == '\'')
            return false;                   /* the quotes end before        */
        if (end[0] == '\\' && end[1] != '\0')
            end++;
    }
    if (!ends_with(end, SYSTEM_TURN_END TURNS, quoted))
        return false;
    chat->default_system = unquote(text, (size_t)(end - text));
    return true;
}

/* What an unknown template looks like, so that the message can say it. */
static const char *guess_name(const char *source)
{
    static const char *const marks[][2] = {
        { "<|start_header_id|>", "Llama 3's layout" },
        { "[INST]", "Llama 2's layout" },
        { "<|user|>", "Zephyr's layout" },
        { "<|im_start|>", "ChatML with additions" },
    };

    for (int i = 0; i < 4; i++)
        if (strstr(source, marks[i][0]) != NULL)
            return marks[i][1];
    return "a layout that we do not know";
}

bool chat_find(ChatTemplate *chat, const char *source, Error *error)
{
    *chat = (ChatTemplate){ .name = "chatml" };
    if (find_default(chat, source)
        || ends_with(source, "{% for message in messages %}" TURNS, false))
        return true;
    return error_set(error, "the model's chat template is %s, which is not "
                     "supported; supported is plain ChatML (<|im_start|>role … "
                     "<|im_end|>). Without --chat the model continues the "
                     "prompt as it is", guess_name(source));
}

void chat_free(ChatTemplate *chat)
{
    memory_give_back(chat->default_system);
    *chat = (ChatTemplate){0};
}

static void add(Text *out, const char *text)
{
    text_add(out, text, strlen(text));
}

/* One turn, layout (1). */
static void add_turn(Text *out, const char *role, const char *content)
{
    add(out, "<|im_start|>");
    add(out, role);
    add(out, "\n");
    add(out, content);
    add(out, "<|im_end|>\n");
}

/*   out     appended to
 *   turns   [count] role is "system", "user" or "assistant"; content UTF-8
 */
void chat_render(Text *out, const ChatTemplate *chat, const ChatTurn *turns,
                 int count)
{
    if (chat->default_system != NULL && count > 0
        && strcmp(turns[0].role, "system") != 0)
        add_turn(out, "system", chat->default_system);
    for (int i = 0; i < count; i++)
        add_turn(out, turns[i].role, turns[i].content);
    add(out, "<|im_start|>assistant\n");
}
