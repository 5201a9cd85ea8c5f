// SPDX-License-Identifier: Apache-2.0
// Several nodes in one process: each has accounts of its own, and they meet in a store. Rations need
// PostgreSQL, and are skipped where TEST_POSTGRESQL names no database.
#include "access/rations.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

#include "../../store/fixture.h"
#include "access/account_save.h"
#include "access/quota_store.h"
#include "access/ration_round.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

enum {
    REQUEST = 1u << ALLOWANCE_REQUESTS,
    ROWS = 1u << ALLOWANCE_ROWS,
    MONTH_S = 30 * 86400,
    NODES = 3,
};

// Of windows in which nothing comes back while a test runs.
static struct allowance allowances[] = {
    {.of = ALLOWANCE_REQUESTS, .count = 1000, .window_s = MONTH_S},
    {.of = ALLOWANCE_ROWS, .count = 500, .window_s = MONTH_S},
};
static const struct quota monthly = {.allowances = allowances, .count = 2};

static int64_t now(void)
{
    return (int64_t)clock_monotonic_ns();
}

static struct verdict admit(struct account *account, unsigned wants)
{
    struct verdict verdict;
    account_admit(account, &monthly, wants, now(), &verdict);
    return verdict;
}

static uint64_t left(struct account *account, size_t number)
{
    uint64_t units;
    int64_t more_ns;
    account_left(account, &monthly, number, now(), &units, &more_ns);
    return units;
}

static struct accounts *new_accounts(bool is_shared)
{
    struct accounts *accounts;
    struct err err = {0};
    assert_int_equal(accounts_new(1, &accounts, &err), ERR_NONE);
    if (is_shared)
        accounts_share(accounts, 0);
    return accounts;
}

// --- rounds, one after another

struct node {
    struct accounts *accounts;
    struct account *account; // of one client, the same on all nodes
    struct store_conn *conn; // borrowed
    struct store_stmt *exchange;
};

static void init_nodes(struct fixture *f, struct node nodes[NODES])
{
    struct err err = {0};
    assert_int_equal(quota_store_make(f->writer, &err), ERR_NONE);
    for (size_t i = 0; i < NODES; i++) {
        nodes[i] = (struct node){.accounts = new_accounts(true), .conn = f->writer};
        nodes[i].account = accounts_find(nodes[i].accounts, 0, span_of("k_1"));
        if (quota_store_prepare(f->writer, &nodes[i].exchange, &err) != ERR_NONE)
            fail_msg("%s", err.text);
    }
}

static void fini_nodes(struct node nodes[NODES])
{
    for (size_t i = 0; i < NODES; i++) {
        store_finalize(nodes[i].exchange);
        account_unref(nodes[i].account);
        accounts_free(nodes[i].accounts);
    }
}

// Has the node ask for what one request wants.
static void ask(struct node *node, unsigned wants)
{
    struct ration_round round;
    struct err err = {0};
    assert_int_equal(ration_round_init(&round, &err), ERR_NONE);
    assert_true(ration_round_want(&round, node->account, &monthly, wants, now()));
    if (ration_round_ask(&round, node->conn, node->exchange, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    ration_round_fini(&round);
}

static bool try_on(struct node *node, unsigned wants)
{
    struct verdict verdict = admit(node->account, wants);
    for (unsigned i = 0; verdict.admission == ASK && i < 10; i++) {
        ask(node, wants);
        verdict = admit(node->account, wants);
    }
    assert_int_not_equal(verdict.admission, ASK);
    return verdict.admission == ADMITTED;
}

// Settles all that the node has.
static void settle(struct node *node)
{
    struct ration_round round;
    struct err err = {0};
    bool has_more;
    assert_int_equal(ration_round_init(&round, &err), ERR_NONE);
    ration_round_settle(&round, node->account, true, now(), &has_more);
    if (ration_round_ask(&round, node->conn, node->exchange, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    ration_round_fini(&round);
}

static void nodes_let_as_much_through_as_one_may(void **state)
{
    struct node nodes[NODES];
    unsigned admitted = 0, refused = 0, random = 1;
    init_nodes(*state, nodes);
    while (refused < 50) {
        random = random * 1664525 + 1013904223;
        if (try_on(&nodes[(random >> 16) % NODES], REQUEST)) {
            admitted++;
            refused = 0;
        } else {
            refused++;
        }
    }
    assert_int_equal(admitted, 1000);
    fini_nodes(nodes);
}

static void a_node_gives_back_what_it_does_not_use(void **state)
{
    struct node nodes[NODES];
    unsigned admitted = 0;
    init_nodes(*state, nodes);
    for (unsigned i = 0; i < 40; i++) // so that its rations grow
        admitted += try_on(&nodes[0], REQUEST);
    assert_true(left(nodes[0].account, 0) == 960);
    settle(&nodes[0]);
    assert_true(left(nodes[0].account, 0) == 960);
    while (try_on(&nodes[1], REQUEST))
        admitted++;
    assert_int_equal(admitted, 1000);
    fini_nodes(nodes);
}

static void what_an_answer_has_used_beyond_a_ration_is_charged(void **state)
{
    struct node nodes[NODES];
    init_nodes(*state, nodes);
    assert_true(try_on(&nodes[0], ROWS));
    account_charge(nodes[0].account, &monthly, ALLOWANCE_ROWS, 200, now());
    assert_int_equal(left(nodes[0].account, 1), 300);
    assert_true(try_on(&nodes[0], ROWS)); // which settles it
    settle(&nodes[0]);
    assert_true(try_on(&nodes[1], ROWS));
    assert_int_equal(left(nodes[1].account, 1), 300);
    account_charge(nodes[1].account, &monthly, ALLOWANCE_ROWS, 1000, now());
    settle(&nodes[1]);
    assert_false(try_on(&nodes[2], ROWS));
    struct verdict verdict = admit(nodes[2].account, ROWS);
    int64_t unit_ns = MONTH_S * (int64_t)NS_PER_S / 500, wait_ns = 701 * unit_ns;
    assert_true(verdict.retry_ns > 499 * unit_ns && verdict.retry_ns <= wait_ns);
    fini_nodes(nodes);
}

static void a_database_whose_clock_has_jumped_back_shuts_nobody_out_for_longer_than_a_debt(void **state)
{
    struct fixture *f = *state;
    struct node nodes[NODES];
    init_nodes(*state, nodes);
    assert_true(try_on(&nodes[0], REQUEST));
    run_script(f->writer, "UPDATE reckoner_quota SET tat = tat + 31536000000000000");
    assert_false(try_on(&nodes[1], REQUEST));
    struct verdict verdict = admit(nodes[1].account, REQUEST);
    assert_true(verdict.retry_ns <= (MONTH_S + MONTH_S / 1000) * (int64_t)NS_PER_S);
    fini_nodes(nodes);
}

// What gcra.c makes of a purse whose tat is before_ns, by the clock of the database: its next tat.
static int64_t expected(
    const struct ration *ration, int64_t before_ns, int64_t asked_ns, int64_t *ret_granted)
{
    const struct gcra_rate *rate = &ration->rate;
    uint64_t units = (uint64_t)(ration->net < 0 ? -ration->net : ration->net);
    int64_t most_ns = asked_ns + 2 * rate->limit_ns;
    int64_t tat_ns = before_ns < most_ns ? before_ns : most_ns;
    if (ration->net < 0)
        tat_ns = gcra_charge(rate, tat_ns, units, asked_ns);
    else
        tat_ns = gcra_give_back(rate, tat_ns, units);
    tat_ns = tat_ns > asked_ns ? tat_ns : asked_ns;
    int64_t left = (int64_t)gcra_left(rate, tat_ns, asked_ns);
    int64_t share = left / 4 > 0 ? left / 4 : left > 0;
    *ret_granted = ration->want < share ? ration->want : share;
    return gcra_charge(rate, tat_ns, (uint64_t)*ret_granted, asked_ns);
}

static void the_database_counts_as_a_node_does(void **state)
{
    struct fixture *f = *state;
    struct store_stmt *exchange;
    struct err err = {0};
    unsigned random = 7;
    assert_int_equal(quota_store_make(f->writer, &err), ERR_NONE);
    assert_int_equal(quota_store_prepare(f->writer, &exchange, &err), ERR_NONE);
    long long before_ns = 0;
    for (unsigned i = 0; i < 300; i++) {
        struct ration ration = {.name = span_of("c:k_1"), .kind = purse_kind(ALLOWANCE_ROWS, 60)};
        random = random * 1664525 + 1013904223;
        ration.rate = gcra_rate_of(1 + (random >> 20) % 2000, 60 + (random >> 12) % 100000);
        ration.want = (random >> 8) % 50;
        random = random * 1664525 + 1013904223;
        ration.net = (int64_t)((random >> 16) % 600) - 300;
        if (random >> 30 == 0) { // nobody has asked for half an hour
            run_script(f->writer, "UPDATE reckoner_quota SET tat = asked - 1800000000000");
            sscanf(rows_of(f->writer, "SELECT tat FROM reckoner_quota"), "%lld", &before_ns);
        }
        if (quota_store_exchange(f->writer, exchange, &ration, 1, &err) != ERR_NONE)
            fail_msg("%s", err.text);
        long long tat_ns, asked_ns;
        int64_t granted;
        assert_int_equal(sscanf(rows_of(f->writer, "SELECT tat, asked FROM reckoner_quota"), "%lld|%lld",
                             &tat_ns, &asked_ns),
            2);
        int64_t wanted_ns = expected(&ration, before_ns, asked_ns, &granted);
        assert_int_equal(ration.granted, granted);
        assert_int_equal(ration.ahead_ns, tat_ns - asked_ns);
        assert_in_range(tat_ns - wanted_ns + 2, 0, 4); // each rounds costs in its own way
        before_ns = tat_ns;
    }
    store_finalize(exchange);
}

// --- threads

struct waiting {
    struct ration_wait wait; // first
    sem_t answered;
};

static void on_answer(struct ration_wait *wait)
{
    sem_post(&((struct waiting *)wait)->answered);
}

static void ignore(void *ctx, size_t service, const struct err *err)
{
    (void)ctx;
    (void)service;
    if (err != NULL)
        fprintf(stderr, "rations: %s\n", err->text);
}

struct client {
    struct accounts *accounts;
    struct rations *rations;
    atomic_uint *admitted;
};

static void *ask_until_refused(void *arg)
{
    struct client *client = arg;
    struct account *account = accounts_find(client->accounts, 0, span_of("k_1"));
    struct waiting waiting = {
        .wait = {.account = account, .quota = &monthly, .wants = REQUEST, .on_answer = on_answer}};
    sem_init(&waiting.answered, 0, 0);
    for (struct verdict verdict = admit(account, REQUEST); verdict.admission != REFUSED;
         verdict = admit(account, REQUEST)) {
        if (verdict.admission == ADMITTED) {
            atomic_fetch_add(client->admitted, 1);
            continue;
        }
        rations_ask(client->rations, &waiting.wait);
        while (sem_wait(&waiting.answered) != 0) {
        }
        assert_int_equal(waiting.wait.failure, ERR_NONE);
    }
    sem_destroy(&waiting.answered);
    account_unref(account);
    return NULL;
}

static void eight_clients_of_three_nodes_get_as_much_as_one_may(void **state)
{
    struct fixture *f = *state;
    struct store *stores[NODES];
    struct accounts *accounts[NODES];
    struct rations *rations[NODES];
    struct client clients[8];
    pthread_t threads[8];
    atomic_uint admitted = 0;
    struct err err = {0};
    for (size_t i = 0; i < NODES; i++) {
        assert_int_equal(store_open(f->url, f->name, &stores[i], &err), ERR_NONE);
        accounts[i] = new_accounts(true);
        struct rations_options options = {
            .store = stores[i], .accounts = accounts[i], .is_shared = true, .tell = ignore};
        if (rations_new(&options, &rations[i], &err) != ERR_NONE)
            fail_msg("%s", err.text);
    }
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        clients[i] = (struct client){accounts[i % NODES], rations[i % NODES], &admitted};
        assert_int_equal(pthread_create(&threads[i], NULL, ask_until_refused, &clients[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(admitted, 1000);
    for (size_t i = 0; i < NODES; i++) {
        rations_free(rations[i]);
        accounts_free(accounts[i]);
        store_close(stores[i]);
    }
}

static void wait_for(struct rations *rations, struct waiting *waiting)
{
    rations_ask(rations, &waiting->wait);
    while (sem_wait(&waiting->answered) != 0) {
    }
}

// More clients than a question has room for, none of which uses its ration.
static void at_the_end_all_rations_are_given_back(void **state)
{
    enum { CLIENTS = LIMIT_RATIONS + 100 };
    struct fixture *f = *state;
    struct accounts *accounts = new_accounts(true);
    struct account *clients[CLIENTS];
    struct rations *rations;
    struct err err = {0};
    struct rations_options options = {
        .store = f->store, .accounts = accounts, .is_shared = true, .tell = ignore};
    struct waiting waiting = {.wait = {.quota = &monthly, .wants = REQUEST, .on_answer = on_answer}};
    sem_init(&waiting.answered, 0, 0);
    if (rations_new(&options, &rations, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    for (unsigned i = 0; i < CLIENTS; i++) {
        char id[16];
        snprintf(id, sizeof(id), "k_%u", i);
        clients[i] = waiting.wait.account = accounts_find(accounts, 0, span_of(id));
        wait_for(rations, &waiting);
        assert_int_equal(waiting.wait.failure, ERR_NONE);
    }
    rations_free(rations);
    for (unsigned i = 0; i < CLIENTS; i++) {
        assert_int_equal(atomic_load(&clients[i]->purses[0].units), 0);
        account_unref(clients[i]);
    }
    assert_rows(f->reader, "SELECT count(*) FROM reckoner_quota WHERE granted = 0", "612\n");
    sem_destroy(&waiting.answered);
    accounts_free(accounts);
}

static void on_answer_before_no_memory(struct ration_wait *wait)
{
    mem_fail_after(2); // of the next round: after its two arrays, when it wants the account's name
    on_answer(wait);
}

static void a_request_for_which_there_is_no_memory_is_told_so(void **state)
{
    struct fixture *f = *state;
    struct accounts *accounts = new_accounts(true);
    struct account *first = accounts_find(accounts, 0, span_of("k_1")),
                   *second = accounts_find(accounts, 0, span_of("k_2"));
    struct rations *rations;
    struct err err = {0};
    struct rations_options options = {
        .store = f->store, .accounts = accounts, .is_shared = true, .tell = ignore};
    struct waiting waiting = {.wait = {.account = first, .quota = &monthly, .wants = REQUEST}};
    sem_init(&waiting.answered, 0, 0);
    if (rations_new(&options, &rations, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    waiting.wait.on_answer = on_answer_before_no_memory;
    wait_for(rations, &waiting);
    assert_int_equal(waiting.wait.failure, ERR_NONE);
    waiting.wait.account = second;
    waiting.wait.on_answer = on_answer;
    wait_for(rations, &waiting);
    assert_int_equal(waiting.wait.failure, ERR_NO_MEMORY);
    wait_for(rations, &waiting);
    assert_int_equal(waiting.wait.failure, ERR_NONE);
    rations_free(rations);
    sem_destroy(&waiting.answered);
    account_unref(first);
    account_unref(second);
    accounts_free(accounts);
}

// A question has a time limit, which is no business of what the same connection does later.
static void what_is_full_again_is_forgotten_long_after_a_question(void **state)
{
    struct fixture *f = *state;
    struct accounts *accounts = new_accounts(true);
    struct account *account = accounts_find(accounts, 0, span_of("k_1"));
    struct rations *rations;
    struct err err = {0};
    struct rations_options options = {
        .store = f->store, .accounts = accounts, .is_shared = true, .prune_ms = 1, .tell = ignore};
    struct waiting waiting = {
        .wait = {.account = account, .quota = &monthly, .wants = REQUEST, .on_answer = on_answer}};
    sem_init(&waiting.answered, 0, 0);
    assert_int_equal(quota_store_make(f->writer, &err), ERR_NONE);
    // The client has used more than all, so that there is nothing to settle later.
    run_script(f->writer,
        "INSERT INTO reckoner_quota SELECT 'c:k_1', 4294967296 + 2592000,"
        " CAST(extract(epoch FROM clock_timestamp()) AS bigint) * 1000000000 + 2 * 2592000000000000, 0, 0");
    if (rations_new(&options, &rations, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    wait_for(rations, &waiting);
    assert_int_equal(waiting.wait.failure, ERR_NONE);
    assert_int_equal(admit(account, REQUEST).admission, REFUSED);
    uint64_t end_ns = clock_monotonic_ns() + LIMIT_RATION_WAIT_MS * NS_PER_MS;
    while (clock_monotonic_ns() < end_ns) // the limit has to pass
        usleep(10000);
    run_script(f->writer, "INSERT INTO reckoner_quota VALUES ('c:old', 1, 1000, 0, 0)");
    rations_free(rations); // which runs a last round
    assert_rows(f->reader, "SELECT client FROM reckoner_quota", "'c:k_1'\n");
    sem_destroy(&waiting.answered);
    account_unref(account);
    accounts_free(accounts);
}

// --- one node

static void what_was_used_is_known_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct accounts *accounts = new_accounts(false);
    struct err err = {0};
    assert_int_equal(quota_store_make(f->writer, &err), ERR_NONE);
    for (unsigned i = 0; i < 250; i++) { // more than go into one transaction
        char id[16];
        snprintf(id, sizeof(id), "k_%u", i);
        struct account *account = accounts_find(accounts, 0, span_of(id));
        for (unsigned n = 0; n < 1 + i % 3; n++)
            assert_int_equal(admit(account, REQUEST).admission, ADMITTED);
        account_charge(account, &monthly, ALLOWANCE_ROWS, i, now());
        account_unref(account);
    }
    if (account_save(accounts, 0, f->writer, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    assert_rows(f->reader, "SELECT count(*) FROM reckoner_quota", "499\n");
    assert_null(accounts_take_listed(accounts, 0));
    accounts_free(accounts);
    accounts = new_accounts(false);
    if (account_load(accounts, 0, f->writer, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    for (unsigned i = 0; i < 250; i++) {
        char id[16];
        snprintf(id, sizeof(id), "k_%u", i);
        struct account *account = accounts_find(accounts, 0, span_of(id));
        assert_int_equal(left(account, 0), 1000 - 1 - i % 3);
        assert_int_equal(left(account, 1), 500 - i);
        account_unref(account);
    }
    accounts_free(accounts);
}

static void what_could_not_be_saved_is_saved_later(void **state)
{
    struct fixture *f = *state;
    struct accounts *accounts = new_accounts(false);
    struct err err = {0};
    struct account *account = accounts_find(accounts, 0, span_of("k_1"));
    assert_int_equal(admit(account, REQUEST).admission, ADMITTED);
    assert_int_not_equal(account_save(accounts, 0, f->writer, &err), ERR_NONE); // there is no table
    err = (struct err){0};
    assert_int_equal(quota_store_make(f->writer, &err), ERR_NONE);
    if (account_save(accounts, 0, f->writer, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    assert_rows(f->reader, "SELECT client FROM reckoner_quota", "'c:k_1'\n");
    account_unref(account);
    accounts_free(accounts);
}

static void a_clock_that_has_jumped_shuts_nobody_out_for_longer_than_a_debt(void **state)
{
    struct fixture *f = *state;
    struct accounts *accounts = new_accounts(false);
    struct err err = {0};
    assert_int_equal(quota_store_make(f->writer, &err), ERR_NONE);
    struct saved_purse purse = {.name = span_of("c:k_1"),
        .kind = purse_kind(ALLOWANCE_REQUESTS, MONTH_S),
        .tat_ns = (clock_wall_ms() + 365ll * 86400 * 1000) * 1000000};
    assert_int_equal(quota_store_save(f->writer, &purse, 1, &err), ERR_NONE);
    assert_int_equal(account_load(accounts, 0, f->writer, &err), ERR_NONE);
    struct account *account = accounts_find(accounts, 0, span_of("k_1"));
    struct verdict verdict = admit(account, REQUEST);
    assert_int_equal(verdict.admission, REFUSED);
    assert_true(verdict.retry_ns <= (MONTH_S + MONTH_S / 1000) * (int64_t)NS_PER_S);
    account_unref(account);
    accounts_free(accounts);
}

static void what_is_full_again_is_forgotten(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct saved_purse purses[] = {
        {.name = span_of("c:old"), .kind = purse_kind(ALLOWANCE_ROWS, 60), .tat_ns = 1000},
        {.name = span_of("c:new"), .kind = purse_kind(ALLOWANCE_ROWS, 60), .tat_ns = 3000},
    };
    assert_int_equal(quota_store_make(f->writer, &err), ERR_NONE);
    assert_int_equal(quota_store_save(f->writer, purses, 2, &err), ERR_NONE);
    assert_int_equal(quota_store_prune(f->writer, 2000, &err), ERR_NONE);
    assert_rows(f->reader, "SELECT client FROM reckoner_quota", "'c:new'\n");
}

int main(void)
{
    const struct CMUnitTest shared[] = {
        STORE_TEST(nodes_let_as_much_through_as_one_may),
        STORE_TEST(a_node_gives_back_what_it_does_not_use),
        STORE_TEST(what_an_answer_has_used_beyond_a_ration_is_charged),
        STORE_TEST(a_database_whose_clock_has_jumped_back_shuts_nobody_out_for_longer_than_a_debt),
        STORE_TEST(the_database_counts_as_a_node_does),
        STORE_TEST(eight_clients_of_three_nodes_get_as_much_as_one_may),
        STORE_TEST(at_the_end_all_rations_are_given_back),
        STORE_TEST(a_request_for_which_there_is_no_memory_is_told_so),
        STORE_TEST(what_is_full_again_is_forgotten_long_after_a_question),
    };
    const struct CMUnitTest all[] = {
        STORE_TEST(what_was_used_is_known_after_a_restart),
        STORE_TEST(what_could_not_be_saved_is_saved_later),
        STORE_TEST(a_clock_that_has_jumped_shuts_nobody_out_for_longer_than_a_debt),
        STORE_TEST(what_is_full_again_is_forgotten),
    };
    int failed = fixture_run_of("postgresql", shared);
    return failed + fixture_run(all);
}
