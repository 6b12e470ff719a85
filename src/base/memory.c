/* memory.c - memory that is counted, and two ways to fail
 *
 *   small things                         large things
 *   memory_get ──┐                       memory_get_large ──┐
 *                ▼                                          ▼
 *      ┌──────────────────┐  none left?         ┌──────────────────┐
 *      │ the C library's  │──► say so, exit 5   │ the C library's  │──► an Error
 *      └──────────────────┘                     └──────────────────┘   before work
 *                ▲                                                     starts
 *   arena_get ───┘  blocks of 64 KiB, cut up from the front:
 *
 *      last ──► ┌────────────────────────┐    ┌────────────────────────┐
 *               │ before │ used ▓▓▓▓░░░░ │───►│ before │ used ▓▓▓▓▓▓▓▓ │──► NULL
 *               └────────────────────────┘    └────────────────────────┘
 *
 * Checking every small allocation would put an error path beside every line
 * that remembers a name, and none of these paths would ever be tested. So small
 * ones cannot fail: if the machine has not even that, the process ends with a
 * sentence. Weights, caches and activations are another matter: a person asked
 * for more than there is, and gets an Error that says how much was asked for.
 *
 * All but what memory_grow adds is zeroed, so that a forgotten field has the same
 * value in every run; and counted, so that a test can prove that the token loop asks for
 * nothing.
 *
 * Read next: base/parallel.c.
 */
#include "base/memory.h"

#include <stdarg.h>         /* arena_print's values                         */
#include <stdio.h>          /* the sentence when nothing is left; /proc     */
#include <stdlib.h>         /* calloc, realloc, posix_memalign, free, exit  */
#include <string.h>         /* memcpy, memset                               */
#include <sys/mman.h>       /* madvise                                      */
#include <sys/resource.h>   /* getrusage: the largest resident size         */
#include <unistd.h>         /* sysconf: what the machine has                */

#define ARENA_BLOCK 65536   /* bytes; a larger wish gets a block of its own  */
#define ALIGNMENT 64        /* of large memory: one cache line              */
#define HUGE_PAGE ((size_t)2 << 20)     /* bytes, of x86-64 and aarch64     */

struct ArenaBlock {
    ArenaBlock *before;
    size_t used, room;      /* bytes of data                                */
    _Alignas(16) unsigned char data[];
};

static size_t memory_allocations;   /* one of the few globals of this house */

static _Noreturn void no_memory(size_t bytes)
{
    fprintf(stderr, "error: no memory for %zu bytes; close other programs or "
            "choose a smaller model\n", bytes);
    exit(EXIT_ROOM);
}

void *memory_get_bytes(size_t bytes)
{
    void *p = calloc(bytes > 0 ? bytes : 1, 1);

    memory_allocations++;
    if (p == NULL)
        no_memory(bytes);
    return p;
}

void *memory_get(int count, size_t size)
{
    must(count >= 0 && (size == 0 || (size_t)count <= SIZE_MAX / size),
         "%d things of %zu bytes", count, size);
    return memory_get_bytes((size_t)count * size);
}

void *memory_grow(void *old, size_t bytes)
{
    void *p = realloc(old, bytes > 0 ? bytes : 1);

    memory_allocations++;
    if (p == NULL)
        no_memory(bytes);
    return p;
}

char *memory_text(const char *text, size_t length)
{
    char *copy = memory_get_bytes(length + 1);

    memcpy(copy, text, length);
    return copy;
}

/* The pages are zeroed here, once and on this thread: a page that the system
 * promised but cannot give should fail now and not in the middle of a sentence.
 *
 *   what    "the key/value cache", for the Error
 *   Errors: exit 5, with the size that was asked for and what the machine has
 */
void *memory_get_large(size_t bytes, const char *what, Error *error)
{
    size_t align = bytes < HUGE_PAGE ? ALIGNMENT : HUGE_PAGE;
    size_t rounded = round_up(bytes, ALIGNMENT);
    void *p = NULL;

    if (rounded < bytes || bytes > memory_machine()
        || posix_memalign(&p, align, rounded > 0 ? rounded : ALIGNMENT) != 0)
        p = NULL;
    memory_allocations++;
    if (p == NULL) {
        error_code(error, EXIT_ROOM, "no memory for %s: it needs %.1f MB and "
                   "this machine has %.0f MB in all; a smaller --ctx, --kv f16 "
                   "or a smaller model needs less", what, (double)bytes / 1e6,
                   (double)memory_machine() / 1e6);
        return NULL;
    }
    memory_want_huge_pages(p, rounded);
    memset(p, 0, rounded);
    return p;
}

/* Where a byte lies is looked up for each page of memory, and the processor remembers
 * some 2,000 such answers: 8 MB of pages of 4 KB, and a model has 2 GB. With pages
 * of 2 MB they reach for 4 GB. Linux gives them to those who ask; for a file it
 * reads in such pieces what is not in its cache yet. Whole pages only; and where the
 * system has none, reading is slower and nothing else. */
void memory_want_huge_pages(void *p, size_t bytes)
{
#if defined(MADV_HUGEPAGE)
    if (bytes >= HUGE_PAGE)
        madvise(p, bytes, MADV_HUGEPAGE);
#else
    (void)p, (void)bytes;
#endif
}

void memory_give_back(void *p)
{
    free(p);
}

size_t memory_count(void)
{
    return memory_allocations;
}

/* Linux: the line "VmHWM: 12345 kB" of /proc/self/status, the high-water mark of
 * this program. ru_maxrss, which others have, counts on Linux what the process
 * had before it became this program too: started from a large one, a small one
 * would seem large. macOS counts it in bytes. */
size_t memory_peak(void)
{
    struct rusage usage;
#if defined(__linux__)
    FILE *status = fopen("/proc/self/status", "r");
    char line[128];
    size_t kib = 0;

    while (status != NULL && kib == 0 && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmHWM: %zu kB", &kib) != 1)
            kib = 0;
    if (status != NULL)
        fclose(status);
    if (kib > 0)
        return kib * 1024;
#endif
    if (getrusage(RUSAGE_SELF, &usage) != 0 || usage.ru_maxrss < 0)
        return 0;
#if defined(__APPLE__)
    return (size_t)usage.ru_maxrss;
#else
    return (size_t)usage.ru_maxrss * 1024;
#endif
}

size_t memory_machine(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

    if (pages <= 0 || size <= 0)
        return SIZE_MAX;            /* unknown: let the allocation decide   */
    return (size_t)pages * (size_t)size;
}

/* From the front of the last block, or of a new one. Cost: a few instructions. */
void *arena_get(Arena *arena, size_t bytes)
{
    size_t need = round_up(bytes, 16);
    ArenaBlock *block = arena->last;

    if (need < bytes || need > SIZE_MAX / 2)
        no_memory(bytes);           /* wrapped round 2^64, or would below    */
    if (block == NULL || block->room - block->used < need) {
        size_t room = need > ARENA_BLOCK ? need : ARENA_BLOCK;

        block = memory_get_bytes(sizeof *block + room);
        block->before = arena->last;
        block->room = room;
        arena->last = block;
    }
    block->used += need;
    return block->data + block->used - need;
}

char *arena_text(Arena *arena, const char *text, size_t length)
{
    char *copy = arena_get(arena, length + 1);

    memcpy(copy, text, length);
    return copy;
}

/* printf into the arena, as long as it gets. */
char *arena_print(Arena *arena, const char *format, ...)
{
    va_list values, again;
    char *text;
    int length;

    va_start(values, format);
    va_copy(again, values);
    length = vsnprintf(NULL, 0, format, values);
    must(length >= 0, "printf cannot print \"%s\"", format);
    text = arena_get(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(values);
    va_end(again);
    return text;
}

void arena_free(Arena *arena)
{
    while (arena->last != NULL) {
        ArenaBlock *before = arena->last->before;

        memory_give_back(arena->last);
        arena->last = before;
    }
}
