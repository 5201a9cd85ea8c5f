// SPDX-License-Identifier: Apache-2.0
// A table with one place for each mark: what comes last stays. A place counts for one ring only, by its
// number, and so never leads to a client of a table that is gone. SipHash-2-4 of 128 bits (libsodium) is
// keyed, so nobody can look for texts whose marks are alike, nor learn from a time how much of a mark was
// right.
#include "access/regulars.h"

#include <sodium.h>
#include <string.h>

#include "base/mem.h"

enum { PLACES = 256 }; // a power of 2

struct place {
    struct regular_mark mark;
    uint64_t ring;         // its number; 0: the place is free
    size_t service;        //
    struct client *client; // the ring's
};

struct regulars {
    unsigned char key[crypto_shorthash_siphashx24_KEYBYTES];
    struct place places[PLACES];
};

_Static_assert(sizeof(struct regular_mark) == crypto_shorthash_siphashx24_BYTES, "128 bits");

enum err_code regulars_new(struct regulars **ret_regulars, struct err *err)
{
    if (sodium_init() < 0)
        return err_set(err, ERR_IO, "the system gives no random numbers");
    struct regulars *regulars = mem_zalloc(1, sizeof(*regulars));
    if (regulars == NULL)
        return err_no_memory(err);
    crypto_shorthash_keygen(regulars->key);
    *ret_regulars = regulars;
    return ERR_NONE;
}

void regulars_free(struct regulars *regulars)
{
    mem_free(regulars);
}

struct regular_mark regulars_mark(const struct regulars *regulars, struct span text)
{
    struct regular_mark mark;
    unsigned char bytes[sizeof(mark)];
    (void)crypto_shorthash_siphashx24(
        bytes, (const unsigned char *)(text.len > 0 ? text.at : ""), text.len, regulars->key);
    memcpy(&mark, bytes, sizeof(mark));
    return mark;
}

struct client *regulars_find(const struct regulars *regulars, const struct regular_mark *mark,
    const struct key_ring *ring, size_t service)
{
    const struct place *place = &regulars->places[mark->words[0] & (PLACES - 1)];
    uint64_t apart = (place->mark.words[0] ^ mark->words[0]) | (place->mark.words[1] ^ mark->words[1]);
    bool is_it = apart == 0 && place->ring == key_ring_number(ring) && place->service == service;
    return is_it ? place->client : NULL;
}

void regulars_note(struct regulars *regulars, const struct regular_mark *mark, const struct key_ring *ring,
    size_t service, struct client *client)
{
    regulars->places[mark->words[0] & (PLACES - 1)] =
        (struct place){.mark = *mark, .ring = key_ring_number(ring), .service = service, .client = client};
}
