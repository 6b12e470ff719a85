/* chat.h - the text around a conversation that a chat model was trained on
 *
 * Rules of use: chat_find recognizes a model's own template; chat_render appends
 * the whole prompt. What it appends is tokenized with special = false: a template
 * that wants a BOS writes it itself.
 */
#ifndef CHAT_H
#define CHAT_H

#include "base/utf8.h"

typedef struct {
    const char *name;           /* "chatml"                                  */
    char *default_system;       /* text used without a system turn; or NULL  */
} ChatTemplate;

typedef struct { const char *role, *content; } ChatTurn;

/* source: the template as tokenizer_config.json or chat_template.jinja has it.
 * Errors: exit 3, with the list of known ones. Owner: caller, chat_free. */
bool chat_find(ChatTemplate *chat, const char *source, Error *error);
void chat_free(ChatTemplate *chat);

void chat_render(Text *out, const ChatTemplate *chat, const ChatTurn *turns,
                 int count);    /* ends ready for the assistant's answer     */

#endif
