/* tasks.h - what the reader writes in chapter 01's exercises, and what is given
 *
 * Rules of use: skeletons, answers and keys include it. What each function must do
 * stands in its skeleton. What is given is defined in the exercise's key.
 */
#ifndef CHAPTER01_TASKS_H
#define CHAPTER01_TASKS_H

#include <limits.h>
#include <stddef.h>

/* 01.1: how many bytes a character has that begins with this byte; 0: none does. */
int my_character_bytes(unsigned char first);

/* 01.2: merge the ids [n] until nothing merges; returns how many are left. */
typedef struct Merges Merges;
int my_merge_all(int *id, int n, const Merges *merges);
#define WORST INT_MAX               /* the rank of a pair that never merges  */
int rank_of(const Merges *merges, int left, int right);     /* given         */
int both_as_one(const Merges *merges, int left, int right); /* given: the id */

/* 01.3: how many bytes at the end are half a character, and must wait. */
size_t my_utf8_tail(const char *bytes, size_t length);

/* 01.4: out receives ids, at most one for each byte of word; returns how many. */
int my_longest_match(int *out, const char *word, const char *const *piece,
                     int pieces, int unknown);

#endif
