/* companions.h - what lies beside a model's weights, copied into a new folder
 *
 * Rules of use: the folder is open (newfolder.h) and holds none of these yet.
 */
#ifndef COMPANIONS_H
#define COMPANIONS_H

#include "weights-tools/common/newfolder.h"

/* The tokenizer, its settings, wishes, chat template and licence, as far as they lie
 * in the folder `from`. *tokenizer: there is a tokenizer.json among them.
 * Errors: reading (exit 3), writing (3, 5). */
bool companions_copy(NewFolder *to, const char *from, bool *tokenizer, Error *error);

#endif
