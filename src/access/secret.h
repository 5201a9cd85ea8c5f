// SPDX-License-Identifier: Apache-2.0
// A secret: the text that a holder of a key shows. "rckn_", 43 random base62 digits (256 bits), and 6 more of
// the CRC-32 of all before them, so that typing errors and the scanners of code hosts know one without a
// store. A store has the digest alone. Any thread.
#ifndef RECKONER_ACCESS_SECRET_H
#define RECKONER_ACCESS_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

#define SECRET_PREFIX "rckn_"

enum {
    SECRET_RANDOM_CHARS = 43, // 62^43 is a little more than 2^256
    SECRET_CHECK_CHARS = 6,   // 62^6 is more than 2^32
    SECRET_CHARS = sizeof(SECRET_PREFIX) - 1 + SECRET_RANDOM_CHARS + SECRET_CHECK_CHARS,
    SECRET_DIGEST_BYTES = 32,
    SECRET_DIGEST_CHARS = 2 * SECRET_DIGEST_BYTES, // as hexadecimal digits
};

// BLAKE2b-256. A secret is as random as the digest is long, so nothing slower is wanted.
struct secret_digest {
    uint8_t bytes[SECRET_DIGEST_BYTES];
};

// Makes one that nobody else has, with a NUL behind it. The caller erases it by secret_erase. ERR_IO where
// the system has no random numbers.
MUST_CHECK enum err_code secret_make(char ret_text[SECRET_CHARS + 1], struct err *err);

// Overwrites a secret in a way that the compiler keeps.
void secret_erase(void *memory, size_t size);

// Whether a text has the form of a secret, and the check sum that goes with it.
bool secret_is_sound(struct span text);

// The digest of a text, a secret's or any other's.
struct secret_digest secret_digest(struct span text);

// Compares in a time that tells nothing about the bytes.
bool secret_digest_equal(const struct secret_digest *a, const struct secret_digest *b);

// Writes the digest as lower-case hexadecimal digits and a NUL; reads it back, false for anything else.
void secret_digest_format(const struct secret_digest *digest, char ret_text[SECRET_DIGEST_CHARS + 1]);
MUST_CHECK bool secret_digest_parse(struct span text, struct secret_digest *ret_digest);

#endif
