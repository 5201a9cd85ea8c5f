// SPDX-License-Identifier: Apache-2.0
// A PROXY header is read the same from all bytes and from just its own; while a part of it is there, more is
// asked for; and what is refused is refused as soon as that is sure, and stays so.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "http/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Reads a copy that ends where its memory does.
static enum http_progress read_copy(
    const uint8_t *data, size_t len, struct proxy_header *ret_header, const char **ret_problem)
{
    char *copy = malloc(len + 1);
    assert(copy != NULL);
    if (len > 0)
        memcpy(copy + 1, data, len);
    enum http_progress progress =
        proxy_header_read((struct span){.at = copy + 1, .len = len}, ret_header, ret_problem);
    free(copy);
    return progress;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_header header = {0}, again;
    const char *problem = NULL;
    enum http_progress whole = read_copy(data, size, &header, &problem);
    if (whole == HTTP_REFUSED) {
        assert(problem != NULL);
        return 0;
    }
    if (whole == HTTP_DONE) {
        assert(header.len > 0 && header.len <= size && header.len <= LIMIT_PROXY_HEADER_BYTES);
        assert(read_copy(data, header.len, &again, &problem) == HTTP_DONE);
        assert(again.len == header.len && again.has_client == header.has_client);
    }
    size_t parts = whole == HTTP_DONE ? header.len : size;
    for (size_t len = 0; len < parts; len++)
        assert(read_copy(data, len, &again, &problem) == HTTP_MORE);
    return 0;
}
