/* transfer.h - carry out a plan: bytes, checksums, names
 *
 * Rules of use: a plan that was stopped, by whatever, is gone on with by making it again.
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#include "weights-tools/hub/plan.h"

/* Errors: exit 4 network, checksum, sizes; 5 disk; 130 Ctrl-C. What has come is kept. */
bool transfer_plan(Plan *plan, const Settings *settings, Error *error);

#endif
