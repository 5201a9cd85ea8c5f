// SPDX-License-Identifier: Apache-2.0
// iconv(3) piece by piece. What a piece ends with in the middle of a character stays in `in`, in front of the
// next piece. One thread at a time.
//
//     START ── four bytes  or the end ──► PASS       UTF-8: bytes are handed on
//                                   └──► DECODE     all others: by iconv
#include "text/charset.h"

#include <errno.h>
#include <string.h>

#include "base/ascii.h"
#include "base/mem.h"

enum {
    IN_BYTES = 8192,  // decoded at once, with what is left of the piece before
    OUT_BYTES = 32768 // more than that becomes of them, but for odd encodings
};

struct charset_work {
    char in[IN_BYTES];   // bytes that are not decoded: those of a piece, or a part of a character
    size_t in_len;       // of them
    char out[OUT_BYTES]; // text on its way to the sink
};

bool charset_is_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        if (!ascii_is_letter(c) && !ascii_is_digit(c) && strchr("-_.:", c) == NULL)
            return false;
    }
    return name.len > 0 && name.len <= CHARSET_NAME_CHARS;
}

bool charset_is_utf8(struct span name)
{
    static const char *const names[] = {"", "utf-8", "utf8", "us-ascii", "ascii"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (span_is_nocase(name, names[i]))
            return true;
    }
    return false;
}

static bool is_utf16(const char *name)
{
    return span_is_nocase(span_of(name), "utf-16") || span_is_nocase(span_of(name), "utf16");
}

bool charset_is_known(struct span name)
{
    AUTO(charset_fini) struct charset charset;
    struct err err = {0};
    return charset_init(&charset, name, &err) == ERR_NONE;
}

// Opens the decoder of a name in place of the one that is open.
static enum err_code open_as(struct charset *charset, const char *name, struct err *err)
{
    if (charset->is_open)
        iconv_close(charset->iconv);
    charset->is_open = false;
    if (charset->work == NULL)
        charset->work = mem_alloc(sizeof(*charset->work));
    if (charset->work == NULL)
        return err_no_memory(err);
    charset->work->in_len = 0;
    charset->iconv = iconv_open("UTF-8", name);
    charset->is_open = charset->iconv != (iconv_t)-1; // NOLINT(performance-no-int-to-ptr): iconv_open(3)'s
    if (charset->is_open)
        return ERR_NONE;
    if (errno == ENOMEM)
        return err_no_memory(err);
    return err_set(err, ERR_MEDIA_TYPE,
        "the encoding %s is not known here; known are windows-1252, ISO-8859-15, UTF-16 and others", name);
}

enum err_code charset_init(struct charset *charset, struct span encoding, struct err *err)
{
    *charset = (struct charset){.state = CHARSET_START};
    if (encoding.len > 0 && !charset_is_name(encoding))
        return err_set(err, ERR_MEDIA_TYPE, "\"%.*s\" is no name of an encoding",
            encoding.len > CHARSET_NAME_CHARS ? CHARSET_NAME_CHARS : (int)encoding.len, encoding.at);
    if (encoding.len > 0)
        memcpy(charset->name, encoding.at, encoding.len);
    return charset_is_utf8(span_of(charset->name)) ? ERR_NONE : open_as(charset, charset->name, err);
}

// --- the start

static bool starts_with(const struct charset *charset, const char *bytes, size_t len)
{
    return charset->start_len >= len && memcmp(charset->start, bytes, len) == 0;
}

// UTF-16 without a mark: text mostly begins with a character below U+0100.
static const char *utf16_order(const struct charset *charset)
{
    return charset->start_len >= 2 && charset->start[0] == '\0' && charset->start[1] != '\0' ? "UTF-16BE"
                                                                                             : "UTF-16LE";
}

// Settles what the bytes are by those that they begin with, and what of these is a mark.
static enum err_code begin(struct charset *charset, size_t *ret_mark, struct err *err)
{
    // UTF-32 stands in front of UTF-16, whose mark it begins with: no text goes on with a NUL.
    static const struct {
        const char *bytes;
        size_t len;
        const char *name;
    } marks[] = {{"\xef\xbb\xbf", 3, ""}, {"\xff\xfe\0\0", 4, "UTF-32LE"}, {"\0\0\xfe\xff", 4, "UTF-32BE"},
        {"\xff\xfe", 2, "UTF-16LE"}, {"\xfe\xff", 2, "UTF-16BE"}};
    const char *name = charset->name;
    size_t i = 0;
    while (i < ARRAY_LEN(marks) && !starts_with(charset, marks[i].bytes, marks[i].len))
        i++;
    *ret_mark = i < ARRAY_LEN(marks) ? marks[i].len : 0;
    if (i < ARRAY_LEN(marks))
        name = marks[i].name;
    else if (is_utf16(name))
        name = utf16_order(charset);
    charset->state = charset_is_utf8(span_of(name)) ? CHARSET_PASS : CHARSET_DECODE;
    if (charset->state == CHARSET_PASS || name == charset->name)
        return ERR_NONE;
    memcpy(charset->name, name, strlen(name) + 1);
    return open_as(charset, name, err);
}

// --- decoding

static enum err_code fail_bytes(const struct charset *charset, struct err *err)
{
    return err_set(err, ERR_MALFORMED, "the byte 0x%02x is not of the encoding %s",
        (unsigned)(unsigned char)charset->work->in[0], charset->name);
}

// Decodes what is in `in`, and keeps of it the part of a character that it may end with.
static enum err_code decode(struct charset *charset, charset_sink *sink, void *ctx, struct err *err)
{
    struct charset_work *work = charset->work;
    int problem = 0;
    while (work->in_len > 0 && problem != EINVAL) {
        char *in = work->in, *out = work->out;
        size_t in_left = work->in_len, out_left = sizeof(work->out);
        bool is_done = iconv(charset->iconv, &in, &in_left, &out, &out_left) != (size_t)-1;
        problem = is_done ? 0 : errno;
        size_t made = (size_t)(out - work->out);
        bool is_stuck = in == work->in && made == 0;
        work->in_len = in_left;
        memmove(work->in, in, in_left);
        enum err_code code =
            made > 0 ? sink(ctx, (struct span){.at = work->out, .len = made}, err) : ERR_NONE;
        if (code != ERR_NONE)
            return code;
        if (problem == EILSEQ || (problem == E2BIG && is_stuck) || in_left == sizeof(work->in))
            return fail_bytes(charset, err);
    }
    return ERR_NONE;
}

static enum err_code feed(
    struct charset *charset, struct span bytes, charset_sink *sink, void *ctx, struct err *err)
{
    enum err_code code = ERR_NONE;
    if (charset->state == CHARSET_PASS)
        return bytes.len > 0 ? sink(ctx, bytes, err) : ERR_NONE;
    struct charset_work *work = charset->work;
    while (code == ERR_NONE && bytes.len > 0) {
        size_t room = sizeof(work->in) - work->in_len, len = bytes.len < room ? bytes.len : room;
        memcpy(work->in + work->in_len, bytes.at, len);
        work->in_len += len;
        span_drop(&bytes, len);
        code = decode(charset, sink, ctx, err);
    }
    return code;
}

static enum err_code feed_start(struct charset *charset, charset_sink *sink, void *ctx, struct err *err)
{
    size_t mark;
    enum err_code code = begin(charset, &mark, err);
    struct span rest = {.at = charset->start + mark, .len = charset->start_len - mark};
    return code == ERR_NONE ? feed(charset, rest, sink, ctx, err) : code;
}

enum err_code charset_feed(
    struct charset *charset, struct span bytes, charset_sink *sink, void *ctx, struct err *err)
{
    enum err_code code = ERR_NONE;
    if (charset->state == CHARSET_START) {
        while (charset->start_len < sizeof(charset->start) && bytes.len > 0) {
            charset->start[charset->start_len++] = bytes.at[0];
            span_drop(&bytes, 1);
        }
        if (charset->start_len < sizeof(charset->start))
            return ERR_NONE;
        code = feed_start(charset, sink, ctx, err);
    }
    return code == ERR_NONE ? feed(charset, bytes, sink, ctx, err) : code;
}

enum err_code charset_finish(struct charset *charset, charset_sink *sink, void *ctx, struct err *err)
{
    enum err_code code = charset->state == CHARSET_START ? feed_start(charset, sink, ctx, err) : ERR_NONE;
    if (code != ERR_NONE || charset->state == CHARSET_PASS)
        return code;
    if (charset->work->in_len > 0)
        return err_set(err, ERR_MALFORMED, "the text ends in the middle of a character of %s", charset->name);
    // Some encodings hold a letter back, as its accent may follow.
    char *out = charset->work->out;
    size_t out_left = sizeof(charset->work->out);
    if (iconv(charset->iconv, NULL, NULL, &out, &out_left) == (size_t)-1)
        return fail_bytes(charset, err);
    struct span last = {.at = charset->work->out, .len = (size_t)(out - charset->work->out)};
    return last.len > 0 ? sink(ctx, last, err) : ERR_NONE;
}

void charset_fini(struct charset *charset)
{
    if (charset == NULL)
        return;
    if (charset->is_open)
        iconv_close(charset->iconv);
    mem_free(charset->work);
    *charset = (struct charset){0};
}
