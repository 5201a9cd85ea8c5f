// SPDX-License-Identifier: Apache-2.0
// The store's url: what is wrong with it, and whether it holds a secret, told in words that quote none of it.
// Pure; any thread.
#ifndef RECKONER_STORE_POSTGRESQL_URL_H
#define RECKONER_STORE_POSTGRESQL_URL_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/err.h"

// ERR_CONFIG for a url that libpq does not read, or reads in another way than was meant: one with an @ or a
// slash in its password, which has to be percent-encoded.
MUST_CHECK enum err_code pg_url_check(const char *url, struct err *err);

// Whether the url holds a password of some kind, or may do so as it is not read as it was meant.
bool pg_url_has_secret(const char *url);

#endif
