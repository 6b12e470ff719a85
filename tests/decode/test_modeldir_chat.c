/* test_modeldir_chat.c - files that say how a chat is laid out, broken at random */
#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "decode/modeldir.h"

#define GOOD_CONFIG                                                           \
    "{\"bos_token\":{\"content\":\"<s>\"},\"eos_token\":\"</s>\",\"chat_template\":[{" \
    "\"name\":\"default\",\"template\":\"{% for message in messages %}{{'<|im_start|>' " \
    "+ message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor " \
    "%}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}\"}],"  \
    "\"model_max_length\":2048}"

/* text [n] with one to four bytes that are others, are gone or come twice.
 * Returns the new length; text has room for it. */
static size_t break_text(char *text, size_t n, uint64_t *seed)
{
    static const char bytes[] = "\"\\{}[]:,'%#-+0n \x01\x7F\xC3\xFF";

    for (uint32_t k = 1 + test_random(seed) % 4; k > 0; k--) {
        size_t at = test_random(seed) % n, with = test_random(seed) % 3;

        memmove(text + at + with, text + at + 1, n - at - 1);
        n = n + with - 1;
        for (size_t i = 0; i < with; i++)
            text[at + i] = bytes[test_random(seed) % (sizeof bytes - 1)];
    }
    return n;
}

/* Each is taken, or refused with its place; nothing else. Most of the file is a
 * template, which one byte makes another. */
TEST(a_thousand_broken_tokenizer_configs)
{
    char folder[256], path[512], *target = realpath("models/storyteller/tokenizer.json",
                                                    NULL);
    uint64_t seed = 5;
    int taken = 0;

    snprintf(folder, sizeof folder, "%s", test_scratch("broken-tokenizer-configs"));
    snprintf(path, sizeof path, "%s/tokenizer.json", folder);
    expect(mkdir(folder, 0700) == 0 && symlink(target, path) == 0);
    snprintf(path, sizeof path, "%s/tokenizer_config.json", folder);
    for (int i = 0; i < 1000; i++) {
        char text[2 * sizeof GOOD_CONFIG] = GOOD_CONFIG;
        size_t length = i == 0 ? strlen(text) : break_text(text, strlen(text), &seed);
        Error error = {0};
        ChatTemplate chat;
        ModelDir dir;
        bool fine;

        test_write(path, text, length);
        expect_ok(modeldir_open(&dir, folder, MODELDIR_TOKENIZER, &error), &error);
        fine = modeldir_chat(&chat, &dir, NULL, &error);
        expect(i > 0 || fine);
        taken += fine;
        if (fine)
            chat_free(&chat);
        else
            expect(error.code == EXIT_INPUT
                   && (error_mentions(&error, folder)
                       || error_mentions(&error, "tokenizer_config.json")));
        modeldir_close(&dir);
    }
    expect(taken > 20 && taken < 500);
    free(target);
}

const Test modeldir_chat_tests[] = {
    { "a thousand broken tokenizer_config.json", a_thousand_broken_tokenizer_configs },
    { NULL, NULL },
};
