// SPDX-License-Identifier: Apache-2.0
// Which bytes may stand where in a message, as one table lookup.
#ifndef RECKONER_HTTP_CHARS_H
#define RECKONER_HTTP_CHARS_H

#include <stdbool.h>

enum {
    HTTP_TOKEN = 1, // tchar, RFC 9110 section 5.6.2: methods and field names
    HTTP_TARGET =
        2,         // in a request target: visible ASCII but "#"; wider than RFC 3986, as clients send [ ] | ^
    HTTP_TEXT = 4, // in a field value or chunk extension: visible ASCII, obs-text, blank, tab
    HTTP_HOST = 8, // in a reg-name, RFC 3986 section 3.2.2, without "%"
};

extern const unsigned char http_chars[256]; // the sets that each byte is in

static inline unsigned http_char_sets(char byte)
{
    return http_chars[(unsigned char)byte];
}

static inline bool http_char_is(char byte, unsigned set)
{
    return (http_char_sets(byte) & set) != 0;
}

#endif
