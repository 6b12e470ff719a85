/* parallel.c - the one place that knows threads
 *
 *      parallel_for(n = 10, grain = 4)
 *
 *      pieces     ┌─ 0 1 2 3 ─┬─ 4 5 6 7 ─┬─ 8 9 ─┐
 *                 └─────┬─────┴─────┬─────┴───┬───┘
 *                       │           │         │      next: one atomic counter,
 *      worker 0 ────────┘           │         │      "whoever is free takes the
 *      (the caller)                 │         │      next piece"
 *      worker 1 ────────────────────┘         │
 *      worker 0 again ────────────────────────┘
 *
 * Which worker gets which piece depends on the weather: another program took a
 * core for a moment, one piece was slower. That is why the rules in the header
 * are strict. Where a piece begins and ends depends on n and grain only; a body
 * writes outputs of its own piece only; no sum is ever split. So the weather
 * decides when a number is computed, and never which number.
 *
 * Handing out pieces beats cutting n in equal shares beforehand, because a
 * share whose core was taken away makes everybody wait for it.
 *
 * Three builds from this page (THREADS= in the Makefile), the same bits from each:
 *
 *   POSIX threads   the usual one: a team of our own, below
 *   OpenMP          the compiler's own team, where it has one (Apple's clang has
 *                   not). Its rounds end when every member was there: on a machine
 *                   that is busy with other work a member without a core holds up
 *                   all of them
 *   one thread      the plain loop, for a debugger or a machine without threads
 *
 * A team is made once and then waits, because making a thread costs tens of µs,
 * and a model needs about 160 rounds per token. Waiting is itself a choice. A
 * thread that spins reacts at once, but burns a laptop's battery and steals the
 * core of somebody who works; one that sleeps costs a wake-up. So a member spins
 * for some 20 to 50 µs, then sleeps; and when there are more threads than cores it
 * sleeps at once. A member whose core is taken away is not waited for, unless it
 * is in the middle of a piece.
 *
 * Trap: a process that has a team must not fork and go on computing in the child:
 * the child has the team's memory and none of its threads, and would wait for
 * them forever. Fork first (tests/test.c does), or exec.
 *
 * Read next: base/options.c. Lesson: chapters/chapter09_speed.c.
 */
#include "base/parallel.h"

#include <sched.h>          /* sched_getaffinity: cores we are allowed       */
#include <stdatomic.h>      /* the counter of pieces                         */
#include <unistd.h>         /* sysconf: cores of the machine                 */

#include "base/base.h"      /* must, min_int, max_int                        */

#define MOST_CORES 1024     /* the range of --threads                        */

typedef struct {            /* one call of parallel_for                      */
    int n, grain;
    ParallelBody *body;
    void *arg;
    size_t pieces;          /* ⌈n / grain⌉                                   */
    atomic_size_t next;     /* the first piece that nobody took yet          */
} Job;

/* ---- begin and end of one piece, and taking pieces until none is left */

static void job_run_piece(const Job *job, size_t piece, int worker)
{
    int begin = (int)piece * job->grain;
    int rest = job->n - begin;          /* begin + grain could pass INT_MAX  */

    job->body(begin, begin + min_int(job->grain, rest), worker, job->arg);
}

/* Relaxed is enough: the counter says who, and hands over no data. That happens
 * when a round begins and when it ends. */
static void job_work(Job *job, int worker)
{
    size_t piece;

    while ((piece = atomic_fetch_add_explicit(&job->next, 1,
                                              memory_order_relaxed))
           < job->pieces)
        job_run_piece(job, piece, worker);
}

#if defined(THREADS_OPENMP)

#include <omp.h>

static struct {
    int threads;            /* asked for; 0: parallel_cores()                */
    bool inside;            /* a parallel_for is running                     */
} pool;

/* The implicit barrier at the end of the region is the "all are done". */
static void job_share(Job *job, int threads)
{
    #pragma omp parallel num_threads(threads)
    job_work(job, omp_get_thread_num());
}

static void team_close(void)
{
}                           /* the team belongs to the compiler              */

const char *parallel_kind(void)
{
    return "OpenMP";
}

#elif defined(THREADS_POSIX)

#include <pthread.h>

#define SPINS 1000          /* looks before sleeping; a look is 15 to 50 ns  */

static struct {
    int threads;            /* asked for; 0: parallel_cores()                */
    bool inside;            /* a parallel_for is running                     */

    pthread_t member[MOST_CORES];
    int members;            /* running besides the caller                    */
    bool open;              /* the team was made; members may be fewer than
                               asked for when the system refused some        */
    int spins;              /* SPINS, or 0 with more threads than cores      */

    _Atomic(Job *) job;     /* of this round; NULL: between two rounds       */
    atomic_uint round;      /* members wait for it to change                 */
    atomic_uint visitors;   /* members that are looking at job or working    */
    atomic_bool home;       /* the team is closing                           */
    pthread_mutex_t lock;   /* for sleeping only                             */
    pthread_cond_t begun;   /* round has changed                             */
    pthread_cond_t empty;   /* visitors became 0                             */
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .begun = PTHREAD_COND_INITIALIZER,
           .empty = PTHREAD_COND_INITIALIZER };

/* Tell the core that this is a waiting loop: it saves power, and leaves room to
 * the other thread of the same core. */
static void breathe(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Wait until *value is target (equal) or is not (!equal): first looking, then
 * asleep until somebody tells. */
static void wait_until(atomic_uint *value, bool equal, unsigned target,
                       pthread_cond_t *told)
{
    for (int i = 0; i < pool.spins; i++, breathe())
        if ((atomic_load(value) == target) == equal)
            return;
    pthread_mutex_lock(&pool.lock);
    while ((atomic_load(value) == target) != equal)
        pthread_cond_wait(told, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
}

/* Wake the sleepers. The lock looks useless and is not: without it, a thread that
 * has just seen the old value and is about to sleep would miss the call. */
static void tell(pthread_cond_t *told)
{
    pthread_mutex_lock(&pool.lock);
    pthread_cond_broadcast(told);
    pthread_mutex_unlock(&pool.lock);
}

/* The life of a member: wait for a round, take pieces, leave. A member that wakes
 * up late finds no job, or the next one: nobody waited for it. */
static void *member_live(void *arg)
{
    int worker = (int)(intptr_t)arg;
    unsigned seen = 0;

    while (!atomic_load(&pool.home)) {
        Job *job;

        atomic_fetch_add(&pool.visitors, 1);    /* first enter, then look    */
        job = atomic_load(&pool.job);
        if (job != NULL)
            job_work(job, worker);
        if (atomic_fetch_sub(&pool.visitors, 1) == 1)
            tell(&pool.empty);
        wait_until(&pool.round, false, seen, &pool.begun);
        seen = atomic_load(&pool.round);
    }
    return NULL;
}

/* A system that refuses a thread gets a smaller team: the same bits, later. */
static void team_open(int threads)
{
    pool.open = true;
    pool.members = 0;
    pool.spins = threads <= parallel_cores() ? SPINS : 0;
    atomic_store(&pool.home, false);
    while (pool.members < threads - 1
           && pthread_create(&pool.member[pool.members], NULL, member_live,
                             (void *)(intptr_t)(pool.members + 1)) == 0)
        pool.members++;
}

static void team_close(void)
{
    atomic_store(&pool.home, true);
    atomic_fetch_add(&pool.round, 1);
    tell(&pool.begun);
    for (int i = 0; i < pool.members; i++)
        pthread_join(pool.member[i], NULL);
    pool.members = 0;
    pool.open = false;
}

/* The caller is worker 0 and takes pieces like the others; when none is left it
 * waits only for those who are at work. It takes the job away first and then
 * looks for visitors; a member enters first and then looks for the job. All are
 * agreed on one order of these four steps (sequentially consistent atomics), so
 * either the member finds no job or the caller sees the member. */
static void job_share(Job *job, int threads)
{
    if (!pool.open)
        team_open(threads);
    atomic_store(&pool.job, job);
    atomic_fetch_add(&pool.round, 1);
    tell(&pool.begun);
    job_work(job, 0);
    atomic_store(&pool.job, NULL);
    wait_until(&pool.visitors, true, 0, &pool.empty);
}

const char *parallel_kind(void)
{
    return "POSIX threads";
}

#else                       /* one thread                                    */

static struct {
    int threads;            /* asked for, and not given                      */
    bool inside;            /* a parallel_for is running                     */
} pool;

static void job_share(Job *job, int threads)
{
    (void)threads;
    job_work(job, 0);
}

static void team_close(void)
{
}

const char *parallel_kind(void)
{
    return "one thread";
}

#endif

/* Cores that this process may use: `taskset` and containers give fewer than
 * the machine has, and a thread too many costs more than it brings.
 * Cost: a system call; parallel_threads remembers. */
int parallel_cores(void)
{
    int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
#if defined(__linux__)
    cpu_set_t allowed;

    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        cores = CPU_COUNT(&allowed);
#endif
    return min_int(max_int(cores, 1), MOST_CORES);
}

int parallel_threads(void)
{
#if !defined(THREADS_OPENMP) && !defined(THREADS_POSIX)
    return 1;
#else
    if (pool.threads == 0)
        pool.threads = parallel_cores();
    return pool.threads;
#endif
}

/* The team of another size goes home now and the new one is made when it is
 * needed. n: 1 … 1024. */
void parallel_set_threads(int n)
{
    must(n >= 1 && n <= MOST_CORES, "%d threads", n);
    must(!pool.inside, "the number of threads changes between two rounds");
    if (n != pool.threads)
        team_close();
    pool.threads = n;
}

/* Call body(begin, end, worker, arg) for each piece of 0 … n-1.
 *
 *   n       >= 0; with 0 nothing is called
 *   grain   >= 1: a piece is [i · grain, min((i + 1) · grain, n)), whatever the
 *           number of threads, so a body may have scratch for grain items
 *
 * One piece, or one thread: the caller does it and no other thread is woken.
 * Choose a grain whose work takes 10 µs or more: handing out a piece costs 5 to
 * 50 ns, a round some µs. */
void parallel_for(int n, int grain, ParallelBody *body, void *arg)
{
    int threads = parallel_threads();
    Job job = { .n = n, .grain = grain, .body = body, .arg = arg };

    must(n >= 0 && grain >= 1, "n %d, grain %d", n, grain);
    must(!pool.inside, "parallel_for was called from inside a body");
    job.pieces = (size_t)n / (size_t)grain + (n % grain != 0);
    pool.inside = true;
    if (job.pieces <= 1 || threads == 1)
        job_work(&job, 0);
    else
        job_share(&job, threads);
    pool.inside = false;
}
