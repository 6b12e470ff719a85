/* grading.h - what ./run grade, watch and --prove share
 *
 * Rules of use: grading_judge keeps a pass in the progress file; grading_show is the
 * report for a person, without the headline.
 */
#ifndef GRADING_H
#define GRADING_H

#include "chapters/commands/judging.h"

bool grading_judge(Verdict *v, Course *course, Task *task, const Options *o, Error *error);
void grading_show(const Verdict *v, Course *course, const Task *task, const Options *o);

/* ./run grade --prove: the skeletons fail, the answers pass, the mutants fail. */
bool prove_course(int *code, Course *course, const Options *o, Error *error);

#endif
