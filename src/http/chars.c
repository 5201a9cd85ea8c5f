// SPDX-License-Identifier: Apache-2.0
// The table behind http/chars.h: one row a byte, fixed at compile time. Any thread.
#include "http/chars.h"

enum {
    X = HTTP_TEXT,
    GX = HTTP_TARGET | X,
    TX = HTTP_TOKEN | X,
    TGX = HTTP_TOKEN | GX,
    GXH = GX | HTTP_HOST,
    ALL = TGX | HTTP_HOST,
};

// Bytes that are not named are in no set: controls and DEL.
const unsigned char http_chars[256] = {
    ['\t'] = X,
    [' '] = X,
    ['!'] = ALL,
    ['"'] = GX,
    ['#'] = TX,
    ['$'] = ALL,
    ['%'] = TGX,
    ['&'] = ALL,
    ['\''] = ALL,
    ['('] = GXH,
    [')'] = GXH,
    ['*'] = ALL,
    ['+'] = ALL,
    [','] = GXH,
    ['-'] = ALL,
    ['.'] = ALL,
    ['/'] = GX,
    ['0' ... '9'] = ALL,
    [':'] = GX,
    [';'] = GXH,
    ['<'] = GX,
    ['='] = GXH,
    ['>'] = GX,
    ['?'] = GX,
    ['@'] = GX,
    ['A' ... 'Z'] = ALL,
    ['['] = GX,
    ['\\'] = GX,
    [']'] = GX,
    ['^'] = TGX,
    ['_'] = ALL,
    ['`'] = TGX,
    ['a' ... 'z'] = ALL,
    ['{'] = GX,
    ['|'] = TGX,
    ['}'] = GX,
    ['~'] = ALL,
    [0x80 ... 0xff] = X,
};
