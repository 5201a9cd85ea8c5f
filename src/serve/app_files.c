// SPDX-License-Identifier: Apache-2.0
// A receiver is started when its app watches files for the first time, at the start or by a reload, and
// stays: without lines it does nothing.
#include "serve/app_files.h"

#include <pthread.h>

#include "base/mem.h"
#include "serve/context.h"
#include "serve/deferred.h"

struct app_file {
    struct deferred deferred;  // what the receiver is told
    struct receiver *receiver; // owned; NULL: none yet
};

struct app_files {
    pthread_mutex_t lock; // guards all below
    bool rests;           // those that are started later do, too
    bool is_ended;        // none is started any more
    size_t count;         // of services; fixed
    struct app_file items[];
};

enum err_code app_files_new(struct context *context, struct app_files **ret_files, struct err *err)
{
    size_t count = context->service_count;
    struct app_files *files = mem_zalloc(1, sizeof(*files) + count * sizeof(files->items[0]));
    if (files == NULL)
        return err_no_memory(err);
    pthread_mutex_init(&files->lock, NULL);
    files->count = count;
    for (size_t i = 0; i < count; i++)
        files->items[i].deferred =
            (struct deferred){.context = context, .service = i, .what = "a watched file"};
    *ret_files = files;
    return ERR_NONE;
}

static enum err_code start(struct app_file *item, struct err *err)
{
    struct context *context = item->deferred.context;
    const struct service *service = &context->services[item->deferred.service];
    const struct receiver_options options = {.store = service->store,
        .writer = service->writer,
        .trying = {.means = context_means(context)},
        .ctx = &item->deferred,
        .app = deferred_app,
        .problem = deferred_problem,
        .requests = deferred_requests,
        .log = deferred_log(&item->deferred)};
    return receiver_new(&options, &item->receiver, err);
}

enum err_code app_files_follow(
    struct app_files *files, size_t service, const struct app *app, struct err *err)
{
    struct app_file *item = &files->items[service];
    enum err_code code = ERR_NONE;
    if (app->watch_line_count + app->reload_line_count == 0)
        return ERR_NONE;
    pthread_mutex_lock(&files->lock);
    if (item->receiver == NULL && !files->is_ended)
        code = start(item, err);
    if (code == ERR_NONE && item->receiver != NULL && files->rests)
        receiver_rest(item->receiver, true);
    pthread_mutex_unlock(&files->lock);
    return code;
}

bool app_files_stats(struct app_files *files, size_t service, struct receiver_stats *ret_stats)
{
    pthread_mutex_lock(&files->lock);
    struct receiver *receiver = files->items[service].receiver;
    if (receiver != NULL)
        *ret_stats = receiver_stats(receiver);
    pthread_mutex_unlock(&files->lock);
    return receiver != NULL;
}

bool app_files_are_watched(struct app_files *files)
{
    bool any = false;
    pthread_mutex_lock(&files->lock);
    for (size_t i = 0; i < files->count; i++)
        any = any || files->items[i].receiver != NULL;
    pthread_mutex_unlock(&files->lock);
    return any;
}

void app_files_rest(struct app_files *files, bool rests)
{
    if (files == NULL)
        return;
    pthread_mutex_lock(&files->lock);
    files->rests = rests;
    for (size_t i = 0; i < files->count; i++) {
        if (files->items[i].receiver != NULL)
            receiver_rest(files->items[i].receiver, rests);
    }
    pthread_mutex_unlock(&files->lock);
}

void app_files_end(struct app_files *files, uint64_t until_ns)
{
    if (files == NULL)
        return;
    app_files_rest(files, true); // all at once, then one after the other
    pthread_mutex_lock(&files->lock);
    files->is_ended = true; // so what is there stays as it is
    pthread_mutex_unlock(&files->lock);
    for (size_t i = 0; i < files->count; i++) {
        if (files->items[i].receiver != NULL)
            receiver_end(files->items[i].receiver, until_ns);
    }
}

void app_files_free(struct app_files *files)
{
    if (files == NULL)
        return;
    for (size_t i = 0; i < files->count; i++)
        receiver_free(files->items[i].receiver);
    pthread_mutex_destroy(&files->lock);
    mem_free(files);
}
