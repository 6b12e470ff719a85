/* quality.h - one model in several number formats: what each costs, and what it loses
 *
 * Rules of use: variants_make, variants_score, variants_time, and variants_free. The first
 * variant is the model as its file has it; it is borrowed. Times are this machine's.
 */
#ifndef QUALITY_H
#define QUALITY_H

#include "chapters/commands/common.h"

enum { AS_FILE, AS_INT8, AS_INT4, AS_Q4_0, VARIANTS };

#define PASSES 4
extern const int pass_tokens[PASSES];       /* 1, 2, 4, 8                    */

typedef struct {
    const char *name;               /* "BF16", "int8", "int4", "Q4_0"        */
    Model model;                    /* its own, but for AS_FILE              */
    bool made;                      /* false: left out                       */
    double bytes;                   /* of its weights                        */
    double bits;                    /* for each number of its matrices       */
    double read;                    /* bytes that one pass reads             */
    double operations;              /* of one token                          */
    double perplexity, bits_per_byte;
    double seconds[PASSES];         /* of a pass of so many tokens           */
} Variant;

typedef struct {
    Variant v[VARIANTS];
    const OpenModel *m;
    Format kv;                      /* of every session                      */
    int tokens;                     /* of the text that were scored          */
    const char *text;               /* where it came from                    */
} Variants;

/* int8 and int4 by model_quantize. Q4_0: the matrices that are int4 in the other
 * narrowed to Q4_0 and widened to float32, those that are int8 to Q8_0; left out where that
 * would take more than 2 GB. Errors: those of model_quantize; memory. */
bool variants_make(Variants *vs, const OpenModel *m, Error *error);
void variants_free(Variants *vs);

/* Perplexity on the first tokens of --file, or of a book that the model did not see:
 * fewer for a larger model. Errors: no text, those of perplexity. */
bool variants_score(Variants *vs, const Options *options, Error *error);

/* Passes of 1, 2, 4 and 8 tokens, each token's logits wanted; the best of several rounds
 * that visit all formats. Q4_0 is not timed: here it is float32. */
bool variants_time(Variants *vs, Error *error);

#endif
