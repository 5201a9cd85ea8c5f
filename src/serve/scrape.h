// SPDX-License-Identifier: Apache-2.0
// The thread that writes /-/metrics. It looks at numbers in memory only, so it waits for no worker, no store
// and no disk; and a long text of many series holds up no loop. Who asks while it writes gets the next text,
// which is written for all that wait then.
#ifndef RECKONER_SERVE_SCRAPE_H
#define RECKONER_SERVE_SCRAPE_H

#include "base/blob.h"
#include "base/buf.h"
#include "base/err.h"

struct scraper;

// Embedded in what waits for a text. The asker's, but while it waits.
struct scrape_wait {
    // Called once, mostly on the scraper's thread; the wait is the asker's again. `text` is borrowed; NULL:
    // there was no memory for it, or the scraper has ended. Set by the asker.
    void (*on_text)(struct scrape_wait *wait, struct blob *text);
    struct scrape_wait *next; // the scraper's own
};

// Starts the thread; `write` fills the text, with `ctx`, which is borrowed. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code scraper_new(
    void (*write)(void *ctx, struct buf *out), void *ctx, struct scraper **ret_scraper, struct err *err);

// Asks for a text that is begun after this call. Any thread.
void scraper_ask(struct scraper *scraper, struct scrape_wait *wait);

// Ends the thread; those that wait, and who asks later, get none. NULL is fine, and so is a second call.
void scraper_end(struct scraper *scraper);

// Frees one that has ended. NULL is fine.
void scraper_free(struct scraper *scraper);

#endif
