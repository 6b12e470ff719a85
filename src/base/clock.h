/* clock.h - seconds since some fixed moment, never running backwards */
#ifndef CLOCK_H
#define CLOCK_H

double clock_seconds(void);

#endif
