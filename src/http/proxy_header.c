// SPDX-License-Identifier: Apache-2.0
// Both versions, told apart by their first bytes. What comes behind the addresses of version 2 (TLVs) is not
// used, but for the check sum. Of a connection that did not come by TCP nothing but the header's length is
// known. No state; any thread.
#include "http/proxy_header.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "base/limits.h"

static const char NO_HEADER[] = "it does not begin with a PROXY header";

static enum http_progress refuse(const char **ret_problem, const char *problem)
{
    *ret_problem = problem;
    return HTTP_REFUSED;
}

// Whether the bytes, as far as they have come, are those of `wanted`.
static bool begins(struct span bytes, const char *wanted, size_t len)
{
    return memcmp(bytes.at, wanted, bytes.len < len ? bytes.len : len) == 0;
}

// --- version 1

enum { V1_BYTES = 107 }; // the longest line, CR LF and all

// Unlike others' ports, this one has no zero in front.
static int read_port(struct span text)
{
    bool has_zero = text.len > 1 && text.at[0] == '0';
    return has_zero ? -1 : address_read_port(text);
}

// "PROXY TCP4 192.0.2.1 198.51.100.1 4711 443"
static bool read_line(struct span line, struct proxy_header *header)
{
    header->is_passed_on = true;
    (void)span_split(&line, ' '); // PROXY
    struct span family = span_split(&line, ' ');
    if (span_is(family, "UNKNOWN"))
        return true;
    bool is_v6 = span_is(family, "TCP6");
    if (!is_v6 && !span_is(family, "TCP4"))
        return false;
    struct span source = span_split(&line, ' '), target = span_split(&line, ' ');
    int source_port = read_port(span_split(&line, ' '));
    int target_port = read_port(line);
    int wanted = is_v6 ? AF_INET6 : AF_INET;
    union address unused;
    header->has_client = source_port >= 0 && target_port >= 0 &&
                         address_read_host(source, wanted, source_port, &header->client) &&
                         address_read_host(target, wanted, target_port, &unused);
    return header->has_client;
}

static enum http_progress read_v1(struct span bytes, struct proxy_header *header, const char **ret_problem)
{
    static const char START[] = "PROXY ";
    if (!begins(bytes, START, strlen(START)))
        return refuse(ret_problem, NO_HEADER);
    const char *lf = memchr(bytes.at, '\n', bytes.len < V1_BYTES ? bytes.len : V1_BYTES);
    if (lf == NULL && bytes.len >= V1_BYTES)
        return refuse(ret_problem, "the line of its PROXY header is longer than 107 bytes");
    if (lf == NULL)
        return HTTP_MORE;
    size_t len = (size_t)(lf - bytes.at);
    struct span line = {.at = bytes.at, .len = len - 1};
    if (len == 0 || bytes.at[len - 1] != '\r' || !read_line(line, header))
        return refuse(ret_problem, "the line of its PROXY header is malformed");
    header->len = len + 1;
    return HTTP_DONE;
}

// --- version 2

static const char SIGNATURE[] = "\r\n\r\n\0\r\nQUIT\n";

enum {
    SIGNATURE_BYTES = sizeof(SIGNATURE) - 1,
    FIXED_BYTES = 16, // in front of the addresses
    V4_BYTES = 12,    // of a pair of addresses and ports
    V6_BYTES = 36,    //
    TLV_BYTES = 3,    // in front of a value
    TLV_CRC32C = 0x03,
};

static unsigned number_at(const char *at)
{
    return (unsigned)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

// RFC 9260 appendix A: reflected, of polynomial 0x1EDC6F41. The bytes from `from` to `to` count as zeros.
static uint32_t crc32c(struct span bytes, size_t from, size_t to)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= i >= from && i < to ? 0 : (unsigned char)bytes.at[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    return ~crc;
}

// Whether the TLVs behind the addresses end where the header does, and its check sum, if it has one, is
// right.
static bool are_tlvs_good(struct span header, size_t at)
{
    while (at < header.len) {
        if (header.len - at < TLV_BYTES)
            return false;
        unsigned type = (unsigned char)header.at[at], len = number_at(header.at + at + 1);
        at += TLV_BYTES;
        if (len > header.len - at)
            return false;
        if (type == TLV_CRC32C) {
            uint32_t sum = 0;
            if (len != sizeof(sum))
                return false;
            memcpy(&sum, header.at + at, sizeof(sum));
            if (ntohl(sum) != crc32c(header, at, at + sizeof(sum)))
                return false;
        }
        at += len;
    }
    return true;
}

static void set_v4(const char *at, union address *address)
{
    address->v4.sin_family = AF_INET;
    memcpy(&address->v4.sin_addr, at, sizeof(address->v4.sin_addr));
    memcpy(&address->v4.sin_port, at + 8, sizeof(address->v4.sin_port));
}

static void set_v6(const char *at, union address *address)
{
    address->v6.sin6_family = AF_INET6;
    memcpy(&address->v6.sin6_addr, at, sizeof(address->v6.sin6_addr));
    memcpy(&address->v6.sin6_port, at + 32, sizeof(address->v6.sin6_port));
}

// A header that is whole. Addresses of other families than TCP's are passed over.
static enum http_progress read_whole(struct span bytes, struct proxy_header *header, const char **ret_problem)
{
    enum { LOCAL = 0x20, PROXY = 0x21, UNSPEC = 0x00, TCP4 = 0x11, TCP6 = 0x21 };
    unsigned command = (unsigned char)bytes.at[12], family = (unsigned char)bytes.at[13];
    size_t addresses = family == TCP4 ? V4_BYTES : family == TCP6 ? V6_BYTES : 0;
    const char *at = bytes.at + FIXED_BYTES;
    if (command != LOCAL && command != PROXY)
        return refuse(ret_problem, "the command of its PROXY header is neither LOCAL nor PROXY");
    if (bytes.len - FIXED_BYTES < addresses)
        return refuse(ret_problem, "its PROXY header is too short for its addresses");
    if (addresses > 0 && !are_tlvs_good(bytes, FIXED_BYTES + addresses))
        return refuse(ret_problem, "what stands behind the addresses of its PROXY header is malformed");
    if (command == PROXY && family == TCP4)
        set_v4(at, &header->client);
    else if (command == PROXY && family == TCP6)
        set_v6(at, &header->client);
    header->is_passed_on = command == PROXY;
    header->has_client = command == PROXY && addresses > 0;
    header->len = bytes.len;
    return HTTP_DONE;
}

static enum http_progress read_v2(struct span bytes, struct proxy_header *header, const char **ret_problem)
{
    if (!begins(bytes, SIGNATURE, SIGNATURE_BYTES))
        return refuse(ret_problem, NO_HEADER);
    if (bytes.len < FIXED_BYTES)
        return HTTP_MORE;
    size_t len = FIXED_BYTES + number_at(bytes.at + 14);
    if (len > LIMIT_PROXY_HEADER_BYTES)
        return refuse(ret_problem, "its PROXY header is longer than 4096 bytes");
    if (bytes.len < len)
        return HTTP_MORE;
    return read_whole((struct span){.at = bytes.at, .len = len}, header, ret_problem);
}

enum http_progress proxy_header_read(
    struct span bytes, struct proxy_header *ret_header, const char **ret_problem)
{
    struct proxy_header header = {0};
    enum http_progress progress = HTTP_MORE;
    if (bytes.len > 0)
        progress = bytes.at[0] == SIGNATURE[0] ? read_v2(bytes, &header, ret_problem)
                                               : read_v1(bytes, &header, ret_problem);
    if (progress == HTTP_DONE)
        *ret_header = header;
    return progress;
}
