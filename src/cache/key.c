// SPDX-License-Identifier: Apache-2.0
// Writes keys: the parts, and of each parameter its kind and its value, texts behind their lengths, so that
// no two lists of values are the same bytes. Pure but for the seed; any thread.
#include "cache/key.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#include "base/clock.h"

static uint64_t seed;

static void make_seed(void)
{
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
        seed = clock_monotonic_ns();
}

// Clients who knew the seed could make many keys of one hash.
static uint64_t the_seed(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_seed);
    return seed;
}

static bool has_text(const struct value *value)
{
    return value->kind == VALUE_TEXT || value->kind == VALUE_DECIMAL;
}

static size_t value_bytes(const struct value *value)
{
    if (value->kind == VALUE_NULL)
        return 1;
    return 1 + sizeof(uint64_t) + (has_text(value) ? value->text.len : 0);
}

static char *put(char *at, const void *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

static char *put_value(char *at, const struct value *value)
{
    uint64_t number = 0;
    *at++ = (char)value->kind;
    if (value->kind == VALUE_NULL)
        return at;
    if (has_text(value))
        number = value->text.len;
    else if (value->kind == VALUE_INTEGER || value->kind == VALUE_SCALED) // of one scale for each parameter
        memcpy(&number, &value->integer, sizeof(number));
    else
        memcpy(&number, &value->real, sizeof(number)); // 0.0 and -0.0 are two keys: nothing is lost by that
    at = put(at, &number, sizeof(number));
    return has_text(value) && value->text.len > 0 ? put(at, value->text.at, value->text.len) : at;
}

bool key_make(const struct key_parts *parts, const struct value *params, size_t param_count,
    struct arena *arena, struct key *ret_key)
{
    size_t len = sizeof(parts->app) + sizeof(parts->endpoint) + sizeof(parts->format);
    for (size_t i = 0; i < param_count; i++)
        len += value_bytes(&params[i]);
    char *bytes = arena_alloc(arena, len);
    if (bytes == NULL)
        return false;
    char *at = put(bytes, &parts->app, sizeof(parts->app));
    at = put(at, &parts->endpoint, sizeof(parts->endpoint));
    at = put(at, &parts->format, sizeof(parts->format));
    for (size_t i = 0; i < param_count; i++)
        at = put_value(at, &params[i]);
    *ret_key = (struct key){.bytes = bytes, .len = len, .hash = XXH3_64bits_withSeed(bytes, len, the_seed())};
    return true;
}

bool key_equal(const struct key *a, const struct key *b)
{
    return a->hash == b->hash && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}
