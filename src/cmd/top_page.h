// SPDX-License-Identifier: Apache-2.0
// The page that `reckoner top` shows, as plain text.
#ifndef RECKONER_CMD_TOP_PAGE_H
#define RECKONER_CMD_TOP_PAGE_H

#include "base/buf.h"
#include "cmd/top_board.h"

struct top_page {
    const struct board *board; // counters of `seconds`; sorts its routes
    double seconds;            // that they have counted for
    double now_s;              // since 1970
    const char *address;       // of the server
    bool is_since_start;       // the seconds are all since its start
    size_t max_rows;           // lines of the page
    size_t max_columns;        // bytes of a line; what is longer is cut
};

// Appends whole lines. Sorts the routes of the board by their requests.
void top_page_write(const struct top_page *page, struct buf *out);

#endif
