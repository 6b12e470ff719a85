/* listing.h - ask the hub what a repository holds, and what each file is
 *
 * Rules of use: every name, checksum and size that comes out has been checked.
 */
#ifndef LISTING_H
#define LISTING_H

#include "weights-tools/hub/plan.h"

/* The files of parcel->name that make a model; sets parcel's commit and count.
 * Returns NULL on Errors: exit 4, what the hub says; exit 3, no model that can be read.
 * Owner: the arena. */
const char **listing_ask(Parcel *parcel, const Settings *settings, Arena *arena,
                         Error *error);

/* One file's checksum and size, of piece->url. Errors: exit 4. */
bool listing_head(Piece *piece, const Parcel *parcel, const Settings *settings,
                  Error *error);

#endif
