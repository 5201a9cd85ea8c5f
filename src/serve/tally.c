// SPDX-License-Identifier: Apache-2.0
// Names of series, under a lock, and the cells of each loop. A loop finds its cell by two loads and a short
// list of statuses, and makes it when it first needs it; cells are never moved or freed while the tally
// lives, so a reader follows the same pointers without a lock.
#include "serve/tally.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <xxhash.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/table.h"
#include "serve/access_log.h"

enum { OTHER_STATUS = 0 };

struct series {
    char *app;          // owned, as the route; both NULL for one of those that are always there
    char *route;        //
    const char *method; // static
};

// One series and status of one loop, which alone writes it.
struct cell {
    _Atomic(struct cell *) next;         // of another status; set once
    int status;                          // fixed
    struct histogram seconds;            //
    atomic_uint_fast64_t sent_bytes;     //
    atomic_uint_fast64_t received_bytes; //
};

// One series of one loop.
struct row {
    _Atomic(struct cell *) first;             // NULL: nothing was counted yet
    unsigned cell_count;                      // the loop's own
    atomic_uint_fast64_t cache[TALLY_CACHES]; //
};

// One loop.
struct sheet {
    _Atomic(struct row *) rows[LIMIT_SERIES]; // owned; by series; NULL: nothing was counted yet
    atomic_uint_fast64_t lost;                // requests that were not counted
};

struct tally {
    struct sheet **sheets;              // owned; one a loop; fixed
    size_t sheet_count;                 //
    atomic_size_t series_count;         // of `series`, that may be read
    struct series series[LIMIT_SERIES]; // written under the lock, before series_count tells of it
    pthread_mutex_t lock;               // guards `by_names`
    struct table by_names;              // of struct series
};

// --- series

static const struct tally_names always[TALLY_FIRST] = {
    [TALLY_REFUSED] = {.app = "", .method = "", .route = "refused"},
    [TALLY_NO_ROUTE] = {.app = "", .method = "", .route = "none"},
    [TALLY_OTHER] = {.app = "", .method = "", .route = "other"},
};

enum err_code tally_new(size_t loops, struct tally **ret_tally, struct err *err)
{
    struct tally *tally = mem_zalloc(1, sizeof(*tally));
    if (tally == NULL)
        return err_no_memory(err);
    pthread_mutex_init(&tally->lock, NULL);
    atomic_init(&tally->series_count, TALLY_FIRST);
    tally->sheets = mem_zalloc(loops, sizeof(struct sheet *));
    while (tally->sheets != NULL && tally->sheet_count < loops) {
        struct sheet *sheet = mem_zalloc(1, sizeof(*sheet));
        if (sheet == NULL)
            break;
        tally->sheets[tally->sheet_count++] = sheet;
    }
    if (tally->sheet_count < loops) {
        tally_free(tally);
        return err_no_memory(err);
    }
    *ret_tally = tally;
    return ERR_NONE;
}

static void free_row(struct row *row)
{
    struct cell *next;
    for (struct cell *cell = row->first; cell != NULL; cell = next) {
        next = cell->next;
        mem_free(cell);
    }
    mem_free(row);
}

void tally_free(struct tally *tally)
{
    if (tally == NULL)
        return;
    for (size_t i = 0; tally->sheets != NULL && i < tally->sheet_count; i++) {
        for (size_t series = 0; series < LIMIT_SERIES; series++) {
            if (tally->sheets[i]->rows[series] != NULL)
                free_row(tally->sheets[i]->rows[series]);
        }
        mem_free(tally->sheets[i]);
    }
    mem_free(tally->sheets);
    for (size_t i = TALLY_FIRST; i < tally->series_count; i++) {
        mem_free(tally->series[i].app);
        mem_free(tally->series[i].route);
    }
    table_fini(&tally->by_names);
    pthread_mutex_destroy(&tally->lock);
    mem_free(tally);
}

struct wanted {
    struct span app;
    const char *method;
    struct span route;
};

static bool has_names(const void *item, const void *key)
{
    const struct series *series = item;
    const struct wanted *wanted = key;
    return span_is(wanted->app, series->app) && strcmp(wanted->method, series->method) == 0 &&
           span_is(wanted->route, series->route);
}

static uint64_t hash_of(const struct wanted *wanted)
{
    uint64_t hash = XXH3_64bits(wanted->app.at, wanted->app.len);
    hash = XXH3_64bits_withSeed(wanted->method, strlen(wanted->method), hash);
    return XXH3_64bits_withSeed(wanted->route.at, wanted->route.len, hash);
}

// Adds a series; under the lock.
static uint32_t add_series(struct tally *tally, const struct wanted *wanted, uint64_t hash)
{
    size_t number = tally->series_count;
    if (number == LIMIT_SERIES)
        return TALLY_OTHER;
    char *app = mem_strndup(wanted->app.at, wanted->app.len);
    char *route = mem_strndup(wanted->route.at, wanted->route.len);
    struct series *series = &tally->series[number];
    if (app == NULL || route == NULL || !table_add(&tally->by_names, hash, series)) {
        mem_free(app);
        mem_free(route);
        return TALLY_OTHER;
    }
    *series = (struct series){.app = app, .route = route, .method = wanted->method};
    atomic_store_explicit(&tally->series_count, number + 1, memory_order_release);
    return (uint32_t)number;
}

uint32_t tally_series(struct tally *tally, struct span app, const char *method, struct span route)
{
    const struct wanted wanted = {.app = app, .method = method, .route = route};
    uint64_t hash = hash_of(&wanted);
    pthread_mutex_lock(&tally->lock);
    const struct series *series = table_find(&tally->by_names, hash, has_names, &wanted);
    uint32_t number = series != NULL ? (uint32_t)(series - tally->series) : add_series(tally, &wanted, hash);
    pthread_mutex_unlock(&tally->lock);
    return number;
}

size_t tally_series_count(const struct tally *tally)
{
    return atomic_load_explicit(&tally->series_count, memory_order_acquire);
}

struct tally_names tally_names(const struct tally *tally, uint32_t series)
{
    assert(series < LIMIT_SERIES);
    if (series < TALLY_FIRST)
        return always[series];
    // cppcheck takes the first number for a bound of `series`, which the assertion is.
    // cppcheck-suppress arrayIndexOutOfBoundsCond
    const struct series *found = &tally->series[series];
    return (struct tally_names){.app = found->app, .method = found->method, .route = found->route};
}

// --- counting, on the loop

static struct row *make_row(struct sheet *sheet, uint32_t series)
{
    struct row *row = mem_zalloc(1, sizeof(*row));
    if (row != NULL)
        atomic_store_explicit(&sheet->rows[series], row, memory_order_release);
    return row;
}

static struct cell *make_cell(struct row *row, _Atomic(struct cell *) *link, int status)
{
    struct cell *cell = mem_zalloc(1, sizeof(*cell));
    if (cell == NULL)
        return NULL;
    cell->status = status;
    row->cell_count++;
    atomic_store_explicit(link, cell, memory_order_release);
    return cell;
}

static struct cell *find_cell(struct row *row, int status)
{
    _Atomic(struct cell *) *link = &row->first;
    struct cell *cell;
    // What the loop itself has stored it may load relaxed.
    while ((cell = atomic_load_explicit(link, memory_order_relaxed)) != NULL && cell->status != status)
        link = &cell->next;
    if (cell != NULL)
        return cell;
    if (row->cell_count >= LIMIT_SERIES_STATUSES && status != OTHER_STATUS)
        return find_cell(row, OTHER_STATUS);
    return make_cell(row, link, status);
}

static struct row *find_row(struct sheet *sheet, uint32_t series)
{
    struct row *row = atomic_load_explicit(&sheet->rows[series], memory_order_relaxed);
    return row != NULL ? row : make_row(sheet, series);
}

void tally_count(struct tally *tally, size_t loop, const struct tally_count *count)
{
    struct sheet *sheet = tally->sheets[loop];
    struct row *row = find_row(sheet, count->series);
    struct cell *cell = row != NULL ? find_cell(row, access_status(count->status)) : NULL;
    if (cell == NULL) {
        counter_add(&sheet->lost, 1);
        return;
    }
    histogram_count(&cell->seconds, count->ns);
    if (count->sent_bytes > 0)
        counter_add(&cell->sent_bytes, count->sent_bytes);
    if (count->received_bytes > 0)
        counter_add(&cell->received_bytes, count->received_bytes);
    if (count->cache != TALLY_CACHE_NONE)
        counter_add(&row->cache[count->cache], 1);
}

// --- reading

static const struct row *row_of(const struct sheet *sheet, uint32_t series)
{
    return atomic_load_explicit(&sheet->rows[series], memory_order_acquire);
}

static const struct cell *next_cell(const _Atomic(struct cell *) *link)
{
    return atomic_load_explicit(link, memory_order_acquire);
}

struct sums {
    struct tally_sum *items; // owned
    size_t count;
    size_t room;
};

// The sum of the series' status, at its place in order; NULL without memory. `first`: where the series
// begins.
static struct tally_sum *find_sum(struct sums *sums, size_t first, uint32_t series, int status)
{
    size_t at = first;
    while (at < sums->count && sums->items[at].status < status)
        at++;
    if (at < sums->count && sums->items[at].status == status)
        return &sums->items[at];
    struct tally_sum *items = mem_grow(sums->items, sums->count, &sums->room, sizeof(*items));
    if (items == NULL)
        return NULL;
    sums->items = items;
    memmove(&sums->items[at + 1], &sums->items[at], (sums->count - at) * sizeof(*sums->items));
    sums->count++;
    sums->items[at] = (struct tally_sum){.series = series, .status = status};
    return &sums->items[at];
}

static bool add_row(struct sums *sums, size_t first, uint32_t series, const struct row *row)
{
    for (const struct cell *cell = next_cell(&row->first); cell != NULL; cell = next_cell(&cell->next)) {
        struct tally_sum *sum = find_sum(sums, first, series, cell->status);
        if (sum == NULL)
            return false;
        histogram_read(&cell->seconds, &sum->seconds);
        sum->sent_bytes += counter_read(&cell->sent_bytes);
        sum->received_bytes += counter_read(&cell->received_bytes);
    }
    return true;
}

bool tally_read(struct tally *tally, struct tally_sum **ret_sums, size_t *ret_count)
{
    struct sums sums = {0};
    size_t series_count = tally_series_count(tally);
    for (uint32_t series = 0; series < series_count; series++) {
        size_t first = sums.count;
        for (size_t i = 0; i < tally->sheet_count; i++) {
            const struct row *row = row_of(tally->sheets[i], series);
            if (row != NULL && !add_row(&sums, first, series, row)) {
                mem_free(sums.items);
                return false;
            }
        }
    }
    *ret_sums = sums.items;
    *ret_count = sums.count;
    return true;
}

static uint64_t row_total(const struct row *row)
{
    struct histogram_view seconds = {0};
    for (const struct cell *cell = next_cell(&row->first); cell != NULL; cell = next_cell(&cell->next))
        histogram_read(&cell->seconds, &seconds);
    return histogram_total(&seconds);
}

uint64_t tally_total(const struct tally *tally)
{
    uint64_t total = 0;
    size_t series_count = tally_series_count(tally);
    for (size_t i = 0; i < tally->sheet_count; i++) {
        for (uint32_t series = 0; series < series_count; series++) {
            const struct row *row = row_of(tally->sheets[i], series);
            if (row != NULL)
                total += row_total(row);
        }
    }
    return total;
}

uint64_t tally_cache_count(const struct tally *tally, uint32_t series, enum tally_cache cache)
{
    uint64_t count = 0;
    for (size_t i = 0; i < tally->sheet_count; i++) {
        const struct row *row = row_of(tally->sheets[i], series);
        if (row != NULL)
            count += counter_read(&row->cache[cache]);
    }
    return count;
}

uint64_t tally_lost(const struct tally *tally)
{
    uint64_t lost = 0;
    for (size_t i = 0; i < tally->sheet_count; i++)
        lost += counter_read(&tally->sheets[i]->lost);
    return lost;
}
