// SPDX-License-Identifier: Apache-2.0
// The program that SQLite runs for a statement, as EXPLAIN lists it (sqlite.org/opcode.html). A plan names
// the table of a loop as the statement calls it; the program tells which table that is, and where the loop
// ends. The connection's thread.
#include "store/sqlite/program.h"

#include "base/limits.h"
#include "base/mem.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/stmt.h"

// Lists what `prefix` makes of the statement, with the parameters that are bound to it now: they are lent to
// the statement that does the listing, so that nothing is copied.
enum err_code sqlite_rows_of(struct sqlite_stmt *stmt, const char *prefix,
    enum err_code (*on_row)(void *ctx, sqlite3_stmt *row, struct err *err), void *ctx, struct err *err)
{
    sqlite3_stmt *listing = NULL;
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, SIZE_MAX / 2);
    buf_append_str(&sql, prefix);
    buf_append_str(&sql, sqlite3_sql(stmt->handle));
    buf_append_byte(&sql, '\0');
    if (buf_status(&sql) != ERR_NONE)
        return err_no_memory(err);
    int result = sqlite3_prepare_v2(stmt->conn->db, sql.data, -1, &listing, NULL);
    if (stmt->run != RUN_NONE && result == SQLITE_OK)
        result = sqlite3_transfer_bindings(stmt->handle, listing);
    enum err_code code = ERR_NONE;
    while (result == SQLITE_OK && code == ERR_NONE) {
        int step = sqlite3_step(listing);
        if (step == SQLITE_ROW)
            code = on_row(ctx, listing, err);
        else
            result = step;
    }
    if (code == ERR_NONE && result != SQLITE_DONE)
        code = sqlite_fail(stmt->conn, result, err);
    sqlite3_reset(listing);
    if (stmt->run != RUN_NONE && listing != NULL)
        (void)sqlite3_transfer_bindings(listing, stmt->handle); // as many as were lent
    sqlite3_finalize(listing);
    return code;
}

// --- the program

static enum sqlite_op_kind kind_of(const char *name)
{
    static const struct {
        const char *name;
        enum sqlite_op_kind kind;
    } kinds[] = {
        {"OpenRead", OP_OPEN},
        {"OpenWrite", OP_OPEN},
        {"ReopenIdx", OP_OPEN},
        {"Rewind", OP_START},
        {"Last", OP_START},
        {"Yield", OP_YIELD},
        {"Next", OP_NEXT},
        {"Prev", OP_NEXT},
        {"Count", OP_COUNT},
        {"DecrJumpZero", OP_LIMIT},
        {"Goto", OP_GOTO},
        {"Eq", OP_CONDITION},
        {"Ne", OP_CONDITION},
        {"Lt", OP_CONDITION},
        {"Le", OP_CONDITION},
        {"Gt", OP_CONDITION},
        {"Ge", OP_CONDITION},
        {"If", OP_CONDITION},
        {"IfNot", OP_CONDITION},
        {"NotNull", OP_CONDITION},
        {"NotFound", OP_CONDITION},
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return kinds[i].kind;
    }
    return OP_OTHER;
}

// Appends a row of EXPLAIN. Those of triggers' programs come behind, numbered from 0 again: they are left
// out.
static enum err_code on_op(void *ctx, sqlite3_stmt *row, struct err *err)
{
    struct sqlite_program *program = ctx;
    program->whole = program->whole || sqlite3_column_int64(row, 0) != (sqlite3_int64)program->count;
    if (program->whole)
        return ERR_NONE;
    struct sqlite_op *ops = mem_grow(program->ops, program->count, &program->room, sizeof(*ops));
    if (ops == NULL)
        return err_no_memory(err);
    program->ops = ops;
    const char *name = (const char *)sqlite3_column_text(row, 1);
    if (name == NULL)
        return err_no_memory(err);
    program->ops[program->count++] = (struct sqlite_op){
        .kind = kind_of(name),
        .p1 = sqlite3_column_int(row, 2),
        .p2 = sqlite3_column_int(row, 3),
        .p3 = sqlite3_column_int(row, 4),
    };
    return ERR_NONE;
}

enum err_code sqlite_program_read(
    struct sqlite_stmt *stmt, struct sqlite_program *ret_program, struct err *err)
{
    struct sqlite_program program = {0};
    enum err_code code = ERR_NONE;
    if (sqlite3_stmt_isexplain(stmt->handle) == 0)
        code = sqlite_rows_of(stmt, "EXPLAIN ", on_op, &program, err);
    if (code != ERR_NONE)
        mem_free(program.ops);
    else
        *ret_program = program;
    return code;
}

void sqlite_program_fini(struct sqlite_program *program)
{
    mem_free(program->ops);
}

// --- its tables

// The table of the b-tree with this root page, which may be an index of it; NULL for SQLite's own ones.
static enum err_code find_table(struct sqlite_conn *conn, int root, char **ret_name, struct err *err)
{
    sqlite3_stmt *find = NULL;
    int result = sqlite3_prepare_v2(conn->db,
        "SELECT tbl_name FROM main.sqlite_schema WHERE rootpage = ? AND name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\'",
        -1, &find, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_bind_int(find, 1, root);
    if (result == SQLITE_OK)
        result = sqlite3_step(find);
    enum err_code code = ERR_NONE;
    if (result == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(find, 0);
        *ret_name = name != NULL ? mem_strdup(name) : NULL;
        if (*ret_name == NULL)
            code = err_no_memory(err);
    } else if (result == SQLITE_DONE) {
        *ret_name = NULL;
    } else {
        code = sqlite_fail(conn, result, err);
    }
    sqlite3_finalize(find);
    return code;
}

enum err_code sqlite_op_table(
    struct sqlite_conn *conn, const struct sqlite_op *open, char **ret_name, struct err *err)
{
    *ret_name = NULL;
    return open->p3 == 0 ? find_table(conn, open->p2, ret_name, err)
                         : ERR_NONE; // else of the temporary database
}

// Where the cursor is opened on a table or an index; NULL for one on anything else.
static const struct sqlite_op *find_open(const struct sqlite_program *program, int cursor)
{
    for (size_t i = 0; i < program->count; i++) {
        if (program->ops[i].kind == OP_OPEN && program->ops[i].p1 == cursor)
            return &program->ops[i];
    }
    return NULL;
}

// --- its loops

// Whether the loop from `start` to `end` is left when a LIMIT is used up. `is_filtered`: some rows are passed
// over.
static bool is_left_by_limit(
    const struct sqlite_program *program, size_t start, size_t end, bool *ret_is_filtered)
{
    bool cut = false;
    for (size_t i = start; i < end; i++) {
        const struct sqlite_op *op = &program->ops[i];
        cut = cut || (op->kind == OP_LIMIT && (op->p2 < (int)start || op->p2 > (int)end));
        *ret_is_filtered = *ret_is_filtered || (op->kind == OP_CONDITION && op->p2 == (int)end);
    }
    return cut;
}

// The same for the loop that takes what a coroutine yields, if the loop from `start` to `end` is in one and
// yields its rows as it finds them.
static bool is_reader_left_by_limit(
    const struct sqlite_program *program, size_t start, size_t end, bool *ret_is_filtered)
{
    int yield_to = -1; // the register that names the coroutine
    for (size_t i = start; i < end; i++) {
        if (program->ops[i].kind == OP_YIELD)
            yield_to = program->ops[i].p1;
    }
    for (size_t i = end; i < program->count && yield_to >= 0; i++) {
        if (program->ops[i].kind != OP_YIELD || program->ops[i].p1 != yield_to)
            continue;
        for (size_t back = i; back < program->count; back++) {
            if (program->ops[back].kind == OP_GOTO && program->ops[back].p2 == (int)i)
                return is_left_by_limit(program, i, back, ret_is_filtered);
        }
    }
    return false;
}

// The instruction that goes on with the loop that begins at `start`.
static size_t find_next(const struct sqlite_program *program, size_t start)
{
    size_t end = start + 1;
    while (end < program->count &&
           (program->ops[end].kind != OP_NEXT || program->ops[end].p1 != program->ops[start].p1))
        end++;
    return end;
}

const struct sqlite_op *sqlite_program_scan(
    const struct sqlite_program *program, size_t address, size_t end, bool is_ordered)
{
    const struct sqlite_op *ops = program->ops;
    if (address > end || end > program->count) // a plan of another program: nothing can be said
        return NULL;
    if (address >= 2 && ops[address - 2].kind == OP_COUNT)
        return find_open(program, ops[address - 2].p1); // a count is told of when it is done
    while (address < end && ops[address].kind != OP_START)
        address++;
    if (address >= end)
        return NULL;
    size_t next = find_next(program, address);
    bool is_filtered = false;
    bool is_cut = is_left_by_limit(program, address, next, &is_filtered) ||
                  is_reader_left_by_limit(program, address, next, &is_filtered);
    return is_cut && (is_ordered || !is_filtered) ? NULL : find_open(program, ops[address].p1);
}
