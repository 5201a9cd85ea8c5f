// SPDX-License-Identifier: Apache-2.0
// All addresses are compared as IPv6: an IPv4 one counts as ::ffff:a.b.c.d, which is also how it comes over a
// socket of both kinds. The networks are few, so they are walked one by one. No state; any thread.
#include "http/trust.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/span.h"
#include "text/digits.h"

enum { V6_BITS = 128, V4_BITS = 32, V4_STARTS_AT = 96, TEXT_BYTES = INET6_ADDRSTRLEN + 8 };

// --- addresses

static void map_v4(const struct in_addr *v4, struct in6_addr *ret_v6)
{
    static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(ret_v6->s6_addr, MAPPED, sizeof(MAPPED));
    memcpy(ret_v6->s6_addr + sizeof(MAPPED), v4, sizeof(*v4));
}

// The byte of a mask of so many bits at place `i`.
static uint8_t mask_byte(unsigned bits, unsigned i)
{
    unsigned own = bits <= i * 8 ? 0 : bits - i * 8;
    if (own >= 8)
        return 0xff;
    return (uint8_t)(0xff00u >> own & 0xffu);
}

static bool network_has(const struct network *network, const struct in6_addr *address)
{
    for (unsigned i = 0; i < sizeof(address->s6_addr) && i * 8 < network->bits; i++) {
        if (((address->s6_addr[i] ^ network->address.s6_addr[i]) & mask_byte(network->bits, i)) != 0)
            return false;
    }
    return true;
}

bool trust_has(const struct trust *trust, const union address *address)
{
    struct in6_addr v6;
    if (address->any.sa_family == AF_UNIX)
        return trust->has_unix;
    if (address->any.sa_family == AF_INET)
        map_v4(&address->v4.sin_addr, &v6);
    else
        v6 = address->v6.sin6_addr;
    for (size_t i = 0; i < trust->count; i++) {
        if (network_has(&trust->networks[i], &v6))
            return true;
    }
    return false;
}

// --- texts

static enum err_code fail(struct span text, const char *why, struct err *err)
{
    err_set(err, ERR_CONFIG, "\"%.*s\" names no proxies to trust: %s", (int)(text.len < 100 ? text.len : 100),
        text.at, why);
    err_hint(err, "say them as 10.0.0.0/8, 2001:db8::/32, 192.0.2.1, or unix for those of a Unix socket");
    return ERR_CONFIG;
}

// The number behind the slash; -1 when it is none up to `max`.
static int read_bits(struct span text, int max)
{
    int bits = text.len >= 1 && text.len <= 3 ? digits_read(text.at, (int)text.len) : -1;
    return bits <= max ? bits : -1;
}

// Fails a network that is written by an address in its middle, as then one of the two is a mistake.
static enum err_code check_first(struct span text, const struct network *network, bool is_v4, struct err *err)
{
    char why[64 + INET6_ADDRSTRLEN], first[INET6_ADDRSTRLEN];
    struct in6_addr address = network->address;
    for (unsigned i = 0; i < sizeof(address.s6_addr); i++)
        address.s6_addr[i] &= mask_byte(network->bits, i);
    if (memcmp(&address, &network->address, sizeof(address)) == 0)
        return ERR_NONE;
    inet_ntop(
        is_v4 ? AF_INET : AF_INET6, is_v4 ? address.s6_addr + 12 : address.s6_addr, first, sizeof(first));
    snprintf(why, sizeof(why), "the network of so many bits begins at %s", first);
    return fail(text, why, err);
}

static enum err_code read_network(struct span text, struct network *ret_network, struct err *err)
{
    char address[TEXT_BYTES];
    struct network network;
    struct in_addr v4;
    struct span bits = text, host = span_split(&bits, '/');
    bool has_bits = host.len < text.len;
    if (host.len >= sizeof(address))
        return fail(text, "it is no address", err);
    snprintf(address, sizeof(address), "%.*s", (int)host.len, host.at);
    bool is_v4 = inet_pton(AF_INET, address, &v4) == 1;
    if (is_v4)
        map_v4(&v4, &network.address);
    else if (inet_pton(AF_INET6, address, &network.address) != 1)
        return fail(text, "it is no address", err);
    int read = has_bits ? read_bits(bits, is_v4 ? V4_BITS : V6_BITS) : is_v4 ? V4_BITS : V6_BITS;
    if (read < 0)
        return fail(text,
            is_v4 ? "behind the / stands no number up to 32" : "behind the / stands no number up to 128",
            err);
    network.bits = (unsigned)read + (is_v4 ? V4_STARTS_AT : 0);
    enum err_code code = check_first(text, &network, is_v4, err);
    if (code == ERR_NONE)
        *ret_network = network;
    return code;
}

enum err_code trust_add(struct trust *trust, const char *text, struct err *err)
{
    struct span rest = span_of(text);
    do {
        struct span one = span_trim(span_split(&rest, ','));
        if (span_is(one, "unix") || span_is(one, "unix:")) {
            trust->has_unix = true;
            continue;
        }
        if (one.len == 0)
            return fail(span_of(text), "a name is missing", err);
        if (trust->count == LIMIT_TRUSTED_NETWORKS)
            return err_set(err, ERR_CONFIG, "more than %d networks of proxies are trusted: name larger ones",
                LIMIT_TRUSTED_NETWORKS);
        enum err_code code = read_network(one, &trust->networks[trust->count], err);
        if (code != ERR_NONE)
            return code;
        trust->count++;
    } while (rest.len > 0);
    return ERR_NONE;
}
