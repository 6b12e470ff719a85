/* test_place.c - where this program lies, and what lies in a folder */
#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/place.h"

/* The system's own tool says the same of this very process. */
TEST(the_folder_of_the_program)
{
    char command[64], got[4096], program[4096], want[4096] = "";
    FILE *tool;

    expect(place_of_program(got, sizeof got));
    snprintf(command, sizeof command, "readlink /proc/%ld/exe", (long)getpid());
    tool = popen(command, "r");
    if (tool == NULL || fgets(want, sizeof want, tool) == NULL)
        skip("no readlink and /proc here");
    pclose(tool);
    want[strcspn(want, "\n")] = '\0';
    expect(place_program(program, sizeof program));
    expect_text(program, want);
    *strrchr(want, '/') = '\0';
    expect_text(got, want);
    expect(!place_program(got, 3));
    expect(!place_of_program(got, 3));              /* no room               */
}

/* The tests are built two folders below the clone at most, or started from its top. */
TEST(the_folder_that_has_a_file)
{
    Arena arena = {0};
    char here[4096];
    const char *found = place_with("src/LAYERS", &arena);

    expect(getcwd(here, sizeof here) != NULL && found != NULL);
    expect_text(found, here);
    expect(place_with("src/no such file", &arena) == NULL);
    expect(place_with("src", &arena) == NULL);          /* a folder is no file */
    arena_free(&arena);
}

/* Sorted by bytes: capitals, digits and accents as no dictionary has them. */
TEST(names_are_sorted_by_bytes)
{
    static const char *const want[] = { "2", "B", "a", "b", "\xC3\xA4" };
    static const char *const made[] = { "b", "\xC3\xA4", "2", "B", ".hidden",
                                        "a" };
    const char *folder = test_scratch("folder");
    Arena arena = {0};
    const char **names;
    char path[512];
    int count;

    expect(mkdir(folder, 0700) == 0);
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, made[i]);
        test_write(path, "", 0);
    }
    names = place_names(folder, &arena, &count);
    expect_int(count, 5);
    for (int i = 0; i < count; i++)
        expect_text(names[i], want[i]);
    arena_free(&arena);
}

TEST(no_folder_has_no_names)
{
    Arena arena = {0};
    int count = 7;

    place_names(test_scratch("nothing here"), &arena, &count);
    expect_int(count, 0);
    arena_free(&arena);
}

const Test place_tests[] = {
    { "the folder of the program", the_folder_of_the_program },
    { "names are sorted by bytes", names_are_sorted_by_bytes },
    { "no folder has no names", no_folder_has_no_names },
    { "the folder that has a file", the_folder_that_has_a_file },
    { NULL, NULL },
};
