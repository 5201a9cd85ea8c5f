// SPDX-License-Identifier: Apache-2.0
// By hand rather than with snprintf: this runs for every request. The caller has made room for http_head_max
// bytes, so nothing is checked here. Any thread.
#include "http/head.h"

#include <string.h>

#include "http/message.h"

enum { FIXED_BYTES = 224 }; // all lines that are always the same, Content-Length and Connection: 180 at most

static char *put(char *out, const char *text, size_t len)
{
    memcpy(out, text, len);
    return out + len;
}

static char *put_text(char *out, const char *text)
{
    return put(out, text, strlen(text));
}

static char *put_number(char *out, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return put(out, digits + at, sizeof(digits) - at);
}

size_t http_head_max(const struct http_head *head)
{
    return FIXED_BYTES + (head->content_type != NULL ? strlen(head->content_type) + 16 : 0) +
           (head->headers != NULL ? strlen(head->headers) : 0) +
           (head->more_headers != NULL ? strlen(head->more_headers) : 0);
}

size_t http_head_write(const struct http_head *head, char *out)
{
    static const char *const connection[] = {
        [HTTP_STAYS_OPEN] = "",
        [HTTP_KEEP_ALIVE] = "Connection: keep-alive\r\n",
        [HTTP_CLOSE] = "Connection: close\r\n",
    };
    char *at = put_text(out, "HTTP/1.1 ");
    at = put_number(at, (uint64_t)head->status);
    *at++ = ' ';
    at = put_text(at, http_reason(head->status));
    if (head->content_type != NULL) {
        at = put_text(at, "\r\nContent-Type: ");
        at = put_text(at, head->content_type);
    }
    if (head->has_length) {
        at = put_text(at, "\r\nContent-Length: ");
        at = put_number(at, head->content_length);
    }
    at = put_text(at, "\r\nDate: ");
    at = put_text(at, head->date);
    at = put_text(at, "\r\nX-Content-Type-Options: nosniff\r\n"); // the type is always the one that is said
    at = put_text(at, connection[head->persistence]);
    if (head->headers != NULL)
        at = put_text(at, head->headers);
    if (head->more_headers != NULL)
        at = put_text(at, head->more_headers);
    at = put_text(at, "\r\n");
    return (size_t)(at - out);
}
