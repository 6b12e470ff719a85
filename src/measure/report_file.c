/* report_file.c - a report on the disk, and back from there
 *
 *      report_save                             report_read
 *
 *      speed.json  ◄── {"suite": …}            {"suite": "speed",
 *      speed.csv   ◄── model,format,…            "facts": {"processor": "AMD …"},
 *      speed.md    ◄── | model | format |        "tests": [{"test": "prompt", …,
 *          │                                               "samples": [0.41, …]}]}
 *          └ the name's end chooses                      │
 *                                                        ▼
 *                                                      Report, for a comparison
 *
 * Results are kept to be compared with later ones, by a later program. So the reader
 * takes what it knows and leaves the rest: a key that is not known is ignored, one
 * that is missing is an absent cell. What is there and of another kind (a text where
 * a number belongs, null beside text) is an Error: it is not such a file, or somebody
 * has edited it, and a comparison with it would say something wrong.
 *
 * A report is small (a few kB), so it is made in memory and saved in one step; see
 * base/atomicfile.c for why.
 *
 * Read next: measure/verdict.c.
 */
#include "measure/report.h"

#include <math.h>               /* NAN                                       */
#include <stdlib.h>             /* free: what open_memstream made            */

#include "base/atomicfile.h"    /* atomicfile_save                           */
#include "base/utf8.h"          /* text_ends_with                            */

static bool known_end(const char *path)
{
    return text_ends_with(path, ".json") || text_ends_with(path, ".csv")
        || text_ends_with(path, ".md");
}

bool report_may_save(const char *path, Error *error)
{
    return known_end(path)
        || error_code(error, EXIT_USAGE, "%s: results are written as the file's name "
                      "ends, and that must be .json, .csv or .md", path);
}

bool report_save(const Report *report, const char *path, Error *error)
{
    JsonWriter w = {0};
    char *bytes;
    size_t length;
    bool fine;

    if (!report_may_save(path, error))
        return false;
    w.out = open_memstream(&bytes, &length);
    must(w.out != NULL, "no memory for a report");
    if (text_ends_with(path, ".csv")) {
        report_csv(report, w.out);
    } else if (text_ends_with(path, ".md")) {
        report_markdown(report, w.out);
    } else {
        json_write_object(&w, NULL);
        report_json(report, "tests", &w);
        json_write_object_end(&w);
        json_write_line(&w);
    }
    fclose(w.out);
    fine = atomicfile_save(path, bytes, length, error);
    free(bytes);
    return fine;
}

/* ---- back from JSON */

/* A text, a number, or null for an absent one. */
static bool read_value(ReportCell *value, const Json *node, Error *error)
{
    *value = (ReportCell){ NULL, (double)NAN };
    if (json_is(node, JSON_STRING))
        value->text = node->text;
    else if (!json_is(node, JSON_NULL) && !json_number(&value->number, node))
        return error_set(error, "\"%s\" at byte %zu is neither a text nor a number",
                         node->key, node->offset);
    return true;
}

static bool read_samples(Report *report, const Json *array, Error *error)
{
    double *x = arena_get(&report->arena, (size_t)array->count * sizeof *x + 1);
    int n = 0;

    for (const Json *node = array->child; node != NULL; node = node->next)
        if (!json_number(&x[n++], node))
            return error_set(error, "a sample at byte %zu is not a number",
                             node->offset);
    report_samples(report, x, n);
    return true;
}

static bool read_row(Report *report, const Json *object, Error *error)
{
    const Json *samples = json_given(object, "samples");
    ReportCell value;

    report_row(report);
    for (int c = 0; c < report->columns; c++) {
        const ReportColumn *column = &report->column[c];
        const Json *node = json_given(object, column->name);

        if (node == NULL)
            continue;
        if (!read_value(&value, node, error))
            return false;
        if ((value.text != NULL) != column->text)
            return error_set(error, "\"%s\" at byte %zu must be a %s", column->name,
                             node->offset, column->text ? "text" : "number");
        if (column->text)
            report_text(report, c, value.text);
        else
            report_number(report, c, value.number);
    }
    if (samples != NULL && !json_is(samples, JSON_ARRAY))
        return error_set(error, "\"samples\" at byte %zu must be a list of numbers",
                         samples->offset);
    return samples == NULL || read_samples(report, samples, error);
}

/*   report  filled as far as it could be read. The texts are copied: root may go */
bool report_read(Report *report, const Json *root, const char *key, Error *error)
{
    const Json *facts = json_get(root, "facts"), *rows = json_get(root, key);
    ReportCell value;

    if (!json_equals(json_get(root, "suite"), report->suite)
        || !json_is(facts, JSON_OBJECT) || !json_is(rows, JSON_ARRAY))
        return error_set(error, "not results of the suite \"%s\": an object with "
                         "\"suite\", \"facts\" and \"%s\", as --json prints it",
                         report->suite, key);
    for (const Json *f = facts->child; f != NULL && report->facts < REPORT_FACTS;
         f = f->next) {
        if (!read_value(&value, f, error))
            return false;
        if (value.text != NULL)
            report_fact(report, f->key, value.text);
        else
            report_fact_number(report, f->key, value.number);
    }
    for (const Json *r = rows->child; r != NULL; r = r->next)
        if (!read_row(report, r, error))
            return false;
    return true;
}
