/* settings.h - what the environment says about the hub
 *
 * Rules of use: read once. The token goes into curl's stdin and nowhere else: not into
 * a message, a file, an argument.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "files/hubcache.h"

#define SETTINGS_ADDRESS 1024

typedef struct {
    char endpoint[SETTINGS_ADDRESS];    /* HF_ENDPOINT, no slash at the end  */
    char github[SETTINGS_ADDRESS];      /* BILLION_GITHUB: a mirror of raw files */
    char token[512];                    /* "": none                          */
    char cache[HUBCACHE_PATH];          /* the hub cache's root              */
    char bench[HUBCACHE_PATH];          /* see benchplace.h                  */
    bool offline;                       /* HF_HUB_OFFLINE                    */
    bool links;                         /* unless HF_HUB_DISABLE_SYMLINKS    */
    int silence;                        /* seconds without a byte that end a
                                           connection: HF_HUB_DOWNLOAD_TIMEOUT */
} Settings;

/* Errors: exit 2, a variable that cannot be used, named. */
bool settings_read(Settings *settings, Error *error);

#endif
