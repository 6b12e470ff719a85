/* speedtable.h - versions as lines of a table: expected, measured, and what it brought
 *
 * Rules of use: walls are filled in before. speed_line times a version and keeps its
 * line; speed_table draws the lines and forgets them. Points stay, for the roof.
 */
#ifndef SPEEDTABLE_H
#define SPEEDTABLE_H

#include "chapters/lesson/pictures.h"
#include "chapters/lesson/roofline.h"
#include "chapters/lesson/versions.h"
#include "measure/walls.h"

#define SPEEDTABLE_LINES 12
#define SPEEDTABLE_BUDGET 0.008     /* seconds for one version               */

typedef struct {
    Arena arena;                    /* the cells' texts                      */
    Walls walls;
    const char *cell[SPEEDTABLE_LINES * 6];
    int lines;
    double step;                    /* seconds of the best version before    */
    RoofPoint point[SPEEDTABLE_LINES];
    int points;
} SpeedTable;

/* Multiply-adds of one row of x with W. */
double speed_products(const Matrix *w);

/* Equations (2) and (3) of chapter09_speed: seconds for T rows of x, with one thread or
 * with all. */
double speed_by_walls(const Walls *walls, const Matrix *w, int T, bool all);

/* refused: its bits are others, and nothing is measured against it. */
Timed speed_line(SpeedTable *s, Ring *r, const char *name, Version *version,
                      double expected, bool refused);
void speed_table(Lesson *l, SpeedTable *s, const char *key);

void speed_point(SpeedTable *s, const char *label, const Matrix *w, int T,
                      double seconds);

#endif
