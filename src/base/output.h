/* output.h - what is said on stdout arrives, or the program says why not
 *
 * Rules of use: the driver calls output_watch once at the start and output_end
 * once at the end. In between everybody prints without looking; who writes for
 * long asks output_lost now and then and stops.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "base/base.h"

void output_watch(void);        /* before any file is opened. A reader that
                                   goes away becomes an error, not the sudden
                                   end of this process; so does a stream that
                                   is closed from the start                 */
void output_unwatch(void);      /* for a program that this one becomes or starts:
                                   it would inherit the ignored signals      */
bool output_lost(void);         /* something could not be written           */

/* Errors: exit 5 for a full disk, 4 for a reader that went away and the rest. */
bool output_end(Error *error);

#endif
