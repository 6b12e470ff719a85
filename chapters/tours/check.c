/* check.c - what the debugger printed, held against what the tour says
 *
 *      @tour stop 0                         ┐
 *      #0  block_forward (…) at …block.c:175│ where are we, how deep?
 *      #1  model_forward (…)                │ frames between main and here
 *      #8  main (…)                         ┘ are at most eight
 *      @tour item 4
 *      {0.435351074, -0.70439893}           ─► show: printed
 *      @tour item 5
 *      1                                    ─► expect: is it true?
 *      @tour item 6
 *      12.484601                            ─► match ──┐ the same nine digits?
 *      …                                               │
 *      @tour end                                       │
 *                                                      │
 *      ./run … --json  (the release build) ────────────┘ positions[0].top[0].logit
 *
 * Nine significant digits bring back every bit of a float: the number that the
 * unoptimized build holds in the middle of its work is, to the last bit, the number that
 * the optimized one prints. A double is compared in as many digits as --json gives.
 *
 * The transcript is read forgivingly where debuggers differ (gdb: {1, 2}; lldb: one
 * number a line, with its type in front) and strictly where it counts: a mark that is
 * missing, a number that is none, a stop in another line is a failure. The last words
 * of the debugger are shown then: mostly they say why.
 *
 * Read next: chapters/tours/chapter04_attention.tour, and walk through it.
 */
#include "chapters/tours/tour.h"

#include <inttypes.h>
#include <stdlib.h>             /* strtoull                                  */
#include <string.h>

#include "base/decimal.h"
#include "chapters/wording.h"

#define WORDS 400               /* bytes of the debugger's last words        */

typedef struct {
    const Tour *tour;
    const char *heard;          /* what is not looked at yet                 */
    const Json *release;
    JsonWriter *w;              /* NULL: print for a person                  */
    int width;
    TourCounts counts;
} Check;

/* ---- the transcript */

/* What stands between a mark and the next one; false: the mark is not there. The
 * search goes on behind the mark: they come in order. */
static bool find_part(Check *c, Text *part, const char *what, int number)
{
    char mark[40];
    const char *at, *end;

    text_clear(part);
    text_add(part, "", 0);
    snprintf(mark, sizeof mark, "@tour %s %d\n", what, number);
    at = strstr(c->heard, mark);
    if (at == NULL)
        return false;
    at += strlen(mark);
    c->heard = at;
    end = strstr(at, "@tour ");
    end = end == NULL ? at + strlen(at) : end;
    while (*at != '\0' && at < end) {
        size_t length = strcspn(at, "\n");
        bool own = strncmp(at, "(lldb)", 6) == 0;       /* a command's echo  */

        if (!own && at + length <= end && length > 0) {
            text_add(part, at, length);
            text_add(part, "\n", 1);
        }
        at += length + (at[length] == '\n');
    }
    return true;
}

/* One value, or several with commas between, without $1 and types: "1, 2, 3". */
static void take_value(Text *value, const char *part)
{
    text_clear(value);
    text_add(value, "", 0);
    for (const char *line = part; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        const char *sign = strstr(line, " = ");
        const char *begin = line + strspn(line, " ");
        bool typed = *begin == '(' && sign != NULL && sign < line + length;

        if (typed)
            begin = sign + 3;
        if (*begin != '}' && line[length - 1] != '{' && line + length > begin) {
            if (value->length > 0)
                text_add(value, ", ", 2);
            text_add(value, begin, (size_t)(line + length - begin));
        }
        line += length + (line[length] == '\n');
    }
}

/* The number at *at, which moves behind it and the comma. true and false count. */
static bool take_number(const char **at, double *number, const char **spelled,
                        size_t *length)
{
    const char *begin = *at + strspn(*at, "{ ,");

    *spelled = begin;
    *length = strspn(begin, "+-0123456789.eE");
    *number = strncmp(begin, "true", 4) == 0;
    if (*length == 0) {
        *at = begin + strcspn(begin, ",}");
        return *number == 1 || strncmp(begin, "false", 5) == 0;
    }
    *at = begin + *length;
    *at += strcspn(*at, ",}");
    return decimal_read(number, begin, *length);
}

/* ---- the release build's side */

/* positions[0].top[2].logit in the data, or NULL. */
static const Json *find_place(const Json *node, const char *path)
{
    while (node != NULL && *path != '\0') {
        char key[200];
        size_t length = strcspn(path, ".[");

        if (*path == '[') {
            char *end;
            long index = strtol(path + 1, &end, 10);

            node = json_is(node, JSON_ARRAY) ? node->child : NULL;
            while (node != NULL && index-- > 0)
                node = node->next;
            path = *end == ']' ? end + 1 : end;
        } else if (length > 0) {
            snprintf(key, sizeof key, "%.*s", (int)length, path);
            node = json_get(node, key);
            path += length;
        }
        path += *path == '.';
    }
    return node;
}

/* How many significant digits a number is spelled with. */
static int digits_of(const char *text, size_t length)
{
    int digits = 0;

    for (size_t i = 0; i < length && text[i] != 'e' && text[i] != 'E'; i++)
        if (text[i] >= '0' && text[i] <= '9')
            digits += digits > 0 || text[i] != '0';
    return digits;
}

/* Is the number that the debugger spelled the one in the data? A text of 16 hex
 * digits is a hash: a whole number of 64 bits, more than a double holds. Nine digits
 * with a point are a float's, and floats are compared as such: lldb may cut the last
 * digit where --json rounds it. */
static bool same(const Json *data, double number, const char *spelled, size_t length)
{
    char a[DECIMAL_LENGTH], b[DECIMAL_LENGTH], hash[17];
    double want;
    bool nine;

    if (json_is(data, JSON_STRING)) {
        snprintf(hash, sizeof hash, "%016" PRIx64, (uint64_t)strtoull(spelled, NULL, 10));
        return json_equals(data, hash);
    }
    if (json_is(data, JSON_TRUE) || json_is(data, JSON_FALSE))
        return number == (json_is(data, JSON_TRUE) ? 1 : 0);
    if (!json_is(data, JSON_NUMBER) || !json_number(&want, data))
        return false;
    nine = digits_of(spelled, length) <= 9;
    if (nine && memchr(spelled, '.', length) != NULL && (float)number == (float)want)
        return true;
    nine = nine || digits_of(data->text, data->length) <= 9;
    decimal_write(a, number, nine ? 9 : 17);
    decimal_write(b, want, nine ? 9 : 17);
    return strcmp(a, b) == 0;
}

/* Why value is not what stands at the item's place; "" when it is. */
static void compare(const Check *c, const TourItem *item, const char *value, Text *why)
{
    const Json *data = find_place(c->release, item->path);
    const char *at = value, *spelled;
    int n = item->count > 0 ? item->count : 1;

    text_add(why, "", 0);
    if (data == NULL) {
        text_print(why, "--json has nothing there");
        return;
    }
    if (item->count > 0)
        data = json_is(data, JSON_ARRAY) ? data->child : NULL;
    for (int i = 0; i < n; i++, data = item->count > 0 ? data->next : NULL) {
        size_t length;
        double number;

        if (data == NULL)
            text_print(why, "--json has only %d numbers there", i);
        else if (!take_number(&at, &number, &spelled, &length))
            text_print(why, "number %d is none: %.40s", i, spelled);
        else if (!same(data, number, spelled, length))
            text_print(why, "number %d is %.*s here and %.40s there", i, (int)length,
                     spelled, data->text != NULL ? data->text : "something else");
        if (why->length > 0)
            return;
    }
}

/* ---- telling */

static void say(const Check *c, const char *text, const char *lead)
{
    Text lines = {0};

    wording_wrap(&lines, text, lead, c->width);
    fputs(lines.bytes, stdout);
    text_free(&lines);
}

/* One check. why: NULL when it holds. */
static void judge(Check *c, const char *what, const char *value, const char *why)
{
    why != NULL ? c->counts.failed++ : c->counts.passed++;
    if (c->w != NULL) {
        json_write_object(c->w, NULL);
        json_write_word(c->w, "what", what);
        if (value != NULL)
            json_write_word(c->w, "value", value);
        json_write_bool(c->w, "holds", why == NULL);
        if (why != NULL)
            json_write_word(c->w, "why", why);
        json_write_object_end(c->w);
        return;
    }
    printf("  %s %s%s%s\n", why != NULL ? "✗" : "✓", what, why != NULL ? ": " : "",
           why != NULL ? why : "");
}

/* The end of what the debugger said before it fell silent. */
static void last_words(const Check *c, Text *words)
{
    size_t length = strlen(c->heard);
    const char *at = c->heard + (length > WORDS ? length - WORDS : 0);

    text_add(words, "", 0);
    for (; *at != '\0'; at++)
        text_add(words, *at == '\n' ? " | " : at, *at == '\n' ? 3 : 1);
}

/* The number of the frame that a line of a backtrace shows; -1: it shows none. */
static int frame_of(const char *line)
{
    line += strspn(line, " *");
    line += strncmp(line, "frame ", 6) == 0 ? 6 : 0;
    return *line == '#' ? atoi(line + 1) : -1;
}

/* Is it main's frame? gdb: "#8  0x… in main (…)", lldb: "frame #8: 0x… run`main(". */
static bool is_main(const char *line, size_t length)
{
    for (const char *at = line; (at = strstr(at, "main")) != NULL && at < line + length;
         at++)
        if ((at[-1] == ' ' || at[-1] == '`') && (at[4] == ' ' || at[4] == '('))
            return true;
    return false;
}

/* Frame 0 is in the stop's line, and main is not too far above. */
static void check_place(Check *c, const TourStop *stop, const char *part)
{
    char place[300], what[400];
    size_t length;
    int depth = -1;
    bool there = false;

    snprintf(place, sizeof place, "%s:%d", strrchr(stop->file, '/') + 1, stop->at);
    for (const char *line = part; *line != '\0' && depth < 0;
         line += length + (line[length] == '\n')) {
        const char *found = strstr(line, place);

        length = strcspn(line, "\n");
        if (frame_of(line) == 0 && found != NULL && found < line + length)
            there = there || strchr("0123456789", found[strlen(place)]) == NULL
                 || found[strlen(place)] == '\0';
        if (frame_of(line) >= 0 && is_main(line, length))
            depth = frame_of(line);
    }
    snprintf(what, sizeof what, "%s, %d frames between main and here", place, depth - 1);
    judge(c, what, NULL, !there ? "the debugger halted elsewhere" : depth < 0
          ? "main is not among the frames" : depth - 1 > TOUR_FRAMES
          ? "eight at most" : NULL);
}

static void check_expect(Check *c, const TourItem *item, int i, const char *value)
{
    bool holds = strcmp(value, "1") == 0 || strcmp(value, "true") == 0;
    Text why = {0}, part = {0}, side = {0};

    if (!holds && find_part(c, &part, "left", i)) {
        take_value(&side, part.bytes);
        text_print(&why, "left %s, ", side.bytes);
        find_part(c, &part, "right", i);
        take_value(&side, part.bytes);
        text_print(&why, "right %s", side.bytes);
    } else if (!holds) {
        text_print(&why, "it is %s", value);
    }
    judge(c, item->text, NULL, holds ? NULL : why.bytes);
    text_free(&why);
    text_free(&part);
    text_free(&side);
}

static void tell(const Check *c, const TourItem *item, const char *value,
                 const char *part)
{
    if (c->w != NULL)
        return;
    if (item->kind == TOUR_SAY)
        say(c, item->text, "");
    if (item->kind == TOUR_ASK)
        say(c, item->text, "? ");
    if (item->kind == TOUR_SHOW && item->count > 0)
        printf("    %d of %s = %s\n", item->count, item->text, value);
    if (item->kind == TOUR_SHOW && item->count == 0)
        printf("    %s = %s\n", item->text, value);
    if (item->kind == TOUR_STEP)
        printf("    %s %d\n%s", item->text, item->count, part);
    if (item->kind == TOUR_CALL)
        printf("    %s\n%s", item->text, part);
}

static void check_item(Check *c, int i, const Text *part)
{
    const TourItem *item = &c->tour->item[i];
    Text value = {0}, why = {0}, what = {0};

    take_value(&value, part->bytes);
    tell(c, item, value.bytes, part->bytes);
    if (item->kind == TOUR_EXPECT)
        check_expect(c, item, i, value.bytes);
    if (item->kind == TOUR_MATCH) {
        compare(c, item, value.bytes, &why);
        text_print(&what, "%s = %s in the release build", item->path, item->text);
        judge(c, what.bytes, value.bytes, why.length > 0 ? why.bytes : NULL);
    }
    text_free(&value);
    text_free(&why);
    text_free(&what);
}

/* false: the debugger did not come so far. */
static bool check_stop(Check *c, int k, Text *part)
{
    const TourStop *stop = &c->tour->stop[k];
    bool here = find_part(c, part, "stop", k) && strchr(part->bytes, '#') != NULL;

    if (here && c->w == NULL)
        printf("\n── %d of %d  %s  %s:%d\n", k + 1, c->tour->stops, stop->name,
               stop->file, stop->at);
    if (here)
        check_place(c, stop, part->bytes);
    for (int i = stop->first; here && i < stop->first + stop->count; i++) {
        here = find_part(c, part, "item", i);
        if (here)
            check_item(c, i, part);
    }
    return here;
}

TourCounts tour_check(const Tour *tour, const char *heard, const Json *release,
                      JsonWriter *w, int width)
{
    Check c = { .tour = tour, .heard = heard, .release = release, .w = w,
                .width = width };
    Text part = {0}, words = {0};
    bool here = true;
    int k = 0;

    for (int i = 0; w == NULL && i < tour->stop[0].first; i++)
        say(&c, tour->item[i].text, "");
    while (here && k < tour->stops)
        here = check_stop(&c, k++, &part);
    if (!here || !find_part(&c, &part, "end", 0)) {
        text_print(&words, "the debugger gave up; its last words: ");
        last_words(&c, &words);
        judge(&c, tour->stop[k - 1].name, NULL, words.bytes);
    }
    text_free(&part);
    text_free(&words);
    return c.counts;
}
