/* test_checked_comments.c - every number in an essay that says "//=" is still true
 *
 * A line of a comment that reads
 *
 *      //= expression -> value value …
 *
 * is evaluated by running_example.h, and each value must be what came out, rounded
 * as it is written: 0.36 means between 0.355 and 0.365. A text is compared as it
 * stands. That transformers computes the same numbers is asked by
 * oracle/checked_comments.py, which reads the same lines.
 */
#include "running_example.h"

#include "base/place.h"

/* Half of the last digit that is written at text: "0.36" 0.005, "1.2e-5" 5e-7. */
static double half_of_last_digit(const char *text)
{
    const char *point = NULL;
    int after = 0, exponent = 0;

    for (; *text != '\0' && *text != ' '; text++) {
        if (*text == '.')
            point = text;
        else if (*text == 'e' || *text == 'E') {
            exponent = atoi(text + 1);
            break;
        } else if (point != NULL)
            after++;
    }
    return 0.5 * pow(10, exponent - after);
}

/* Is got what is written at text, rounded as it is written there? */
static bool rounds_to(double got, const char *text)
{
    double want = strtod(text, NULL);

    return fabs(got - want) <= half_of_last_digit(text) + 1e-9 * fabs(want);
}

/* One line: what follows "//=". where: "file:line". */
static void check(const char *where, char *line)
{
    char *arrow = strstr(line, "->");
    const char *at = line, *value;
    static List list;

    if (arrow == NULL)
        test_fail(where, 0, "no -> in \"%s\"", line);
    *arrow = '\0';
    list = (List){0};
    evaluate(&list, &at);
    blanks(&at);
    if (*at != '\0')
        test_fail(where, 0, "\"%s\" is left over", at);
    value = arrow + 2;
    blanks(&value);
    if (list.text != NULL) {
        if (strcmp(list.text, value) != 0)
            test_fail(where, 0, "%sis \"%s\", not \"%s\"", line, list.text, value);
        return;
    }
    for (int i = 0; i < list.n; i++) {
        const char *begin = value;
        bool holds = *value != '\0' && rounds_to(list.x[i], value);

        if (*value != '\0')
            number(&value);
        blanks(&value);
        if (!holds)
            test_fail(where, 0, "%s[%d] is %.9g, not %.9s", line, i, list.x[i],
                      *begin == '\0' ? "nothing" : begin);
    }
    if (*value != '\0')
        test_fail(where, 0, "%s has %d values, and \"%s\" is left over", line,
                  list.n, value);
}

/* How many checked lines the file has. */
static int check_file(const char *path)
{
    char *text = test_read(path, NULL), *next;
    int checked = 0, number_of_line = 1;

    for (char *line = text; line != NULL; line = next, number_of_line++) {
        char *mark, where[700], *end;

        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        mark = strstr(line, "//= ");
        if (mark == NULL || strstr(line, "\"//= ") != NULL)
            continue;
        snprintf(where, sizeof where, "%s:%d", path, number_of_line);
        end = strstr(mark, "  (");          /* a remark may stand behind     */
        if (end != NULL)
            *end = '\0';
        for (end = mark + strlen(mark); end[-1] == ' ';)
            *--end = '\0';
        check(where, mark + 4);
        checked++;
    }
    free(text);
    return checked;
}

/* All files of a folder, and of its folders. */
static int check_folder(const char *folder, int depth)
{
    Arena arena = {0};
    int count, checked = 0;
    const char **names = place_names(folder, &arena, &count);

    for (int i = 0; i < count; i++) {
        size_t n = strlen(names[i]);
        char path[600];

        expect(snprintf(path, sizeof path, "%s/%s", folder, names[i]) < 600);
        if (n > 2 && names[i][n - 2] == '.' && strchr("ch", names[i][n - 1]) != NULL)
            checked += check_file(path);
        else if (depth > 0)
            checked += check_folder(path, depth - 1);
    }
    arena_free(&arena);
    return checked;
}

TEST(every_checked_comment)
{
    compute_running_example();
    expect(check_folder("src", 1) + check_folder("chapters", 1) >= 20);
    close_storyteller();
}

/* The sentence walks through these: STYLE, 27. */
TEST(one_sentence_through_all)
{
    static const char *const stations[] = {
        "src/text/tokenizer.c", "src/model/model.c", "src/kernels/norm.c",
        "src/kernels/attention.c", "src/decode/sampling.c" };

    compute_running_example();
    for (int i = 0; i < 5; i++)
        if (check_file(stations[i]) == 0)
            test_fail(stations[i], 1, "the running example does not stand here");
}

static void checks(const char *line)
{
    char copy[200];

    snprintf(copy, sizeof copy, "%s", line);
    check("here", copy);
}

/* Numbers that can be told without the engine. */
TEST(what_a_value_means)
{
    expect_close(half_of_last_digit("0.36 "), 0.005, 1e-15);
    expect_close(half_of_last_digit("-12"), 0.5, 1e-15);
    expect_close(half_of_last_digit("1.2e-5 7"), 5e-7, 1e-15);
    expect(rounds_to(0.3649, "0.36") && !rounds_to(0.3651, "0.36"));
    expect(!rounds_to(0.3549, "0.36") && !rounds_to(NAN, "0.36"));
    expect(rounds_to(544, "544") && !rounds_to(543.4, "544"));
    compute_running_example();
    checks("max(3, 4, -7) -> 4");
    checks("rms(3, 4) -> 3.54");
    checks("softmax(0, 0) -> 0.5 0.50");
    checks("id[1] -> 1688");
    checks("token[2] -> ce");
}

const Test checked_comments_tests[] = {
    { "every number that says so is true", every_checked_comment },
    { "one sentence walks through the essays", one_sentence_through_all },
    { "what a written value means", what_a_value_means },
    { NULL, NULL },
};
