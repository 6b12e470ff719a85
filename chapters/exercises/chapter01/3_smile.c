/* 3_smile.c - exercise 01.3, Hunt: a third of a smile
 *
 *      tokens   " caf"     "é"      " "   "😀" in two tokens
 *      bytes    20 63 61 66  C3 A9   20    F0 9F 98   80
 *                                          └─ wait ─┘ └─► now all four go out
 *
 * A model writes token by token, and its answer is shown while it comes. A token may
 * end in the middle of a character. Whoever shows those bytes at once shows rubbish,
 * so a stream holds them back until the rest has come. This function says how many
 * bytes at the end of `bytes` have to wait: they are the beginning of a character
 * whose other bytes are missing.
 *
 *      bytes [length]           answer
 *      20 63 61 66              0     all letters are whole
 *      63 61 66 C3              1     C3 wants one more
 *      63 61 66 C3 A9           0     é is whole
 *
 * What people reported: "Accents are fine: café, naïve, Müller. But 😀 comes out as
 * four little boxes, and € sometimes as three, sometimes as it should."
 *
 * Find the fault and mend it. How many bytes a character has is told by its first byte
 * (exercise 01.1); all later ones are 80 … BF. The texts are valid UTF-8 that was cut
 * somewhere: you need not look for anything worse.
 */
#include "chapters/exercises/chapter01/tasks.h"

/* your code begins */
size_t my_utf8_tail(const char *bytes, size_t length)
{
    for (size_t back = 1; back <= 3 && back <= length; back++) {
        unsigned char b = (unsigned char)bytes[length - back];

        if (b < 0x80)
            return 0;                   /* a letter, whole by itself         */
        if (b >= 0xC0)                  /* the first byte of a character:    */
            return back < 2 ? back : 0; /* is its other one here?            */
    }
    return 0;
}
/* your code ends */
