// SPDX-License-Identifier: Apache-2.0
// The thread goes round:
//
//     list ─ { settled? ─ held, locked ─ read ─ writer ─ outcome ─ moved } for each file ─ sleeps a second
//
// What is not to be taken yet, or could not be, stays where it is and is met in the next round; memory.c has
// when it is tried next.
#include "inbox/receiver.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "inbox/look.h"
#include "inbox/receiving.h"
#include "inbox/reloaded.h"
#include "inbox/watched.h"
#include "text/shown.h"

static bool is_over(void *ctx)
{
    struct receiver *receiver = ctx;
    return !duty_takes(&receiver->duty);
}

// --- a round

// Tells of a folder, unless that was told: `what` is a word for what kind of thing it is.
static void tell_of_folder(struct receiver *receiver, const char *folder, const char *what, const char *text)
{
    char key[PATH_MAX];
    snprintf(key, sizeof(key), "%s//%s", folder, what); // which is no path of a file
    struct memory_item *item = memory_of(&receiver->memory, key);
    if (item != NULL)
        receiving_tell_once(receiver, item, folder, text);
}

static void on_folder(void *ctx, const struct folder_report *folder)
{
    struct receiver *receiver = ctx;
    char text[RECEIVING_TEXT_BYTES / 2], shown[RECEIVING_NAME_CHARS / 2];
    if (folder->why != 0) {
        snprintf(text, sizeof(text), "files are waited for, and the folder could not be read: %s",
            strerror(folder->why));
        tell_of_folder(receiver, folder->path, "lost", text);
    }
    if (folder->stranger[0] != '\0') {
        (void)shown_write(span_of(folder->stranger), shown, sizeof(shown));
        snprintf(text, sizeof(text), "%s is no file by itself; such ones stay where they are", shown);
        tell_of_folder(receiver, folder->path, "strangers", text);
    }
    if (folder->is_cut)
        tell_of_folder(receiver, folder->path, "cut", "there are very many files: some are looked at later");
}

static void note_waiting(struct receiver *receiver, const struct look *look)
{
    uint64_t waiting = 0;
    int64_t oldest_ns = 0;
    for (size_t i = 0; i < look->count; i++) {
        const struct file_stamp *stamp = &look->files[i].stamp;
        waiting++;
        if (oldest_ns == 0 || stamp->changed_ns < oldest_ns)
            oldest_ns = stamp->changed_ns;
    }
    pthread_mutex_lock(&receiver->duty.lock);
    receiver->stats.waiting = waiting;
    receiver->stats.oldest_ms = oldest_ns > 0 ? (uint64_t)oldest_ns / NS_PER_MS : 0;
    pthread_mutex_unlock(&receiver->duty.lock);
}

// An edit ends the round, so that it is in force for the next file.
static bool is_in_force(struct receiver *receiver, const struct app *app)
{
    struct app *now = receiver->options.app(receiver->options.ctx);
    bool is_same = now == app;
    app_unref(now);
    return is_same;
}

static void go_round(struct receiver *receiver)
{
    struct look look = {0};
    struct err err = {0};
    struct app *app = receiver->options.app(receiver->options.ctx);
    memory_begin(&receiver->memory);
    (void)memory_of(&receiver->memory, MEMORY_OF_STORE);
    if (look_read(&look, app, on_folder, receiver, &err) == ERR_NONE) {
        note_waiting(receiver, &look);
        size_t i = 0;
        while (i < look.count && duty_takes(&receiver->duty) && receiving_store_is_due(receiver) &&
               is_in_force(receiver, app))
            watched_visit(receiver, app, &look.files[i++]);
        for (size_t j = 0; j < app->reload_line_count; j++)
            reloaded_visit(receiver, app, &app->reload_lines[j]);
        if (i == look.count) // else some were not asked for that are there
            memory_end(&receiver->memory);
    } else {
        tell_of_folder(receiver, "watched folders", "unread", err.text);
    }
    look_fini(&look);
    app_unref(app);
}

static void *run(void *arg)
{
    struct receiver *receiver = arg;
    struct duty *duty = &receiver->duty;
    while (!duty_ends(duty)) {
        if (duty_takes(duty))
            go_round(receiver);
        uint64_t until_ns = clock_monotonic_ns() + LIMIT_INBOX_LOOK_MS * NS_PER_MS;
        pthread_mutex_lock(&duty->lock);
        while (duty->state < DUTY_ENDS && clock_monotonic_ns() < until_ns)
            (void)cond_wait_until(&duty->change, &duty->lock, until_ns);
        pthread_mutex_unlock(&duty->lock);
    }
    store_disconnect(receiver->conn);
    receiver->conn = NULL;
    return duty_leave(duty);
}

// --- life

enum err_code receiver_make_tables(const struct app *app, struct store_conn *conn, struct err *err)
{
    enum err_code code = app->watch_line_count > 0 ? file_store_make(conn, err) : ERR_NONE;
    return code == ERR_NONE && app->reload_line_count > 0 ? reload_store_make(conn, err) : code;
}

enum err_code receiver_new(
    const struct receiver_options *options, struct receiver **ret_receiver, struct err *err)
{
    struct receiver *receiver = mem_zalloc(1, sizeof(*receiver));
    if (receiver == NULL)
        return err_no_memory(err);
    receiver->options = *options;
    receiver->options.trying.is_over = is_over;
    receiver->options.trying.ctx = receiver;
    duty_init(&receiver->duty);
    enum err_code code = duty_start(&receiver->duty, run, receiver, err);
    if (code != ERR_NONE) {
        receiver_free(receiver);
        return code;
    }
    *ret_receiver = receiver;
    return ERR_NONE;
}

void receiver_rest(struct receiver *receiver, bool rests)
{
    duty_rest(&receiver->duty, rests);
}

struct receiver_stats receiver_stats(struct receiver *receiver)
{
    pthread_mutex_lock(&receiver->duty.lock);
    struct receiver_stats stats = receiver->stats;
    pthread_mutex_unlock(&receiver->duty.lock);
    return stats;
}

void receiver_end(struct receiver *receiver, uint64_t until_ns)
{
    duty_end(&receiver->duty);
    duty_wait(&receiver->duty, until_ns);
}

void receiver_free(struct receiver *receiver)
{
    if (receiver == NULL)
        return;
    duty_fini(&receiver->duty);
    memory_fini(&receiver->memory);
    mem_free(receiver);
}
