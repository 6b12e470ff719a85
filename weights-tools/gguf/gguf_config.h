/* gguf_config.h - the model that a GGUF file holds, as config.json tells it
 *
 * Rules of use: gguf_config_read fills what the keys and tensors say; the ids of begin
 * and end come from the vocabulary (gguf_vocabulary.h). gguf_config_write makes
 * config.json of it, and config_read gets the same Config back.
 */
#ifndef GGUF_CONFIG_H
#define GGUF_CONFIG_H

#include "files/json_write.h"
#include "model/config.h"
#include "weights-tools/gguf/gguf.h"

/* Errors: exit 3, naming the key: an architecture, a scaling, a trait that is not
 * supported; a number that is missing or out of range. */
bool gguf_config_read(Config *config, const Gguf *gguf, Error *error);

/* dtype: F32, F16 or BF16, what the matrices will hold. */
void gguf_config_write(JsonWriter *w, const Config *config, Dtype dtype);
void gguf_generation_write(JsonWriter *w, const Config *config);

#endif
