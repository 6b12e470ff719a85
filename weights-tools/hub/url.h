/* url.h - addresses: what is safe to ask for, and who is asked
 *
 * Rules of use: every address that comes from outside (a variable, a redirect) goes
 * through url_join or url_check before anybody is asked there.
 */
#ifndef URL_H
#define URL_H

#include "base/base.h"

#define URL_LENGTH 3072             /* signed addresses are long             */

/* http:// or https://, a host, and no byte that could end the address early or begin
 * another order to curl. Errors: exit 4, what it is and what is wrong. */
bool url_check(const char *url, Error *error);

/* Where a redirect from base leads. Errors: as above; from https to http. */
bool url_join(char url[URL_LENGTH], const char *base, const char *location, Error *error);

/* The same scheme, host and port? A secret for one of them is safe with the other. */
bool url_same_origin(const char *a, const char *b);

/* The host alone, for messages: an address may hold a signature. Returns out. */
const char *url_host(char out[256], const char *url);

/* text with every byte but letters, digits and -._~ (and those of keep) as %XX. */
bool url_encode(char *out, size_t room, const char *text, const char *keep);

#endif
