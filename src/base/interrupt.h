/* interrupt.h - Ctrl-C as a flag that long work looks at
 *
 * Rules of use: the driver calls interrupt_watch once; from then on the first
 * Ctrl-C (or SIGTERM, SIGHUP) sets the flag, a second one ends the process the usual way.
 */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>

void interrupt_watch(void);
bool interrupt_asked(void);
void interrupt_clear(void);         /* a chat goes on after one             */

#endif
