/* utf8_scan.h - one code point out of bytes, and into bytes: the whole of UTF-8
 *
 *      bits    first byte   then, each 10xxxxxx      the first of these must be
 *        7     0xxxxxxx     none
 *       11     110xxxxx     one                      (first byte from C2 on)
 *       16     1110xxxx     two                      after E0: A0 … BF
 *                                                    after ED: 80 … 9F
 *       21     11110xxx     three                    after F0: 90 … BF
 *                                                    after F4: 80 … 8F
 *
 * The last column is what keeps a text from having two spellings (overlong
 * forms), halves of UTF-16 pairs, and points above U+10FFFF.
 *
 * Source: The Unicode Standard 16.0, table 3-7 and section 3.9.
 */
#ifndef UTF8_SCAN_H
#define UTF8_SCAN_H

#include "base/base.h"

/* The code point at bytes[0 … length-1], length >= 1.
 *
 *   returns  1 … 4: its bytes, and *point is set. -1 … -3: so many bytes are a
 *            beginning that nothing well-formed continues (the "maximal
 *            subpart"), to be shown as one U+FFFD; when that is all of length, more
 *            bytes might have completed it.
 */
static inline int utf8_scan(uint32_t *point, const char *bytes, size_t length)
{
    unsigned lead = (unsigned char)bytes[0], low = 0x80, high = 0xBF;
    int need = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;

    if (lead < 0x80) {
        *point = lead;
        return 1;
    }
    if (lead < 0xC2 || lead > 0xF4)
        return -1;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
    *point = lead & (0x7Fu >> need);
    for (int i = 1; i < need; i++) {
        unsigned next = (size_t)i < length ? (unsigned char)bytes[i] : 0;

        if (next < low || next > high)
            return -i;
        *point = *point << 6 | (next & 0x3F);
        low = 0x80, high = 0xBF;
    }
    return need;
}

/* Returns the bytes written, 1 … 4; point is no surrogate and <= 0x10FFFF. */
static inline int utf8_put(char *bytes, uint32_t point)
{
    int need = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

    for (int i = need - 1; i > 0; i--, point >>= 6)
        bytes[i] = (char)(0x80 | (point & 0x3F));
    bytes[0] = (char)(need == 1 ? point : (0xF00u >> need & 0xFF) | point);
    return need;
}

#endif
