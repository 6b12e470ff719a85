/* benchplace.h - where the questions of benchmarks lie
 *
 * The rule, for whoever reads them: the folder is
 *
 *      $XDG_CACHE_HOME/billion-llm/bench, else ~/.cache/billion-llm/bench
 *
 *      mmlu/dev/SUBJECT_dev.csv        mmlu/test/SUBJECT_test.csv      57 subjects
 *      mmlu/SHA256SUMS                 as the program sha256sum writes it
 *      humaneval/HumanEval.jsonl.gz
 *
 * The CSV files are those of MMLU's authors: no header row, the answer a letter from A
 * to D in the last column. (Other packagings have a header and 0 to 3.)
 */
#ifndef BENCHPLACE_H
#define BENCHPLACE_H

#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

/* Into path [room]. false: no variable says and there is no home, or too long. */
static inline bool benchplace(char *path, size_t room)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n = -1;

    if (cache != NULL && cache[0] == '/')
        n = snprintf(path, room, "%s/billion-llm/bench", cache);
    else if (home != NULL && home[0] != '\0')
        n = snprintf(path, room, "%s/.cache/billion-llm/bench", home);
    return n >= 0 && (size_t)n < room;
}

#endif
