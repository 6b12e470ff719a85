/* split_tool.c - our classes, cuts and NFC behind a pipe, for pretokenize.py
 *
 *      split_tool classes              one byte per code point: UnicodeClass, and
 *                                      4 more when Digits would split it off
 *      split_tool split REGEX < texts  per text: count, then count lengths
 *      split_tool nfc < texts          per text: length, then bytes
 *
 * A text is its length and its bytes. All numbers are 32-bit, in this machine's
 * order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "text/normalize.h"
#include "text/pretokenize.h"
#include "text/unicode_class.h"

static void put(uint32_t number)
{
    fwrite(&number, sizeof number, 1, stdout);
}

/* The next text of stdin, NUL-terminated; NULL at the end. Owner: caller. */
static char *get_text(uint32_t *length)
{
    char *text;

    if (fread(length, sizeof *length, 1, stdin) != 1)
        return NULL;
    text = memory_get_bytes((size_t)*length + 1);
    if (fread(text, 1, *length, stdin) != *length) {
        fprintf(stderr, "split_tool: the texts end in the middle of one\n");
        exit(1);
    }
    return text;
}

static void classes(void)
{
    for (uint32_t point = 0; point <= 0x10FFFF; point++)
        putchar((int)unicode_class(point) + (unicode_is_digit(point) ? 4 : 0));
}

static void split(const SplitPattern *pattern, const char *text, size_t length)
{
    uint32_t *piece = memory_get_bytes((length + 1) * sizeof *piece);
    uint32_t count = 0;

    for (size_t at = 0; at < length; at += piece[count++])
        if ((piece[count] = (uint32_t)pattern->match(text, length, at)) == 0) {
            fprintf(stderr, "split_tool: no match at %zu\n", at);
            exit(1);
        }
    put(count);
    fwrite(piece, sizeof *piece, count, stdout);
    memory_give_back(piece);
}

static void nfc(const char *text, size_t length)
{
    Text out = {0};

    normalize_nfc(&out, text, length);
    put((uint32_t)out.length);
    fwrite(out.bytes, 1, out.length, stdout);
    text_free(&out);
}

int main(int argc, char **argv)
{
    const SplitPattern *pattern = NULL;
    Error error = {0};
    uint32_t length;
    char *text;

    if (argc == 2 && strcmp(argv[1], "classes") == 0) {
        classes();
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "split") == 0) {
        if (!pretokenize_pattern(&pattern, argv[2], strlen(argv[2]), &error))
            return error_report(&error);
    } else if (argc != 2 || strcmp(argv[1], "nfc") != 0) {
        fprintf(stderr, "usage: split_tool classes | split REGEX | nfc\n");
        return 2;
    }
    while ((text = get_text(&length)) != NULL) {
        if (pattern != NULL)
            split(pattern, text, length);
        else
            nfc(text, length);
        memory_give_back(text);
    }
    return ferror(stdout) != 0;
}
