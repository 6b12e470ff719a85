/* building.h - an answer, its key, the judge and the engine become a program
 *
 * Rules of use: Errors are exit 4 (the compiler cannot be started, the grader's own
 * files do not compile), 5 (the disk is full) and 130; an answer that does not compile
 * is no error.
 */
#ifndef BUILDING_H
#define BUILDING_H

#include "base/utf8.h"
#include "chapters/commands/course.h"

/* checked: sanitizers, what is graded. debug: -O0, for the debugger. fast: Race. */
typedef enum { BUILD_CHECKED, BUILD_DEBUG, BUILD_FAST } Build;

/* The folders, and whether the compiler's sanitizers work here: course->sanitizers. Once
 * is enough; building_program calls it. */
bool building_prepare(Course *course, Error *error);

/* *built is false when the answer does not compile; said: the compiler's words, its
 * warnings too. */
bool building_program(bool *built, Text *said, Course *course, const Task *task,
                      const char *answer, Build build, const char *program, Error *error);

#endif
