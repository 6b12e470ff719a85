/* splitter.h - cut a text into the pieces that are merged by themselves
 *
 * Rules of use: const after splitter_init. splitter_run calls emit for each piece, in
 * order, none of them empty; a piece lives until emit returns.
 */
#ifndef SPLITTER_H
#define SPLITTER_H

#include "base/utf8.h"
#include "text/component.h"
#include "text/pretokenize.h"

#define SPLITTER_STEPS (3 * COMPONENTS) /* ByteLevel is up to three of them */

typedef struct {
    enum {
        SPLITTER_PATTERN,       /* cut at the matches of a known pattern    */
        SPLITTER_LITERAL,       /* … of a plain text                        */
        SPLITTER_DIGITS,        /* … at each digit                          */
        SPLITTER_NUMBERS,       /* … at each run of digits                  */
        SPLITTER_BLANK,         /* put a blank in front, if none is there   */
        SPLITTER_BYTES,         /* spell each byte in the byte alphabet     */
    } kind;
    const SplitPattern *pattern;
    const char *literal;
    size_t literal_length;
    bool matches, gaps;         /* which become pieces                      */
} SplitterStep;

typedef struct {
    SplitterStep step[SPLITTER_STEPS];
    int count;
    Arena arena;
} Splitter;

typedef struct {
    Text text[SPLITTER_STEPS];  /* what BLANK and BYTES write               */
} SplitterWork;                 /* {0}                                      */

typedef void SplitterEmit(void *arg, const char *piece, size_t length);

/* file: the root of tokenizer.json. */
bool splitter_init(Splitter *splitter, const Json *file, Error *error);
void splitter_free(Splitter *splitter);
void splitter_run(const Splitter *splitter, SplitterWork *work,
                  const char *text, size_t length, SplitterEmit *emit,
                  void *arg);
void splitter_work_free(SplitterWork *work);

#endif
