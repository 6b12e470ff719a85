/* watch.h - long work can be followed and stopped
 *
 * Rules of use: whoever starts long work may lend it a Watch. The work calls
 * watch_go_on between steps; false means stop, clean up and return an Error
 * with EXIT_INTERRUPTED. A NULL Watch never stops anything.
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {            /* done of total steps are finished; false: stop */
    bool (*callback)(void *context, size_t done, size_t total);
    void *context;          /* the callback's own                           */
} Watch;

static inline bool watch_go_on(const Watch *watch, size_t done, size_t total)
{
    return watch == NULL || watch->callback(watch->context, done, total);
}

#endif
