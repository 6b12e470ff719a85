/* roofline.h - how near to a machine's two walls some programs come, as a picture
 *
 * Rules of use: as pictures.h. Data: {"bandwidth": …, "peak": …, "points": [{"label",
 * "work", "speed"}]}: bytes/s, operations/s, operations for each byte.
 */
#ifndef ROOFLINE_H
#define ROOFLINE_H

#include "chapters/lesson/lesson.h"

typedef struct {
    const char *label;          /* "16 rows at once"                         */
    double work;                /* operations for each byte that is read, > 0 */
    double speed;               /* operations per second, > 0                */
} RoofPoint;

/* n at most 26: points are letters. */
void picture_roofline(Lesson *l, const char *key, double bandwidth, double peak,
                      const RoofPoint *point, int n);

#endif
