// SPDX-License-Identifier: Apache-2.0
// A stdio stream of its own in the place of stderr (fopencookie(3)): it gathers what is printed until a line
// feed comes. The stream's lock keeps threads apart.
#include "cmd/json_stderr.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "serve/json_line.h"

static struct gathered {
    FILE *plain;     // stderr as it was; NULL: it is in its place
    struct buf line; // what has come of the line
} gathered;

static void write_all(const char *data, size_t len)
{
    while (len > 0) {
        ssize_t written = write(STDERR_FILENO, data, len);
        if (written <= 0)
            return; // there is nobody to tell
        data += written;
        len -= (size_t)written;
    }
}

static void write_line(struct gathered *of)
{
    AUTO(buf_fini) struct buf out;
    buf_init(&out, LIMIT_LOG_LINE_BYTES);
    json_line_message(&out, buf_span(&of->line));
    buf_append_byte(&out, '\n');
    if (buf_status(&out) == ERR_NONE)
        write_all(out.data, out.len);
    buf_clear(&of->line);
}

static ssize_t on_write(void *cookie, const char *data, size_t len)
{
    struct gathered *of = cookie;
    struct span rest = {.at = data, .len = len};
    while (rest.len > 0) {
        bool is_whole = memchr(rest.at, '\n', rest.len) != NULL;
        struct span part = span_split(&rest, '\n');
        buf_append(&of->line, part.at, part.len); // of a line that is too long, what fits
        if (is_whole)
            write_line(of);
    }
    return (ssize_t)len;
}

void json_stderr_begin(void)
{
    FILE *stream = fopencookie(&gathered, "w", (cookie_io_functions_t){.write = on_write});
    if (stream == NULL)
        return;
    setvbuf(stream, NULL, _IONBF, 0);
    buf_init(&gathered.line, LIMIT_LOG_LINE_BYTES / 8);
    gathered.plain = stderr;
    stderr = stream;
}

void json_stderr_end(void)
{
    if (gathered.plain == NULL)
        return;
    fclose(stderr);
    stderr = gathered.plain;
    gathered.plain = NULL;
    if (gathered.line.len > 0)
        write_line(&gathered);
    buf_fini(&gathered.line);
}
