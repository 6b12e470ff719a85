/* words.h - everything that may stand after ./run, as one table
 *
 * Rules of use: a word, its function and its file have one name: chapterNN_name in
 * chapters/chapterNN_name.c, command_NAME in chapters/commands/NAME.c.
 */
#ifndef WORDS_H
#define WORDS_H

#include "base/options.h"

extern const Word words[];          /* chapters first; ends with a NULL name */

#define BILLION_VERSION "0.1.0"

int chapter00_map(const Options *options);
int chapter01_tokenizer(const Options *options);
int chapter02_weights(const Options *options);
int chapter03_layers(const Options *options);
int chapter04_attention(const Options *options);
int chapter05_sampling(const Options *options);
int chapter06_quantize(const Options *options);
int chapter07_speculative(const Options *options);
int chapter09_speed(const Options *options);

int command_tokenize(const Options *options);
int command_detokenize(const Options *options);
int command_logits(const Options *options);
int command_generate(const Options *options);
int command_speculative(const Options *options);
int command_benchmark(const Options *options);
int command_perplexity(const Options *options);
int command_models(const Options *options);

int command_grade(const Options *options);
int command_hint(const Options *options);
int command_list(const Options *options);
int command_reset(const Options *options);
int command_watch(const Options *options);
int command_tour(const Options *options);

#endif
