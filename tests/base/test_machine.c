/* test_machine.c - names and dates, beside those that other programs tell */
#include "test.h"
#include "base/machine.h"

#include <stdlib.h>
#include <time.h>

static char said[MACHINE_TEXT];

/* What a shell prints, without its newline. */
static const char *shell(const char *command)
{
    static char line[MACHINE_TEXT];
    FILE *pipe = popen(command, "r");

    expect(pipe != NULL && fgets(line, sizeof line, pipe) != NULL);
    pclose(pipe);
    line[strcspn(line, "\n")] = '\0';
    return line;
}

TEST(processor_is_what_other_tools_say)
{
    expect(machine_processor(said) == said && said[0] != '\0');
    if (system("grep -q '^model name' /proc/cpuinfo 2> /dev/null") == 0)
        expect_text(said, shell("sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | "
                                "head -n 1 | cut -c 1-127"));
    else
        expect_text(said, shell("uname -m"));
}

TEST(date_is_now_in_utc)
{
    struct tm parts = {0};
    char again[MACHINE_TEXT];

    expect_int(strlen(machine_date(said)), 20);
    expect(strptime(said, "%Y-%m-%dT%H:%M:%SZ", &parts) == said + 20);
    expect(labs((long)(timegm(&parts) - time(NULL))) < 100);
    /* Whatever the zone is. */
    setenv("TZ", "XXX-9", 1);
    tzset();
    parts = (struct tm){0};
    strptime(machine_date(again), "%Y-%m-%dT%H:%M:%SZ", &parts);
    expect(labs((long)(timegm(&parts) - time(NULL))) < 100);
}

TEST(compiler_has_a_name_and_a_version)
{
    machine_compiler(said);
    expect(strncmp(said, "gcc ", 4) == 0 || strncmp(said, "clang ", 6) == 0);
    expect(strstr(__VERSION__, strchr(said, ' ') + 1) != NULL
           || strstr(said, " -O0") != NULL);
}

const Test machine_tests[] = {
    { "processor_is_what_other_tools_say", processor_is_what_other_tools_say },
    { "date_is_now_in_utc", date_is_now_in_utc },
    { "compiler_has_a_name_and_a_version", compiler_has_a_name_and_a_version },
    { NULL, NULL },
};
