// SPDX-License-Identifier: Apache-2.0
// Jobs in a store (jobs/job_store.h) and their bodies (jobs/job_body.h), on every store.
#include "jobs/job_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/limits.h"
#include "batch/repeat.h"
#include "fixture.h"
#include "jobs/job_body.h"
#include "jobs/job_lease.h"

enum { NOW = 1000000 };

static const struct job_bounds endless = {.jobs = 1000, .bytes = 1 << 30};
static const struct job_end done = {
    .state = JOB_DONE, .rows = 3, .batch = 7, .status = 201, .result = {"[1]", 3}};

static const char A[] = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char B[] = "bbbbbbbbbbbbbbbbbbbbbbbbbb";
static const char C[] = "cccccccccccccccccccccccccc";

static struct own_statements kept[2]; // of the connections of the test's fixture

static struct own_statements *on(struct store_conn *conn)
{
    struct own_statements *own = &kept[0];
    if (own->conn != NULL && own->conn != conn)
        own = &kept[1];
    own->conn = conn;
    return own;
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        own_statements_fini(&kept[i]);
        kept[i] = (struct own_statements){0};
    }
    return fixture_tear_down(state);
}

#define JOB_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, tear_down)

static enum err_code try_add(
    struct fixture *f, const char *id, int64_t bytes, const struct job_bounds *bounds, struct err *err)
{
    const struct job_new job = {.id = span_of(id),
        .asked = {.endpoint = span_of("POST /prices"),
            .shape = span_of("s"),
            .client = span_of("k_1"),
            .content_type = span_of("text/csv"),
            .coding = span_of("gzip"),
            .format = span_of("application/json"),
            .query = span_of("csv.delimiter=;&a=1"),
            .params = span_of("i5;")},
        .bytes = bytes,
        .pieces = job_body_pieces((uint64_t)bytes),
        .digest = span_of("d")};
    struct job_room room = {.bounds = *bounds};
    int64_t ahead = -1;
    bool is_full = false;
    begin(f->writer);
    enum err_code code = job_store_add(on(f->writer), &job, &room, NOW, &ahead, &is_full, err);
    commit(f->writer);
    return code == ERR_NONE && is_full ? ERR_BUSY : code;
}

static void add(struct fixture *f, const char *id)
{
    struct err err = {0};
    assert_int_equal(job_store_make(f->writer, &err), ERR_NONE);
    assert_int_equal(try_add(f, id, 10, &endless, &err), ERR_NONE);
}

// The first open job, read with an arena that the caller frees.
static bool first(struct store_conn *conn, struct arena *arena, struct job *ret_job)
{
    struct err err = {0};
    bool is_found = false;
    arena_init(arena, 1 << 20);
    assert_int_equal(job_store_first(on(conn), arena, ret_job, &is_found, &err), ERR_NONE);
    return is_found;
}

static bool take(struct fixture *f, struct job *job)
{
    struct err err = {0};
    bool is_moved = false;
    begin(f->writer);
    assert_int_equal(job_store_take(on(f->writer), job, NOW + 1, &is_moved, &err), ERR_NONE);
    commit(f->writer);
    return is_moved;
}

static bool end(struct fixture *f, const struct job *job, int64_t token, const struct job_end *how)
{
    struct err err = {0};
    struct job seen = *job;
    bool is_moved = false;
    seen.token = token;
    begin(f->writer);
    assert_int_equal(job_store_end(on(f->writer), &seen, how, NOW + 2, &is_moved, &err), ERR_NONE);
    commit(f->writer);
    return is_moved;
}

static bool cancel(struct fixture *f, const char *id)
{
    struct err err = {0};
    bool is_moved = false;
    begin(f->writer);
    assert_int_equal(job_store_cancel(on(f->writer), span_of(id), NOW + 3, &is_moved, &err), ERR_NONE);
    commit(f->writer);
    return is_moved;
}

static bool retry(struct fixture *f, const char *id)
{
    struct err err = {0};
    bool is_moved = false;
    begin(f->writer);
    assert_int_equal(job_store_retry(on(f->writer), span_of(id), &is_moved, &err), ERR_NONE);
    commit(f->writer);
    return is_moved;
}

static void jobs_are_taken_in_the_order_of_their_numbers(void **state)
{
    struct fixture *f = *state;
    struct job job;
    const char *const order[] = {A, B, C};
    for (size_t i = 0; i < 3; i++)
        add(f, order[i]);
    for (size_t i = 0; i < 3; i++) {
        AUTO(arena_fini) struct arena arena = {0};
        assert_true(first(f->writer, &arena, &job));
        assert_true(span_is(job.id, order[i]));
        assert_int_equal(job.number, i + 1);
        assert_true(take(f, &job));
        assert_true(end(f, &job, job.token, &done));
    }
    AUTO(arena_fini) struct arena arena = {0};
    assert_false(first(f->writer, &arena, &job));
    assert_rows(f->reader,
        "SELECT number, state, attempts, rows, batch, status, result, ended FROM reckoner_jobs ORDER BY number",
        "1|'done'|1|3|7|201|'[1]'|1000002\n2|'done'|1|3|7|201|'[1]'|1000002\n3|'done'|1|3|7|201|'[1]'|1000002\n");
}

static void what_was_asked_for_comes_back(void **state)
{
    struct fixture *f = *state;
    struct job job;
    AUTO(arena_fini) struct arena arena = {0};
    add(f, A);
    assert_true(first(f->reader, &arena, &job));
    assert_int_equal(job.state, JOB_QUEUED);
    assert_true(span_is(job.asked.endpoint, "POST /prices"));
    assert_true(span_is(job.asked.shape, "s"));
    assert_true(span_is(job.asked.client, "k_1"));
    assert_true(span_is(job.asked.content_type, "text/csv"));
    assert_true(span_is(job.asked.coding, "gzip"));
    assert_true(span_is(job.asked.format, "application/json"));
    assert_true(span_is(job.asked.query, "csv.delimiter=;&a=1"));
    assert_true(span_is(job.asked.params, "i5;"));
    assert_int_equal(job.bytes, 10);
    assert_int_equal(job.pieces, 1);
    assert_true(job.has_body);
    assert_int_equal(job.created_ms, NOW);
}

static void of_two_that_take_a_job_one_gets_it(void **state)
{
    struct fixture *f = *state;
    struct job one, other;
    AUTO(arena_fini) struct arena arena = {0}, other_arena = {0};
    add(f, A);
    assert_true(first(f->writer, &arena, &one));
    assert_true(first(f->writer, &other_arena, &other));
    assert_true(take(f, &one));
    assert_false(take(f, &other)); // the token that it has seen is no more
    assert_int_equal(other.attempts, 0);
}

static void whoever_lost_a_job_cannot_end_it(void **state)
{
    struct fixture *f = *state;
    struct job lost, job;
    AUTO(arena_fini) struct arena arena = {0}, other_arena = {0};
    add(f, A);
    assert_true(first(f->writer, &arena, &lost));
    assert_true(take(f, &lost));
    assert_true(first(f->writer, &other_arena, &job)); // another one finds it running, and takes it over
    assert_int_equal(job.state, JOB_RUNNING);
    assert_true(take(f, &job));
    assert_int_equal(job.attempts, 2);
    assert_false(end(f, &lost, lost.token, &done));
    assert_true(end(f, &job, job.token, &done));
    assert_false(end(f, &job, job.token, &done)); // once
}

static void a_try_that_failed_waits_and_may_give_its_attempt_back(void **state)
{
    struct fixture *f = *state;
    struct job job;
    AUTO(arena_fini) struct arena arena = {0}, again = {0}, third = {0};
    struct job_end later = {.state = JOB_QUEUED, .next_ms = NOW + 5000, .result = {"why", 3}};
    add(f, A);
    add(f, B);
    assert_true(first(f->writer, &arena, &job));
    assert_true(take(f, &job));
    assert_true(end(f, &job, job.token, &later));
    assert_true(first(f->writer, &again, &job)); // those behind it wait, too
    assert_true(span_is(job.id, A));
    assert_int_equal(job.state, JOB_QUEUED);
    assert_int_equal(job.next_ms, NOW + 5000);
    assert_int_equal(job.attempts, 1);
    assert_true(take(f, &job));
    later.gives_back = true;
    assert_true(end(f, &job, job.token, &later));
    assert_true(first(f->writer, &third, &job));
    assert_int_equal(job.attempts, 1);
}

static void what_waits_is_cancelled_and_what_runs_is_not(void **state)
{
    struct fixture *f = *state;
    struct job job;
    AUTO(arena_fini) struct arena arena = {0};
    add(f, A);
    add(f, B);
    assert_true(first(f->writer, &arena, &job));
    assert_true(take(f, &job));
    assert_false(cancel(f, A));
    assert_true(cancel(f, B));
    assert_false(cancel(f, B));
    assert_false(cancel(f, C)); // there is none
    assert_rows(f->reader, "SELECT state FROM reckoner_jobs ORDER BY number", "'running'\n'cancelled'\n");
}

static void a_refused_job_is_tried_again_by_hand_at_its_old_place(void **state)
{
    struct fixture *f = *state;
    struct job job;
    AUTO(arena_fini) struct arena arena = {0}, again = {0};
    const struct job_end refused = {.state = JOB_REFUSED, .status = 422, .result = {"{}", 2}};
    add(f, A);
    add(f, B);
    assert_true(first(f->writer, &arena, &job));
    assert_true(take(f, &job));
    assert_false(retry(f, A)); // it runs
    assert_true(end(f, &job, job.token, &refused));
    assert_true(retry(f, A));
    assert_false(retry(f, A));
    assert_true(first(f->writer, &again, &job));
    assert_true(span_is(job.id, A));
    assert_int_equal(job.attempts, 0);
    assert_int_equal(job.ended_ms, 0);
}

static void assert_keys(struct fixture *f, const char *expected)
{
    assert_rows(f->reader,
        "SELECT identity, CASE WHEN ends_us > 9000000000000000 THEN 'open' ELSE 'ends' END FROM reckoner_repeats "
        "ORDER BY identity",
        expected);
}

static void the_key_of_a_job_ends_a_while_after_it(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct job job;
    AUTO(arena_fini) struct arena arena = {0};
    const struct job_end later = {.state = JOB_QUEUED}, refused = {.state = JOB_REFUSED, .status = 422};
    const char *const ids[] = {A, B, C};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct repeat repeat = {.verdict = REPEAT_NEW};
        const struct repeat_kept answer = {.status = 202, .format = FORMAT_TEXT, .batch_id = i == 2};
        add(f, ids[i]);
        snprintf(repeat.identity, sizeof(repeat.identity), "key %zu", i);
        begin(f->writer);
        assert_int_equal(repeat_keep(&repeat, on(f->writer), &answer, span_of(ids[i]), &err), ERR_NONE);
        commit(f->writer);
    }
    assert_keys(f, "'key 0'|'open'\n'key 1'|'open'\n'key 2'|'ends'\n"); // the last one is a batch's
    assert_true(first(f->writer, &arena, &job));
    assert_true(take(f, &job));
    assert_true(end(f, &job, job.token, &later));
    assert_true(cancel(f, B));
    assert_keys(f, "'key 0'|'open'\n'key 1'|'ends'\n'key 2'|'ends'\n");
    assert_true(take(f, &job));
    assert_false(end(f, &job, job.token + 1, &refused)); // it is somebody else's
    assert_keys(f, "'key 0'|'open'\n'key 1'|'ends'\n'key 2'|'ends'\n");
    assert_true(end(f, &job, job.token, &refused));
    assert_keys(f, "'key 0'|'ends'\n'key 1'|'ends'\n'key 2'|'ends'\n");
    assert_true(retry(f, A));
    assert_keys(f, "'key 0'|'open'\n'key 1'|'ends'\n'key 2'|'ends'\n");
}

static void a_queue_without_room_says_so(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    const struct job_bounds two = {.jobs = 2, .bytes = 1000}, few_bytes = {.jobs = 100, .bytes = 15};
    struct job_queue queue;
    assert_int_equal(job_store_make(f->writer, &err), ERR_NONE);
    assert_int_equal(try_add(f, A, 2000, &two, &err), ERR_NONE); // one of any size may wait alone
    assert_int_equal(try_add(f, B, 1, &two, &err), ERR_BUSY);
    assert_true(cancel(f, A));
    assert_int_equal(try_add(f, B, 10, &few_bytes, &err), ERR_NONE);
    assert_int_equal(try_add(f, C, 10, &few_bytes, &err), ERR_BUSY);
    assert_int_equal(try_add(f, C, 5, &few_bytes, &err), ERR_NONE);
    assert_int_equal(job_store_queue(on(f->reader), &queue, &err), ERR_NONE);
    assert_int_equal(queue.queued, 2);
    assert_int_equal(queue.running, 0);
    assert_int_equal(queue.bytes, 15);
    assert_int_equal(queue.oldest_ms, NOW);
    assert_rows(f->reader, "SELECT id FROM reckoner_jobs ORDER BY number",
        "'aaaaaaaaaaaaaaaaaaaaaaaaaa'\n'bbbbbbbbbbbbbbbbbbbbbbbbbb'\n'cccccccccccccccccccccccccc'\n");
}

// --- looking

static enum err_code note(void *ctx, const struct job *job, struct err *err)
{
    char *text = ctx;
    (void)err;
    strncat(text, job->id.at, 1);
    return ERR_NONE;
}

static const char *listed(struct fixture *f, struct job_filter filter)
{
    static char text[16];
    struct err err = {0};
    text[0] = '\0';
    if (filter.limit == 0)
        filter.limit = 100;
    assert_int_equal(job_store_list(on(f->reader), &filter, note, text, &err), ERR_NONE);
    return text;
}

static void jobs_are_listed_the_newest_first(void **state)
{
    struct fixture *f = *state;
    add(f, A);
    add(f, B);
    add(f, C);
    assert_true(cancel(f, B));
    assert_string_equal(listed(f, (struct job_filter){0}), "cba");
    assert_string_equal(listed(f, (struct job_filter){.limit = 2}), "cb");
    assert_string_equal(listed(f, (struct job_filter){.before = 3}), "ba");
    assert_string_equal(listed(f, (struct job_filter){.has_state = true, .state = JOB_CANCELLED}), "b");
    assert_string_equal(listed(f, (struct job_filter){.has_client = true, .client = span_of("k_1")}), "cba");
    assert_string_equal(listed(f, (struct job_filter){.has_client = true, .client = span_of("")}), "");
}

static void a_job_is_found_with_its_place(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct job job;
    int64_t ahead = -1;
    bool is_found = false;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 1 << 20);
    add(f, A);
    add(f, B);
    assert_int_equal(
        job_store_find(on(f->reader), span_of(B), &arena, &job, &ahead, &is_found, &err), ERR_NONE);
    assert_true(is_found);
    assert_int_equal(job.number, 2);
    assert_int_equal(ahead, 1);
    assert_true(cancel(f, A));
    assert_int_equal(
        job_store_find(on(f->reader), span_of(B), &arena, &job, &ahead, &is_found, &err), ERR_NONE);
    assert_int_equal(ahead, 0);
    assert_int_equal(
        job_store_find(on(f->reader), span_of(C), &arena, &job, &ahead, &is_found, &err), ERR_NONE);
    assert_false(is_found);
    bool has = false;
    assert_int_equal(job_store_has(on(f->reader), span_of(A), &has, &err), ERR_NONE);
    assert_true(has);
    assert_int_equal(job_store_has(on(f->reader), span_of(C), &has, &err), ERR_NONE);
    assert_false(has);
}

static void the_clock_is_the_databases(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    int64_t now_ms = 0;
    assert_int_equal(own_now_ms(on(f->writer), &now_ms, &err), ERR_NONE);
    assert_true(now_ms > INT64_C(1600000000000) && now_ms < INT64_C(10000000000000));
}

// --- the lease

static const struct job_lease_work nothing = {0};

static bool hold(struct fixture *f, struct job_lease *lease, int64_t now_ms)
{
    struct err err = {0};
    bool is_ours = false;
    begin(f->writer);
    assert_int_equal(job_lease_hold(lease, on(f->writer), now_ms, &nothing, &is_ours, &err), ERR_NONE);
    commit(f->writer);
    return is_ours;
}

static void let_go(struct fixture *f, struct job_lease *lease)
{
    struct err err = {0};
    begin(f->writer);
    assert_int_equal(job_lease_let_go(lease, on(f->writer), &err), ERR_NONE);
    commit(f->writer);
}

static void one_has_the_lease_until_he_lets_go_or_is_gone(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct job_lease mine, other;
    assert_int_equal(job_store_make(f->writer, &err), ERR_NONE);
    assert_int_equal(job_lease_init(&mine, f->store, &err), ERR_NONE);
    assert_int_equal(job_lease_init(&other, f->store, &err), ERR_NONE);
    assert_true(hold(f, &mine, NOW));
    assert_true(hold(f, &mine, NOW + 1));
    assert_false(hold(f, &other, NOW + 2));
    let_go(f, &other); // it is not his
    assert_false(hold(f, &other, NOW + 2));
    let_go(f, &mine);
    assert_true(hold(f, &other, NOW + 3));
    assert_false(hold(f, &mine, NOW + 4));
    job_lease_fini(&other);
    assert_true(hold(f, &mine, NOW + 3 + LIMIT_JOB_LEASE_MS));
    if (mine.path != NULL)
        assert_int_equal(unlink(mine.path), 0);
    job_lease_fini(&mine);
}

static void a_lease_of_another_clock_holds_nobody_up(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct job_lease mine, other;
    if (f->is_sqlite) // where it is no row
        return;
    assert_int_equal(job_store_make(f->writer, &err), ERR_NONE);
    assert_int_equal(job_lease_init(&mine, f->store, &err), ERR_NONE);
    assert_int_equal(job_lease_init(&other, f->store, &err), ERR_NONE);
    assert_true(hold(f, &mine, NOW + 1));
    assert_true(hold(f, &other, NOW)); // its end is further off than any lease's
    assert_false(hold(f, &mine, NOW + 1));
    job_lease_fini(&mine);
    job_lease_fini(&other);
}

// --- bodies

struct body {
    struct spool spool;
    struct buf read;
    struct job job;
    char digest[JOB_DIGEST_CHARS + 1];
};

static void body_make(struct body *body, size_t bytes)
{
    struct err err = {0};
    *body = (struct body){0};
    spool_init(&body->spool, NULL, 1 << 30);
    buf_init(&body->read, 1 << 30);
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(buf_append_byte(&body->spool.buf, (char)(i * 7 + i / 251)), ERR_NONE);
    assert_int_equal(spool_end(&body->spool, &err), ERR_NONE);
    job_body_digest(&body->spool, body->digest);
    body->job = (struct job){.id = span_of(A),
        .bytes = (int64_t)bytes,
        .pieces = job_body_pieces(bytes),
        .digest = span_of(body->digest)};
}

static void body_fini(struct body *body)
{
    spool_fini(&body->spool);
    buf_fini(&body->read);
}

static void put(
    struct fixture *f, const struct body *body, const char *id, int64_t first_piece, int64_t count)
{
    struct err err = {0};
    begin(f->writer);
    assert_int_equal(
        job_body_put(on(f->writer), span_of(id), &body->spool, first_piece, count, NOW, &err), ERR_NONE);
    commit(f->writer);
}

static enum err_code on_piece(void *ctx, struct span bytes, struct err *err)
{
    struct buf *read = ctx;
    return buf_append(read, bytes.at, bytes.len) == ERR_NONE ? ERR_NONE : err_no_memory(err);
}

static void bytes_of_every_kind_come_back(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    assert_int_equal(job_store_make(f->writer, &err), ERR_NONE);
    const size_t sizes[] = {1, LIMIT_JOB_PIECE_BYTES - 1, LIMIT_JOB_PIECE_BYTES, LIMIT_JOB_PIECE_BYTES + 1,
        2 * LIMIT_JOB_PIECE_BYTES + 77};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct body body;
        bool more = true, is_whole = false;
        body_make(&body, sizes[i]);
        put(f, &body, A, 0, 1);
        put(f, &body, A, 1, 100);
        assert_int_equal(
            job_body_is_whole(on(f->writer), span_of(A), body.job.pieces, &is_whole, &err), ERR_NONE);
        assert_true(is_whole);
        assert_int_equal(job_body_each(on(f->reader), &body.job, on_piece, &body.read, &err), ERR_NONE);
        assert_int_equal(body.read.len, sizes[i]);
        assert_memory_equal(body.read.data, body.spool.buf.data, sizes[i]);
        begin(f->writer);
        assert_int_equal(job_body_drop(on(f->writer), span_of(A), &more, &err), ERR_NONE);
        assert_false(more);
        commit(f->writer);
        assert_rows(f->reader, "SELECT count(*) FROM reckoner_job_bodies", "0\n");
        body_fini(&body);
    }
}

static void a_body_that_lacks_a_piece_or_has_another_one_is_not_read_as_whole(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct body body;
    bool is_whole = true;
    assert_int_equal(job_store_make(f->writer, &err), ERR_NONE);
    body_make(&body, 3 * LIMIT_JOB_PIECE_BYTES);
    put(f, &body, A, 0, 2);
    assert_int_equal(job_body_is_whole(on(f->writer), span_of(A), 3, &is_whole, &err), ERR_NONE);
    assert_false(is_whole);
    assert_int_equal(job_body_each(on(f->reader), &body.job, on_piece, &body.read, &err), ERR_STORE);
    assert_string_equal(err.text, "the body of job aaaaaaaaaaaaaaaaaaaaaaaaaa is not what was sent");
    err = (struct err){0};
    put(f, &body, A, 2, 1);
    run_script(f->writer, "UPDATE reckoner_job_bodies SET bytes = 'AAAA' WHERE piece = 1");
    assert_int_equal(job_body_each(on(f->reader), &body.job, on_piece, &body.read, &err), ERR_STORE);
    body_fini(&body);
}

static void a_long_body_goes_in_steps(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct body body;
    bool more = false;
    assert_int_equal(job_store_make(f->writer, &err), ERR_NONE);
    body_make(&body, 1);
    body.spool.buf.len = 1;
    for (int i = 0; i <= LIMIT_JOB_STEP_PIECES; i++) {
        char sql[128];
        snprintf(sql, sizeof(sql),
            "INSERT INTO reckoner_job_bodies (job, piece, made, bytes) VALUES ('%s', %d, 1, 'AA')", A, i);
        run_script(f->writer, sql);
    }
    begin(f->writer);
    assert_int_equal(job_body_drop(on(f->writer), span_of(A), &more, &err), ERR_NONE);
    commit(f->writer);
    assert_true(more);
    assert_rows(f->reader, "SELECT piece FROM reckoner_job_bodies", "16\n");
    body_fini(&body);
}

static void what_a_sender_who_was_cut_off_has_left_is_found(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct body body;
    char id[JOB_ID_CHARS + 1];
    add(f, A);
    body_make(&body, 10);
    put(f, &body, A, 0, 1); // which has a job
    put(f, &body, B, 0, 1);
    assert_int_equal(job_body_stray(on(f->writer), NOW, id, &err), ERR_NONE);
    assert_string_equal(id, ""); // it may go on
    assert_int_equal(job_body_stray(on(f->writer), NOW + 1, id, &err), ERR_NONE);
    assert_string_equal(id, B);
    body_fini(&body);
}

static void what_is_spent_is_cleared_up(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct job job;
    char id[JOB_ID_CHARS + 1];
    bool more = true;
    AUTO(arena_fini) struct arena arena = {0};
    const struct job_end failed = {.state = JOB_FAILED, .status = 500};
    add(f, A);
    add(f, B);
    assert_int_equal(job_store_spent(on(f->writer), NOW, id, &err), ERR_NONE);
    assert_string_equal(id, "");
    assert_true(first(f->writer, &arena, &job));
    assert_true(take(f, &job));
    assert_true(end(f, &job, job.token, &failed));
    assert_int_equal(job_store_spent(on(f->writer), NOW, id, &err), ERR_NONE);
    assert_string_equal(id, ""); // it may be tried again
    assert_true(cancel(f, B));
    assert_int_equal(job_store_spent(on(f->writer), NOW, id, &err), ERR_NONE);
    assert_string_equal(id, B);
    begin(f->writer);
    assert_int_equal(job_store_note_gone(on(f->writer), B, &err), ERR_NONE);
    commit(f->writer);
    assert_int_equal(job_store_spent(on(f->writer), NOW, id, &err), ERR_NONE);
    assert_string_equal(id, "");
    assert_int_equal(job_store_spent(on(f->writer), NOW + 100, id, &err), ERR_NONE);
    assert_string_equal(id, A); // long enough
    begin(f->writer);
    assert_int_equal(job_store_prune(on(f->writer), NOW + 100, &more, &err), ERR_NONE);
    commit(f->writer);
    assert_false(more);
    assert_rows(
        f->reader, "SELECT id FROM reckoner_jobs", "'aaaaaaaaaaaaaaaaaaaaaaaaaa'\n"); // its body is there
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOB_TEST(jobs_are_taken_in_the_order_of_their_numbers),
        JOB_TEST(what_was_asked_for_comes_back),
        JOB_TEST(of_two_that_take_a_job_one_gets_it),
        JOB_TEST(whoever_lost_a_job_cannot_end_it),
        JOB_TEST(a_try_that_failed_waits_and_may_give_its_attempt_back),
        JOB_TEST(what_waits_is_cancelled_and_what_runs_is_not),
        JOB_TEST(a_refused_job_is_tried_again_by_hand_at_its_old_place),
        JOB_TEST(the_key_of_a_job_ends_a_while_after_it),
        JOB_TEST(a_queue_without_room_says_so),
        JOB_TEST(jobs_are_listed_the_newest_first),
        JOB_TEST(a_job_is_found_with_its_place),
        JOB_TEST(the_clock_is_the_databases),
        JOB_TEST(one_has_the_lease_until_he_lets_go_or_is_gone),
        JOB_TEST(a_lease_of_another_clock_holds_nobody_up),
        JOB_TEST(bytes_of_every_kind_come_back),
        JOB_TEST(a_body_that_lacks_a_piece_or_has_another_one_is_not_read_as_whole),
        JOB_TEST(a_long_body_goes_in_steps),
        JOB_TEST(what_a_sender_who_was_cut_off_has_left_is_found),
        JOB_TEST(what_is_spent_is_cleared_up),
    };
    return fixture_run(tests);
}
