/* jinja.c - one spelling for all spellings of a chat template
 *
 *   {% for message in messages %}         { for message in messages}
 *       {{- "<|user|>\n" }}          ──►  «<|user|>⏎» message.content
 *       {{- message['content'] }}         { endfor}
 *   {%- endfor %}
 *
 *      what a file says                   what it does
 *
 * A chat model's files carry the layout of its conversations as a program in the
 * template language Jinja. text/chat.c must know whether that program is one of
 * those whose output it can write. The same program is published in many
 * spellings: on one line or on forty, with message.role or message['role'], with
 * one text in quotes or three behind each other. Comparing letters would refuse
 * what is only written differently; looking for a word or two would accept what
 * writes something else. So the program is cut into its words as Jinja does it,
 * and all that cannot change the output is taken away:
 *
 *   1. Text between the tags is a quoted text as any other. How much white space
 *      of it remains is decided by Jinja's rules: "-" at a tag's edge eats all of
 *      it; a newline behind %} goes (trim_blocks), and so do the blanks before a
 *      {% that is the first thing in its line (lstrip_blocks). That is how the
 *      models' authors had their templates run.
 *   2. Comments go, and blanks between words.
 *   3. In {{ }} the + between two parts goes, as what is written one after the
 *      other is written behind each other; texts that meet are joined.
 *   4. x['name'] is x.name.
 *
 * Rule 3 is blind in one place: {{ 'a' if x else 'b' }}{{ 'c' }} and
 * {{ 'a' if x else 'bc' }} are then the same. No known template has an if there.
 * And a program that Jinja refuses, as {{ 'a' + }}, may be the same as one that it
 * runs; no model has such a one.
 *
 * A quoted text stands between the bytes 1 and 2 (drawn as « and »), which no text
 * of a template holds; so its end cannot be mistaken.
 *
 * Source: Jinja 3.1, documentation of the syntax and of white space control;
 * tests/oracle/chat_templates.py asks it about spellings drawn at random.
 * Read next: text/chat.c.
 */
#include "text/jinja.h"

#include <string.h>                 /* strcspn, strspn, strchr, strncmp      */

#define BLANKS " \t\n\r\v\f"        /* other white space than this stays: the
                                       template is then unknown, not wrong    */

typedef struct {
    const char *at;                 /* what is not yet read                  */
    bool line_start;                /* did the last tag end with a newline?  */
    Text *out;
} Reader;

/* n bytes as a quoted text. In {{ }} and between tags (output) it is joined with
 * one that ends just before: a text inside {% %} has its } behind it. */
static void add_text(Text *out, const char *bytes, size_t n, bool output)
{
    bool joins = output && out->length > 0
              && out->bytes[out->length - 1] == JINJA_TEXT_END[0];

    if (output && n == 0)
        return;
    if (joins)
        out->length--;
    else
        text_add(out, JINJA_TEXT, 1);
    text_add(out, bytes, n);
    text_add(out, JINJA_TEXT_END, 1);
}

/* The text in quotes at r->at, without them and with its escapes resolved.
 *   Errors: it does not end, or an escape that is not \n \t \r \\ \' \"     */
static bool read_quoted(Text *text, Reader *r)
{
    static const char escapes[] = "n\nt\tr\r\\\\''\"\"";
    const char quote = *r->at++, *found;

    for (; *r->at != quote; r->at++) {
        if (*r->at == '\\') {
            for (found = escapes; *found != '\0' && *found != r->at[1]; )
                found += 2;
            if (*found == '\0' || r->at[1] == '\0')
                return false;
            text_add(text, found + 1, 1);
            r->at++;
        } else if (*r->at == '\0')
            return false;
        else
            text_add(text, r->at, 1);
    }
    r->at++;
    return true;
}

static bool in_word(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z');
}

/* Length of the word at text: letters, digits, _. */
static size_t word_length(const char *text)
{
    size_t n = 0;

    while (in_word(text[n]))
        n++;
    return n;
}

/* The word of ['word'] at r->at, rule 4, or false with r->at where it was. */
static bool read_subscript(Text *text, Reader *r)
{
    const char *before = r->at;

    r->at += 1 + strspn(r->at + 1, BLANKS);
    if ((*r->at == '\'' || *r->at == '"') && read_quoted(text, r)
        && text->length > 0 && word_length(text->bytes) == text->length) {
        r->at += strspn(r->at, BLANKS);
        if (*r->at++ == ']')
            return true;
    }
    r->at = before;
    return false;
}

/* One word, sign or text of a tag.  output: the tag is {{ }}, rule 3 */
static bool read_token(Reader *r, bool output, int *depth)
{
    size_t word = word_length(r->at);
    Text text = {0};
    bool fine = true;

    if (*r->at == '\'' || *r->at == '"') {
        fine = read_quoted(&text, r);
        if (fine)
            add_text(r->out, text.length > 0 ? text.bytes : "", text.length, output);
    } else if (word > 0) {
        text_print(r->out, " %.*s", (int)word, r->at);
        r->at += word;
    } else if (*r->at == '[' && read_subscript(&text, r)) {
        text_print(r->out, ". %s", text.bytes);
    } else {
        *depth += strchr("([{", *r->at) != NULL;
        *depth -= strchr(")]}", *r->at) != NULL;
        if (!output || *depth > 0 || (*r->at != '+' && *r->at != '~'))
            text_add(r->out, r->at, 1);
        r->at++;
    }
    text_free(&text);
    return fine;
}

/* Is the tag's end, "%}", "}}" or "#}", at r->at? Then it is read, with the white
 * space that it takes along, rule 1. A sign before it belongs to it. */
static bool read_end(Reader *r, const char *end)
{
    bool eats = *r->at == '-', keeps = *r->at == '+' && *end != '}';
    const char *at = r->at + (eats || keeps);

    if (strncmp(at, end, 2) != 0)
        return false;
    at += 2;
    if (eats)
        at += strspn(at, BLANKS);
    else if (!keeps && *end != '}' && *at == '\n')
        at++;
    r->line_start = at[-1] == '\n';
    r->at = at;
    return true;
}

/* The inside of a tag, from behind its sign to its end.
 *   kind    the second character: '{' writes, '%' acts, '#' says            */
static bool read_tag(Reader *r, char kind)
{
    const char end[] = { kind == '{' ? '}' : kind, '}', '\0' };
    int depth = 0;

    if (kind == '%')
        text_add(r->out, "{", 1);
    for (;;) {
        if (kind != '#')
            r->at += strspn(r->at, BLANKS);
        if (depth == 0 && read_end(r, end))
            break;
        if (*r->at == '\0')
            return false;
        if (kind == '#')
            r->at++;
        else if (!read_token(r, kind == '{', &depth))
            return false;
    }
    if (kind == '%')
        text_add(r->out, "}", 1);
    return true;
}

/* The text before a tag, without the white space at its end that goes, rule 1.
 *   text    [n]
 *   tag     the tag behind it; "" at the end of the program                 */
static size_t kept_length(const Reader *r, const char *text, size_t n,
                          const char *tag)
{
    size_t kept = n;

    if (*tag == '\0' || tag[2] == '+' || (tag[1] == '{' && tag[2] != '-'))
        return n;
    while (kept > 0 && strchr(BLANKS, text[kept - 1]) != NULL
           && (tag[2] == '-' || text[kept - 1] != '\n'))
        kept--;
    if (tag[2] == '-' || (kept > 0 ? text[kept - 1] == '\n' : r->line_start))
        return kept;
    return n;
}

static bool read_program(Reader *r)
{
    while (*r->at != '\0') {
        const char *text = r->at, *tag = text;
        char kind;

        while (*tag != '\0'
               && (tag[0] != '{' || strchr("{%#", tag[1]) == NULL || tag[1] == '\0'))
            tag++;
        add_text(r->out, text, kept_length(r, text, (size_t)(tag - text), tag), true);
        if (*tag == '\0')
            break;
        kind = tag[1];
        r->at = tag + 2;
        r->at += *r->at == '-' || *r->at == '+';
        if (!read_tag(r, kind))
            return false;
    }
    return true;
}

/*   out     appended to
 *   source  the program as the file has it; Jinja sees every line end as \n, and
 *           not the last one
 */
bool jinja_normal(Text *out, const char *source)
{
    Text program = {0};
    Reader r = { .line_start = true, .out = out };
    bool fine;

    if (strpbrk(source, JINJA_TEXT JINJA_TEXT_END) != NULL)
        return false;
    text_add(&program, "", 0);
    for (; *source != '\0'; source++)
        if (source[0] != '\r' || source[1] != '\n')
            text_add(&program, *source == '\r' ? "\n" : source, 1);
    if (program.length > 0 && program.bytes[program.length - 1] == '\n')
        program.bytes[--program.length] = '\0';
    r.at = program.bytes;
    fine = read_program(&r);
    text_add(out, "", 0);
    text_free(&program);
    return fine;
}
