/* record.c - a file that grows by one line with every run
 *
 *      speed.jsonl    {"suite":"speed","facts":{"date":"2026-05-17T…", …},"tests":[…]}
 *                     {"suite":"speed","facts":{"date":"2026-05-18T…", …},"tests":[…]}
 *                     {"suite":"speed", …                     another machine's
 *                     {"suite":"speed","facts":{"date":"2026-05-20T…", …},"tests":[…]}
 *                                          │
 *      this run's facts ──► same machine? ─┤ the last five
 *                                          ▼
 *                               samples = their medians ──► verdict_compare
 *
 * Whether a change made the program slower is seen best where all runs stand below
 * each other. A line is the whole report of a run, so that any later question can
 * be asked of it. Runs are compared only with those of the same processor, threads,
 * kernels and compiler.
 *
 * With three or more such lines their medians are the samples of "before": the noise
 * from run to run is then known, and not only that within one. With fewer, the
 * samples of the last line are.
 *
 * A line that cannot be read is an Error and not skipped: a record that is silently
 * half as long gives verdicts that look as good as ever.
 *
 * Read next: chapters/commands/benchmark.c.
 */
#include "measure/record.h"

#include <stdlib.h>             /* free: what open_memstream made            */
#include <string.h>             /* memchr, memmove                           */

#include "base/atomicfile.h"    /* atomicfile_save                           */
#include "base/mapfile.h"       /* the lines                                 */
#include "measure/speed.h"

#define LINES 5                 /* that count                                */
#define FEW 3                   /* medians that are better than one line     */

static bool same_machine(const Report *a, const Report *b)
{
    return report_same_fact(a, b, "processor") && report_same_fact(a, b, "threads")
        && report_same_fact(a, b, "kernels") && report_same_fact(a, b, "compiler");
}

/* Replace the samples of the last line by the medians of all lines, where there are
 * enough of them for that row; and its wall by their median.
 *
 *   line  [lines] the last one last */
static void pool(Report *into, const Report *line, int lines)
{
    const Report *newest = &line[lines - 1];

    report_append(into, newest);
    for (int r = 0; r < into->rows; r++) {
        double *median = arena_get(&into->arena, LINES * sizeof *median);
        double wall[LINES];
        int n = 0, walls = 0;

        for (int i = 0; i < lines; i++) {
            int at = speed_find(&line[i], newest, r);
            ReportSamples s = at < 0 ? (ReportSamples){0} : line[i].samples[at];
            double limit = at < 0 ? 0 : report_cell(&line[i], at, SPEED_usual_wall_seconds).number;

            if (s.n > 0 && s.n <= 1000)
                median[n++] = spread_of(s.x, s.n).median;
            if (limit > 0)
                wall[walls++] = limit;
        }
        if (n >= FEW)
            into->samples[r] = (ReportSamples){ median, n };
        if (n >= FEW && walls > 0)
            row(into->cell, r, into->columns)[SPEED_usual_wall_seconds].number =
                spread_of(wall, walls).median;
    }
}

/* One line into *line. */
static bool read_line(Report *line, const char *text, size_t length, Error *error)
{
    JsonDocument document;
    bool fine;

    report_init(line, "speed", speed_columns);
    if (!json_parse(&document, text, length, JSON_PLAIN, JSON_DEPTH, error))
        return false;
    fine = report_read(line, document.root, "tests", error);
    json_free(&document);
    return fine;
}

/* Reads the whole file: all lines are checked, the last LINES of this machine kept. */
static bool read_lines(Report *kept, int *lines, const MapFile *file, const Report *now,
                       Error *error)
{
    const char *at = (const char *)file->bytes, *end = at + file->size;

    for (int number = 1; at < end; number++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline != NULL ? newline : end) - at);
        Report line;

        if (length > 0 && !read_line(&line, at, length, error)) {
            report_free(&line);
            return error_where(error, "%s, line %d", file->path, number);
        }
        at += length + 1;
        if (length > 0 && same_machine(&line, now)) {
            if (*lines == LINES) {
                report_free(&kept[0]);
                memmove(kept, kept + 1, (LINES - 1) * sizeof *kept);
                --*lines;
            }
            kept[(*lines)++] = line;
        } else if (length > 0) {
            report_free(&line);
        }
    }
    return true;
}

bool record_read(Report *report, int *lines, const char *path, const Report *now,
                 Error *error)
{
    Report kept[LINES];
    MapFile file;
    bool fine;

    report_init(report, "speed", speed_columns);
    *lines = 0;
    if (!path_is_there(path))
        return true;
    if (!mapfile_open(&file, path, error))
        return false;
    fine = read_lines(kept, lines, &file, now, error);
    mapfile_close(&file);
    if (fine && *lines > 0)
        pool(report, kept, *lines);
    for (int i = 0; i < *lines; i++)
        report_free(&kept[i]);
    return fine;
}

/* The old lines and the new one, as one file in one step: a run that is killed leaves
 * whole lines only. A record of a thousand runs is some MB. */
bool record_append(const char *path, const Report *now, Error *error)
{
    MapFile file = {0};
    JsonWriter w = {0};
    char *bytes;
    size_t length;
    bool fine = !path_is_there(path) || mapfile_open(&file, path, error);

    if (!fine)
        return false;
    w.out = open_memstream(&bytes, &length);
    must(w.out != NULL, "no memory for a record");
    if (file.size > 0) {
        fwrite(file.bytes, 1, file.size, w.out);
        if (file.bytes[file.size - 1] != '\n')
            fputc('\n', w.out);
    }
    json_write_object(&w, NULL);
    report_json(now, "tests", &w);
    json_write_object_end(&w);
    json_write_line(&w);
    fclose(w.out);
    if (file.path != NULL)
        mapfile_close(&file);
    fine = atomicfile_save(path, bytes, length, error);
    free(bytes);
    return fine;
}
