// SPDX-License-Identifier: Apache-2.0
// All pairs and triples of the first columns that may be parts of a key are tried in one walk over the rows;
// most of them see a row twice soon. Rows of a few values each are unique by chance, so that alone makes no
// key: the rows also have to fill half of all combinations of what their columns hold, or the columns are
// named as parts of keys. On the main thread.
#include "cmd/key_search.h"

#include "base/buf.h"
#include "base/mem.h"

enum {
    PARTS = 8,                      // columns that are tried
    TRIES = 28 + 56,                // pairs and triples of these
    ROWS_MIN = 20,                  // fewer rows are unique by chance
    VALUES = COLUMN_UNIQUE_MAX,     // of all tries together
    COLUMN_VALUES = VALUES / 8 / 8, // different ones of each column, to know how many combinations there are
    YEAR_BYTES = 4,                 // a longer number is something that was counted
    TEXT_BYTES = 4096,              // of the parts of a row together: what is longer is no key
};

// Columns that may be a key together.
struct
try {
    size_t parts[KEY_COLUMNS]; // numbers of `columns`
    size_t count;              // of them
    struct value_set seen;     //
    bool fails;                // rows were the same, or there is no room to know
};

struct search {
    const struct new_column *columns[PARTS]; //
    size_t places[PARTS];                    // of their cells in a row
    struct value_set values[PARTS];          // different ones
    size_t count;                            // of columns
    struct try tries[TRIES];                 // the ones to be preferred first
    size_t try_count;                        //
    size_t seen;                             // texts in all of their sets
    struct buf text;                         // of the row that is looked at
};

// Whether the column may be a part: it is there in each row, comes several times, has several values, of one
// spelling each, and none that were counted.
static bool may_be_part(const struct new_column *column)
{
    const struct column_guess *guess = &column->found->guess;
    bool is_code = guess->value_bytes <= YEAR_BYTES || new_table_is_key_name(column->name);
    bool is_plain_integer = column->kind == COLUMN_INTEGER && !guess->not_integer && is_code;
    bool is_plain_date = column->kind == COLUMN_DATE && guess->value_bytes == guess->value_bytes_min;
    bool has_several = guess->mixed.is_lost || guess->mixed.count > 1;
    return column->required && guess->is_repeated && has_several && guess->value_bytes <= KEY_BYTES &&
           column_guess_tokens(guess) == 0 &&
           (column->kind == COLUMN_TEXT || is_plain_integer || is_plain_date);
}

static void add_try(struct search *search, const size_t *parts, size_t count)
{
    struct try *try = &search->tries[search->try_count++];
    *try = (struct try){.count = count};
    memcpy(try->parts, parts, count * sizeof(*parts));
    value_set_init(&try->seen, VALUES);
}

static void add_tries(struct search *search)
{
    for (size_t i = 0; i < search->count; i++) {
        for (size_t k = i + 1; k < search->count; k++)
            add_try(search, (size_t[]){i, k}, 2);
    }
    for (size_t i = 0; i < search->count; i++) {
        for (size_t k = i + 1; k < search->count; k++) {
            for (size_t m = k + 1; m < search->count; m++)
                add_try(search, (size_t[]){i, k, m}, 3);
        }
    }
}

static void drop(struct search *search, struct try *try)
{
    search->seen -= try->seen.count;
    value_set_fini(&try->seen);
    try->fails = true;
}

// Drops the tries that are preferred least until there is room for another row.
static void keep_in_bounds(struct search *search)
{
    for (size_t i = search->try_count; i > 0 && search->seen + search->try_count > VALUES; i--) {
        if (!search->tries[i - 1].fails)
            drop(search, &search->tries[i - 1]);
    }
}

static void on_row(void *ctx, const struct csv_cell *cells, size_t count)
{
    struct search *search = ctx;
    struct span parts[PARTS];
    for (size_t i = 0; i < search->count; i++) {
        size_t place = search->places[i];
        parts[i] = place < count ? span_trim(cells[place].text) : (struct span){0};
        (void)value_set_add(&search->values[i], parts[i]);
    }
    keep_in_bounds(search);
    for (size_t i = 0; i < search->try_count; i++) {
        struct try *try = &search->tries[i];
        if (try->fails)
            continue;
        buf_clear(&search->text);
        for (size_t k = 0; k < try->count; k++) {
            buf_append(&search->text, parts[try->parts[k]].at, parts[try->parts[k]].len);
            buf_append_byte(&search->text, '\0');
        }
        search->seen++;
        if (buf_status(&search->text) != ERR_NONE || !value_set_add(&try->seen, buf_span(&search->text)) ||
            try->seen.is_lost) {
            search->seen--;
            drop(search, try);
        }
    }
}

// Whether the rows are unique for a reason.
static bool is_meant(const struct search *search, const struct try *try, uint64_t rows)
{
    double combinations = 1;
    bool is_named = true;
    for (size_t i = 0; i < try->count; i++) {
        size_t part = try->parts[i];
        const struct value_set *values = &search->values[part];
        combinations *= values->is_lost ? (double)rows : (double)values->count;
        is_named = is_named && new_table_is_key_name(search->columns[part]->name);
    }
    return is_named || (double)rows * 2 >= combinations;
}

// Parts of keys stand in front of what is measured: of all keys the one that ends first is meant, and of
// those the one of fewest parts.
static void settle(const struct search *search, uint64_t rows, struct new_table *table)
{
    const struct try *best = NULL;
    for (size_t i = 0; i < search->try_count; i++) {
        const struct try *try = &search->tries[i];
        if (try->fails || !is_meant(search, try, rows))
            continue;
        if (best == NULL || try->parts[try->count - 1] < best->parts[best->count - 1])
            best = try;
    }
    for (size_t k = 0; best != NULL && k < best->count; k++)
        table->keys[table->key_count++] = search->columns[best->parts[k]];
}

enum err_code key_search(
    const struct survey *survey, const char *path, struct new_table *table, struct err *err)
{
    if (survey->rows < ROWS_MIN || survey->odd.count + survey->broken.count > 0)
        return ERR_NONE;
    struct search *search = mem_zalloc(1, sizeof(*search));
    if (search == NULL)
        return err_no_memory(err);
    buf_init(&search->text, TEXT_BYTES);
    for (size_t i = 0; i < table->count && search->count < PARTS; i++) {
        if (!may_be_part(&table->columns[i]))
            continue;
        search->columns[search->count] = &table->columns[i];
        search->places[search->count] = (size_t)(table->columns[i].found - survey->columns);
        value_set_init(&search->values[search->count++], COLUMN_VALUES);
    }
    add_tries(search);
    enum err_code code = search->try_count > 0 ? survey_walk(survey, path, on_row, search, err) : ERR_NONE;
    if (code == ERR_NONE)
        settle(search, survey->rows, table);
    for (size_t i = 0; i < search->try_count; i++)
        value_set_fini(&search->tries[i].seen);
    for (size_t i = 0; i < search->count; i++)
        value_set_fini(&search->values[i]);
    buf_fini(&search->text);
    mem_free(search);
    return code;
}
