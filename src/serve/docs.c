// SPDX-License-Identifier: Apache-2.0
// Writes the page /-/docs out of the apps as they were read, when an edition is made; docs_page.c answers
// with it. A failed append sticks to the buffer, so only docs_write looks for it. One thread at a time.
#include "serve/docs.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "serve/docs_endpoint.h"
#include "serve/docs_html.h"

static const char style[] =
    ":root{color-scheme:light dark;--text:#1c1e21;--soft:#55595e;--back:#fff;--box:#f3f4f6;--line:#c9ccd1;"
    "--link:#0b57b0}\n"
    "@media(prefers-color-scheme:dark){:root{--text:#e6e7e9;--soft:#a9adb3;--back:#17191c;--box:#222529;"
    "--line:#454a51;--link:#8ab8f5}}\n"
    "body{margin:0 auto;max-width:60rem;padding:1rem;font:1rem/1.5 system-ui,sans-serif;color:var(--text);"
    "background:var(--back)}\n"
    "a{color:var(--link)}a:focus-visible,[tabindex]:focus-visible{outline:2px solid var(--link);"
    "outline-offset:2px}\n"
    ".skip{position:absolute;left:-999rem}.skip:focus{left:1rem;background:var(--back)}\n"
    "h2{border-bottom:1px solid var(--line);margin-top:2.5rem}\n"
    "h3{margin:2rem 0 .5rem;overflow-wrap:anywhere}\n"
    ".method{font-size:.8em;color:var(--soft);letter-spacing:.05em}\n"
    "nav ul,.examples{list-style:none;padding:0}\n"
    "nav ul ul{padding-left:1rem}.scroll{overflow-x:auto}\n"
    "code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre code{font-size:1em}\n"
    "a code,pre{overflow-wrap:anywhere}\n"
    "pre{background:var(--box);padding:.6rem .8rem;margin:.5rem 0;white-space:pre-wrap}\n"
    "table{border-collapse:collapse;margin:.75rem 0;width:100%}\n"
    "caption{text-align:left;font-weight:600}\n"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;"
    "border-bottom:1px solid var(--line)}\n"
    "thead th{color:var(--soft);font-weight:400}tbody th{font-weight:400}\n";

// A path of public/ as a link has it (RFC 3986 section 2.1).
static void add_encoded(struct buf *out, struct span path)
{
    for (size_t i = 0; i < path.len; i++) {
        char c = path.at[i];
        if (ascii_is_letter(c) || ascii_is_digit(c) || memchr("-._~/", c, 5) != NULL)
            buf_append_byte(out, c);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
    }
}

// The app's own pages: what an index.html stands for.
static void add_pages(struct buf *out, const struct app *app)
{
    for (size_t i = 0; i < app->public_count; i++) {
        struct span path = app->public_files[i].path;
        if (!span_ends_with(path, "/index.html"))
            continue;
        path.len -= strlen("index.html"); // the slash stays
        docs_add(out, "<p>Page: <a href=\"");
        add_encoded(out, path);
        docs_add(out, "\"><code>");
        docs_add_text(out, path);
        docs_add(out, "</code></a></p>\n");
    }
}

static void add_app(struct buf *out, const struct app *app)
{
    docs_add(out, "<section aria-labelledby=\"app-");
    docs_add(out, app->name);
    docs_add(out, "\">\n<h2 id=\"app-");
    docs_add(out, app->name);
    docs_add(out, "\">");
    docs_add_text(out, app->title);
    docs_add(out, "</h2>\n");
    add_pages(out, app);
    for (size_t i = 0; i < app->endpoint_count; i++) {
        if (!app->endpoints[i].is_private)
            docs_add_endpoint(out, &app->endpoints[i]);
    }
    docs_add(out, "</section>\n");
}

static void add_contents(struct buf *out, const struct app *app)
{
    docs_add(out, "<li><a href=\"#app-");
    docs_add(out, app->name);
    docs_add(out, "\">");
    docs_add_text(out, app->title);
    docs_add(out, "</a>\n<ul>\n");
    for (size_t i = 0; i < app->endpoint_count; i++) {
        if (app->endpoints[i].is_private)
            continue;
        docs_add(out, "<li><a href=\"#");
        docs_add_id(out, &app->endpoints[i]);
        docs_add(out, "\">");
        docs_add_name(out, &app->endpoints[i]);
        docs_add(out, "</a></li>\n");
    }
    docs_add(out, "</ul></li>\n");
}

struct blob *docs_write(struct app *const *apps, size_t count)
{
    AUTO(buf_fini) struct buf out;
    buf_init(&out, LIMIT_ANSWER_BYTES);
    docs_add(&out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    docs_add_text(&out, count == 1 ? apps[0]->title : span_of("Endpoints"));
    docs_add(&out, "</title>\n<style>\n");
    docs_add(&out, style);
    docs_add(&out, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#endpoints\">To the endpoints</a>\n"
                   "<header><h1>Endpoints</h1></header>\n<nav aria-label=\"Contents\">\n<ul>\n");
    for (size_t i = 0; i < count; i++)
        add_contents(&out, apps[i]);
    docs_add(&out,
        "</ul>\n</nav>\n<main id=\"endpoints\">\n"
        "<p>Answers come in the format that <code>?format=json</code>, <code>ndjson</code> or "
        "<code>csv</code> says, or else the header field <code>Accept</code>. Errors are problem documents "
        "(RFC 9457): each names the parameter, or the line and field, that is wrong. In the "
        "<code>curl</code> lines, put this server&#39;s address in place of <code>" DOCS_EXAMPLE_HOST
        "</code>.</p>\n");
    for (size_t i = 0; i < count; i++)
        add_app(&out, apps[i]);
    docs_add(&out, "</main>\n</body>\n</html>\n");
    return blob_take(&out);
}
