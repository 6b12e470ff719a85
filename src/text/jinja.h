/* jinja.h - one spelling for all spellings of a chat template
 *
 * Rules of use: two templates with the same normal form write the same text, as
 * long as there is no `if` inside {{ }} in one of them, and Jinja can run both.
 * Nothing is ever run here.
 */
#ifndef JINJA_H
#define JINJA_H

#include "base/utf8.h"

#define JINJA_TEXT "\1"         /* a quoted text begins …                    */
#define JINJA_TEXT_END "\2"     /* … and ends                                */

/* Append the normal form of source to out. False: it is no whole program, or uses
 * an escape that no known template uses; out then holds a part. Cost: linear. */
bool jinja_normal(Text *out, const char *source);

#endif
