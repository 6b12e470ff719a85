/* test_progress.c - what a person sees, and that a pipe sees nothing */
#include "test.h"
#include "base/progress.h"

#include "base/clock.h"
#include "base/pseudo_terminal.h"

/* What was drawn since the last look; "" for nothing. */
static const char *seen(int reader)
{
    static char text[4096];
    ssize_t length;

    usleep(20000);
    length = read(reader, text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    return text;
}

TEST(drawn_for_a_person)
{
    Progress progress;
    int reader = pseudo_terminal_open(60);

    setenv("TERM", "xterm", 1);
    progress_start(&progress, "reading");
    progress_update(&progress, 1, 100);
    expect_text(seen(reader), "");          /* silence at first              */
    progress.started -= 10;
    progress_update(&progress, 25, 100);    /* 10 s for 25: 30 s for 75      */
    /* 59 columns: 7 + 1 + bar + 16, so the bar has 35 and 25 % of it is 8   */
    expect_text(seen(reader), "\r\033[Kreading ━━━━━━━━───────────────────────────"
                " 25 %, 30 s left");
    progress_update(&progress, 26, 100);
    expect_text(seen(reader), "");          /* not ten times a second        */
    progress.drawn -= 1;
    progress.started -= 2000;
    progress_update(&progress, 50, 100);
    expect(strstr(seen(reader), " 50 %, 33 min 30 s left") != NULL);
    progress_end(&progress);
    expect_text(seen(reader), "\r\033[K");
    progress_update(&progress, 99, 100);
    progress_end(&progress);
    expect_text(seen(reader), "");
}

/* Bytes that are not inside a UTF-8 character; escapes left out. */
static int columns_of(const char *text)
{
    int columns = 0;

    for (text += strlen("\r\033[K"); *text != '\0'; text++)
        columns += ((unsigned char)*text & 0xC0) != 0x80;
    return columns;
}

TEST(never_wider_than_the_window)
{
    setenv("TERM", "xterm", 1);
    for (unsigned short width = 5; width < 100; width += 7) {
        int reader = pseudo_terminal_open(width);
        Progress progress;
        const char *text;

        progress_start(&progress, "läuft");
        progress.started -= 3;
        progress_update(&progress, 10, 1000);
        text = seen(reader);
        expect(text[0] == '\0' || columns_of(text) < width);
        expect(width < 30 || strstr(text, "läuft") != NULL);
        progress_end(&progress);
        close(reader);
    }
}

TEST(nothing_in_a_pipe)
{
    Progress progress;
    int ends[2];
    char byte;

    expect(pipe(ends) == 0);
    expect(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    close(ends[1]);
    progress_start(&progress, "reading");
    progress.started -= 10;
    progress_update(&progress, 5, 10);
    progress_end(&progress);
    close(STDERR_FILENO);
    expect_int(read(ends[0], &byte, 1), 0);         /* end of file at once   */
}

const Test progress_tests[] = {
    { "drawn for a person, and wiped", drawn_for_a_person },
    { "never wider than the window", never_wider_than_the_window },
    { "nothing in a pipe", nothing_in_a_pipe },
    { NULL, NULL },
};
