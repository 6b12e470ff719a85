/* chapter09_speed.c - where the time goes, and what makes it less
 *
 *      memory  ══════════════►  cache ══════►  registers ══════►  multiply and add
 *              some 10 GB/s                                       some 100 Gop/s
 *                 ▲                                                   ▲
 *                 │ one row of x (writing): each weight is            │
 *                 │ fetched, used once, forgotten                     │
 *                 │                                                   │
 *                 │               many rows (reading a prompt): each weight
 *                 │               is fetched once and used for all of them
 *
 *      y [T, rows]  =  x [T, columns] · Wᵀ                                (1)
 *
 *      seconds ≥ bytes of W / (bytes/s of memory)                         (2)
 *      seconds ≥ 2 · T · rows · columns / (operations/s)                  (3)
 *
 * Nearly all the time of a language model is (1). This lesson writes it several times,
 * from the loop of a textbook to the engine's own, and says before each version how
 * long it will take: by (2) and (3), with the two walls of this machine, measured a
 * moment before; where a version cannot come near to them, by the one thing that it
 * waits for. Then it is timed. Some predictions fail. That is what they are for.
 *
 * Versions that give other bits are shown and refused: a speed that changes what is
 * computed is no speed. All others have one hash.
 *
 * The matrix has 1024 rows of 2048 random numbers (128 rows of them, again and again),
 * in the model's number format: the matrices of the tiny models would stay in the
 * cache, where memory does not matter (part 3 shows that). With --model NAME of a real
 * one it is the model's own, the wide one of its first layer, of which some 4 million
 * numbers are taken. No time is an exit status: times belong to the machine and the
 * hour.
 *
 * What to notice:
 *
 * - Writing a token is bound by memory: bytes ÷ bandwidth is the time. So int8 is
 *   nearly twice as fast as 16 bits and int4 nearly four times.
 * - Two threads do not double that, where one can nearly fill the memory's pipe.
 * - Many rows at once cost little more than one, until arithmetic is full. Reading a
 *   prompt lives on that, and so does speculation (chapter 07).
 * - In the cache all of this is different: threads cost more than they bring, and asking
 *   ahead for what is there already is work for nothing.
 *
 * In a debugger (make debug; gdb build/debug/run):
 *
 *      break version_rows        `print *r`, `print kernels->name`
 *      break multiply_piece      which rows, which thread: `print begin`, `print worker`
 *
 * Read next: chapters/lesson/versions.c, src/kernels/matmul.c, src/kernels/dot_avx2.c,
 * src/kernels/blocks.c, src/measure/walls.c.
 */
#include "base/parallel.h"
#include "chapters/lesson/bigmatrix.h"
#include "chapters/lesson/looking.h"
#include "chapters/lesson/speed_theorem.h"
#include "chapters/lesson/speedtable.h"
#include "chapters/words.h"

#define ROWS 1024
#define COLUMNS 2048
#define DISTINCT 128                /* rows that are really random           */
#define SMALL ((size_t)1 << 20)     /* bytes: a smaller matrix is not the model's */
#define NUMBERS (4 << 20)           /* of a model's matrix, at most          */
#define MEMORY ((size_t)64 << 20)   /* bytes of copies                       */
#define CACHED (96 << 10)           /* bytes that surely stay in a cache     */
#define MOST 1.0                    /* seconds for one product               */
#define WALL_ROUNDS 2
#define BATCHES 4

static const int batches[BATCHES] = { 1, 4, 16, 128 };

typedef struct {
    OpenModel m;
    SpeedTable table;               /* and the arena, and the walls          */
    double addition, call;          /* seconds of one                        */
    bool own;                       /* the matrix is the model's             */
    Matrix w, coded[2];             /* floats; int8, int4 (data NULL: none)  */
    Ring ring, cached;
} Speed;

/* --- what is timed, and the walls --------------------------------------------------- */

/* Errors: those of model_open and looking_floats; exit 5 without memory. */
static bool prepare(Speed *s, const Options *o, Error *error)
{
    Arena *arena = &s->table.arena;
    size_t bytes, row_bytes;
    WallsWork *walls;
    Matrix up;

    if (!model_open(&s->m, o, error) || !looking_floats(&s->m.dir, error))
        return false;
    up = s->m.model.weights.layers[0].up.weight;
    s->own = matrix_bytes(&up) >= SMALL;
    s->w = s->own ? up : bigmatrix_random(arena, up.format, ROWS, COLUMNS, DISTINCT);
    s->w.rows = min_int(s->w.rows, NUMBERS / s->w.columns) / GROUP_ROWS * GROUP_ROWS;
    for (int i = 0; i < 2; i++)
        s->coded[i] = bigmatrix_coded(arena, &s->w, i == 0 ? FORMAT_INT8 : FORMAT_INT4,
                                      s->own ? s->w.rows : DISTINCT);
    bytes = matrix_bytes(&s->w);
    if (!ring_init(&s->ring, bytes > MEMORY ? bytes : MEMORY, s->w.rows, s->w.columns,
                   batches[BATCHES - 1], error))
        return false;
    row_bytes = matrix_bytes(&up) / (size_t)up.rows;
    up.rows = min_int(up.rows, max_int(1, (int)(CACHED / row_bytes)));
    if (!ring_init(&s->cached, matrix_bytes(&up), up.rows, up.columns, 1, error))
        return false;
    walls = walls_begin(s->w.format, error);
    if (walls == NULL)
        return false;
    for (int i = 0; i < WALL_ROUNDS; i++)
        walls_round(walls);
    s->table.walls = walls_end(walls);
    ring_fill(&s->cached, &up);
    ring_fill(&s->ring, &s->w);
    s->addition = time_of_addition();
    s->call = time_of_fmaf();
    return true;
}

/* --- what is shown ------------------------------------------------------------------ */

static void show_walls(Lesson *l, const Speed *s)
{
    const Walls *walls = &s->table.walls;

    lesson_part(l, "walls", "Two walls");
    lesson_say(l, "No program is faster than its bytes can come from memory, and none is "
               "faster than the processor multiplies. Both were measured just now, by "
               "loops that do nothing else. (Other programs at work make them lower, and "
               "the times below longer.)");
    picture_number(l, "read_one", "memory, 1 thread", walls->read_one / 1e9, 3, "GB/s");
    picture_number(l, "read", "memory, all threads", walls->read / 1e9, 3, "GB/s");
    picture_number(l, "arithmetic", "arithmetic, all threads", walls->arithmetic / 1e9, 3,
                   "Gop/s");
    picture_text(l, "unit", "done with", walls->unit);
    picture_number(l, "threads", "threads", parallel_threads(), 4, "");
    lesson_say(l, "And two things that a slow version waits for:");
    picture_number(l, "addition", "an addition behind another", s->addition * 1e9, 3,
                   "ns");
    picture_number(l, "call", "a call of fmaf", s->call * 1e9, 3, "ns");
}

/* The matrix as int8 and as int4, by all threads. */
static void add_blocks(Speed *s)
{
    SpeedTable *table = &s->table;

    for (int i = 0; i < 2; i++) {
        const Matrix *w = &s->coded[i];
        const char *name = format_name(w->format);
        Timed t;

        if (w->data == NULL)
            continue;
        ring_fill(&s->ring, w);
        t = speed_line(table, &s->ring, arena_print(&table->arena, "… and %s", name),
                       version_threads, speed_by_walls(&table->walls, w, 1, true), false);
        speed_point(table, arena_print(&table->arena, "1 row, %s", name), w, 1, t.seconds);
    }
    ring_fill(&s->ring, &s->w);
}

/* Part 1: one row of x. */
static void show_steps(Lesson *l, Speed *s)
{
    Ring *r = &s->ring;
    SpeedTable *table = &s->table;
    double n = speed_products(&s->w);
    double one = speed_by_walls(&table->walls, &s->w, 1, false);
    double all = speed_by_walls(&table->walls, &s->w, 1, true);
    double waiting = n * s->addition / 8, lanes = waiting > one ? waiting : one;
    const char *vectors = arena_print(&table->arena, "%s, row by row", kernels->name);
    Timed t;

    lesson_part(l, "steps", "One row: writing a token");
    lesson_say(l, "The matrix is %s: %d rows of %d numbers in %s, %.1f MB, and %d copies "
               "of it in memory, of which each product takes the next. Milliseconds for "
               "one product, as expected and as measured; GB/s of the matrix; and how many "
               "times faster than the best before it.", s->own ? "the model's own"
               : "made of random numbers", s->w.rows, s->w.columns,
               format_name(s->w.format), (double)matrix_bytes(&s->w) / 1e6, r->copies);
    speed_line(table, r, "one sum", version_one_sum, n * s->addition, true);
    speed_line(table, r, "eight sums, plain C", version_plain, n * s->call, false);
    speed_line(table, r, "… with FMA", version_plain_fma, lanes, false);
    speed_line(table, r, vectors, version_row, lanes, false);
    speed_line(table, r, "… several rows at once", version_rows, one, false);
    speed_line(table, r, "… each sum in two", version_split, all, true);
    t = speed_line(table, r, "… rows to threads", version_threads, all, false);
    speed_point(table, "1 row", &s->w, 1, t.seconds);
    add_blocks(s);
    speed_table(l, table, "versions");
    lesson_say(l, "Refused: one sum for all, and sums cut in two for two threads, add in "
               "another order, and give other bits. The others have one hash. (int8 and "
               "int4 are other numbers, and have their own.)");
}

/* Part 2: many rows at once. */
static void show_many(Lesson *l, Speed *s)
{
    static const char *const heads[] = { "rows", "expected", "measured", "ms_a_row",
                                         "Gop/s" };
    Arena *arena = &s->table.arena;
    const char *cell[5 * BATCHES];
    double seconds = 0;                 /* of one row                        */
    int lines = 0;

    for (; lines < BATCHES && seconds * batches[lines] < MOST; lines++) {
        int T = batches[lines];
        const char **c = cell + 5 * lines;
        Timed t;

        ring_rows(&s->ring, T);
        t = version_time(&s->ring, version_threads, SPEEDTABLE_BUDGET);
        seconds = t.seconds / T;
        c[0] = arena_print(arena, "%d", T);
        c[1] = arena_print(arena, "%.4f", speed_by_walls(&s->table.walls, &s->w, T, true)
                                          * 1e3);
        c[2] = arena_print(arena, "%.4f", t.seconds * 1e3);
        c[3] = arena_print(arena, "%.4f", seconds * 1e3);
        c[4] = arena_print(arena, "%.1f", 2 * speed_products(&s->w) / seconds / 1e9);
        if (T > 1)
            speed_point(&s->table, arena_print(arena, "%d rows", T), &s->w, T, t.seconds);
    }
    ring_rows(&s->ring, 1);
    lesson_part(l, "many", "Many rows: reading a prompt");
    lesson_say(l, "Each weight is fetched once and used for every row of x. While memory "
               "is the wall, more rows cost nothing; then arithmetic is.%s", lines < BATCHES
               ? " (More rows would take too long with this build or these kernels.)" : "");
    picture_table(l, "rows", heads, "rrrrr", cell, lines);
}

/* Part 3: the same where memory does not matter. */
static void show_cached(Lesson *l, Speed *s)
{
    Ring *r = &s->cached;
    SpeedTable *table = &s->table;
    double all = 2 * speed_products(&r->w) / table->walls.arithmetic;
    double one = all * parallel_threads();

    lesson_part(l, "cache", "In the cache");
    lesson_say(l, "%d rows of %d numbers of the model's own, %.0f kB. They stay in the "
               "cache, so the only wall is arithmetic. (Asking ahead: each row is asked "
               "for while the one before it is multiplied. It is there already.)",
               r->w.rows, r->w.columns, (double)matrix_bytes(&r->w) / 1e3);
    speed_line(table, r, "row by row", version_row, one, false);
    speed_line(table, r, "… asking ahead", version_ahead, one, false);
    speed_line(table, r, "several rows at once", version_rows, one, false);
    speed_line(table, r, "… rows to threads", version_threads, all, false);
    speed_table(l, table, "versions");
}

static void show_roofline(Lesson *l, const Speed *s)
{
    const SpeedTable *table = &s->table;

    lesson_part(l, "roofline", "The roof");
    lesson_say(l, "From left to right: operations for each byte that is read. Upwards: "
               "Gop/s. Both axes are logarithmic. The slope is the memory's wall, the level "
               "line that of arithmetic (%s; for whole numbers it lies higher).",
               table->walls.unit);
    picture_roofline(l, "roof", table->walls.read, table->walls.arithmetic, table->point,
                     table->points);
}

int chapter09_speed(const Options *options)
{
    Speed s = { .own = false };
    Lesson l;
    Error error = {0};
    bool fine;

    lesson_begin(&l, "chapter09_speed", "09 speed: where the time goes", options);
    fine = prepare(&s, options, &error);
    if (fine) {
        show_walls(&l, &s);
        show_steps(&l, &s);
        show_many(&l, &s);
        show_cached(&l, &s);
        show_roofline(&l, &s);
        fine = show_token(&l, &s.m, options, s.table.walls.read, &error)
            && prove_speed(&l, &s.m, options, &s.ring, &s.w, s.coded, &error);
    }
    ring_free(&s.ring);
    ring_free(&s.cached);
    arena_free(&s.table.arena);
    model_close(&s.m);
    return lesson_end(&l, fine, &error);
}
