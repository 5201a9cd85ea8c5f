// SPDX-License-Identifier: Apache-2.0
// One mover for each service that wants it. What it tells goes to the log.
#include "serve/app_histories.h"

#include "base/mem.h"
#include "serve/context.h"
#include "serve/deferred.h"

struct app_history {
    struct deferred deferred;    // what the mover is told
    struct history_mover *mover; // owned; NULL: none
};

struct app_histories {
    size_t count;
    struct app_history items[];
};

enum err_code app_histories_new(
    struct context *context, bool is_watched, struct app_histories **ret_histories, struct err *err)
{
    size_t count = context->service_count;
    struct app_histories *histories = mem_zalloc(1, sizeof(*histories) + count * sizeof(histories->items[0]));
    if (histories == NULL)
        return err_no_memory(err);
    histories->count = count;
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < count; i++) {
        struct app_history *item = &histories->items[i];
        item->deferred = (struct deferred){.context = context, .service = i, .what = "a move of old rows"};
        const struct history_mover_options options = {.writer = context->services[i].writer,
            .ctx = &item->deferred,
            .app = deferred_app,
            .log = deferred_log(&item->deferred)};
        if (is_watched || context->services[i].app->history_count > 0)
            code = history_mover_new(&options, &item->mover, err);
    }
    if (code != ERR_NONE) {
        app_histories_free(histories);
        return code;
    }
    *ret_histories = histories;
    return ERR_NONE;
}

struct history_mover *app_histories_of(const struct app_histories *histories, size_t service)
{
    return histories != NULL ? histories->items[service].mover : NULL;
}

void app_histories_end(struct app_histories *histories)
{
    for (size_t i = 0; histories != NULL && i < histories->count; i++)
        history_mover_end(histories->items[i].mover);
}

void app_histories_free(struct app_histories *histories)
{
    app_histories_end(histories); // all at once, then one after the other
    for (size_t i = 0; histories != NULL && i < histories->count; i++)
        history_mover_free(histories->items[i].mover);
    mem_free(histories);
}
