/* machine.c - what this processor is called, what compiled us, and what day it is
 *
 *      /proc/cpuinfo     model name : AMD EPYC 7763 64-Core Processor
 *                                     └──────────────┬─────────────┘
 *      uname                           aarch64 ──────┤   where there is no such line
 *                                                    ▼
 *      a report          processor    "AMD EPYC 7763 64-Core Processor"
 *                        compiler     "gcc 12.2.0"
 *                        date         "2026-05-17T09:30:00Z"
 *
 * A speed without the name of the processor is half a number: nobody can say later
 * whether the program became slower or the machine another one. Results are
 * compared only between machines that call themselves the same.
 *
 * The date is that of the wall clock, in UTC, so that lines from two places sort as
 * they happened. Durations never come from it (base/clock.c says why).
 *
 * Read next: measure/report.c.
 */
#include "base/machine.h"

#include <stdio.h>          /* fopen: /proc/cpuinfo                          */
#include <string.h>         /* strncmp, strchr                               */
#include <sys/utsname.h>    /* uname                                         */
#include <time.h>           /* time, gmtime_r, strftime                      */

/* The first line that names a model; processors other than x86 have none there and
 * are called by their architecture. */
const char *machine_processor(char out[MACHINE_TEXT])
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    struct utsname name;
    char line[256];

    snprintf(out, MACHINE_TEXT, "%s", uname(&name) == 0 ? name.machine : "unknown");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');

        if (strncmp(line, "model name", strlen("model name")) != 0 || colon == NULL)
            continue;
        colon += 1 + strspn(colon + 1, " \t");
        snprintf(out, MACHINE_TEXT, "%.*s", (int)strcspn(colon, "\n"), colon);
        break;
    }
    if (file != NULL)
        fclose(file);
    return out;
}

const char *machine_compiler(char out[MACHINE_TEXT])
{
#if defined(__clang__)
    snprintf(out, MACHINE_TEXT, "clang %d.%d.%d", __clang_major__, __clang_minor__,
             __clang_patchlevel__);
#elif defined(__GNUC__)
    snprintf(out, MACHINE_TEXT, "gcc %d.%d.%d", __GNUC__, __GNUC_MINOR__,
             __GNUC_PATCHLEVEL__);
#else
    snprintf(out, MACHINE_TEXT, "unknown");
#endif
#if defined(__OPTIMIZE__)
    return out;
#else
    return strcat(out, " -O0");
#endif
}

const char *machine_date(char out[MACHINE_TEXT])
{
    time_t now = time(NULL);
    struct tm parts = {0};

    gmtime_r(&now, &parts);
    strftime(out, MACHINE_TEXT, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return out;
}
