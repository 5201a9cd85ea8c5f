// SPDX-License-Identifier: Apache-2.0
#include "sending.h"

#include <string.h>

#include "base/mem.h"
#include "fixture.h"

enum { OUT_BYTES = 1 << 20 };

struct waiting new_waiting(void)
{
    return (struct waiting){.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
}

void wait_for(struct waiting *waiting, int told)
{
    pthread_mutex_lock(&waiting->lock);
    while (waiting->told < told)
        pthread_cond_wait(&waiting->changed, &waiting->lock);
    pthread_mutex_unlock(&waiting->lock);
}

void set_gate(struct waiting *waiting, bool is_closed)
{
    pthread_mutex_lock(&waiting->lock);
    waiting->is_closed = is_closed;
    pthread_cond_broadcast(&waiting->changed);
    pthread_mutex_unlock(&waiting->lock);
}

static void on_done(struct batch *batch)
{
    struct sent *sent = CONTAINER_OF(batch, struct sent, batch);
    struct waiting *waiting = sent->waiting;
    pthread_mutex_lock(&waiting->lock);
    mem_fail_after(sent->name[0] == '!' ? waiting->fail_after : -1);
    strcat(waiting->order, sent->name);
    waiting->told++;
    pthread_cond_broadcast(&waiting->changed);
    while (sent->at_gate && waiting->is_closed)
        pthread_cond_wait(&waiting->changed, &waiting->lock);
    pthread_mutex_unlock(&waiting->lock);
}

void make_batch(struct sent *sent, struct waiting *waiting, struct app *app, const char *name)
{
    const struct endpoint *endpoint = post(app, "/t");
    *sent = (struct sent){.waiting = waiting, .name = {name[0], '\0'}, .at_gate = name[0] == 'g'};
    sent->batch = (struct batch){.app = app, .endpoint = endpoint, .format = FORMAT_JSON, .on_done = on_done};
    spool_init(&sent->batch.answer, NULL, OUT_BYTES);
    rows_init(&sent->batch.rows, endpoint->field_count, NULL);
}

void add_row(struct sent *sent, int64_t id)
{
    struct batch *batch = &sent->batch;
    struct value values[2] = {{.kind = VALUE_NULL}, {.kind = VALUE_NULL}};
    values[batch->endpoint->field_count - 1] = (struct value){.kind = VALUE_INTEGER, .integer = id};
    assert_int_equal(rows_add(&batch->rows, (int64_t)batch->rows.count + 1, values, NULL), ERR_NONE);
}

void submit(struct writer *writer, struct sent *sent)
{
    assert_true(writer_submit(writer, &sent->batch));
}

void send(struct writer *writer, struct sent *sent, struct waiting *waiting, struct app *app,
    const char *name, int64_t id)
{
    make_batch(sent, waiting, app, name);
    add_row(sent, id);
    submit(writer, sent);
}

void assert_answer(const struct sent *sent, const char *expected)
{
    const struct buf *answer = &sent->batch.answer.buf;
    if (sent->batch.err.code != ERR_NONE)
        fail_msg("%s: %s", sent->name, sent->batch.err.text);
    assert_int_equal(answer->len, strlen(expected));
    assert_memory_equal(answer->data, expected, answer->len);
    assert_int_equal(sent->batch.answered.status, 201);
}

void sent_fini(struct sent *sent, size_t count)
{
    for (size_t i = 0; i < count; i++)
        batch_fini(&sent[i].batch);
}
