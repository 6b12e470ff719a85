/* gguf_tokenizer.h - write a vocabulary as tokenizer.json and tokenizer_config.json
 *
 * Rules of use: the streams' own error flags tell of a full disk or memory.
 */
#ifndef GGUF_TOKENIZER_H
#define GGUF_TOKENIZER_H

#include "files/json_write.h"
#include "weights-tools/gguf/gguf_vocabulary.h"

/* Errors: those of gguf_merges. */
bool gguf_tokenizer_write(JsonWriter *w, const GgufVocabulary *v, Error *error);

/* context: max_position_embeddings. */
void gguf_tokenizer_config_write(JsonWriter *w, const GgufVocabulary *v, int context);

#endif
