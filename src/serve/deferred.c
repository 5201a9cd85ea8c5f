// SPDX-License-Identifier: Apache-2.0
// The same table of problems as for requests (problem.h), without what only a request has.
#include "serve/deferred.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "serve/context.h"
#include "serve/problem.h"

struct app *deferred_app(void *ctx)
{
    const struct deferred *deferred = ctx;
    struct edition *edition = editions_current(&deferred->context->editions);
    struct app *app = app_ref(edition->apps[deferred->service]);
    edition_unref(edition);
    return app;
}

static const char *name_of(const struct deferred *deferred)
{
    return deferred->context->services[deferred->service].app->name;
}

int deferred_problem(void *ctx, const struct err *err, const struct report *report, struct buf *out)
{
    const struct deferred *deferred = ctx;
    const struct problem_class *class = problem_class(err->code);
    bool is_secret = class->log == LOG_FAILURE && !deferred->context->tells_failures;
    int status = problem_status(err->code, report, false);
    if (class->log != LOG_NOTHING)
        log_printf(
            deferred->context->error_log, "%s: %s failed: %s", name_of(deferred), deferred->what, err->text);
    struct blob *body = problem_blob(&(struct problem){.status = status,
        .detail = is_secret ? "the server failed; its log tells more" : err->text,
        .line = err->line,
        .column = err->column,
        .report = report});
    if (body != NULL)
        buf_append(out, body->data, body->len);
    blob_unref(body);
    return status;
}

uint64_t deferred_requests(void *ctx)
{
    const struct deferred *deferred = ctx;
    struct tally *tally = deferred->context->editions.tally;
    struct tally_sum *sums = NULL;
    size_t count = 0;
    uint64_t requests = 0;
    if (!tally_read(tally, &sums, &count)) // then it looks as if there were some
        return clock_monotonic_ns();
    for (size_t i = 0; i < count; i++) {
        if (strcmp(tally_names(tally, sums[i].series).app, name_of(deferred)) == 0)
            requests += histogram_total(&sums[i].seconds);
    }
    mem_free(sums);
    return requests;
}

static void tell(void *ctx, const char *text)
{
    const struct deferred *deferred = ctx;
    log_printf(deferred->context->error_log, "%s: %s", name_of(deferred), text);
}

struct teller deferred_log(struct deferred *deferred)
{
    return (struct teller){.tell = tell, .ctx = deferred};
}
