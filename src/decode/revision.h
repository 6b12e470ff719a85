/* revision.h - a model as it was at one moment of its making: name@revision
 *
 * Rules of use: for a revision that is not on this machine; what is there needs no
 * leave.
 */
#ifndef REVISION_H
#define REVISION_H

#include "base/base.h"

/* Can "org/name@revision" exist? Where the revisions are known (Pythia), a wrong one
 * is an Error, exit 2, with the nearest that exist; elsewhere any name may. */
bool revision_check(const char *repository, Error *error);

#endif
