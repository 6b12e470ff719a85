/* byte_tokenizer.h - a tokenizer.json for a model that has none
 *
 * Rules of use: for models with random weights: every text can be encoded and every
 * id of the model decoded; nothing is compressed.
 */
#ifndef BYTE_TOKENIZER_H
#define BYTE_TOKENIZER_H

#include "base/utf8.h"
#include "model/config.h"

/* The file's text, added to out. false: config has no room for 256 bytes and the
 * tokens that begin and end a text. */
bool byte_tokenizer(Text *out, const Config *config);

#endif
