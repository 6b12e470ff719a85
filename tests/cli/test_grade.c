/* test_grade.c - a pupil's afternoon: wrong, broken, endless and right answers
 *
 * Every test has an answers folder of its own; the exercise is mostly 01.1, whose
 * function takes a byte and returns a number.
 */
#include "pupil.h"

#include <sys/stat.h>

#include "files/json.h"

#define SKELETON "chapters/exercises/chapter01/1_bytes.c"

/* Right in every visible case. */
#define NEARLY "    return first < 0x80 ? 1 : first < 0xC0 || first == 0xC1 ? 0\n"           \
               "         : first < 0xE0 ? 2 : first < 0xF0 ? 3\n"                           \
               "         : first == 0xF5 ? 0 : 4;\n"

/* The first time there is no file; it is made, and never written over. */
TEST(the_first_time)
{
    Result r = word("grade", "01.1");
    size_t before, after;
    char *made;

    fails(r, "This file is new");
    says(r, "01.1 How long is a character? (Refill, about 8 minutes)");
    says(r, "not yet: case 0:");
    says(r, "the byte 0x61, the letter a");
    says(r, "expected  1");
    says(r, "got       0");
    says(r, "gdb -ex 'break my_character_bytes' -ex run --args ");
    says(r, "a hint: ./run hint 01.1");
    made = test_read(answer("01.1.c"), &before);
    expect_text(made, test_read(SKELETON, NULL));
    fails(grade("", "    return first == 0x61;\n"), "not yet: case 1:");
    r = word("grade", "01.1");
    fails(r, "case 1:");
    expect(strstr(r.out, "is new") == NULL);
    test_read(answer("01.1.c"), &after);
    expect(after != before);
}

TEST(a_right_answer)
{
    Result r = grade("", RIGHT);

    expect_int(r.code, 0);
    says(r, "passed: 33 cases, 21 of them hidden (seed 0)");
    says(r, "You can now step through any text");
    says(r, "next: 01.2");
    expect_text(state("01.1"), "passed");
    expect_text(state("01.2"), "not begun");
    says(word("list"), "1 of ");
    says(word("grade"), "01.2 ");           /* the next one                  */
    expect_text(state("01.2"), "begun");
    grade("/* changed */", RIGHT);
    expect_text(state("01.1"), "passed");
    test_write(answer("01.1.c"), HEAD, strlen(HEAD));
    expect_text(state("01.1"), "changed");
    says(word("grade"), "there is no function my_character_bytes");
}

TEST(what_does_not_compile)
{
    Result r = grade("", "    return firts;\n");

    fails(r, "it does not compile:");
    says(r, "01.1.c:5:12: error: ");
    says(r, "firts");
    fails(grade("", "    return my_other(first);\n"), "my_other");
}

TEST(what_does_not_end_well)
{
    Result r = grade("", "    while (first > 0)\n        ;\n    return 1;\n");

    fails(r, "it was still running after 1");
    says(r, "case 0:");
    r = grade("#include <stddef.h>\nint *volatile nothing;", "    return *nothing + first;\n");
    fails(r, "it follows a pointer that is NULL");
    says(r, ":  return *nothing + first;");
    says(r, "the letter a");                /* the case that was running     */
    fails(grade("#include <limits.h>", "    return first + INT_MAX;\n"),
          "undefined behaviour: signed integer overflow");
    fails(grade("#include <stdlib.h>", "    abort();\n    return first;\n"), "signal 6");
    fails(grade("", "    return my_character_bytes(first) + 1;\n"), "the stack is full");
}

/* exit(0) in the pupil's function must not look like a pass. */
TEST(exit_is_no_pass)
{
    fails(grade("#include <stdlib.h>", "    exit(first == 0);\n"),
          "your function ended the whole program");
    fails(grade("#include <unistd.h>", "    _exit(first - first);\n"),
          "your function ended the whole program");
    fails(grade("#include <stdio.h>\n#include <unistd.h>",
                "    for (int i = 3; i < 30; i++)\n        dprintf(i, \"{\\\"end\\\":33}\\n\");\n"
                "    _exit(first - first);\n"), "your function ended the whole program");
}

/* What a pupil prints to see what happens is shown, on either stream. */
TEST(what_is_printed)
{
    Result r = grade("#include <stdio.h>", "    printf(\"out %d\\n\", first);\n"
                     "    fprintf(stderr, \"err %d\\n\", first);\n    return 1;\n");

    fails(r, "it printed:");
    says(r, "  out 195");
    says(r, "  err 195");
}

TEST(floods_and_children)
{
    Result r = grade("#include <stdio.h>\nstatic char many[1 << 20];",
                     "    for (int i = 0; many[0] == 0 && i < 1000; i++)\n"
                     "        fwrite(many, 1, sizeof many, stdout);\n"
                     "    many[0] = 1;\n    return 9 + (first == 0);\n");

    fails(r, "bytes more");
    says(r, "got       9");
    expect(r.length < 20000);
    r = grade("#include <unistd.h>", "    for (int i = 0; first == 0x61 && i < 3; i++)\n"
              "        if (fork() == 0) { sleep(1000); _exit(0); }\n" RIGHT);
    expect_int(r.code, 0);          /* and not after 1000 seconds            */
    fails(grade("#include <stdlib.h>\n#include <string.h>\nchar *volatile kept;",
                "    for (;;)\n        memset(kept = malloc(1 << 24), first, 1 << 24);\n"),
          "one gigabyte is the limit");
}

TEST(a_step_outside_an_array)
{
    static const char text[] = HEAD "int my_merge_all(int *id, int n, const Merges *merges)\n"
        "{\n    (void)merges;\n    id[n] = 7;\n    return n;\n}\n";
    Result r;

    test_write(answer("01.2.c"), text, strlen(text));
    r = word("grade", "01.2");
    fails(r, "it writes 4 bytes outside an array of 20 bytes, just behind its end");
    says(r, "line 5, in my_merge_all:  id[n] = 7;");
    says(r, "the word reder; merges: r e, d e, de r");
}

/* What is right by hand is not yet right: the seed is printed, and another one gives
 * other cases. */
TEST(hidden_cases)
{
    Result r = grade("", NEARLY);

    fails(r, "case 12 (hidden, seed 0):");
    says(r, "my_character_bytes[192] is the first of 11 that are wrong, of 256");
    r = word("grade", "01.1", "--seed", "77");
    fails(r, "case 12 (hidden, seed 77):");
    says(r, "--seed 77 --case 12");
}

/* The command of the report stops gdb at these words. */
static void stops(Result r, const char *words)
{
    char command[1024], *at = strstr(r.out, "gdb -ex"), line[256];
    bool stopped = false;
    FILE *gdb;

    expect(at != NULL);
    snprintf(command, sizeof command, "gdb -batch%.*s < /dev/null 2>&1",
             (int)strcspn(at + 3, "\n"), at + 3);
    gdb = popen(command, "r");
    while (gdb != NULL && fgets(line, sizeof line, gdb) != NULL)
        stopped = stopped || strstr(line, words) != NULL;
    pclose(gdb);
    if (!stopped)
        test_fail(__FILE__, __LINE__, "%s\ndid not stop at %s", command, words);
}

/* The last line of the report is a command that stops in the pupil's function, in the
 * very case; where a case calls it often, in the call that was wrong. */
TEST(the_debugger_stops_there)
{
    if (system("gdb --version > /dev/null 2>&1") != 0)
        skip("gdb is not there");
    stops(grade("", "    return first == 0x61;\n"),
          "Breakpoint 1, my_character_bytes (first=195");
    stops(grade("", NEARLY), "Breakpoint 1, my_character_bytes (first=192");
}

TEST(hints_and_reset)
{
    Result r = word("hint", "01.1");

    says(r, "hint 1 of 3");
    expect(strstr(r.out, "hint 2 of 3") == NULL);
    says(word("hint", "01.1", "--level", "3"), "hint 3 of 3");
    r = word("hint", "01.1");
    says(r, "hint 1 of 3"), says(r, "hint 2 of 3");
    expect(strstr(r.out, "hint 3 of 3") == NULL);
    word("hint", "01.1");
    r = word("hint", "1.1");
    says(r, "hint 3 of 3");
    says(word("list"), "(3 hints)");

    grade("/* mine */", RIGHT);
    r = word("reset", "01.1");
    expect_int(r.code, 0);
    says(r, "01.1.c.old");
    expect(strstr(test_read(answer("01.1.c.old"), NULL), "/* mine */") != NULL);
    expect_text(test_read(answer("01.1.c"), NULL), test_read(SKELETON, NULL));
    expect_text(state("01.1"), "begun");
    says(word("reset", "01.1"), "the skeleton already");     /* twice, by mistake */
    expect(strstr(test_read(answer("01.1.c.old"), NULL), "/* mine */") != NULL);
}

TEST(a_class)
{
    JsonDocument document;
    Error error = {0};
    const Json *first, *second;
    int64_t passed;
    Result r;

    grade("", RIGHT);
    test_write(answer("01.2.c"), HEAD, strlen(HEAD));
    r = word("grade", "--all", "--json", "--seed", "5");
    expect_int(r.code, 1);
    expect_ok(json_parse(&document, r.out, r.length, JSON_UNIQUE, 20, &error), &error);
    first = json_get(document.root, "exercises")->child;
    second = first->next;
    expect(json_equals(json_get(first, "state"), "passed"));
    expect(json_equals(json_get(second, "state"), "compiler"));
    expect(json_equals(json_get(second->next, "state"), "not begun"));
    expect(json_integer(&passed, json_get(document.root, "passed")) && passed == 1);
    json_free(&document);
    r = word("grade", "--all");
    says(r, "01.1  Refill   passed");
    says(r, "1 of ");
    r = word("grade", "01.2", "--json");
    expect_ok(json_parse(&document, r.out, r.length, JSON_UNIQUE, 20, &error), &error);
    expect(json_is(json_get(document.root, "trouble"), JSON_STRING));

    /* One that cannot be read does not stop the others. */
    test_write(answer("01.1.c"), HEAD, strlen(HEAD));
    unlink(answer("01.1.c"));
    mkdir(answer("01.1.c"), 0700);
    r = word("grade", "--all");
    says(r, "01.1  Refill   unreadable");
    says(r, "01.2  Order    compiler");
    says(r, "0 of ");
    rmdir(answer("01.1.c"));
}

TEST(what_cannot_be_used)
{
    char path[1000];
    Result r = word("grade", "01.11");

    expect_int(r.code, 2);
    says(r, "there is no exercise 01.11: did you mean 01.1?");
    mkdir(answer("01.1.c"), 0700);
    r = word("grade", "01.1");
    expect_int(r.code, 3);
    says(r, "./run reset");
    rmdir(answer("01.1.c"));
    setenv("CC", "/no/such/compiler", 1);
    r = grade("", RIGHT);
    expect_int(r.code, 4);
    says(r, "/no/such/compiler");
    says(r, "C compiler");
    unsetenv("CC");
    expect_int(word("reset").code, 2);

    /* A program that was installed elsewhere has no course. */
    snprintf(path, sizeof path, "cp '%s' '%s'", child_program(), answer("billion-llm"));
    expect_int(system(path), 0);
    snprintf(path, sizeof path, "cd / && '%s' list 2>&1 | grep -q 'start it from the clone'",
             answer("billion-llm"));
    expect_int(system(path), 0);
}

/* Saved once wrong, then right: two reports; Ctrl-C ends it. */
TEST(watching)
{
    const char *args[] = { "watch", "01.1", "--answers", answers(), NULL };
    const char *again[] = { "watch", "01.2", "--answers", answers(), NULL };
    char out[300], text[1000];
    pid_t child;

    snprintf(out, sizeof out, "%s", answer("watched"));
    child = child_start(args, "/dev/null", out, "/dev/null");
    wait_for(out, "a hint:");
    snprintf(text, sizeof text, HEAD "int my_character_bytes(unsigned char first)\n{\n" RIGHT
             "}\n");
    test_write(answer("01.1.c"), text, strlen(text));
    expect_int(child_wait(child), 0);
    expect(strstr(test_read(out, NULL), "not yet: case 0:") != NULL);
    expect(strstr(test_read(out, NULL), "passed: 33 cases") != NULL);
    unlink(out);
    child = child_start(again, "/dev/null", out, "/dev/null");
    wait_for(out, "watching");
    kill(child, SIGINT);
    expect_int(child_wait(child), 130);
}

const Test grade_tests[] = {
    { "the first time a file is made and fails kindly", the_first_time },
    { "a right answer passes, and is remembered", a_right_answer },
    { "what does not compile", what_does_not_compile },
    { "loops, crashes, overflows", what_does_not_end_well },
    { "exit(0) is no pass", exit_is_no_pass },
    { "what an answer prints is shown", what_is_printed },
    { "a gigabyte printed, children left, memory without end", floods_and_children },
    { "a step outside an array names the line", a_step_outside_an_array },
    { "hidden cases come from a printed seed", hidden_cases },
    { "the debugger's command stops there", the_debugger_stops_there },
    { "three hints; reset keeps the old file", hints_and_reset },
    { "a class as one JSON object", a_class },
    { "what cannot be used says what to do", what_cannot_be_used },
    { "watch grades what is saved", watching },
    { NULL, NULL },
};
