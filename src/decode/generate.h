/* generate.h - write on: pick a token, show its text, feed it back
 *
 * Rules of use: one call reserves memory, reads the prompt and writes on; the
 * callback gets text as it settles; what came is in Generated. The token
 * loop allocates nothing.
 */
#ifndef GENERATE_H
#define GENERATE_H

#include "decode/acceptance.h"
#include "decode/modeldir.h"
#include "decode/session.h"
#include "decode/speculative.h"

typedef enum { STOP_LENGTH, STOP_EOS, STOP_STRING, STOP_INTERRUPTED } StopReason;

typedef struct {
    SamplingConfig sampling;
    uint64_t seed;
    int n;                          /* tokens at most                        */
    const int *eos;                 /* [eos_count] ids that end the text     */
    int eos_count;
    const char *const *stop;        /* [stops] strings that end the text     */
    int stops;
    int logprobs;                   /* K best per token, 0: none             */
    Draft *draft;                   /* who guesses ahead; NULL: nobody       */
    int guesses;                    /* K: 0 … DRAFT_MOST, or SPECULATIVE_AUTO */
    bool curious;                   /* p of every guess, for a report        */
    /* Called with text that is settled, in order. NULL: nobody listens. */
    void (*show)(void *context, const char *text, size_t length);
    void *context;
} GenerateOptions;

typedef struct { int id; float logprob; } TokenLogprob;

typedef struct {
    Ids ids;                        /* the answer, an end token included     */
    Text text;                      /* without special tokens and stop       */
    StopReason reason;
    double prompt_seconds, seconds; /* reading; writing                      */
    int prompt_tokens;              /* that were read: kept ones do not count */
    int logprobs;                   /* K                                     */
    float *logprob;                 /* [ids.count] of the chosen ids; NULL: K = 0 */
    TokenLogprob *best;             /* [ids.count, K]                        */
    Acceptance acceptance;          /* empty without a draft                 */
} Generated;

/* s: with a draft, from session_init_wide of speculative_rows(true, guesses).
 * Errors: as session_goto; exit 2 when there is no id to begin with. On 130 what
 * there is so far is in *out. Owner: the caller, generated_free, also then. */
bool generate(Generated *out, Session *s, const Tokenizer *tokenizer,
              const int *prompt, int prompt_count,
              const GenerateOptions *options, Error *error);
void generated_free(Generated *out);

/* "length", "eos", "stop"; and "interrupted". */
const char *stop_name(StopReason reason);

#endif
