/* mapfile.h - a whole file as an array of bytes, without reading it
 *
 * Rules of use: the bytes are const and live until mapfile_close; a file of no
 * bytes is fine (size 0). Folders, pipes and devices are refused by name.
 * A file that another program cuts short while it is mapped would crash us
 * (SIGBUS); mapfile_check looks whether the size is still what it was.
 */
#ifndef MAPFILE_H
#define MAPFILE_H

#include "base/base.h"

typedef struct {
    const unsigned char *bytes;     /* [size], read-only                    */
    size_t size;
    char *path;                     /* as given, for messages               */
    int descriptor;                 /* stays open, for mapfile_check        */
} MapFile;

bool mapfile_open(MapFile *file, const char *path, Error *error);
bool mapfile_check(const MapFile *file, Error *error);
void mapfile_close(MapFile *file);

/* What git leaves instead of a large file when its large-file extension is not
 * there: a note of some 130 bytes. false, with what to do, when file is one. */
bool mapfile_refuse_pointer(const MapFile *file, Error *error);

/* The pages of bytes [begin, end) have been used and will not be soon:
 * the system may take the memory back (it reads them again if asked). */
void mapfile_give_back(const MapFile *file, size_t begin, size_t end);

bool path_is_there(const char *path);       /* a link to nowhere is there too */
bool path_is_folder(const char *path);      /* or a link to one              */
bool path_is_link(const char *path);        /* whatever it leads to          */
bool path_is_file(const char *path);        /* a regular one, or a link to it */

#endif
