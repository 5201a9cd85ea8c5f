// SPDX-License-Identifier: Apache-2.0
// `reckoner top [ADDRESS]`: shows what a running server does, each second anew. It asks for /-/metrics as
// Prometheus would, and needs nothing else of the server. On the main thread.
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/options.h"
#include "cmd/page_client.h"
#include "cmd/top_page.h"

static const struct usage USAGE = {
    .command = COMMAND_TOP,
    .forms = "top [OPTION]... [ADDRESS]",
    .about =
        "Shows what a running server does, by its /-/metrics, each second anew: requests, their times and\n"
        "the share of kept answers by route, pools, batches and stores. ADDRESS is ADDR:PORT, unix:PATH\n"
        "or a URL; without one it is where 'reckoner serve' would answer its own pages with the same file\n"
        "and environment. The first page tells of the time since the server was started. Where standard\n"
        "output is no terminal, that is all, as with --once.\n",
    .max_words = 1,
    .wanted = "at most one address",
};

enum {
    ANSWER_MS = 5000, // that the server may take: a scrape waits for nothing
    NAME_BYTES = 128,
    PAGE_BYTES = 1024 * 1024,
    ROWS = 24,
    COLUMNS = 200,
};

// A scrape: the text, and the board that borrows it.
struct look {
    struct buf text;
    struct board board;
    uint64_t taken_ns; // monotonic
};

static void look_fini(struct look *look)
{
    board_fini(&look->board);
    buf_fini(&look->text);
    *look = (struct look){0};
}

static enum err_code take_look(struct span address, struct look *ret_look, struct err *err)
{
    struct look look = {0};
    long status = 0;
    buf_init(&look.text, LIMIT_METRICS_BYTES);
    enum err_code code = page_get(address, "/-/metrics", ANSWER_MS, &look.text, &status, err);
    if (code == ERR_NONE && status != 200) {
        code = err_set(err, ERR_IO, "it answers %ld to /-/metrics", status);
        if (status == 404)
            err_hint(err, "where the server has an --admin-listen, give that address");
    }
    if (code == ERR_NONE)
        code = board_read(buf_span(&look.text), &look.board, err);
    look.taken_ns = clock_monotonic_ns();
    if (code == ERR_NONE)
        *ret_look = look;
    else
        look_fini(&look);
    return code;
}

// Prints a page: of what has happened since `before`, or since the start where that has not looked yet.
static void print_page(const char *address, const struct look *look, const struct look *before, bool is_once)
{
    struct winsize window = {.ws_row = ROWS, .ws_col = COLUMNS};
    bool is_first = before->taken_ns == 0;
    struct top_page page = {.board = &look->board,
        .address = address,
        .now_s = (double)clock_wall_ms() / 1e3,
        .is_since_start = is_first,
        .max_rows = SIZE_MAX,
        .max_columns = COLUMNS};
    page.seconds = is_first ? page.now_s - look->board.start_s
                            : (double)(look->taken_ns - before->taken_ns) / (double)NS_PER_S;
    if (page.seconds < 0.001)
        page.seconds = 0.001;
    if (!is_once && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_row > 0) {
        page.max_rows = window.ws_row - 1u; // the last line has the cursor
        page.max_columns = window.ws_col;
    }
    AUTO(buf_fini) struct buf out;
    buf_init(&out, PAGE_BYTES);
    top_page_write(&page, &out);
    if (!is_once)
        fputs("\033[H\033[2J", stdout); // to the upper left, and clear
    fwrite(out.data, 1, out.len, stdout);
    fflush(stdout);
}

static void print_failure(const char *address, const struct err *err)
{
    fprintf(stderr, "reckoner: top: %s: %s%s%s\n", address, err->text, err->hint[0] != '\0' ? ": " : "",
        err->hint);
}

// Each second a page, until the user ends it; a server that is away may come back.
_Noreturn static void watch(struct span address, const char *name, struct look *before)
{
    for (;;) {
        struct look look = {0};
        struct err err = {0};
        clock_pause(NS_PER_S);
        if (take_look(address, &look, &err) != ERR_NONE) {
            fputs("\033[H\033[2J", stdout);
            fflush(stdout);
            print_failure(name, &err);
            continue;
        }
        struct look counted = {0}; // `look` stays as it is, for the next page
        if (board_read(buf_span(&look.text), &counted.board, &err) == ERR_NONE) {
            counted.taken_ns = look.taken_ns;
            board_subtract(&counted.board, &before->board);
            print_page(name, &counted, before, false);
        }
        look_fini(&counted);
        look_fini(before);
        *before = look;
    }
}

static int top(struct span address, bool is_once)
{
    char name[NAME_BYTES];
    struct look first = {0};
    const struct look none = {0};
    struct err err = {0};
    snprintf(name, sizeof(name), "%.*s", (int)address.len, address.at);
    if (take_look(address, &first, &err) != ERR_NONE) {
        print_failure(name, &err);
        return EXIT_FAILED;
    }
    print_page(name, &first, &none, is_once);
    if (!is_once)
        watch(address, name, &first);
    look_fini(&first);
    return EXIT_OK;
}

int cmd_top(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    int result;
    if (!options_read(argc, argv, &USAGE, &options, &result))
        return result;
    const struct option_list *list = options.admin_listen.count > 0 ? &options.admin_listen : &options.listen;
    struct span rest = span_of(options.word_count > 0 ? options.words[0] : list->texts[0]);
    return top(span_split(&rest, ' '), options.once || isatty(STDOUT_FILENO) == 0);
}
