// SPDX-License-Identifier: Apache-2.0
// One state a place in the grammar; each state skips over the bytes that belong to it in a run. The fields
// that decide about framing are looked at when their line ends, the rest is left to the handler. Keeps
// offsets only, never a pointer into the head, so any thread may run it.
//
//   START ─ CR → START_LF ─┐   (one empty line, RFC 9112 section 2.2)
//     └──────────────────→ METHOD ─ SP → TARGET ─ SP → VERSION ─ CR → LINE_LF ─┐
//        ┌─────────────────────────────────────────────────────────────────────┘
//        └→ FIELD ─ CR → END_LF → DONE
//            │ ↑
//            ↓ └───────────────────────── FIELD_LF ←─┐
//           NAME ─ ":" → BLANK → VALUE ─ CR ─────────┘
#include "http/parse.h"

#include <assert.h>
#include <string.h>

#include "base/ascii.h"
#include "http/chars.h"
#include "http/target.h"

enum state {
    START,    // before the first byte
    START_LF, // the LF of an empty line before the request line
    METHOD,   // in the method
    TARGET,   // in the request target
    VERSION,  // in "HTTP/1.1" and its CR
    LINE_LF,  // the LF of the request line
    FIELD,    // the first byte of a field line, or the CR of the last line
    NAME,     // in a field's name
    BLANK,    // blanks before a field's value
    VALUE,    // in a field's value
    FIELD_LF, // the LF of a field line
    END_LF,   // the LF of the last line
    DONE,
    REFUSED,
};

enum { METHOD_BYTES = 16 }; // the longest name that is looked up

_Static_assert(LIMIT_HEAD_BYTES <= UINT16_MAX, "places in a head are 16 bits");

void http_parser_init(struct http_parser *parser)
{
    memset(parser, 0, offsetof(struct http_parser, fields));
}

void http_parser_copy(struct http_parser *to, const struct http_parser *from)
{
    // The place of a field that is not whole counts, though it is not counted yet.
    size_t places = from->field_count < LIMIT_HEAD_FIELDS ? from->field_count + 1u : LIMIT_HEAD_FIELDS;
    memcpy(to, from, offsetof(struct http_parser, fields) + places * sizeof(from->fields[0]));
}

static struct span between(struct span head, size_t from, size_t to)
{
    return (struct span){.at = head.at + from, .len = to - from};
}

// --- what fields mean

static enum http_progress host_field(
    struct http_parser *parser, struct span value, struct http_refusal *refusal)
{
    if (++parser->hosts > 1)
        return http_refuse(refusal, 400, "the request has more than one Host");
    if (!http_host_is_valid(value))
        return http_refuse(refusal, 400, "the Host is not a host with an optional port");
    return HTTP_MORE;
}

static enum http_progress content_length_field(
    struct http_parser *parser, struct span value, struct http_refusal *refusal)
{
    if (parser->sized)
        return http_refuse(refusal, 400, "the request has more than one Content-Length");
    uint64_t length = 0;
    for (size_t i = 0; i < value.len; i++) {
        unsigned digit = (unsigned char)value.at[i] - (unsigned)'0';
        if (digit > 9)
            return http_refuse(refusal, 400, "the Content-Length must be decimal digits");
        if (length > ((uint64_t)INT64_MAX - digit) / 10)
            return http_refuse(refusal, 400, "the Content-Length is larger than any body");
        length = length * 10 + digit;
    }
    if (value.len == 0)
        return http_refuse(refusal, 400, "the Content-Length is empty");
    parser->sized = true;
    parser->content_length = length;
    return HTTP_MORE;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

// Whether the element is a coding, perhaps with parameters: it begins with a token.
static bool is_coding(struct span element)
{
    size_t len = 0;
    while (len < element.len && http_char_is(element.at[len], HTTP_TOKEN))
        len++;
    return len > 0 && (len == element.len || element.at[len] == ';' || is_blank(element.at[len]));
}

// A list whose last coding is not chunked leaves the body's length unknown (RFC 9112 section 6.3). Codings
// below chunked are lawful, but not spoken here (RFC 9112 section 6.1).
static enum http_progress transfer_encoding_field(
    struct http_parser *parser, struct span list, struct http_refusal *refusal)
{
    struct span coding, other = {0};
    if (parser->minor_version == 0)
        return http_refuse(refusal, 400, "HTTP/1.0 has no Transfer-Encoding");
    if (parser->chunked)
        return http_refuse(refusal, 400, "the request has more than one Transfer-Encoding");
    while (http_list_next(&list, &coding)) {
        if (parser->chunked)
            return http_refuse(refusal, 400, "chunked must be the last Transfer-Encoding, and be there once");
        if (!is_coding(coding))
            return http_refuse(refusal, 400, "the Transfer-Encoding is not a list of codings");
        if (span_is_nocase(coding, "chunked"))
            parser->chunked = true;
        else
            other = coding;
    }
    if (!parser->chunked)
        return http_refuse(refusal, 400, "the last Transfer-Encoding must be chunked");
    if (other.len > 0)
        return http_refuse(refusal, 501, "the only Transfer-Encoding that is spoken is chunked");
    return HTTP_MORE;
}

static enum http_progress expect_field(
    struct http_parser *parser, struct span list, struct http_refusal *refusal)
{
    struct span expectation;
    if (parser->minor_version == 0) // RFC 9110 section 10.1.1
        return HTTP_MORE;
    while (http_list_next(&list, &expectation)) {
        if (!span_is_nocase(expectation, "100-continue"))
            return http_refuse(refusal, 417, "the only Expect that can be met is 100-continue");
        parser->expects_continue = true;
    }
    return HTTP_MORE;
}

// Options that are not known are for others (RFC 9110 section 7.6.1).
static void connection_field(struct http_parser *parser, struct span list)
{
    struct span option;
    while (http_list_next(&list, &option)) {
        if (span_is_nocase(option, "close"))
            parser->close = true;
        else if (span_is_nocase(option, "keep-alive"))
            parser->keep_alive = true;
    }
}

// A field line has ended before the byte at parser->at.
static enum http_progress end_field(
    struct http_parser *parser, struct span head, struct http_refusal *refusal)
{
    struct http_place *place = &parser->fields[parser->field_count++];
    size_t end = parser->at;
    while (end > parser->mark && is_blank(head.at[end - 1]))
        end--;
    place->value_at = parser->mark;
    place->value_len = (uint16_t)(end - parser->mark);

    struct span name = between(head, place->name_at, (size_t)place->name_at + place->name_len);
    struct span value = between(head, parser->mark, end);
    switch (name.len) { // most names are told by their length already
    case 4:
        return span_is_nocase(name, "host") ? host_field(parser, value, refusal) : HTTP_MORE;
    case 6:
        return span_is_nocase(name, "expect") ? expect_field(parser, value, refusal) : HTTP_MORE;
    case 10:
        if (span_is_nocase(name, "connection"))
            connection_field(parser, value);
        return HTTP_MORE;
    case 14:
        return span_is_nocase(name, "content-length") ? content_length_field(parser, value, refusal)
                                                      : HTTP_MORE;
    case 17:
        return span_is_nocase(name, "transfer-encoding") ? transfer_encoding_field(parser, value, refusal)
                                                         : HTTP_MORE;
    default:
        return HTTP_MORE;
    }
}

static enum http_progress end_head(struct http_parser *parser, struct http_refusal *refusal)
{
    if (parser->minor_version == 1 && parser->hosts == 0)
        return http_refuse(refusal, 400, "the request has no Host");
    if (parser->sized && parser->chunked)
        return http_refuse(refusal, 400, "the request has both Content-Length and Transfer-Encoding");
    parser->state = DONE;
    return HTTP_DONE;
}

// --- the places of the grammar; each returns HTTP_MORE when the next state may go on

// Moves parser->at over bytes of the set, up to `end`. Most runs are long: four bytes at a time are looked up
// with one branch.
static void skip(struct http_parser *parser, struct span head, unsigned set, size_t end)
{
    const char *bytes = head.at;
    size_t at = parser->at;
    while (end - at >= 4 && (http_char_sets(bytes[at]) & http_char_sets(bytes[at + 1]) &
                                http_char_sets(bytes[at + 2]) & http_char_sets(bytes[at + 3]) & set) != 0)
        at += 4;
    while (at < end && http_char_is(bytes[at], set))
        at++;
    parser->at = (uint16_t)at;
}

static size_t at_most(size_t end, size_t bound)
{
    return end < bound ? end : bound;
}

static void enter(struct http_parser *parser, enum state state)
{
    parser->state = (uint8_t)state;
    parser->mark = parser->at;
}

static enum http_progress in_start(struct http_parser *parser, struct span head)
{
    if (head.at[parser->at] == '\r') {
        parser->at++;
        enter(parser, START_LF);
    } else {
        enter(parser, METHOD);
    }
    return HTTP_MORE;
}

// A LF, behind which `next` starts.
static enum http_progress in_lf(
    struct http_parser *parser, struct span head, enum state next, struct http_refusal *refusal)
{
    if (head.at[parser->at] != '\n')
        return http_refuse(refusal, 400, "a line of the head must end with CR LF");
    parser->at++;
    enter(parser, next);
    return HTTP_MORE;
}

static enum http_progress in_method(
    struct http_parser *parser, struct span head, size_t end, struct http_refusal *refusal)
{
    size_t bound = (size_t)parser->mark + METHOD_BYTES;
    skip(parser, head, HTTP_TOKEN, at_most(end, bound));
    if (parser->at == end && end < bound)
        return HTTP_MORE;
    enum http_method method;
    struct span name = between(head, parser->mark, parser->at);
    char byte = parser->at < bound ? head.at[parser->at] : ' ';
    if (name.len == 0 || byte != ' ')
        return http_refuse(refusal, 400, "the method holds byte 0x%02x", (unsigned char)byte);
    if (!http_method_from_name(name, &method))
        return http_refuse(refusal, 501, "the method %.*s is not known", (int)name.len, name.at);
    parser->method = (uint8_t)method;
    parser->at++;
    enter(parser, TARGET);
    return HTTP_MORE;
}

static enum http_progress end_target(
    struct http_parser *parser, struct span head, struct http_refusal *refusal)
{
    struct http_target target;
    struct span whole = between(head, parser->mark, parser->at);
    const char *wrong = http_target_split(whole, (enum http_method)parser->method, &target);
    if (wrong != NULL)
        return http_refuse(refusal, 400, "%s", wrong);
    parser->asterisk = target.asterisk;
    if (target.path.len > 0) {
        parser->path_at = (uint16_t)(target.path.at - head.at);
        parser->path_len = (uint16_t)target.path.len;
    }
    if (target.query.len > 0) {
        parser->query_at = (uint16_t)(target.query.at - head.at);
        parser->query_len = (uint16_t)target.query.len;
    }
    return HTTP_MORE;
}

static enum http_progress in_target(
    struct http_parser *parser, struct span head, size_t end, struct http_refusal *refusal)
{
    size_t bound = (size_t)parser->mark + LIMIT_TARGET_BYTES;
    skip(parser, head, HTTP_TARGET, at_most(end, bound));
    if (parser->at == end)
        return HTTP_MORE;
    char byte = head.at[parser->at];
    if (parser->at == bound && http_char_is(byte, HTTP_TARGET))
        return http_refuse(refusal, 414, "the request target is longer than %d bytes", LIMIT_TARGET_BYTES);
    if (byte == '\r')
        return http_refuse(refusal, 400, "the request line has no HTTP version");
    if ((unsigned char)byte >= 0x80)
        return http_refuse(refusal, 400,
            "the request target holds a character beyond ASCII: percent-encode its bytes, here %%%02X",
            (unsigned char)byte);
    if (byte != ' ')
        return http_refuse(refusal, 400, "the request target holds byte 0x%02x", (unsigned char)byte);
    enum http_progress progress = end_target(parser, head, refusal);
    if (progress != HTTP_MORE)
        return progress;
    parser->at++;
    enter(parser, VERSION);
    return HTTP_MORE;
}

static enum http_progress in_version(
    struct http_parser *parser, struct span head, size_t end, struct http_refusal *refusal)
{
    static const char pattern[] = "HTTP/d.d\r"; // d: a digit
    static const char usual[] = "HTTP/1.1\r";
    enum { USUAL_LEN = sizeof(usual) - 1 };
    bool is_whole = parser->at == parser->mark && end - parser->at >= USUAL_LEN;
    if (is_whole && memcmp(head.at + parser->at, usual, USUAL_LEN) == 0) {
        parser->at += USUAL_LEN;
        parser->minor_version = 1;
        enter(parser, LINE_LF);
        return HTTP_MORE;
    }
    while (parser->at < end) {
        char byte = head.at[parser->at], wanted = pattern[parser->at - parser->mark];
        bool fits = wanted == 'd' ? ascii_is_digit(byte) : byte == wanted;
        if (!fits)
            return http_refuse(refusal, 400, "the request line must end with HTTP/1.1 or HTTP/1.0");
        parser->at++;
        if (wanted != '\r')
            continue;
        char major = head.at[parser->at - 4], minor = head.at[parser->at - 2];
        if (major != '1')
            return http_refuse(refusal, 505, "HTTP/%c.%c is not spoken: use HTTP/1.1", major, minor);
        parser->minor_version = minor != '0'; // a higher one is answered as 1.1: RFC 9110 section 2.5
        enter(parser, LINE_LF);
        return HTTP_MORE;
    }
    return HTTP_MORE;
}

static enum http_progress in_field(struct http_parser *parser, struct span head, struct http_refusal *refusal)
{
    char byte = head.at[parser->at];
    if (byte == '\r') {
        parser->at++;
        enter(parser, END_LF);
        return HTTP_MORE;
    }
    if (is_blank(byte))
        return http_refuse(refusal, 400, "a field line starts with a blank: folded lines are not allowed");
    if (parser->field_count == LIMIT_HEAD_FIELDS)
        return http_refuse(refusal, 431, "the head has more than %d fields", LIMIT_HEAD_FIELDS);
    enter(parser, NAME);
    return HTTP_MORE;
}

static enum http_progress in_name(
    struct http_parser *parser, struct span head, size_t end, struct http_refusal *refusal)
{
    skip(parser, head, HTTP_TOKEN, end);
    if (parser->at == end)
        return HTTP_MORE;
    char byte = head.at[parser->at];
    if (byte != ':')
        return http_refuse(refusal, 400, "a field name holds byte 0x%02x", (unsigned char)byte);
    if (parser->at == parser->mark)
        return http_refuse(refusal, 400, "a field has no name");
    struct http_place *place = &parser->fields[parser->field_count];
    place->name_at = parser->mark;
    place->name_len = (uint16_t)(parser->at - parser->mark);
    parser->at++;
    enter(parser, BLANK);
    return HTTP_MORE;
}

static enum http_progress in_blank(struct http_parser *parser, struct span head, size_t end)
{
    while (parser->at < end && is_blank(head.at[parser->at]))
        parser->at++;
    if (parser->at < end)
        enter(parser, VALUE);
    return HTTP_MORE;
}

static enum http_progress in_value(
    struct http_parser *parser, struct span head, size_t end, struct http_refusal *refusal)
{
    skip(parser, head, HTTP_TEXT, end);
    if (parser->at == end)
        return HTTP_MORE;
    char byte = head.at[parser->at];
    if (byte != '\r')
        return http_refuse(refusal, 400, "a field value holds byte 0x%02x", (unsigned char)byte);
    enum http_progress progress = end_field(parser, head, refusal);
    if (progress != HTTP_MORE)
        return progress;
    parser->at++;
    enter(parser, FIELD_LF);
    return HTTP_MORE;
}

static enum http_progress step(
    struct http_parser *parser, struct span head, size_t end, struct http_refusal *refusal)
{
    enum http_progress progress;
    switch ((enum state)parser->state) {
    case START:
        return in_start(parser, head);
    case START_LF:
        return in_lf(parser, head, METHOD, refusal);
    case METHOD:
        return in_method(parser, head, end, refusal);
    case TARGET:
        return in_target(parser, head, end, refusal);
    case VERSION:
        return in_version(parser, head, end, refusal);
    case LINE_LF:
    case FIELD_LF:
        return in_lf(parser, head, FIELD, refusal);
    case FIELD:
        return in_field(parser, head, refusal);
    case NAME:
        return in_name(parser, head, end, refusal);
    case BLANK:
        return in_blank(parser, head, end);
    case VALUE:
        return in_value(parser, head, end, refusal);
    case END_LF:
        progress = in_lf(parser, head, END_LF, refusal);
        return progress == HTTP_MORE ? end_head(parser, refusal) : progress;
    case DONE:
        return HTTP_DONE;
    case REFUSED:
        break;
    }
    return HTTP_REFUSED;
}

enum http_progress http_parse(struct http_parser *parser, struct span head, struct http_refusal *ret_refusal)
{
    assert(parser->state != REFUSED);
    size_t end = at_most(head.len, LIMIT_HEAD_BYTES);
    enum http_progress progress = parser->state == DONE ? HTTP_DONE : HTTP_MORE;
    while (progress == HTTP_MORE && parser->at < end)
        progress = step(parser, head, end, ret_refusal);
    if (progress == HTTP_MORE && parser->at == LIMIT_HEAD_BYTES)
        progress = http_refuse(ret_refusal, 431, "the head is larger than %d bytes", LIMIT_HEAD_BYTES);
    if (progress == HTTP_REFUSED)
        parser->state = REFUSED;
    return progress;
}

static bool keeps_alive(const struct http_parser *parser)
{
    return !parser->close && (parser->minor_version == 1 || parser->keep_alive); // RFC 9112 section 9.3
}

void http_parser_request(const struct http_parser *parser, const char *head, struct http_request *ret_request)
{
    assert(parser->state == DONE);
    struct http_request *request = ret_request;
    request->method = (enum http_method)parser->method;
    request->minor_version = parser->minor_version == 1;
    request->asterisk = parser->asterisk;
    request->keep_alive = keeps_alive(parser);
    request->chunked = parser->chunked;
    request->content_length = parser->content_length;
    request->expects_continue = parser->expects_continue && (parser->chunked || parser->content_length > 0);
    request->path = (struct span){.at = head + parser->path_at, .len = parser->path_len};
    if (parser->path_len == 0)
        request->path = parser->asterisk ? (struct span){.at = "", .len = 0} : span_of("/");
    request->query = (struct span){.at = head + parser->query_at, .len = parser->query_len};
    request->field_count = parser->field_count;
    for (size_t i = 0; i < parser->field_count; i++) {
        const struct http_place *place = &parser->fields[i];
        request->fields[i].name = (struct span){.at = head + place->name_at, .len = place->name_len};
        request->fields[i].value = (struct span){.at = head + place->value_at, .len = place->value_len};
    }
}
