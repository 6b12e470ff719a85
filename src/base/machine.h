/* machine.h - what this processor is called, what compiled us, and what day it is
 *
 * Rules of use: for reports that people compare; nothing that is computed depends on it.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include "base/base.h"

#define MACHINE_TEXT 128

/* Each fills out and returns it. */
const char *machine_processor(char out[MACHINE_TEXT]);  /* "AMD EPYC 7763 …" */
const char *machine_compiler(char out[MACHINE_TEXT]);   /* "gcc 12.2.0"      */
const char *machine_date(char out[MACHINE_TEXT]);       /* "2026-05-17T09:30:00Z" */

#endif
