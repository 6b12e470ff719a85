/* memory.h - memory that is counted, and two ways to fail
 *
 * Rules of use:
 * 1. Small things (names, tables, a tokenizer) come from memory_get and friends,
 *    zeroed; when even that fails the process says so and exits 5.
 * 2. Large things (weights, cache, activations) come from memory_get_large, which
 *    comes back as an Error, before work starts.
 * 3. Both are given back by memory_give_back. Many small things with one
 *    lifetime live in an Arena and go at once.
 * 4. The token loop calls none of these: memory_count() proves it.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include "base/base.h"

void *memory_get(int count, size_t size);          /* zeroed; Owner: caller   */
void *memory_get_bytes(size_t bytes);              /* the same, one size      */
void *memory_grow(void *old, size_t bytes);        /* realloc; new part not zeroed */
char *memory_text(const char *text, size_t length);/* a copy, NUL-terminated  */
void *memory_get_large(size_t bytes, const char *what, Error *error);
                                                   /* 64-byte aligned, zeroed */
void memory_give_back(void *p);                    /* NULL is fine            */

/* [p, p + bytes) will be read from end to end, again and again: a wish for pages of
 * 2 MB. Before the first byte is touched. Nothing fails; no byte differs. */
void memory_want_huge_pages(void *p, size_t bytes);

size_t memory_count(void);      /* allocations so far, of all kinds above     */
size_t memory_peak(void);       /* bytes: the process's largest resident size */
size_t memory_machine(void);    /* bytes that the machine has                 */

typedef struct ArenaBlock ArenaBlock;
typedef struct { ArenaBlock *last; } Arena;        /* {0} is an empty arena   */

void *arena_get(Arena *arena, size_t bytes);       /* 16-byte aligned, zeroed */
char *arena_text(Arena *arena, const char *text, size_t length);
char *arena_print(Arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void arena_free(Arena *arena);

#endif
