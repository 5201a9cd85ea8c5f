// SPDX-License-Identifier: Apache-2.0
// SQL that SQLite and PostgreSQL both take. On the main thread.
#include "cmd/new_table_files.h"

#include <string.h>

#include "app/csv_options.h"
#include "text/json_write.h"

static const struct {
    const char *type, *sql;
} types[] = {
    [COLUMN_EMPTY] = {"text", "text"},
    [COLUMN_TEXT] = {"text", "text"},
    [COLUMN_BOOLEAN] = {"boolean", "boolean"},
    [COLUMN_INTEGER] = {"integer", "bigint"},
    [COLUMN_NUMBER] = {"number", "double precision"},
    [COLUMN_DATE] = {"date", "date"},
    [COLUMN_TIME] = {"time", "time"},
    [COLUMN_TIMESTAMP] = {"timestamp", "timestamptz"},
    [COLUMN_JSON] = {"json", "json"},
};

static void append_type(const struct new_column *column, const char *type, struct buf *out)
{
    if (column->digits > 0)
        buf_printf(out, "decimal(%u,%u)", column->digits, column->scale);
    else
        buf_append_str(out, type);
}

// As parameters, fields and columns of answers have it.
static const char *type_of(const struct new_column *column)
{
    return column->has_micros ? "timestamp micros" : types[column->kind].type;
}

static size_t name_width(const struct new_table *table)
{
    size_t width = 0;
    for (size_t i = 0; i < table->count; i++) {
        size_t len = strlen(table->columns[i].name);
        width = len > width ? len : width;
    }
    return width;
}

// "a, b, c" in lines of some length, each of which begins with `indent` blanks.
static void append_names(const struct new_table *table, bool with_id, size_t indent, struct buf *out)
{
    enum { LINE = 100 };
    size_t line = indent;
    if (with_id) {
        buf_printf(out, "%s, ", table->id);
        line += strlen(table->id) + 2;
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t len = strlen(table->columns[i].name) + 2;
        if (line + len > LINE) {
            buf_printf(out, "\n%*s", (int)indent, "");
            line = indent;
        }
        buf_printf(out, "%s%s", table->columns[i].name, i + 1 == table->count ? "" : ", ");
        line += len;
    }
}

// "geo, day"; of a table without a key its number.
static void append_keys(const struct new_table *table, const char *between, struct buf *out)
{
    if (table->key_count == 0)
        buf_append_str(out, table->id);
    for (size_t i = 0; i < table->key_count; i++)
        buf_printf(out, "%s%s", i > 0 ? between : "", table->keys[i]->name);
}

const char *new_table_ending(const struct new_table *table)
{
    static const char *const endings[] = {
        [SURVEY_CSV] = "csv", [SURVEY_JSON] = "json", [SURVEY_NDJSON] = "ndjson"};
    return endings[table->form];
}

void new_table_write_ini(const struct new_table *table, struct buf *out)
{
    buf_printf(out,
        "title = %s\n\n"
        "; At the first start this file of data/ goes in, as everybody's batches do.\n"
        "[load]\n"
        "POST /%s = %s.%s\n",
        table->app, table->app, table->app, new_table_ending(table));
}

void new_table_write_schema(const struct new_table *table, struct buf *out)
{
    int width = (int)name_width(table);
    buf_append_str(out,
        "-- The table, for SQLite and PostgreSQL. Once it holds more than the first load, changes go into a\n"
        "-- file of their own, 002_….sql.\n");
    buf_printf(out, "CREATE TABLE %s (\n", table->name);
    if (table->key_count == 0)
        buf_printf(out,
            "  %-*s bigint PRIMARY KEY NOT NULL, -- no column tells the rows apart: they are numbered\n",
            width, table->id);
    for (size_t i = 0; i < table->count; i++) {
        const struct new_column *column = &table->columns[i];
        buf_printf(out, "  %-*s ", width, column->name);
        append_type(column, types[column->kind].sql, out);
        bool is_key = table->key_count == 1 && column == table->keys[0];
        bool is_last = i + 1 == table->count && table->key_count < 2;
        buf_printf(out, "%s%s\n",
            is_key             ? " PRIMARY KEY NOT NULL"
            : column->required ? " NOT NULL"
                               : "",
            is_last ? "" : ",");
    }
    if (table->key_count > 1) {
        buf_append_str(out, "  PRIMARY KEY (");
        append_keys(table, ", ", out);
        buf_append_str(out, ")\n");
    }
    buf_append_str(out, ");\n");
}

// --- POST

static void append_field(
    const struct new_table *table, const struct new_column *column, int width, struct buf *out)
{
    buf_printf(out, "-- @field %-*s ", width, column->name);
    append_type(column, type_of(column), out);
    bool is_key = table->key_count == 1 && column == table->keys[0];
    buf_printf(out, "%s%s", column->required ? " required" : "", is_key ? " unique" : "");
    if (column->format[0] != '\0' && !(column->kind == COLUMN_DATE && table->dialect.date.len > 0))
        buf_printf(out, " format \"%s\"", column->format);
    if (column->has_outside) {
        char quote =
            column->outside.len > 0 && memchr(column->outside.at, '"', column->outside.len) ? '\'' : '"';
        buf_printf(out, " name %c%.*s%c", quote, (int)column->outside.len, column->outside.at, quote);
    }
    buf_append_byte(out, '\n');
}

// The file's first row as clients of JSON send it.
static void append_first_row(const struct new_table *table, struct buf *out)
{
    const char *before = "{";
    for (size_t i = 0; i < table->count; i++) {
        const struct new_column *column = &table->columns[i];
        buf_append_str(out, before);
        json_write_string(out, column->has_outside ? column->outside : span_of(column->name));
        buf_append_str(out, ": ");
        new_table_append_first(table, column, out);
        before = ", ";
    }
    buf_append_byte(out, '}');
}

static void append_upsert(const struct new_table *table, struct buf *out)
{
    buf_printf(out, "INSERT INTO %s (", table->name);
    append_names(table, false, 2, out);
    buf_append_str(out, ")\nSELECT ");
    append_names(table, false, 2, out);
    buf_append_str(out, "\nFROM batch WHERE true\nON CONFLICT (");
    append_keys(table, ", ", out);
    buf_append_str(out, ") DO ");
    const char *before = "UPDATE SET";
    for (size_t i = 0; i < table->count; i++) {
        const char *name = table->columns[i].name;
        if (new_table_is_key(table, &table->columns[i]))
            continue;
        buf_printf(out, "%s\n  %s = excluded.%s", before, name, name);
        before = ",";
    }
    buf_append_str(out, table->count == table->key_count ? "NOTHING;\n" : ";\n");
}

static void append_insert(const struct new_table *table, struct buf *out)
{
    buf_printf(out, "INSERT INTO %s (", table->name);
    append_names(table, true, 2, out);
    buf_printf(out,
        ")\nSELECT coalesce((SELECT max(%s) FROM %s), 0) + row_number() OVER (ORDER BY line),\n  ", table->id,
        table->name);
    append_names(table, false, 2, out);
    buf_append_str(out, "\nFROM batch;\n");
}

void new_table_write_post(const struct new_table *table, struct buf *out)
{
    AUTO(buf_fini) struct buf dialect;
    int width = (int)name_width(table);
    buf_init(&dialect, out->max);
    csv_options_write(&table->dialect, &dialect);
    buf_printf(out, "-- @endpoint POST /%s\n", table->app);
    if (table->key_count > 0) {
        buf_append_str(out, "-- Takes rows as CSV or JSON. A row whose ");
        append_keys(table, " and ", out);
        buf_printf(out, " %s there already takes its place.\n", table->key_count > 1 ? "are" : "is");
    } else
        buf_append_str(out, "-- Takes rows as CSV or JSON, and adds them to those that are there.\n");
    if (dialect.len > 0)
        buf_printf(out, "-- @csv %.*s\n", (int)dialect.len, dialect.data);
    for (size_t i = 0; i < table->count; i++)
        append_field(table, &table->columns[i], width, out);
    buf_append_str(out, "-- @example ");
    append_first_row(table, out);
    buf_append_str(out,
        "\n\n/* What stands here was found in the file. A later file may have more in it: take `required` off a\n"
        "   field that may be empty, make an `integer` a `number`, and do the same in schema/. Rules such as\n"
        "   min 0, maxlength 100 or in (a, b) keep out what should never come. */\n\n-- @write\n");
    if (table->key_count > 0)
        append_upsert(table, out);
    else
        append_insert(table, out);
    buf_append_str(out, "\n-- @answer 201\nSELECT count(*) AS stored FROM batch;\n");
}

// --- GET

static void append_param(const char *name, const char *type, const char *what, struct buf *out)
{
    buf_printf(out, "-- @param %s %s -- %s\n", name, type, what);
}

// Decimals are whole numbers in SQLite, so answers have to say that they are decimals; and PostgreSQL's
// timestamps do not say whether they have microseconds.
static void append_columns(const struct new_table *table, struct buf *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct new_column *column = &table->columns[i];
        if (column->digits > 0)
            buf_printf(out, "-- @column %s decimal(%u,%u)\n", column->name, column->digits, column->scale);
        else if (column->has_micros || column->kind == COLUMN_JSON)
            buf_printf(out, "-- @column %s %s\n", column->name, type_of(column));
    }
}

static void append_conditions(const struct new_table *table, struct buf *out)
{
    const char *before = "WHERE";
    for (size_t i = 0; i < table->count; i++) {
        const char *name = table->columns[i].name;
        if (!table->columns[i].is_filter)
            continue;
        buf_printf(out, "%s (:%s IS NULL OR %s = :%s)\n", before, name, name, name);
        before = "  AND";
    }
    if (table->time != NULL)
        buf_printf(out, "%s (:from IS NULL OR %s >= :from)\n  AND (:to IS NULL OR %s <= :to)\n", before,
            table->time->name, table->time->name);
}

void new_table_write_get(const struct new_table *table, struct buf *out)
{
    buf_printf(
        out, "-- @endpoint GET /%s\n-- All rows, a page at a time.\n-- @page 100 max 10000\n", table->app);
    for (size_t i = 0; i < table->count; i++) {
        if (table->columns[i].is_filter)
            append_param(
                table->columns[i].name, types[table->columns[i].kind].type, "only rows with this value", out);
    }
    if (table->time != NULL) {
        const char *type = type_of(table->time);
        append_param("from", type, "only rows from here on", out);
        append_param("to", type, "only rows up to here, inclusive", out);
    }
    append_columns(table, out);
    buf_printf(out, "-- @example /%s?limit=3\n\n-- @answer\nSELECT ", table->app);
    append_names(table, table->key_count == 0, 2, out);
    buf_printf(out, "\nFROM %s\n", table->name);
    append_conditions(table, out);
    buf_append_str(out, "ORDER BY ");
    append_keys(table, ", ", out);
    buf_append_str(out, ";\n");
}

// A part of a path, percent-encoded (RFC 3986).
static void append_part(struct span text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.at[i];
        if (ascii_is_letter(byte) || ascii_is_digit(byte) || byte == '-' || byte == '_')
            buf_append_byte(out, byte);
        else
            buf_printf(out, "%%%02X", (unsigned char)byte);
    }
}

// What of the path of the first row a column says.
static void append_first_part(const struct new_table *table, const struct new_column *column, struct buf *out)
{
    AUTO(buf_fini) struct buf json;
    buf_init(&json, out->max);
    new_table_append_first(table, column, &json);
    struct span value = buf_span(&json);
    if (column->kind == COLUMN_TEXT)
        value = span_trim(column->found->first);
    else if (value.len > 2 && value.at[0] == '"')
        value = (struct span){.at = value.at + 1, .len = value.len - 2};
    append_part(value, out);
}

// The path of the first row.
static void append_first_path(const struct new_table *table, struct buf *out)
{
    buf_printf(out, table->key_count > 0 ? "/%s" : "/%s/1", table->app);
    for (size_t i = 0; i < table->key_count; i++) {
        buf_append_byte(out, '/');
        append_first_part(table, table->keys[i], out);
    }
}

void new_table_write_get_one(const struct new_table *table, struct buf *out)
{
    buf_printf(out, "-- @endpoint GET /%s/{", table->app);
    append_keys(table, "}/{", out);
    buf_append_str(out, "}\n-- One row.\n");
    for (size_t i = 0; i < table->key_count; i++)
        buf_printf(out, "-- @param %s %s\n", table->keys[i]->name, types[table->keys[i]->kind].type);
    if (table->key_count == 0)
        buf_printf(out, "-- @param %s integer\n", table->id);
    buf_append_str(out, "-- @shape object\n");
    append_columns(table, out);
    buf_append_str(out, "-- @example ");
    append_first_path(table, out);
    buf_append_str(out, "\n\n-- @answer\nSELECT ");
    append_names(table, table->key_count == 0, 2, out);
    buf_printf(out, "\nFROM %s WHERE ", table->name);
    if (table->key_count == 0)
        buf_printf(out, "%s = :%s", table->id, table->id);
    for (size_t i = 0; i < table->key_count; i++)
        buf_printf(out, "%s%s = :%s", i > 0 ? " AND " : "", table->keys[i]->name, table->keys[i]->name);
    buf_append_str(out, ";\n");
}

// --- tests

void new_table_write_tests(const struct new_table *table, struct buf *out)
{
    buf_append_str(out,
        "# Requests and what their answers should be, for `reckoner test`. \"...\" stands for any value.\n\n"
        "### the first row of the file is there\nGET ");
    append_first_path(table, out);
    buf_printf(out,
        "\nHTTP 200\nContent-Type: application/json\n\n{\"...\": \"...\"}\n\n"
        "### so are pages of them\nGET /%s?limit=1\nHTTP 200\n\n[{\"...\": \"...\"}]\n\n"
        "### a row is taken\nPOST /%s\nContent-Type: application/json\n\n",
        table->app, table->app);
    append_first_row(table, out);
    buf_append_str(out, "\nHTTP 201\n\n[{\"stored\": 1}]\n");
}
