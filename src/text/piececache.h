/* piececache.h - pieces that were met before in this text, and their ids
 *
 * Rules of use: the cache is KNOWN_PIECES slots, zeroed, and knows nothing then. What
 * its slot does not hold is to be filled in; what has no room there stays unknown.
 */
#ifndef PIECECACHE_H
#define PIECECACHE_H

#include "base/base.h"

#define KNOWN_PIECES 8192           /* a power of two                        */
#define KNOWN_BYTES 30
#define KNOWN_IDS 8

typedef struct {                    /* 64 bytes: one line of the cache       */
    uint8_t length;                 /* of the piece; 0: nothing stands here  */
    uint8_t count;                  /* of the ids                            */
    char piece[KNOWN_BYTES];
    int id[KNOWN_IDS];
} KnownPiece;

KnownPiece *piececache_slot(KnownPiece *cache, const char *piece, size_t length);
bool piececache_holds(const KnownPiece *slot, const char *piece, size_t length);
void piececache_fill(KnownPiece *slot, const char *piece, size_t length,
                     const int *id, int count);

#endif
