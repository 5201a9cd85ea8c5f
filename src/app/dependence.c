// SPDX-License-Identifier: Apache-2.0
// Collects the versions that an endpoint's answers hang on. Which tables a statement reads, and whether
// versions tell of all that its result hangs on, is the store's to say. Of a statement with a @depends the
// tables are asked beside the rows that it leaves (depends.h): so a table of which it sees more than those
// rows counts as a whole. The thread of the plan's connection.
#include "app/dependence.h"

#include <string.h>

#include "app/depends.h"
#include "base/buf.h"
#include "base/mem.h"

enum { WHY_BYTES = 1000 };

struct finding_out {
    const struct endpoint *endpoint; // borrowed, like the rest
    struct store_conn *conn;         //
    struct store *store;             //
    struct dependence *dependence;   // filled
    size_t room;                     // for so many sources
    uint32_t narrow;                 // bit i: the rows of the endpoint's depends[i] are read, and told apart
    bool out_of_memory;              //
};

// --- sources

static struct dependence_source *add_source(struct finding_out *finding_out)
{
    struct dependence *dependence = finding_out->dependence;
    struct dependence_source *sources =
        mem_grow(dependence->sources, dependence->count, &finding_out->room, sizeof(*dependence->sources));
    if (sources == NULL) {
        finding_out->out_of_memory = true;
        return NULL;
    }
    dependence->sources = sources;
    struct dependence_source *source = &sources[dependence->count++];
    *source = (struct dependence_source){0};
    return source;
}

static void add_table(void *ctx, const char *table)
{
    struct finding_out *finding_out = ctx;
    const struct dependence *dependence = finding_out->dependence;
    const struct version *version = versions_of(finding_out->store, table);
    for (size_t i = 0; i < dependence->count; i++) {
        if (dependence->sources[i].table == version)
            return;
    }
    struct dependence_source *source = add_source(finding_out);
    if (source != NULL)
        source->table = version;
}

// Whether the store has buckets for values of the parameters' types: for others it tells the table's version.
static bool have_buckets(const struct finding_out *finding_out, const struct depends *depends,
    const struct version_buckets *buckets, const char *table)
{
    static const struct value samples[] = {
        [TYPE_TEXT] = {.kind = VALUE_TEXT, .text = {"x", 1}},
        [TYPE_INTEGER] = {.kind = VALUE_INTEGER, .integer = 1},
        [TYPE_NUMBER] = {.kind = VALUE_REAL, .real = 1.5},
        [TYPE_BOOLEAN] = {.kind = VALUE_INTEGER, .integer = 1},
        [TYPE_DATE] = {.kind = VALUE_TEXT, .text = {"2000-01-01", 10}},
        [TYPE_TIMESTAMP] = {.kind = VALUE_TEXT, .text = {"2000-01-01T00:00:00.000Z", 24}},
        [TYPE_TIME] = {.kind = VALUE_TEXT, .text = {"00:00:00", 8}},
        [TYPE_UUID] = {.kind = VALUE_TEXT, .text = {"00000000-0000-0000-0000-000000000000", 36}},
        [TYPE_JSON] = {.kind = VALUE_TEXT, .text = {"{}", 2}},
        [TYPE_DECIMAL] = {.kind = VALUE_SCALED, .scale = 1, .integer = 1},
    };
    struct value values[LIMIT_BUCKET_COLUMNS];
    for (size_t i = 0; i < depends->count; i++)
        values[i] = samples[finding_out->endpoint->params[depends->columns[i].param].type];
    return version_bucket(buckets, values, depends->count) != versions_of(finding_out->store, table);
}

// Adds the buckets of a @depends, or its table where there are none.
static enum err_code add_depends(struct finding_out *finding_out, size_t number, struct err *err)
{
    const struct depends *depends = &finding_out->endpoint->depends[number];
    const struct version_buckets *buckets = NULL;
    const char *why = NULL;
    struct depends_table table;
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    enum err_code code = depends_find(finding_out->endpoint, number, finding_out->conn, &diags, &table, err);
    if (code == ERR_NONE && diags_total(&diags) > 0) // it is gone since the plan was made
        code = err_set(err, ERR_STALE, "the table %.*s has changed: try again", SHOW(depends->table));
    if (code == ERR_NONE)
        code = versions_by(finding_out->conn, table.name, table.columns, depends->count, &buckets, &why, err);
    if (code == ERR_NONE && buckets != NULL && !have_buckets(finding_out, depends, buckets, table.name)) {
        buckets = NULL;
        why = "a column may hold values of another type than its parameter's";
    }
    if (code == ERR_NONE && buckets == NULL) {
        finding_out->dependence->wide |= 1U << number;
        finding_out->dependence->wide_why = why;
        add_table(finding_out, table.name);
    } else if (code == ERR_NONE) {
        struct dependence_source *source = add_source(finding_out);
        for (size_t i = 0; source != NULL && i < depends->count; i++)
            source->params[i] = depends->columns[i].param;
        if (source != NULL) {
            source->buckets = buckets;
            source->column_count = depends->count;
        }
    }
    depends_table_fini(&table);
    return code;
}

// --- statements

static enum err_code find_why(struct finding_out *finding_out, struct store_stmt *stmt, struct err *err)
{
    struct dependence *dependence = finding_out->dependence;
    bool is_covered = false;
    AUTO(buf_fini) struct buf why;
    buf_init(&why, WHY_BYTES);
    enum err_code code = versions_miss(stmt, &why, err);
    if (code == ERR_NONE)
        code = versions_cover(stmt, &is_covered, err);
    if (code != ERR_NONE || dependence->why != NULL)
        return code;
    if (why.len == 0 && !is_covered)
        buf_append_str(&why, "it reads more than the app's own tables");
    if (why.len > 0)
        dependence->why = mem_strndup(why.data, why.len);
    return why.len > 0 && dependence->why == NULL ? err_no_memory(err) : ERR_NONE;
}

static enum err_code on_stmt(
    void *ctx, const struct statement *statement, bool is_condition, struct store_stmt *stmt, struct err *err)
{
    struct finding_out *finding_out = ctx;
    uint32_t hidden = is_condition ? statement->when_hidden : statement->hidden;
    bool is_told = false;
    enum err_code code = find_why(finding_out, stmt, err);
    if (code == ERR_NONE && hidden != 0)
        code = depends_reads_beside(finding_out->endpoint, statement, is_condition, finding_out->conn,
            add_table, finding_out, &is_told, err);
    if (code == ERR_NONE && is_told)
        finding_out->narrow |= hidden;
    else if (code == ERR_NONE)
        code = versions_under(stmt, add_table, finding_out, err);
    return code;
}

enum err_code dependence_find(
    const struct plan *plan, struct store *store, struct dependence *ret_dependence, struct err *err)
{
    struct finding_out finding_out = {.endpoint = plan_endpoint(plan),
        .conn = plan_conn(plan),
        .store = store,
        .dependence = ret_dependence};
    *ret_dependence = (struct dependence){.schema = plan_schema(plan)};
    enum err_code code = plan_each(plan, on_stmt, &finding_out, err);
    for (size_t i = 0; code == ERR_NONE && i < finding_out.endpoint->depends_count; i++) {
        if ((finding_out.narrow & (1U << i)) != 0)
            code = add_depends(&finding_out, i, err);
    }
    if (code == ERR_NONE && finding_out.out_of_memory)
        code = err_no_memory(err);
    if (code != ERR_NONE)
        return code;
    // Then no version would be asked, which tells whether the run has asked for the time.
    if (ret_dependence->count == 0 && ret_dependence->why == NULL) {
        ret_dependence->why = mem_strdup("it reads no table");
        if (ret_dependence->why == NULL)
            return err_no_memory(err);
    }
    ret_dependence->is_kept = ret_dependence->why == NULL;
    return ERR_NONE;
}

void dependence_fini(struct dependence *dependence)
{
    mem_free(dependence->why);
    mem_free(dependence->sources);
    *dependence = (struct dependence){0};
}

// --- asked

bool dependence_is_current(const struct dependence *dependence, const struct plan *plan)
{
    return plan_schema(plan) == dependence->schema;
}

bool dependence_holds(const struct dependence *dependence, const struct plan *plan)
{
    return dependence->is_kept && dependence->schema != 0 && dependence_is_current(dependence, plan);
}

void dependence_versions(
    const struct dependence *dependence, const struct value *params, const struct version **ret_versions)
{
    for (size_t i = 0; i < dependence->count; i++) {
        const struct dependence_source *source = &dependence->sources[i];
        struct value values[LIMIT_BUCKET_COLUMNS];
        if (source->table != NULL) {
            ret_versions[i] = source->table;
            continue;
        }
        for (size_t k = 0; k < source->column_count; k++)
            values[k] = params[source->params[k]];
        ret_versions[i] = version_bucket(source->buckets, values, source->column_count);
    }
}
