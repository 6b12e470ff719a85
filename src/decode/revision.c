/* revision.c - a model as it was at one moment of its making: name@revision
 *
 *      step0   1 2 4 8 … 512   1000   2000   3000   …    142000   143000 = main
 *      ├───────┴─┴─┴─┴───┴──────┴──────┴──────┴─────────────┴───────┤
 *      random    powers of 2           every 1000 steps
 *      numbers
 *
 * A model on the hub is a git repository, and git keeps every state that was ever
 * committed. Behind an "@" stands which one is meant: a branch ("main" when nothing
 * stands there), a tag, a pull request (refs/pr/1), or the 40 digits of a commit. Most
 * makers publish one state. The makers of Pythia published the whole way: 154 branches
 * per model, from random numbers to the end, each step a batch of 2,097,152 tokens, so
 * that anyone can watch a model learn:
 *
 *      ./run generate --model pythia-1b@step3000
 *
 * Early on a model changes from step to step, so the first ones stand close together;
 * later a thousand steps change as little.
 *
 *      1 (step0) + 10 (2⁰ … 2⁹) + 143 (1000 … 143000) = 154                  (1)
 *
 * Corners: each branch is one full set of weights, 2 GB for pythia-1b; all of them are
 * in the same cache, side by side. The older suite, "-v0", numbered its steps in
 * another way and is not judged here. A name that cannot be a step ("main", "dev", a
 * commit) is not judged either: only the hub knows whether it exists.
 *
 * Source: Biderman et al., "Pythia: A Suite for Analyzing Large Language Models Across
 * Training and Scaling", 2023, section 2. Read next: files/hubcache.c.
 */
#include "decode/revision.h"

#include <stdio.h>              /* snprintf                                  */
#include <stdlib.h>             /* strtol                                    */
#include <string.h>             /* strchr, strspn, strstr                    */

#define PYTHIA "EleutherAI/pythia-"
#define LAST 143000

/* Equation (1). */
static bool is_step(long n)
{
    return n == 0 || (n > 0 && n <= 512 && (n & (n - 1)) == 0)
        || (n > 0 && n <= LAST && n % 1000 == 0);
}

bool revision_check(const char *repository, Error *error)
{
    const char *at = strchr(repository, '@'), *digits, *steps = "0123456789";
    char right[32], second[32] = "";
    long n, below, above;

    if (at == NULL || strncmp(repository, PYTHIA, strlen(PYTHIA)) != 0
        || strstr(repository, "-v0") != NULL || strchr(at, '/') != NULL
        || strlen(at + 1) >= sizeof right)          /* a commit, refs/pr/1   */
        return true;
    digits = strpbrk(at, steps);
    if (digits == NULL || digits[strspn(digits, steps)] != '\0')
        return true;
    n = strtol(digits, NULL, 10);                   /* too large: LONG_MAX   */
    n = n > LAST ? LAST : n;
    snprintf(right, sizeof right, "step%ld", n);
    if (is_step(n) && strcmp(at + 1, right) == 0)
        return true;
    for (below = n; !is_step(below); below--)
        ;
    for (above = n; !is_step(above); above++)
        ;
    if (below < above)
        snprintf(second, sizeof second, " and step%ld", above);
    return error_code(error, EXIT_USAGE, "%.*s has no revision %s: nearest to it %s "
                      "step%ld%s (there are step0, step1, step2, step4 … step512, and "
                      "every thousandth from step1000 to step%d)",
                      (int)(at - repository), repository, at + 1,
                      below < above ? "are" : "is", below, second, LAST);
}
