// SPDX-License-Identifier: Apache-2.0
// Takes the port off the end, and gives what is before it to getaddrinfo(3), which may block. Any thread.
#include "http/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "text/digits.h"

enum { HOST_BYTES = 256, MAX_PORT = 65535 };

static enum err_code fail(const char *text, const char *why, struct err *err)
{
    err_set(err, ERR_CONFIG, "\"%.200s\" is no address to listen on: %s", text, why);
    err_hint(
        err, "say it as 127.0.0.1:8080, [::1]:8080, localhost:8080, 8080, or :8080 for all of the machine");
    return ERR_CONFIG;
}

int address_read_port(struct span text)
{
    int port = text.len >= 1 && text.len <= 5 ? digits_read(text.at, (int)text.len) : -1;
    return port <= MAX_PORT ? port : -1;
}

bool address_read_host(struct span text, int family, int port, union address *ret_address)
{
    char host[INET6_ADDRSTRLEN];
    union address address = {0};
    if (text.len == 0 || text.len >= sizeof(host) || memchr(text.at, '\0', text.len) != NULL)
        return false;
    memcpy(host, text.at, text.len);
    host[text.len] = '\0';
    if (family != AF_INET6 && inet_pton(AF_INET, host, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons((uint16_t)port);
    } else if (family != AF_INET && inet_pton(AF_INET6, host, &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons((uint16_t)port);
    } else {
        return false;
    }
    *ret_address = address;
    return true;
}

// All addresses of the machine: of both kinds by one socket, where the system has IPv6.
static void set_any(union address *address, int port)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *address = (union address){0};
    if (fd >= 0) {
        close(fd);
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons((uint16_t)port);
    } else {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons((uint16_t)port);
    }
}

// The first address of a kind; NULL: there is none.
static const struct addrinfo *first_of(const struct addrinfo *found, int family)
{
    while (found != NULL && found->ai_family != family)
        found = found->ai_next;
    return found;
}

// False when there is neither an IPv4 address nor an IPv6 one.
static bool set_found(union address *address, const struct addrinfo *found, int port)
{
    const struct addrinfo *v4 = first_of(found, AF_INET), *v6 = first_of(found, AF_INET6);
    *address = (union address){0};
    if (v4 != NULL) {
        memcpy(address, v4->ai_addr, sizeof(address->v4));
        address->v4.sin_port = htons((uint16_t)port);
    } else if (v6 != NULL) {
        memcpy(address, v6->ai_addr, sizeof(address->v6));
        address->v6.sin6_port = htons((uint16_t)port);
    }
    return v4 != NULL || v6 != NULL;
}

static enum err_code find_host(
    const char *text, const char *host, bool is_v6, int port, union address *ret_address, struct err *err)
{
    struct addrinfo *found = NULL;
    struct addrinfo wanted = {.ai_family = is_v6 ? AF_INET6 : AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = is_v6 ? AI_NUMERICHOST : 0};
    int failed = getaddrinfo(host, NULL, &wanted, &found);
    if (failed != 0)
        return fail(text, is_v6 ? "what stands in [ ] is no IPv6 address" : "no host has that name", err);
    bool is_set = set_found(ret_address, found, port);
    freeaddrinfo(found);
    return is_set ? ERR_NONE : fail(text, "no host has that name", err);
}

enum err_code address_read(const char *text, union address *ret_address, struct err *err)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;
    int port = address_read_port(span_of(colon != NULL ? colon + 1 : text));
    bool is_v6 = len > 2 && text[0] == '[' && text[len - 1] == ']';
    char host[HOST_BYTES];
    if (port < 0)
        return fail(text, "it does not end in a port from 0 to 65535", err);
    if (colon == text) {
        set_any(ret_address, port);
        return ERR_NONE;
    }
    if (strstr(text, "://") != NULL)
        return fail(text, "it is a url", err);
    if (!is_v6 && memchr(text, ':', len) != NULL)
        return fail(text, "an IPv6 address stands in [ ]", err);
    if (len >= sizeof(host))
        return fail(text, "no host has that name", err);
    snprintf(host, sizeof(host), "%.*s", (int)(is_v6 ? len - 2 : len), is_v6 ? text + 1 : text);
    return find_host(text, colon != NULL ? host : "127.0.0.1", is_v6, port, ret_address, err);
}

void address_write(const union address *address, char ret_text[ADDRESS_BYTES])
{
    char host[INET6_ADDRSTRLEN] = "";
    if (address->any.sa_family == AF_UNIX) {
        snprintf(ret_text, ADDRESS_BYTES, "unix:");
        return;
    }
    const struct in6_addr *v6 = &address->v6.sin6_addr;
    bool is_v4 = address->any.sa_family == AF_INET;
    bool is_mapped = !is_v4 && IN6_IS_ADDR_V4MAPPED(v6);
    if (is_v4)
        inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
    else if (is_mapped)
        inet_ntop(AF_INET, &v6->s6_addr[12], host, sizeof(host));
    else
        inet_ntop(AF_INET6, v6, host, sizeof(host));
    unsigned port = ntohs(is_v4 ? address->v4.sin_port : address->v6.sin6_port);
    if (port == 0)
        snprintf(ret_text, ADDRESS_BYTES, "%s", host);
    else
        snprintf(ret_text, ADDRESS_BYTES, is_v4 || is_mapped ? "%s:%u" : "[%s]:%u", host, port);
}

bool address_read_written(struct span text, union address *ret_address)
{
    const char *colon = text.len > 0 ? memrchr(text.at, ':', text.len) : NULL;
    size_t len = colon != NULL ? (size_t)(colon - text.at) : 0;
    bool is_v6 = len > 2 && text.at[0] == '[' && text.at[len - 1] == ']';
    if (span_is(text, "unix:")) {
        *ret_address = (union address){.any.sa_family = AF_UNIX};
        return true;
    }
    if (colon == NULL || (!is_v6 && memchr(text.at, ':', len) != NULL)) // there is no port
        return address_read_host(text, AF_UNSPEC, 0, ret_address);
    int port = address_read_port((struct span){.at = colon + 1, .len = text.len - len - 1});
    struct span host =
        is_v6 ? (struct span){.at = text.at + 1, .len = len - 2} : (struct span){.at = text.at, .len = len};
    return port >= 0 && address_read_host(host, is_v6 ? AF_INET6 : AF_INET, port, ret_address);
}

struct origin address_origin(const union address *address)
{
    struct origin origin = {{0}};
    bool is_v6 = address->any.sa_family == AF_INET6;
    if (is_v6 && !IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr)) {
        memcpy(origin.bytes, &address->v6.sin6_addr, 8);
        return origin;
    }
    origin.bytes[10] = origin.bytes[11] = 0xff;
    if (is_v6)
        memcpy(origin.bytes + 12, address->v6.sin6_addr.s6_addr + 12, 4);
    else if (address->any.sa_family == AF_INET)
        memcpy(origin.bytes + 12, &address->v4.sin_addr, 4);
    return origin;
}
