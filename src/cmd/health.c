// SPDX-License-Identifier: Apache-2.0
// `reckoner health [ADDRESS]`: asks a server on this machine whether it is ready, for the HEALTHCHECK of a
// container, which has no other client inside, and for scripts. On the main thread.
#include <stdio.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/options.h"
#include "cmd/page_client.h"

enum { REPORT_BYTES = 65536 }; // of what a server says that is not ready

static const struct usage USAGE = {
    .command = COMMAND_HEALTH,
    .forms = "health [OPTION]... [ADDRESS]",
    .about =
        "Asks the server at ADDRESS whether it is ready (GET /-/readyz): ADDR:PORT, unix:PATH or a URL.\n"
        "Without one it is where 'reckoner serve' would listen with the same file and environment. The exit\n"
        "code is 0 when it is ready, and 1 when it is not or does not answer.\n",
    .max_words = 1,
    .wanted = "at most one address",
};

static int health(struct span address)
{
    enum { READY = 200 };
    AUTO(buf_fini) struct buf report;
    struct err err = {0};
    long status = 0;
    buf_init(&report, REPORT_BYTES);
    enum err_code code = page_get(address, "/-/readyz", LIMIT_HEALTH_MS, &report, &status, &err);
    if (code == ERR_NONE && status == READY)
        return EXIT_OK;
    if (code == ERR_CONFIG) {
        fprintf(stderr, "reckoner: health: %s\n", err.text);
        return EXIT_USAGE;
    }
    fprintf(stderr, "reckoner: health: %.*s ", (int)address.len, address.at);
    if (code != ERR_NONE)
        fprintf(stderr, "does not answer: %s\n", err.text);
    else
        fprintf(stderr, "answers %ld: it is not ready\n%.*s\n", status, (int)report.len, report.data);
    return EXIT_FAILED;
}

int cmd_health(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    int result;
    if (!options_read(argc, argv, &USAGE, &options, &result))
        return result;
    if (options.word_count > 0)
        return health(span_of(options.words[0]));
    // The server's own pages may have a listener apart.
    const struct option_list *list = options.admin_listen.count > 0 ? &options.admin_listen : &options.listen;
    struct span rest = span_of(list->texts[0]);
    return health(span_split(&rest, ' '));
}
