/* chat_tool.c - our chat templates behind a pipe, for chat_templates.py
 *
 *      chat_tool FOLDER [NAME] < conversations > answers
 *
 *      a line in                                  a line out
 *      {"turns": [["user", "Hi"], …]}             {"format", "text", "ids"}
 *      {"template": "…", "bos": …, "eos": …,      … or {"error"}
 *       "turns": …}                               instead of the folder's own
 *
 * FOLDER has tokenizer.json and what says the template; NAME is what --template
 * would say. A folder whose template is refused answers every line with the error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/modeldir.h"
#include "files/json_write.h"

enum { TURNS = 64 };            /* more than the oracle ever sends           */

static char *copied(const Json *node)
{
    return json_is(node, JSON_STRING) ? memory_text(node->text, node->length) : NULL;
}

/* The line's own template, or the folder's. */
static bool take_chat(ChatTemplate *chat, const Json *line, ModelDir *dir,
                      const char *name, Error *error)
{
    const Json *source = json_get(line, "template");

    if (source == NULL)
        return modeldir_chat(chat, dir, name, error);
    if (!chat_find(chat, source->text, error))
        return false;
    chat->bos = copied(json_get(line, "bos"));
    chat->eos = copied(json_get(line, "eos"));
    return true;
}

static bool answer(JsonWriter *w, const Json *line, ModelDir *dir, const char *name,
                   Error *error)
{
    ChatTurn turns[TURNS];
    ChatTemplate chat;
    Text text = {0};
    Ids ids = {0};
    int count = 0;
    bool fine;

    for (const Json *turn = json_get(line, "turns")->child; turn != NULL;
         turn = turn->next) {
        must(count < TURNS, "a conversation of more than %d turns", TURNS);
        turns[count++] = (ChatTurn){ turn->child->text, turn->child->next->text };
    }
    if (!take_chat(&chat, line, dir, name, error))
        return false;
    fine = chat_render(&text, &chat, turns, count, error);
    if (fine) {
        tokenizer_encode(&ids, dir->tokenizer, text.bytes, text.length, false);
        json_write_text(w, "format", chat.format->name, strlen(chat.format->name));
        json_write_text(w, "text", text.bytes, text.length);
        json_write_ids(w, "ids", ids.id, ids.count);
    }
    ids_free(&ids);
    text_free(&text);
    chat_free(&chat);
    return fine;
}

int main(int argc, char **argv)
{
    ModelDir dir;
    Error error = {0};
    char *line = NULL;
    size_t room = 0;
    ssize_t length;

    if (argc < 2 || !modeldir_open(&dir, argv[1], MODELDIR_TOKENIZER, &error)) {
        fprintf(stderr, "chat_tool: %s\n", argc < 2 ? "which folder?" : error.text);
        return 1;
    }
    while ((length = getline(&line, &room, stdin)) > 0) {
        JsonDocument document;
        JsonWriter w = { .out = stdout };

        if (!json_parse(&document, line, (size_t)length, JSON_PLAIN, 8, &error)) {
            fprintf(stderr, "chat_tool: %s\n", error.text);
            return 1;
        }
        json_write_object(&w, NULL);
        if (!answer(&w, document.root, &dir, argc > 2 ? argv[2] : NULL, &error))
            json_write_text(&w, "error", error.text, strlen(error.text));
        json_write_object_end(&w);
        json_write_line(&w);
        json_free(&document);
    }
    free(line);
    modeldir_close(&dir);
    return 0;
}
