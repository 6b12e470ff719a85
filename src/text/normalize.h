/* normalize.h - NFC: one spelling for é, whether it came as one code point or two
 *
 * Rules of use: input is valid UTF-8; output is appended.
 */
#ifndef NORMALIZE_H
#define NORMALIZE_H

#include "base/utf8.h"

void normalize_nfc(Text *out, const char *bytes, size_t length);

#endif
