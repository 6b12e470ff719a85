/* chat.h - the text around a conversation that a chat model was trained on
 *
 * Rules of use: chat_find recognizes a model's own template, chat_choose takes one
 * by name; then bos, eos, missing are filled in (decode/modeldir.c does it all), and
 * chat_render appends the whole prompt. It is tokenized with special = false (a
 * template that wants a BOS writes it itself), except where format->plain.
 */
#ifndef CHAT_H
#define CHAT_H

#include "base/utf8.h"

#define CHAT_NAMES "zephyr, llama3, chatml, stablelm-zephyr, none"

typedef struct {                /* layout (1) of chat.c                      */
    const char *name;           /* "chatml"                                  */
    const char *open, *named;   /* around the role                           */
    const char *end, *between;  /* behind the content. end NULL: eos         */
    const char *preamble;       /* stands in a system turn that is always
                                   there, behind bos; NULL: it is not so     */
    bool trims;                 /* contents without white space around them  */
    bool plain;                 /* no layout at all: only the contents       */
    const char *tokens[5];      /* one token each where this was trained; …
                                   NULL                                      */
} ChatFormat;

typedef struct {
    const ChatFormat *format;
    char *default_system;       /* text used without a system turn; or NULL  */
    char *bos, *eos;            /* the tokens' texts; NULL: the model has none */
    const char *missing;        /* of format->tokens: no token of this model  */
} ChatTemplate;

typedef struct { const char *role, *content; } ChatTurn;

/* source: the template as tokenizer_config.json or chat_template.jinja has it.
 * Errors: exit 3, with the list of known ones. Owner: caller, chat_free. */
bool chat_find(ChatTemplate *chat, const char *source, Error *error);

/* name: one of CHAT_NAMES. Errors: exit 2, with the list. */
bool chat_choose(ChatTemplate *chat, const char *name, Error *error);
void chat_free(ChatTemplate *chat);

/* The text of the token that ends a turn, NULL when there is none. */
const char *chat_end(const ChatTemplate *chat);

/* Append the conversation, and the beginning of the assistant's answer.
 * turns [count], at least one: role is "system", "user" or "assistant".
 * Errors: exit 3, another role; the layout wants eos and the model has none. */
bool chat_render(Text *out, const ChatTemplate *chat, const ChatTurn *turns,
                 int count, Error *error);

#endif
