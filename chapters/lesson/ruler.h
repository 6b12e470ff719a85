/* ruler.h - numbers on an axis, and below them the steps that they are rounded to
 *
 * Rules of use: as pictures.h. Rulers with the same reach can be compared.
 */
#ifndef RULER_H
#define RULER_H

#include "chapters/lesson/lesson.h"

/* x [n] from -reach to reach, and the steps d · low … d · high, each with its whole
 * number where there is room. d < 0: the ruler is turned round. Data: {"label", "step",
 * "low", "high", "reach", "values": […]}. */
void picture_ruler(Lesson *l, const char *key, const char *label, const float *x, int n,
                   float d, int low, int high, float reach);

#endif
