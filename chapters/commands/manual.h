/* manual.h - the option table as a manual, and as what Tab offers in three shells
 *
 * Rules of use: for `make install`; words end with a NULL name.
 */
#ifndef MANUAL_H
#define MANUAL_H

#include "base/options.h"

void manual_page(FILE *out, const Word *words);     /* roff, of section 1    */

/* The script that a shell (bash, zsh, fish) reads. Errors: exit 2, another shell. */
bool manual_completions(FILE *out, const char *shell, const Word *words, Error *error);

#endif
