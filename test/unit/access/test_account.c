// SPDX-License-Identifier: Apache-2.0
#include "access/account.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "access/account_name.h"
#include "base/mem.h"

#define SECOND 1000000000ll

enum {
    REQUEST = 1u << ALLOWANCE_REQUESTS,
    ROWS = 1u << ALLOWANCE_ROWS,
    RUNNING = 1u << ALLOWANCE_CONCURRENT,
    READ = REQUEST | ROWS | 1u << ALLOWANCE_BYTES | RUNNING,
    WRITE = READ | 1u << ALLOWANCE_BATCHES,
};

static struct allowance gold_allowances[] = {
    {.of = ALLOWANCE_REQUESTS, .count = 10, .window_s = 1},
    {.of = ALLOWANCE_REQUESTS, .count = 15, .window_s = 60},
    {.of = ALLOWANCE_ROWS, .count = 100, .window_s = 60},
    {.of = ALLOWANCE_BATCHES, .count = 2, .window_s = 60},
    {.of = ALLOWANCE_CONCURRENT, .count = 3},
};
static const struct quota gold = {.allowances = gold_allowances, .count = 5};

static struct accounts *new_accounts(void)
{
    struct accounts *accounts;
    struct err err = {0};
    assert_int_equal(accounts_new(2, &accounts, &err), ERR_NONE);
    return accounts;
}

static struct account *find(struct accounts *accounts, size_t service, const char *id)
{
    struct account *account = accounts_find(accounts, service, span_of(id));
    assert_non_null(account);
    return account;
}

static struct verdict admit(struct account *account, unsigned wants, int64_t now_ns)
{
    struct verdict verdict;
    account_admit(account, &gold, wants, now_ns, &verdict);
    return verdict;
}

static uint64_t left(struct account *account, size_t number, int64_t now_ns)
{
    uint64_t units;
    int64_t more_ns;
    account_left(account, &gold, number, now_ns, &units, &more_ns);
    return units;
}

// --- finding

static void a_client_of_a_service_has_one_account(void **state)
{
    (void)state;
    struct accounts *accounts = new_accounts();
    struct account *first = find(accounts, 0, "k_one"), *again = find(accounts, 0, "k_one");
    struct account *other = find(accounts, 0, "k_two"), *elsewhere = find(accounts, 1, "k_one");
    assert_ptr_equal(first, again);
    assert_ptr_not_equal(first, other);
    assert_ptr_not_equal(first, elsewhere);
    account_unref(first);
    account_unref(again);
    account_unref(other);
    account_unref(elsewhere);
    accounts_free(accounts);
}

static void an_address_is_no_client_of_the_same_bytes(void **state)
{
    (void)state;
    struct accounts *accounts = new_accounts();
    struct origin origin = {.bytes = "sixteen bytes ok"};
    struct account *address = accounts_find_origin(accounts, 0, &origin);
    struct account *client = accounts_find(accounts, 0, (struct span){.at = "sixteen bytes ok", .len = 16});
    assert_ptr_not_equal(address, client);
    account_unref(address);
    account_unref(client);
    accounts_free(accounts);
}

static void who_is_not_there_is_remembered_until_too_many_are(void **state)
{
    (void)state;
    struct accounts *accounts = new_accounts();
    struct account *held = find(accounts, 0, "held"), *early = find(accounts, 0, "early");
    assert_int_equal(admit(held, REQUEST, SECOND).admission, ADMITTED);
    assert_int_equal(admit(early, REQUEST, SECOND).admission, ADMITTED);
    for (struct account *listed = accounts_take_listed(accounts, 0), *next; listed != NULL; listed = next) {
        next = account_unlist(listed);
        account_unref(listed);
    }
    account_unref(early);
    early = find(accounts, 0, "early");
    assert_int_equal(left(early, 0, SECOND), 9);
    account_unref(early);
    for (unsigned i = 0; i < 2 * LIMIT_ACCOUNTS; i++) {
        char id[16];
        snprintf(id, sizeof(id), "%u", i);
        account_unref(find(accounts, 0, id));
    }
    early = find(accounts, 0, "early");
    assert_int_equal(left(early, 0, SECOND), 10); // forgotten
    account_unref(early);
    struct account *again = find(accounts, 0, "held");
    assert_ptr_equal(again, held);
    assert_int_equal(left(held, 0, SECOND), 9);
    account_unref(held);
    account_unref(again);
    accounts_free(accounts);
}

static void want_of_memory_leaves_nothing(void **state)
{
    (void)state;
    for (long n = 0;; n++) {
        struct accounts *accounts = NULL;
        struct err err = {0};
        mem_fail_after(n);
        enum err_code code = accounts_new(2, &accounts, &err);
        struct account *account = code == ERR_NONE ? accounts_find(accounts, 1, span_of("k")) : NULL;
        mem_fail_after(-1);
        if (code == ERR_NONE)
            account_unref(account);
        accounts_free(accounts);
        if (account != NULL)
            return;
    }
}

// --- admission

static void a_request_takes_of_all_its_allowances_or_of_none(void **state)
{
    (void)state;
    struct accounts *accounts = new_accounts();
    struct account *account = find(accounts, 0, "k");
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(admit(account, REQUEST, SECOND).admission, ADMITTED);
    struct verdict verdict = admit(account, REQUEST, SECOND);
    assert_int_equal(verdict.admission, REFUSED);
    assert_ptr_equal(verdict.allowance, &gold_allowances[0]);
    assert_int_equal(verdict.retry_ns, SECOND / 10);
    assert_int_equal(left(account, 1, SECOND), 5); // what was refused took nothing of the minute
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(admit(account, REQUEST, 2 * SECOND).admission, ADMITTED);
    verdict = admit(account, REQUEST, 2 * SECOND); // of the second there are five left
    assert_int_equal(verdict.admission, REFUSED);
    assert_ptr_equal(verdict.allowance, &gold_allowances[1]);
    assert_int_equal(verdict.retry_ns, 3 * SECOND);
    assert_int_equal(admit(account, REQUEST, 2 * SECOND + verdict.retry_ns).admission, ADMITTED);
    account_unref(account);
    accounts_free(accounts);
}

static void the_allowance_that_takes_longest_is_told(void **state)
{
    (void)state;
    struct accounts *accounts = new_accounts();
    struct account *account = find(accounts, 0, "k");
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(admit(account, WRITE & ~RUNNING, SECOND).admission, ADMITTED);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(admit(account, REQUEST, SECOND).admission, ADMITTED);
    struct verdict verdict = admit(account, WRITE, SECOND);
    assert_int_equal(verdict.admission, REFUSED);
    assert_ptr_equal(verdict.allowance, &gold_allowances[3]);
    assert_int_equal(verdict.retry_ns, 30 * SECOND);
    account_unref(account);
    accounts_free(accounts);
}

static void rows_are_charged_when_the_answer_is_known(void **state)
{
    (void)state;
    struct accounts *accounts = new_accounts();
    struct account *account = find(accounts, 0, "k");
    assert_int_equal(admit(account, READ & ~RUNNING, SECOND).admission, ADMITTED);
    account_charge(account, &gold, ALLOWANCE_ROWS, 150, SECOND);
    assert_int_equal(left(account, 2, SECOND), 0);
    struct verdict verdict = admit(account, READ, SECOND);
    assert_int_equal(verdict.admission, REFUSED);
    assert_ptr_equal(verdict.allowance, &gold_allowances[2]);
    assert_int_equal(verdict.retry_ns, 51 * 600000000ll); // 50 rows of debt, and one to be had
    assert_int_equal(admit(account, READ, SECOND + verdict.retry_ns - 1).admission, REFUSED);
    assert_int_equal(admit(account, READ, SECOND + verdict.retry_ns).admission, ADMITTED);
    account_unref(account);
    accounts_free(accounts);
}

static void only_so_many_requests_run_at_a_time(void **state)
{
    (void)state;
    struct accounts *accounts = new_accounts();
    struct account *account = find(accounts, 0, "k");
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(admit(account, READ, SECOND).admission, ADMITTED);
    for (unsigned i = 0; i < 3; i++) {
        struct verdict verdict = admit(account, READ, SECOND);
        assert_int_equal(verdict.admission, REFUSED);
        assert_ptr_equal(verdict.allowance, &gold_allowances[4]);
    }
    account_end(account);
    assert_int_equal(left(account, 4, SECOND), 1);
    assert_int_equal(admit(account, READ, SECOND).admission, ADMITTED);
    for (unsigned i = 0; i < 3; i++)
        account_end(account);
    assert_int_equal(left(account, 4, SECOND), 3);
    account_unref(account);
    accounts_free(accounts);
}

static void another_plan_finds_what_was_used_of_the_same_windows(void **state)
{
    (void)state;
    struct accounts *accounts = new_accounts();
    struct account *account = find(accounts, 0, "k");
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(admit(account, REQUEST, SECOND).admission, ADMITTED);
    struct allowance silver_allowances[] = {
        {.of = ALLOWANCE_REQUESTS, .count = 30, .window_s = 60},
        {.of = ALLOWANCE_REQUESTS, .count = 100, .window_s = 3600},
    };
    struct quota silver = {.allowances = silver_allowances, .count = 2};
    uint64_t units;
    int64_t more_ns;
    account_left(account, &silver, 0, SECOND, &units, &more_ns);
    assert_int_equal(units, 10); // ten of fifteen were two thirds of a minute
    assert_int_equal(more_ns, 2 * SECOND);
    account_left(account, &silver, 1, SECOND, &units, &more_ns);
    assert_int_equal(units, 100);
    account_unref(account);
    accounts_free(accounts);
}

static void a_shared_account_asks_for_what_it_has_not_got(void **state)
{
    (void)state;
    struct accounts *accounts = new_accounts();
    accounts_share(accounts, 1);
    struct account *account = find(accounts, 1, "k");
    assert_int_equal(admit(account, REQUEST, SECOND).admission, ASK);
    struct gcra_rate second = gcra_rate_of(10, 1), minute = gcra_rate_of(15, 60);
    struct purse *purse = account_purse(account, purse_kind(ALLOWANCE_REQUESTS, 1), 0);
    purse_fill(purse, &second, 2, SECOND / 5, SECOND / 10, SECOND, SECOND);
    assert_int_equal(admit(account, REQUEST, SECOND).admission, ASK); // of the minute
    purse_fill(account_purse(account, purse_kind(ALLOWANCE_REQUESTS, 60), 1), &minute, 5, 20 * SECOND, SECOND,
        SECOND, SECOND);
    assert_int_equal(left(account, 0, SECOND), 10);
    assert_int_equal(admit(account, REQUEST, SECOND).admission, ADMITTED);
    assert_int_equal(left(account, 0, SECOND), 9);
    assert_int_equal(admit(account, REQUEST, SECOND + SECOND / 10).admission, ASK); // the ration is over
    int64_t spent;
    assert_int_equal(purse_empty(purse, &spent), 1);
    assert_int_equal(spent, 1);
    purse_fill(purse, &second, 0, SECOND, 0, SECOND, 2 * SECOND); // others have taken all
    struct verdict verdict = admit(account, REQUEST, 2 * SECOND);
    assert_int_equal(verdict.admission, REFUSED);
    assert_int_equal(verdict.retry_ns, SECOND / 10);
    assert_int_equal(admit(account, REQUEST, 2 * SECOND + SECOND / 10).admission, ASK);
    account_unref(account);
    accounts_free(accounts);
}

// A plan that changes again and again leaves no purse free.
static void a_purse_of_another_kind_knows_nothing_of_the_former_ration(void **state)
{
    (void)state;
    struct accounts *accounts = new_accounts();
    accounts_share(accounts, 1);
    struct account *account = find(accounts, 1, "k");
    struct gcra_rate minute = gcra_rate_of(1000, 60);
    for (uint32_t i = 0; i < LIMIT_ALLOWANCES; i++)
        (void)account_purse(account, purse_kind(ALLOWANCE_ROWS, i + 1), i);
    struct purse *purse = account_purse(account, purse_kind(ALLOWANCE_ROWS, 1), 0);
    purse_fill(purse, &minute, 900, 0, 60 * SECOND, SECOND, SECOND);
    assert_false(purse_is_out(purse, SECOND));
    assert_ptr_equal(account_purse(account, purse_kind(ALLOWANCE_REQUESTS, 3600), 0), purse);
    assert_int_equal(atomic_load(&purse->until_ns), 0);
    int64_t spent;
    assert_int_equal(purse_empty(purse, &spent), 0);
    assert_int_equal(spent, 0); // of rows 900 were
    account_unref(account);
    accounts_free(accounts);
}

// --- names

static void a_name_leads_back_to_its_account(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        const char *name;
    } clients[] = {{"k_abc", "c:k_abc"}, {"a:1.2.3.4", "c:a:1.2.3.4"}, {"50%,\n\"x\"", "c:50%25,%0A\"x\""},
        {"", "c:"}, {"\xc3\xa4", "c:\xc3\xa4"}};
    struct accounts *accounts = new_accounts();
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 10000);
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        struct account *account = find(accounts, 0, clients[i].id);
        struct span name = account_name_copy(account, &arena);
        assert_true(span_is(name, clients[i].name));
        struct account *found = account_name_find(accounts, 0, name);
        assert_ptr_equal(found, account);
        account_unref(found);
        account_unref(account);
    }
    static const struct {
        struct origin origin;
        const char *name;
    } addresses[] = {
        {{.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 7}}, "a:203.0.113.7"},
        {{.bytes = {0x20, 1, 0xd, 0xb8, 0, 1, 0, 2}}, "a:2001:db8:1:2::/64"},
    };
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        struct account *account = accounts_find_origin(accounts, 0, &addresses[i].origin);
        struct span name = account_name_copy(account, &arena);
        assert_true(span_is(name, addresses[i].name));
        struct account *found = account_name_find(accounts, 0, name);
        assert_ptr_equal(found, account);
        account_unref(found);
        account_unref(account);
    }
    static const char *const none[] = {"", "x", "k:", "a:", "a:1.2.3", "a:1.2.3.4/64", "a:x/64", "c:%x"};
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        assert_null(account_name_find(accounts, 0, span_of(none[i])));
    accounts_free(accounts);
}

// --- threads

enum { THREADS = 4, TRIES = 20000 };

struct crowd {
    struct accounts *accounts;
    atomic_uint admitted;
};

static void *ask_often(void *arg)
{
    struct crowd *crowd = arg;
    for (unsigned i = 0; i < TRIES; i++) {
        struct account *account = find(crowd->accounts, 0, i % 2 == 0 ? "k" : "other");
        struct verdict verdict = admit(account, READ, SECOND);
        if (verdict.admission == ADMITTED) {
            if (i % 2 == 0)
                atomic_fetch_add(&crowd->admitted, 1);
            account_end(account);
        }
        account_unref(account);
    }
    return NULL;
}

static void no_more_are_admitted_by_several_threads_and_none_is_counted_as_running_for_good(void **state)
{
    (void)state;
    struct crowd crowd = {.accounts = new_accounts()};
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &crowd), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(crowd.admitted, 10);
    struct account *account = find(crowd.accounts, 0, "k");
    assert_int_equal(left(account, 4, SECOND), 3);
    account_unref(account);
    accounts_free(crowd.accounts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_of_a_service_has_one_account),
        cmocka_unit_test(an_address_is_no_client_of_the_same_bytes),
        cmocka_unit_test(who_is_not_there_is_remembered_until_too_many_are),
        cmocka_unit_test(want_of_memory_leaves_nothing),
        cmocka_unit_test(a_request_takes_of_all_its_allowances_or_of_none),
        cmocka_unit_test(the_allowance_that_takes_longest_is_told),
        cmocka_unit_test(rows_are_charged_when_the_answer_is_known),
        cmocka_unit_test(only_so_many_requests_run_at_a_time),
        cmocka_unit_test(another_plan_finds_what_was_used_of_the_same_windows),
        cmocka_unit_test(a_shared_account_asks_for_what_it_has_not_got),
        cmocka_unit_test(a_purse_of_another_kind_knows_nothing_of_the_former_ration),
        cmocka_unit_test(a_name_leads_back_to_its_account),
        cmocka_unit_test(no_more_are_admitted_by_several_threads_and_none_is_counted_as_running_for_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
