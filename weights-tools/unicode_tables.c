/* unicode_tables.c - write src/text/unicode_table.h from the Unicode database
 *
 *   Unicode-16.0.0.tsv                                   unicode_table.h
 *   ┌──────────────────────────────┐                    ┌─────────────────┐
 *   │ 0041..005A;Lu;0;;            │──► class ─────────►│ class ranges    │
 *   │ 00B2..00B3;No;0;;            │                    ├─────────────────┤
 *   │ 00C0;Lu;0;0041 0300;1        │──► combining ─────►│ unsettled ranges│
 *   │ 0300..0314;Mn;230;;          │    class, settled  ├─────────────────┤
 *   │   │        │   │      │     │ │──► decomposition ─►│ decompositions  │
 *   │ code     cate- com- decom- │ │    sorted by pair  ├─────────────────┤
 *   │ points   gory bin. pos.    │ │──────────────────► │ pairs           │
 *   └─────────────── composes ───┴─┘                    └─────────────────┘
 *
 * A tokenizer asks four things of a character: is it a letter, a number or
 * white space, in what order do marks stand, what is it made of, what do two
 * make together. The answers are facts about 155,000 characters; nobody should
 * write them by hand, and nobody needs to: the program is short, its output is
 * committed, and a test runs it again and compares every byte.
 *
 * Two of the columns are not copied but worked out:
 *
 * - White space is the categories Zs, Zl, Zp and six control characters (tab to
 *   carriage return, U+0085), which the category Cc does not tell apart.
 * - A code point is *settled* when text before it can be normalized without
 *   looking at it, and it is its own NFC. Most are. The others:
 *       marks (combining class not 0): they may move and combine;
 *       those that decompose and never come back (U+212B Å becomes U+00C5);
 *       the second of a pair that composes (U+09BE after U+09C7), with the
 *       Hangul vowels and final consonants, which compose by rule;
 *       those whose decomposition begins with such a one: U+16D68 = 16D67 16D67
 *       after U+16D63 becomes another character. New in Unicode 16.
 *
 * The library needs the table, so this program cannot use the library.
 *
 *      cc -o unicode_tables weights-tools/unicode_tables.c
 *      ./unicode_tables Unicode-16.0.0.tsv > src/text/unicode_table.h
 *
 * Source: Unicode Standard Annex #44 (the database), #15 (normalization).
 * Read next: src/text/unicode_class.c.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>      /* fgets, sscanf, printf                            */
#include <stdlib.h>     /* calloc, qsort, exit                              */
#include <string.h>     /* strncmp, strchr                                  */

#define POINTS 0x110000

enum { OTHER, LETTER, NUMBER, SPACE };      /* UnicodeClass                 */

typedef struct {                            /* one code point               */
    unsigned char class, combining;
    bool composes, second, unsettled;
    uint32_t part[2];                       /* decomposition; 0: none       */
} Point;

typedef struct { uint32_t first, second; int index; } Pair;

static void fail(const char *what, const char *line)
{
    fprintf(stderr, "unicode_tables: %s: %s\n", what, line);
    exit(3);
}

static unsigned char class_of(const char *category, uint32_t point)
{
    bool control = (point >= 0x09 && point <= 0x0D) || point == 0x85;

    if (category[0] == 'L')
        return LETTER;
    if (category[0] == 'N')
        return NUMBER;
    return category[0] == 'Z' || control ? SPACE : OTHER;
}

/* One line: first..last;category;combining class;decomposition;composes. The
 * last two fields may be empty, which sscanf cannot read: hence strchr. */
static void read_line(Point *points, const char *line)
{
    unsigned first, last, combining;
    char category[3];
    Point point = {0};
    const char *field = strchr(line, ';');

    if (sscanf(line, "%x..%x", &first, &last) == 1)
        last = first;
    if (field == NULL || last < first || last >= POINTS
        || sscanf(field, ";%2[A-Za-z];%u;", category, &combining) != 2
        || combining > 254)
        fail("not a line of the table", line);
    for (int i = 0; i < 2 && field != NULL; i++)
        field = strchr(field + 1, ';');
    if (field == NULL || strchr(field + 1, ';') == NULL)
        fail("fewer than five fields", line);
    sscanf(field, ";%x %x", &point.part[0], &point.part[1]);
    point.combining = (unsigned char)combining;
    point.composes = strchr(field + 1, ';')[1] == '1';
    for (uint32_t p = first; p <= last; p++) {
        points[p] = point;
        points[p].class = class_of(category, p);
    }
}

static void read_table(Point *points, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[200];

    if (file == NULL)
        fail("cannot be read", path);
    while (fgets(line, sizeof line, file) != NULL)
        if (line[0] != '#' && line[0] != '\n')
            read_line(points, line);
    fclose(file);
}

/* The rule of the essay. A decomposition's first part may decompose again. */
static void find_unsettled(Point *points)
{
    for (uint32_t p = 0; p < POINTS; p++)
        if (points[p].composes)
            points[points[p].part[1]].second = true;
    for (uint32_t p = 0x1161; p <= 0x1175; p++)
        points[p].second = true;                /* Hangul vowels            */
    for (uint32_t p = 0x11A8; p <= 0x11C2; p++)
        points[p].second = true;                /* Hangul finals            */
    for (uint32_t p = 0; p < POINTS; p++) {
        uint32_t first = p;

        while (points[first].part[0] != 0)
            first = points[first].part[0];
        points[p].unsettled = points[p].combining != 0
            || (points[p].part[0] != 0 && !points[p].composes)
            || points[first].combining != 0 || points[first].second;
    }
}

/* Entries are set side by side: `each` to a line of at most 80 columns. */
static void put(int *count, int each, const char *entry)
{
    printf("%s%s", *count % each == 0 ? "\n" : "", entry);
    ++*count;
}

/* What a range of the class table (or of the other) says; -1: not in it. */
static int value_of(const Point *point, bool class)
{
    if (class)
        return point->class != OTHER ? point->class : -1;
    return point->unsettled ? point->combining : -1;
}

static void write_ranges(const Point *points, bool class)
{
    int count = 0;

    for (uint32_t p = 0; p < POINTS; p++) {
        int value = value_of(&points[p], class);
        uint32_t first = p;
        char entry[40];

        if (value < 0)
            continue;
        while (p + 1 < POINTS && value_of(&points[p + 1], class) == value)
            p++;
        snprintf(entry, sizeof entry, "{0x%X,0x%X,%d},", first, p, value);
        put(&count, 3, entry);
    }
    printf("\n};\n\n");
}

static int by_parts(const void *a, const void *b)
{
    const Pair *x = a, *y = b;

    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->second < y->second ? -1 : x->second > y->second;
}

/* The decompositions in the order of their code points; then the numbers of
 * those that compose, in the order of their pairs. */
static void write_decompositions(const Point *points)
{
    Pair *pairs = calloc(POINTS, sizeof *pairs);
    int count = 0, composites = 0, written = 0;
    char entry[40];

    if (pairs == NULL)
        fail("no memory", "pairs");
    for (uint32_t p = 0; p < POINTS; p++) {
        const Point *point = &points[p];

        if (point->part[0] == 0)
            continue;
        if (point->composes)
            pairs[composites++] = (Pair){ point->part[0], point->part[1],
                                          count };
        snprintf(entry, sizeof entry, "{0x%X,0x%X,0x%X},", p, point->part[0],
                 point->part[1]);
        put(&count, 3, entry);
    }
    printf("\n};\n\n/* Which of them compose again, sorted by (first, second) "
           "*/\nstatic const uint16_t unicode_pairs[] = {");
    qsort(pairs, (size_t)composites, sizeof *pairs, by_parts);
    for (int i = 0; i < composites; i++) {
        snprintf(entry, sizeof entry, "%d,", pairs[i].index);
        put(&written, 15, entry);
    }
    printf("\n};\n\n");
    free(pairs);
}

int main(int argc, char **argv)
{
    Point *points = calloc(POINTS, sizeof *points);

    if (argc != 2 || points == NULL) {
        fprintf(stderr, "usage: unicode_tables Unicode-16.0.0.tsv\n");
        return 2;
    }
    read_table(points, argv[1]);
    find_unsettled(points);
    printf("/* generated by weights-tools/unicode_tables.c from Unicode 16.0: "
           "do not edit */\n#ifndef UNICODE_TABLE_H\n#define UNICODE_TABLE_H\n\n"
           "#include <stdint.h>\n\n"
           "typedef struct { uint32_t first, last; uint8_t value; } "
           "UnicodeRange;\n\n"
           "/* UnicodeClass: 1 letter, 2 number, 3 white space; sorted */\n"
           "static const UnicodeRange unicode_classes[] = {");
    write_ranges(points, true);
    printf("/* Not settled (see normalize.c), with the combining class; sorted "
           "*/\nstatic const UnicodeRange unicode_unsettled[] = {");
    write_ranges(points, false);
    printf("/* One step of canonical decomposition; second 0: a single one */\n"
           "typedef struct { uint32_t point, first, second; } UnicodeParts;"
           "\n\nstatic const UnicodeParts unicode_parts[] = {");
    write_decompositions(points);
    printf("#endif\n");
    free(points);
    return ferror(stdout) || fclose(stdout) != 0 ? 5 : 0;
}
