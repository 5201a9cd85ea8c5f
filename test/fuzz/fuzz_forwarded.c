// SPDX-License-Identifier: Apache-2.0
// Whatever stands in front of what a trusted proxy has added changes nothing: the input is put in front of an
// element whose address is not trusted, in both fields and in a line of its own, and that address has to be
// the client's. What a client can be is an address, whatever else is there.
#include <arpa/inet.h>
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "http/forwarded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The text of the client of a request with that field, in a copy that ends where its memory does.
static void client_of(
    const char *name, struct span value, enum forwarded_field field, char ret_text[ADDRESS_BYTES])
{
    struct trust trust = {.field = field};
    struct err err = {0};
    assert(trust_add(&trust, "10.0.0.0/8,fd00::/8", &err) == ERR_NONE);
    union address peer = {.v4 = {.sin_family = AF_INET, .sin_addr = {htonl(0x0a000001)}}}, client;
    char *copy = malloc(value.len + 1);
    assert(copy != NULL);
    if (value.len > 0)
        memcpy(copy + 1, value.at, value.len);
    struct http_request head = {.field_count = 1};
    head.fields[0].name = span_of(name);
    head.fields[0].value = (struct span){.at = copy + 1, .len = value.len};
    forwarded_client(&head, &trust, &peer, &client);
    assert(client.any.sa_family == AF_INET || client.any.sa_family == AF_INET6);
    address_write(&client, ret_text);
    struct http_request other = {.field_count = 1};
    other.fields[0].name = span_of("X-Forwarded-Prefix");
    other.fields[0].value = head.fields[0].value;
    struct span prefix = forwarded_prefix(&other);
    assert(prefix.len <= LIMIT_PREFIX_BYTES);
    assert(prefix.len == 0 || (prefix.len > 1 && prefix.at[0] == '/' && prefix.at[1] != '/'));
    free(copy);
}

static void try_behind(struct span front, const char *name, const char *added, enum forwarded_field field)
{
    char text[ADDRESS_BYTES];
    struct buf list;
    buf_init(&list, front.len + 200);
    buf_append(&list, front.at, front.len);
    buf_append_str(&list, added);
    client_of(name, buf_span(&list), field, text);
    assert(strcmp(text, "203.0.113.7") == 0);
    buf_fini(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[ADDRESS_BYTES];
    struct span front = {.at = (const char *)data, .len = size};
    client_of("x-forwarded-for", front, FORWARDED_EITHER, text);
    client_of("forwarded", front, FORWARDED_EITHER, text);
    try_behind(front, "x-forwarded-for", ", 203.0.113.7", FORWARDED_EITHER);
    try_behind(front, "x-forwarded-for", ",203.0.113.7,10.0.0.9", FORWARDED_FOR);
    try_behind(front, "forwarded", ", for=203.0.113.7", FORWARDED_EITHER);
    try_behind(
        front, "forwarded", ",for=\"203.0.113.7\";by=\"a, \\\"b\", for=\"[fd00::1]:80\"", FORWARDED_RFC);
    return 0;
}
