// SPDX-License-Identifier: Apache-2.0
// The accounts are in SHARDS tables by the hash of what they are found by, each with its lock, and a list of
// those to which nobody has a reference, in the order of their last use. Locks are not nested.
#include "access/account.h"

#include <pthread.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/table.h"

enum { SHARDS = 16, SHARD_SHIFT = 60, SHARD_UNUSED = LIMIT_ACCOUNTS / SHARDS };

// How long one who has too many requests under way is told to wait: nobody knows when one of them ends.
static const int64_t CONCURRENT_RETRY_NS = (int64_t)NS_PER_S;

struct shard {
    pthread_mutex_t lock;   //
    struct table table;     // of all accounts of the shard
    struct account *newest; // of those without a reference
    struct account *oldest; //
    size_t unused;          // how many those are
};

// Accounts of one service that have changed.
struct listed {
    pthread_mutex_t lock;  //
    struct account *first; // a reference
};

struct accounts {
    struct shard shards[SHARDS];
    size_t service_count;  //
    bool *are_shared;      // owned; by service
    struct listed *listed; // owned; likewise
};

// --- life of all

enum err_code accounts_new(size_t service_count, struct accounts **ret_accounts, struct err *err)
{
    struct accounts *accounts = mem_zalloc(1, sizeof(*accounts));
    if (accounts == NULL)
        return err_no_memory(err);
    accounts->are_shared = mem_zalloc(service_count, sizeof(*accounts->are_shared));
    accounts->listed = mem_zalloc(service_count, sizeof(*accounts->listed));
    accounts->service_count = accounts->listed != NULL ? service_count : 0;
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&accounts->shards[i].lock, NULL);
    for (size_t i = 0; i < accounts->service_count; i++)
        pthread_mutex_init(&accounts->listed[i].lock, NULL);
    if (accounts->are_shared == NULL || accounts->listed == NULL) {
        accounts_free(accounts);
        return err_no_memory(err);
    }
    *ret_accounts = accounts;
    return ERR_NONE;
}

static void free_shard(struct shard *shard)
{
    for (size_t i = 0; i < shard->table.room; i++) {
        if (shard->table.tags[i] != 0)
            mem_free(shard->table.items[i]);
    }
    table_fini(&shard->table);
    pthread_mutex_destroy(&shard->lock);
}

void accounts_free(struct accounts *accounts)
{
    if (accounts == NULL)
        return;
    for (size_t i = 0; i < SHARDS; i++)
        free_shard(&accounts->shards[i]);
    for (size_t i = 0; i < accounts->service_count; i++)
        pthread_mutex_destroy(&accounts->listed[i].lock);
    mem_free(accounts->are_shared);
    mem_free(accounts->listed);
    mem_free(accounts);
}

void accounts_share(struct accounts *accounts, size_t service)
{
    accounts->are_shared[service] = true;
}

// --- finding

struct key {
    size_t service;
    bool is_address;
    struct span id;
};

static bool has_key(const void *item, const void *ctx)
{
    const struct account *account = item;
    const struct key *key = ctx;
    return account->service == key->service && account->is_address == key->is_address &&
           span_equal((struct span){.at = account->id, .len = account->id_len}, key->id);
}

static struct shard *shard_of(struct accounts *accounts, uint64_t hash)
{
    return &accounts->shards[hash >> SHARD_SHIFT];
}

// Takes an account out of the unused ones.
static void unlink_unused(struct shard *shard, struct account *account)
{
    *(account->newer != NULL ? &account->newer->older : &shard->newest) = account->older;
    *(account->older != NULL ? &account->older->newer : &shard->oldest) = account->newer;
    account->newer = account->older = NULL;
    shard->unused--;
}

static void link_unused(struct shard *shard, struct account *account)
{
    account->older = shard->newest;
    *(shard->newest != NULL ? &shard->newest->newer : &shard->oldest) = account;
    shard->newest = account;
    shard->unused++;
}

static struct account *new_account(struct accounts *accounts, const struct key *key, uint64_t hash)
{
    struct account *account = mem_zalloc(1, sizeof(*account) + key->id.len);
    if (account == NULL)
        return NULL;
    account->accounts = accounts;
    account->service = key->service;
    account->is_address = key->is_address;
    account->is_shared = accounts->are_shared[key->service];
    account->hash = hash;
    account->references = 1;
    account->id_len = key->id.len;
    if (key->id.len > 0)
        memcpy(account->id, key->id.at, key->id.len);
    return account;
}

// Under the lock of the shard.
static struct account *add(
    struct accounts *accounts, struct shard *shard, const struct key *key, uint64_t hash)
{
    struct account *account = new_account(accounts, key, hash);
    if (account == NULL || table_add(&shard->table, hash, account))
        return account;
    mem_free(account);
    return NULL;
}

static struct account *find(struct accounts *accounts, const struct key *key)
{
    uint64_t hash = XXH3_64bits_withSeed(key->id.at, key->id.len, 2 * key->service + key->is_address);
    struct shard *shard = shard_of(accounts, hash);
    pthread_mutex_lock(&shard->lock);
    struct account *account = table_find(&shard->table, hash, has_key, key);
    if (account == NULL) {
        account = add(accounts, shard, key, hash);
    } else {
        if (account->references == 0)
            unlink_unused(shard, account);
        account->references++;
    }
    pthread_mutex_unlock(&shard->lock);
    return account;
}

struct account *accounts_find(struct accounts *accounts, size_t service, struct span id)
{
    return find(accounts, &(struct key){.service = service, .id = id});
}

struct account *accounts_find_origin(struct accounts *accounts, size_t service, const struct origin *origin)
{
    struct span id = {.at = (const char *)origin->bytes, .len = sizeof(origin->bytes)};
    return find(accounts, &(struct key){.service = service, .is_address = true, .id = id});
}

struct account *account_ref(struct account *account)
{
    if (account == NULL)
        return NULL;
    struct shard *shard = shard_of(account->accounts, account->hash);
    pthread_mutex_lock(&shard->lock);
    account->references++;
    pthread_mutex_unlock(&shard->lock);
    return account;
}

void account_unref(struct account *account)
{
    if (account == NULL)
        return;
    struct shard *shard = shard_of(account->accounts, account->hash);
    struct account *gone = NULL;
    pthread_mutex_lock(&shard->lock);
    if (--account->references == 0) {
        link_unused(shard, account);
        if (shard->unused > SHARD_UNUSED) {
            gone = shard->oldest;
            unlink_unused(shard, gone);
            table_take(&shard->table, gone->hash, gone);
        }
    }
    pthread_mutex_unlock(&shard->lock);
    mem_free(gone);
}

// --- purses

struct purse *account_purse(struct account *account, uint64_t kind, size_t number)
{
    for (size_t i = 0; i < LIMIT_ALLOWANCES; i++) {
        struct purse *purse = &account->purses[(number + i) % LIMIT_ALLOWANCES];
        uint_fast64_t has = atomic_load_explicit(&purse->kind, memory_order_relaxed);
        if (has == kind || (has == 0 && atomic_compare_exchange_strong(&purse->kind, &has, kind)) ||
            has == kind) // somebody else was quicker
            return purse;
    }
    // The plan has changed so often that all are taken: that of the same number is of a plan that is gone.
    struct purse *purse = &account->purses[number % LIMIT_ALLOWANCES];
    atomic_store_explicit(&purse->tat_ns, 0, memory_order_relaxed);
    atomic_store_explicit(&purse->units, 0, memory_order_relaxed);
    atomic_store_explicit(&purse->until_ns, 0, memory_order_relaxed);
    atomic_store_explicit(&purse->refused_ns, 0, memory_order_relaxed);
    atomic_store_explicit(&purse->kind, kind, memory_order_relaxed);
    return purse;
}

static struct purse *purse_of(struct account *account, const struct quota *quota, size_t number)
{
    const struct allowance *allowance = &quota->allowances[number];
    return account_purse(account, purse_kind(allowance->of, allowance->window_s), number);
}

static struct gcra_rate rate_of(const struct allowance *allowance)
{
    return gcra_rate_of(allowance->count, allowance->window_s);
}

// --- a request

static bool is_wanted(unsigned wants, const struct allowance *allowance)
{
    return (wants & (1u << allowance->of)) != 0;
}

// What of it is known only when there is an answer.
static bool is_charged_later(enum allowance_of of)
{
    return of == ALLOWANCE_ROWS || of == ALLOWANCE_BYTES;
}

// `running`: of its requests, with this one.
static enum admission take(struct account *account, const struct quota *quota, size_t number,
    unsigned running, int64_t now_ns, int64_t *ret_wait_ns)
{
    const struct allowance *allowance = &quota->allowances[number];
    if (allowance->of == ALLOWANCE_CONCURRENT) {
        *ret_wait_ns = CONCURRENT_RETRY_NS;
        return running <= allowance->count ? ADMITTED : REFUSED;
    }
    struct gcra_rate rate = rate_of(allowance);
    return purse_take(purse_of(account, quota, number), &rate, account->is_shared,
        is_charged_later(allowance->of), now_ns, ret_wait_ns);
}

static void give_back(struct account *account, const struct quota *quota, size_t number)
{
    const struct allowance *allowance = &quota->allowances[number];
    if (allowance->of == ALLOWANCE_CONCURRENT || is_charged_later(allowance->of))
        return;
    struct gcra_rate rate = rate_of(allowance);
    purse_give_back(purse_of(account, quota, number), &rate, account->is_shared);
}

// What does not admit counts, and of that what refuses, and of that what takes longest.
static void join(
    struct verdict *verdict, enum admission admission, const struct allowance *allowance, int64_t wait_ns)
{
    bool is_worse = admission == REFUSED ? verdict->admission != REFUSED || wait_ns > verdict->retry_ns
                                         : admission == ASK && verdict->admission == ADMITTED;
    if (is_worse)
        *verdict = (struct verdict){
            .admission = admission, .allowance = allowance, .retry_ns = admission == REFUSED ? wait_ns : 0};
}

void account_admit(struct account *account, const struct quota *quota, unsigned wants, int64_t now_ns,
    struct verdict *ret_verdict)
{
    bool is_counted = (wants & (1u << ALLOWANCE_CONCURRENT)) != 0;
    unsigned running = is_counted ? atomic_fetch_add(&account->running, 1) + 1 : 0, taken = 0;
    struct verdict verdict = {.admission = ADMITTED};
    for (size_t i = 0; i < quota->count; i++) {
        int64_t wait_ns = 0;
        if (!is_wanted(wants, &quota->allowances[i]))
            continue;
        enum admission admission = take(account, quota, i, running, now_ns, &wait_ns);
        if (admission == ADMITTED)
            taken |= 1u << i;
        join(&verdict, admission, &quota->allowances[i], wait_ns);
    }
    for (size_t i = 0; verdict.admission != ADMITTED && i < quota->count; i++) {
        if ((taken & (1u << i)) != 0)
            give_back(account, quota, i);
    }
    if (verdict.admission != ADMITTED && is_counted)
        account_end(account);
    if (taken != 0 && verdict.admission == ADMITTED)
        account_list(account);
    *ret_verdict = verdict;
}

void account_charge(
    struct account *account, const struct quota *quota, enum allowance_of of, uint64_t units, int64_t now_ns)
{
    for (size_t i = 0; units > 0 && i < quota->count; i++) {
        if (quota->allowances[i].of != of)
            continue;
        struct gcra_rate rate = rate_of(&quota->allowances[i]);
        purse_charge(purse_of(account, quota, i), &rate, account->is_shared, units, now_ns);
        account_list(account);
    }
}

void account_end(struct account *account)
{
    atomic_fetch_sub(&account->running, 1);
}

void account_left(struct account *account, const struct quota *quota, size_t number, int64_t now_ns,
    uint64_t *ret_left, int64_t *ret_more_ns)
{
    const struct allowance *allowance = &quota->allowances[number];
    if (allowance->of == ALLOWANCE_CONCURRENT) {
        unsigned running = atomic_load(&account->running);
        *ret_left = running < allowance->count ? allowance->count - running : 0;
        *ret_more_ns = 0;
        return;
    }
    struct gcra_rate rate = rate_of(allowance);
    *ret_left = purse_left(purse_of(account, quota, number), &rate, account->is_shared, now_ns, ret_more_ns);
}

// --- what has changed

void account_list(struct account *account)
{
    if (atomic_load_explicit(&account->is_listed, memory_order_relaxed) ||
        atomic_exchange(&account->is_listed, true))
        return;
    struct listed *listed = &account->accounts->listed[account->service];
    (void)account_ref(account);
    pthread_mutex_lock(&listed->lock);
    account->listed_next = listed->first;
    listed->first = account;
    pthread_mutex_unlock(&listed->lock);
}

struct account *accounts_take_listed(struct accounts *accounts, size_t service)
{
    struct listed *listed = &accounts->listed[service];
    pthread_mutex_lock(&listed->lock);
    struct account *first = listed->first;
    listed->first = NULL;
    pthread_mutex_unlock(&listed->lock);
    return first;
}

struct account *account_unlist(struct account *account)
{
    struct account *next = account->listed_next;
    atomic_store(&account->is_listed, false); // what has changed before is seen by the caller
    return next;
}
