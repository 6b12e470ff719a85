/* usage.h - what ./run says when it is not told a word that it knows */
#ifndef USAGE_H
#define USAGE_H

int usage_overview(void);               /* ./run alone                       */
int usage_version(void);
/* ./run --help, --version, --man, --completions SHELL, or a misspelt word. */
int usage_other(int argc, char **argv);

#endif
