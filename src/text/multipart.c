// SPDX-License-Identifier: Apache-2.0
// A delimiter is CR LF "--" and the boundary. No boundary has a CR, so a delimiter that turns out to be none
// has its next chance behind its own CR at the earliest: what was taken for it is bytes of the file, and
// nothing is looked at twice. The first delimiter may stand at the very beginning, as if a CR LF were before
// it. One thread at a time.
//
//     PREAMBLE ─ delimiter ─► DELIMITED ─┬─ CR LF ─► HEAD ─ an empty line ─► FILE ─ delimiter ─► DELIMITED
//                                        └─ "--" ─► EPILOGUE, of which nothing matters
#include "text/multipart.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

enum {
    DELIMITER_BYTES = 4 + MULTIPART_BOUNDARY_CHARS,
    LINE_END = 2, // CR LF, which is matched of the first delimiter already
};

enum multipart_state {
    MULTIPART_PREAMBLE,
    MULTIPART_DELIMITED, // behind a delimiter
    MULTIPART_HEAD,      // in the head of a part
    MULTIPART_FILE_BODY, // in its body
    MULTIPART_EPILOGUE,
};

struct multipart {
    enum multipart_state state;      //
    char delimiter[DELIMITER_BYTES]; //
    size_t delimiter_len;            //
    size_t matched;                  // bytes of it that have come, not decided yet
    struct buf line;                 // what follows a delimiter, then the head of a part
    size_t line_start;               // of the head's line under way, in `line`
    bool has_file;                   // its head has come
    struct span name;                // of the file; in `line`
    struct span type;                // likewise
};

// --- the boundary

static bool is_boundary_char(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte != '\0' && strchr("'()+_,-./:=? ", byte) != NULL);
}

// Takes a parameter off the front of "; name=value; …". A value between quotes is without them, and \" in it
// is left as it is. False at the end.
static bool next_parameter(struct span *rest, struct span *ret_name, struct span *ret_value)
{
    const char *semicolon = memchr(rest->at, ';', rest->len);
    if (rest->len == 0 || semicolon == NULL)
        return false;
    struct span text = {.at = semicolon + 1, .len = rest->len - (size_t)(semicolon + 1 - rest->at)};
    const char *equals = memchr(text.at, '=', text.len);
    if (equals == NULL)
        return false;
    *ret_name = span_trim((struct span){.at = text.at, .len = (size_t)(equals - text.at)});
    struct span value = {.at = equals + 1, .len = text.len - (size_t)(equals + 1 - text.at)};
    size_t len = 0;
    if (value.len > 0 && value.at[0] == '"') {
        span_drop(&value, 1);
        while (len < value.len && value.at[len] != '"')
            len += value.at[len] == '\\' && len + 1 < value.len && value.at[len + 1] == '"' ? 2 : 1;
        *ret_value = (struct span){.at = value.at, .len = len};
    } else {
        while (len < value.len && value.at[len] != ';')
            len++;
        *ret_value = span_trim((struct span){.at = value.at, .len = len});
    }
    *rest = span_from(value, len);
    return true;
}

bool multipart_boundary(struct span content_type, struct span *ret_boundary)
{
    struct span name, value = {0};
    bool is_found = false;
    while (!is_found && next_parameter(&content_type, &name, &value))
        is_found = span_is_nocase(name, "boundary");
    if (!is_found || value.len == 0 || value.len > MULTIPART_BOUNDARY_CHARS || value.at[value.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < value.len; i++) {
        if (!is_boundary_char(value.at[i]))
            return false;
    }
    *ret_boundary = value;
    return true;
}

// --- life

enum err_code multipart_new(struct span boundary, struct multipart **ret_multipart, struct err *err)
{
    struct multipart *multipart = mem_zalloc(1, sizeof(*multipart));
    if (multipart == NULL)
        return err_no_memory(err);
    buf_init(&multipart->line, LIMIT_PART_HEAD_BYTES);
    memcpy(multipart->delimiter, "\r\n--", 4);
    memcpy(multipart->delimiter + 4, boundary.at, boundary.len);
    multipart->delimiter_len = 4 + boundary.len;
    multipart->matched = LINE_END;
    *ret_multipart = multipart;
    return ERR_NONE;
}

void multipart_free(struct multipart *multipart)
{
    if (multipart == NULL)
        return;
    buf_fini(&multipart->line);
    mem_free(multipart);
}

// --- the head of a part

static enum err_code fail(struct err *err, const char *text)
{
    return err_set(err, ERR_MALFORMED, "%s", text);
}

// A line without its end and the blanks around it.
static struct span trim_line(struct span line)
{
    while (line.len > 0 && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
        line.len--;
    return span_trim(line);
}

// What the head says of the part.
struct part {
    bool is_form_data;   // it has a Content-Disposition that says so
    bool has_file_name;  // and a file's name
    struct span name;    // of the field
    struct span file;    // of the file
    struct span type;    // its Content-Type
    bool is_transferred; // in an encoding of mail: base64 and the like
};

static void read_line(struct span line, struct part *part)
{
    struct span rest = line, name, value;
    struct span field = span_trim(span_split(&rest, ':'));
    rest = span_trim(rest);
    if (span_is_nocase(field, "content-type"))
        part->type = rest;
    if (span_is_nocase(field, "content-transfer-encoding"))
        part->is_transferred =
            !span_is_nocase(rest, "binary") && !span_is_nocase(rest, "8bit") && !span_is_nocase(rest, "7bit");
    if (!span_is_nocase(field, "content-disposition"))
        return;
    struct span kind = rest;
    part->is_form_data = span_is_nocase(span_trim(span_split(&kind, ';')), "form-data");
    while (next_parameter(&rest, &name, &value)) {
        if (span_is_nocase(name, "name"))
            part->name = value;
        if (span_is_nocase(name, "filename")) {
            part->has_file_name = true;
            part->file = value;
        }
    }
}

// The head is whole: whether its part is the one file.
static enum err_code begin_part(struct multipart *multipart, struct err *err)
{
    struct span head = buf_span(&multipart->line);
    struct part part = {0};
    while (head.len > 0)
        read_line(trim_line(span_split(&head, '\n')), &part);
    if (!part.is_form_data)
        return fail(err, "a part of the form has no Content-Disposition: form-data");
    if (part.has_file_name && part.file.len == 0)
        return fail(err, "the form has no file: choose one");
    if (!part.has_file_name)
        return err_set(err, ERR_MALFORMED,
            "the form has a field \"%.*s\" beside its file: send one file and nothing else; parameters go into "
            "the query",
            (int)(part.name.len < 100 ? part.name.len : 100), part.name.at != NULL ? part.name.at : "");
    if (multipart->has_file)
        return fail(err, "the form has more than one file: send each in a request of its own");
    if (part.is_transferred)
        return fail(err, "the file comes in a Content-Transfer-Encoding: send its bytes as they are");
    multipart->has_file = true;
    multipart->name = part.file;
    multipart->type = part.type;
    multipart->state = MULTIPART_FILE_BODY;
    return ERR_NONE;
}

// Adds bytes to `line` up to the end of its line, and takes them off `in`. *ret_whole: it has come.
static enum err_code read_to_line_end(
    struct multipart *multipart, struct span *in, bool *ret_whole, struct err *err)
{
    const char *end = memchr(in->at, '\n', in->len);
    size_t len = end != NULL ? (size_t)(end + 1 - in->at) : in->len;
    enum err_code code = buf_append(&multipart->line, in->at, len);
    if (code == ERR_TOO_LARGE)
        return err_set(
            err, code, "the head of a part of the form is larger than %d bytes", LIMIT_PART_HEAD_BYTES);
    if (code != ERR_NONE)
        return err_no_memory(err);
    span_drop(in, len);
    *ret_whole = end != NULL;
    return ERR_NONE;
}

// Behind a delimiter: blanks and a line end, or "--".
static enum err_code read_delimited(struct multipart *multipart, struct span *in, struct err *err)
{
    struct buf *line = &multipart->line;
    while (line->len < 2 && in->len > 0) {
        if (buf_append_byte(line, in->at[0]) != ERR_NONE)
            return err_no_memory(err);
        span_drop(in, 1);
    }
    if (line->len < 2)
        return ERR_NONE;
    if (line->data[0] == '-' && line->data[1] == '-') {
        multipart->state = MULTIPART_EPILOGUE;
        return ERR_NONE;
    }
    bool is_whole = line->data[1] == '\n';
    enum err_code code = is_whole ? ERR_NONE : read_to_line_end(multipart, in, &is_whole, err);
    if (code != ERR_NONE || !is_whole)
        return code;
    if (trim_line(buf_span(line)).len > 0)
        return fail(err, "a boundary of the form has something behind it");
    buf_clear(line);
    multipart->line_start = 0;
    multipart->state = MULTIPART_HEAD;
    return ERR_NONE;
}

static enum err_code read_head(struct multipart *multipart, struct span *in, struct err *err)
{
    struct buf *line = &multipart->line;
    bool is_whole = false;
    enum err_code code = read_to_line_end(multipart, in, &is_whole, err);
    if (code != ERR_NONE || !is_whole)
        return code;
    struct span last = {.at = line->data + multipart->line_start, .len = line->len - multipart->line_start};
    multipart->line_start = line->len;
    return trim_line(last).len == 0 ? begin_part(multipart, err) : ERR_NONE;
}

// --- bodies

// How many bytes of the delimiter `bytes` begin with, at most all.
static size_t match(const struct multipart *multipart, struct span bytes)
{
    size_t most = bytes.len < multipart->delimiter_len ? bytes.len : multipart->delimiter_len, len = 0;
    while (len < most && bytes.at[len] == multipart->delimiter[len])
        len++;
    return len;
}

// Goes on with a delimiter of which a part has come. *ret_bytes is that part, when it was none after all.
static void go_on_matching(struct multipart *multipart, struct span *in, struct span *ret_bytes)
{
    const char *delimiter = multipart->delimiter;
    while (in->len > 0 && multipart->matched < multipart->delimiter_len &&
           in->at[0] == delimiter[multipart->matched]) {
        multipart->matched++;
        span_drop(in, 1);
    }
    if (in->len > 0 && multipart->matched < multipart->delimiter_len) {
        *ret_bytes = (struct span){.at = delimiter, .len = multipart->matched};
        multipart->matched = 0;
    }
}

// Takes all bytes up to the delimiter, or up to what may become one.
static void take_bytes(struct multipart *multipart, struct span *in, struct span *ret_bytes)
{
    struct span rest = *in;
    size_t matched = 0;
    while (rest.len > 0) {
        const char *cr = memchr(rest.at, '\r', rest.len);
        size_t skipped = cr != NULL ? (size_t)(cr - rest.at) : rest.len;
        span_drop(&rest, skipped);
        matched = match(multipart, rest);
        if (matched == rest.len || matched == multipart->delimiter_len)
            break;
        span_drop(&rest, matched);
    }
    *ret_bytes = (struct span){.at = in->at, .len = in->len - rest.len};
    *in = span_from(rest, matched);
    multipart->matched = matched;
}

// Bytes before a delimiter, which is the end of the state when it has come.
static void read_body(struct multipart *multipart, struct span *in, struct span *ret_bytes)
{
    if (multipart->matched > 0)
        go_on_matching(multipart, in, ret_bytes);
    else
        take_bytes(multipart, in, ret_bytes);
    if (multipart->matched == multipart->delimiter_len) {
        multipart->matched = 0;
        multipart->state = MULTIPART_DELIMITED;
        buf_clear(&multipart->line);
    }
}

// --- the form

enum err_code multipart_next(struct multipart *multipart, struct span *in, enum multipart_event *ret_event,
    struct span *ret_bytes, struct err *err)
{
    enum err_code code = ERR_NONE;
    while (in->len > 0 && code == ERR_NONE) {
        struct span bytes = {0};
        switch (multipart->state) {
        case MULTIPART_PREAMBLE:
            read_body(multipart, in, &bytes);
            break;
        case MULTIPART_DELIMITED:
            code = read_delimited(multipart, in, err);
            break;
        case MULTIPART_HEAD:
            code = read_head(multipart, in, err);
            if (code == ERR_NONE && multipart->state == MULTIPART_FILE_BODY) {
                *ret_event = MULTIPART_FILE;
                return ERR_NONE;
            }
            break;
        case MULTIPART_FILE_BODY:
            read_body(multipart, in, &bytes);
            if (bytes.len > 0) {
                *ret_event = MULTIPART_BYTES;
                *ret_bytes = bytes;
                return ERR_NONE;
            }
            break;
        case MULTIPART_EPILOGUE:
            *in = (struct span){0};
            break;
        }
    }
    *ret_event = MULTIPART_MORE;
    return code;
}

struct span multipart_file_name(const struct multipart *multipart)
{
    return multipart->name;
}

struct span multipart_file_type(const struct multipart *multipart)
{
    return multipart->type;
}

enum err_code multipart_finish(const struct multipart *multipart, struct err *err)
{
    if (multipart->state == MULTIPART_PREAMBLE)
        return fail(err, "the form has no part: the boundary that its Content-Type names does not come");
    if (multipart->state != MULTIPART_EPILOGUE)
        return fail(err, "the form is cut off: its last boundary is missing");
    return multipart->has_file ? ERR_NONE : fail(err, "the form has no file");
}
