// SPDX-License-Identifier: Apache-2.0
// calendar(from, to): the days from one to the other, both of them too, in order, as a table that exists
// without being made (an eponymous virtual table, sqlite.org/vtab.html section 2). Rows are computed as they
// are read, so that a LIMIT makes it cheap. The connection's thread.
//
// The two arguments are what SQLite calls hidden columns. Their names are such that no table's column will
// meet them.
#include "store/sqlite/calendar.h"

#include "base/mem.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/table_function.h"
#include "text/date.h"

enum column {
    COLUMN_DAY,
    COLUMN_FROM,
    COLUMN_TO,
    COLUMN_COUNT,
};

// How a scan is bounded, from on_best_index to on_filter: after the two arguments come the values of these,
// in this order. A bound narrows the scan only; SQLite compares each day with it once more.
enum bound {
    BOUND_BOTH = 1,  // day = value
    BOUND_LOWER = 2, // day >= value, day > value
    BOUND_UPPER = 4, // day <= value, day < value
};

struct calendar_cursor {
    sqlite3_vtab_cursor base; // first
    int32_t from;             // the arguments, in days since 1970-01-01
    int32_t to;               //
    int32_t day;              // where the scan is; past `last` at its end
    int32_t last;             //
    struct date date;         // `day`, when it is not past `last`
    char text[DATE_CHARS];    // `day` likewise
};

static int on_connect(sqlite3 *db, void *ctx, int argument_count, const char *const *arguments,
    sqlite3_vtab **ret_table, char **ret_message)
{
    (void)argument_count;
    (void)arguments;
    (void)ret_message;
    return table_function_connect(db, ctx,
        "CREATE TABLE calendar(day TEXT, calendar_from TEXT HIDDEN, calendar_to TEXT HIDDEN)", ret_table);
}

// --- planning

// The conditions of a query that a scan can make use of: indexes of constraints, or -1.
struct conditions {
    int from, to;             // the arguments
    int equal, lower, upper;  // on day
    bool named[COLUMN_COUNT]; // there is a condition on the column, be it of no use in this plan
};

static void note_condition(struct conditions *conditions, int column, unsigned char op, int index)
{
    int *place = NULL;
    if (column != COLUMN_DAY)
        place = op != SQLITE_INDEX_CONSTRAINT_EQ ? NULL
                : column == COLUMN_FROM          ? &conditions->from
                                                 : &conditions->to;
    else if (op == SQLITE_INDEX_CONSTRAINT_EQ)
        place = &conditions->equal;
    else if (op == SQLITE_INDEX_CONSTRAINT_GE || op == SQLITE_INDEX_CONSTRAINT_GT)
        place = &conditions->lower;
    else if (op == SQLITE_INDEX_CONSTRAINT_LE || op == SQLITE_INDEX_CONSTRAINT_LT)
        place = &conditions->upper;
    if (place != NULL && *place < 0)
        *place = index;
}

static struct conditions read_conditions(const sqlite3_index_info *info)
{
    struct conditions conditions = {.from = -1, .to = -1, .equal = -1, .lower = -1, .upper = -1};
    for (int i = 0; i < info->nConstraint; i++) {
        int column = info->aConstraint[i].iColumn;
        if (column < 0) // the rowid
            continue;
        conditions.named[column] = true;
        if (info->aConstraint[i].usable)
            note_condition(&conditions, column, info->aConstraint[i].op, i);
    }
    return conditions;
}

static void use_bound(sqlite3_index_info *info, int index, enum bound bound, int *argument)
{
    if (index < 0)
        return;
    info->aConstraintUsage[index].argvIndex = ++*argument;
    info->idxNum |= (int)bound;
}

static int on_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    struct conditions conditions = read_conditions(info);
    if (conditions.from < 0 || conditions.to < 0) {
        if (!conditions.named[COLUMN_FROM] || !conditions.named[COLUMN_TO])
            table_function_lacks(table, "calendar(from, to) needs both days");
        return SQLITE_CONSTRAINT; // in this plan
    }
    int argument = 0;
    info->idxNum = 0;
    info->aConstraintUsage[conditions.from].argvIndex = ++argument;
    info->aConstraintUsage[conditions.from].omit = 1;
    info->aConstraintUsage[conditions.to].argvIndex = ++argument;
    info->aConstraintUsage[conditions.to].omit = 1;
    if (conditions.equal >= 0) {
        use_bound(info, conditions.equal, BOUND_BOTH, &argument);
    } else {
        use_bound(info, conditions.lower, BOUND_LOWER, &argument);
        use_bound(info, conditions.upper, BOUND_UPPER, &argument);
    }
    bool one = conditions.equal >= 0;
    bool bounded = conditions.lower >= 0 || conditions.upper >= 0;
    info->idxFlags = one ? SQLITE_INDEX_SCAN_UNIQUE : 0;
    info->estimatedRows = one ? 1 : bounded ? 100 : 366; // a year is a usual question
    info->estimatedCost = (double)info->estimatedRows;
    // Days come in order and each once, so the other terms of an ORDER BY behind `day` order nothing.
    info->orderByConsumed =
        info->nOrderBy > 0 && info->aOrderBy[0].iColumn == COLUMN_DAY && !info->aOrderBy[0].desc;
    return SQLITE_OK;
}

// --- scanning

static int on_open(sqlite3_vtab *table, sqlite3_vtab_cursor **ret_cursor)
{
    (void)table;
    struct calendar_cursor *cursor = mem_zalloc(1, sizeof(*cursor));
    if (cursor == NULL)
        return SQLITE_NOMEM;
    *ret_cursor = &cursor->base;
    return SQLITE_OK;
}

static int on_close(sqlite3_vtab_cursor *base)
{
    mem_free(CONTAINER_OF(base, struct calendar_cursor, base));
    return SQLITE_OK;
}

static bool read_day(sqlite3_value *value, int32_t *ret_days)
{
    if (sqlite3_value_type(value) != SQLITE_TEXT)
        return false;
    const void *text = sqlite3_value_text(value);
    struct date date;
    if (text == NULL ||
        !date_parse((struct span){.at = text, .len = (size_t)sqlite3_value_bytes(value)}, &date))
        return false;
    *ret_days = date_to_days(date);
    return true;
}

static int fail_argument(sqlite3_vtab *table, const char *name, sqlite3_value *value)
{
    sqlite3_free(table->zErrMsg);
    const void *text = sqlite3_value_text(value);
    table->zErrMsg = sqlite3_mprintf("calendar: %s is \"%.40s\", which is not an existing day, YYYY-MM-DD",
        name, text != NULL ? (const char *)text : "");
    return table->zErrMsg != NULL ? SQLITE_ERROR : SQLITE_NOMEM;
}

// Narrows the scan by what on_best_index has put behind the arguments. A value that is no day narrows
// nothing.
static void narrow(struct calendar_cursor *cursor, int bounds, sqlite3_value **values)
{
    int32_t days;
    if (bounds & (BOUND_BOTH | BOUND_LOWER)) {
        if (read_day(*values, &days) && days > cursor->day)
            cursor->day = days;
    }
    if (bounds & BOUND_LOWER)
        values++;
    if (bounds & (BOUND_BOTH | BOUND_UPPER)) {
        if (read_day(*values, &days) && days < cursor->last)
            cursor->last = days;
    }
}

static int on_filter(
    sqlite3_vtab_cursor *base, int bounds, const char *unused, int value_count, sqlite3_value **values)
{
    (void)unused;
    (void)value_count;
    struct calendar_cursor *cursor = CONTAINER_OF(base, struct calendar_cursor, base);
    cursor->day = 0;
    cursor->last = -1;
    bool null = false;
    int32_t *const days[] = {&cursor->from, &cursor->to};
    static const char *const names[] = {"from", "to"};
    for (int i = 0; i < 2; i++) {
        if (sqlite3_value_type(values[i]) == SQLITE_NULL)
            null = true;
        else if (!read_day(values[i], days[i]))
            return fail_argument(base->pVtab, names[i], values[i]);
    }
    if (null)
        return SQLITE_OK;
    cursor->day = cursor->from;
    cursor->last = cursor->to;
    narrow(cursor, bounds, values + 2);
    if (cursor->day <= cursor->last) {
        cursor->date = date_from_days(cursor->day);
        date_format(cursor->date, cursor->text);
    }
    return SQLITE_OK;
}

static int on_next(sqlite3_vtab_cursor *base)
{
    struct calendar_cursor *cursor = CONTAINER_OF(base, struct calendar_cursor, base);
    cursor->day++;
    if (cursor->day > cursor->last)
        return SQLITE_OK;
    if (cursor->date.day < 28) { // the month goes on, whichever it is: only two digits change
        cursor->date.day++;
        cursor->text[8] = (char)('0' + cursor->date.day / 10);
        cursor->text[9] = (char)('0' + cursor->date.day % 10);
    } else {
        cursor->date = date_from_days(cursor->day);
        date_format(cursor->date, cursor->text);
    }
    return SQLITE_OK;
}

static int on_eof(sqlite3_vtab_cursor *base)
{
    const struct calendar_cursor *cursor = CONTAINER_OF(base, struct calendar_cursor, base);
    return cursor->day > cursor->last;
}

static int on_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const struct calendar_cursor *cursor = CONTAINER_OF(base, struct calendar_cursor, base);
    char text[DATE_CHARS];
    const char *day = cursor->text;
    if (column != COLUMN_DAY) {
        date_format(date_from_days(column == COLUMN_FROM ? cursor->from : cursor->to), text);
        day = text;
    }
    sqlite3_result_text(context, day, DATE_CHARS - 1, SQLITE_TRANSIENT);
    return SQLITE_OK;
}

static int on_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret_rowid)
{
    *ret_rowid = CONTAINER_OF(base, struct calendar_cursor, base)->day;
    return SQLITE_OK;
}

static const sqlite3_module module = {
    .xConnect = on_connect, // without xCreate, so that SQL cannot make another one
    .xDisconnect = table_function_disconnect,
    .xBestIndex = on_best_index,
    .xOpen = on_open,
    .xClose = on_close,
    .xFilter = on_filter,
    .xNext = on_next,
    .xEof = on_eof,
    .xColumn = on_column,
    .xRowid = on_rowid,
};

int sqlite_calendar_install(struct sqlite_conn *conn)
{
    return sqlite3_create_module(conn->db, "calendar", &module, conn);
}
