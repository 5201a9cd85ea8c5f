// SPDX-License-Identifier: Apache-2.0
// Random numbers, digests and comparisons are libsodium's, the check sum is zlib's. Whether a key has the
// secret is key_table.c's business. Any thread.
#include "access/secret.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <zlib.h>

enum { BASE = 62, RANDOM_END = SECRET_CHARS - SECRET_CHECK_CHARS };

static const char digits[BASE + 1] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

_Static_assert(SECRET_DIGEST_BYTES == crypto_generichash_BYTES, "BLAKE2b-256");

static bool is_ready; // written under `once`

static void initialize(void)
{
    is_ready = sodium_init() >= 0;
}

// libsodium chooses the code for this processor, and opens the source of random numbers where it is a file.
static bool make_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, initialize);
    return is_ready;
}

static void write_check(const char *text, char ret_check[SECRET_CHECK_CHARS])
{
    unsigned long sum = crc32(0, (const Bytef *)text, RANDOM_END);
    for (size_t i = SECRET_CHECK_CHARS; i-- > 0; sum /= BASE)
        ret_check[i] = digits[sum % BASE];
}

enum err_code secret_make(char ret_text[SECRET_CHARS + 1], struct err *err)
{
    const size_t start = strlen(SECRET_PREFIX);
    if (!make_ready())
        return err_set(err, ERR_IO, "the system gives no random numbers");
    memcpy(ret_text, SECRET_PREFIX, start);
    for (size_t i = start; i < RANDOM_END; i++)
        ret_text[i] = digits[randombytes_uniform(BASE)];
    write_check(ret_text, ret_text + RANDOM_END);
    ret_text[SECRET_CHARS] = '\0';
    return ERR_NONE;
}

void secret_erase(void *memory, size_t size)
{
    sodium_memzero(memory, size);
}

static bool is_base62(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

bool secret_is_sound(struct span text)
{
    char check[SECRET_CHECK_CHARS];
    if (text.len != SECRET_CHARS || !span_starts_with(text, SECRET_PREFIX))
        return false;
    for (size_t i = strlen(SECRET_PREFIX); i < SECRET_CHARS; i++) {
        if (!is_base62(text.at[i]))
            return false;
    }
    write_check(text.at, check);
    return memcmp(check, text.at + RANDOM_END, sizeof(check)) == 0;
}

struct secret_digest secret_digest(struct span text)
{
    struct secret_digest digest;
    (void)make_ready(); // without it the digest is the same, by slower code
    crypto_generichash(digest.bytes, sizeof(digest.bytes), (const unsigned char *)text.at, text.len, NULL, 0);
    return digest;
}

bool secret_digest_equal(const struct secret_digest *a, const struct secret_digest *b)
{
    return sodium_memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

void secret_digest_format(const struct secret_digest *digest, char ret_text[SECRET_DIGEST_CHARS + 1])
{
    sodium_bin2hex(ret_text, SECRET_DIGEST_CHARS + 1, digest->bytes, sizeof(digest->bytes));
}

bool secret_digest_parse(struct span text, struct secret_digest *ret_digest)
{
    struct secret_digest digest;
    size_t len = 0;
    if (text.len != SECRET_DIGEST_CHARS ||
        sodium_hex2bin(digest.bytes, sizeof(digest.bytes), text.at, text.len, NULL, &len, NULL) != 0 ||
        len != sizeof(digest.bytes))
        return false;
    *ret_digest = digest;
    return true;
}
