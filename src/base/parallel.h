/* parallel.h - the one place that knows threads
 *
 * Rules of use:
 * 1. parallel_for cuts 0 … n-1 into pieces of grain and calls body on each piece,
 *    on any thread, in any order. It returns when all are done.
 * 2. A body is void and cannot fail: every check comes before. It writes outputs
 *    that no other piece writes, and never adds to a sum of another piece: so any
 *    number of threads gives the same bits.
 * 3. worker is 0 … parallel_threads()-1 and names scratch memory, nothing else.
 * 4. Not to be called from inside a body.
 */
#ifndef PARALLEL_H
#define PARALLEL_H

typedef void ParallelBody(int begin, int end, int worker, void *arg);

void parallel_for(int n, int grain, ParallelBody *body, void *arg);

int parallel_cores(void);           /* that this process may use            */
int parallel_threads(void);         /* in use; parallel_cores() unless set  */
void parallel_set_threads(int n);   /* n >= 1; between two parallel_for     */
const char *parallel_kind(void);    /* "OpenMP", "POSIX threads", "one thread" */

#endif
