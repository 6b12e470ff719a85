/* 1_bytes.c - exercise 01.1: how long is a character?
 *
 *      the text     a     é        €           😀
 *      its bytes    61    C3 A9    E2 82 AC    F0 9F 98 80
 *                   ▲     ▲        ▲           ▲
 *                   └─────┴────────┴───────────┴── the first byte tells how many
 *
 * A text is a row of bytes. In UTF-8, the way nearly all text is stored, a character
 * takes one to four of them, and its first byte alone says how many. A tokenizer asks
 * this for every character that it reads.
 *
 *      first byte     in binary      the character has
 *      00 … 7F        0xxxxxxx       1 byte
 *      C2 … DF        110xxxxx       2 bytes
 *      E0 … EF        1110xxxx       3 bytes
 *      F0 … F4        11110xxx       4 bytes
 *      all others     no character begins with such a byte: answer 0
 *
 * All others are 80 … BF (they stand further back in a character), C0 and C1 (they
 * would say in two bytes what one can say), F5 … FF (too large: Unicode ends before).
 *
 * Your task: the function below. In C these numbers are written 0x7F, 0xC2, and so on,
 * and `if (first <= 0x7F) return 1;` is a beginning.
 *
 * By hand: my_character_bytes(0x61) is 1, my_character_bytes(0xE2) is 3,
 * my_character_bytes(0x82) is 0.
 */
#include "chapters/exercises/chapter01/tasks.h"

int my_character_bytes(unsigned char first)
{
/* your code begins */
    (void)first;                /* take this line away                       */
    return 0;
/* your code ends */
}
