// SPDX-License-Identifier: Apache-2.0
// The server tells of each function whether it may give other results for the same arguments (pg_proc's
// provolatile). Which functions a view calls stands in its stored tree, operators and conversions too. Of the
// statement itself there is no such tree to be had; so its words are looked through, and what they may mean
// is asked of the server. Stable functions that only read settings, which a session of ours does not change,
// are harmless; they are listed here.
//
// A text becomes a time by a cast, and the text 'now' or 'today' becomes the time at hand. A literal is seen
// in the words; a parameter or a column that is cast is a reason not to keep an answer unless its type is
// another one than text.
//
// Where it errs, an answer is not kept. The connection's thread; not for each request.
#include "store/postgresql/calls.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "base/attr.h"
#include "base/limits.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/prepared.h"
#include "store/postgresql/reads.h"
#include "store/postgresql/stmt.h"
#include "store/postgresql/text_array.h"
#include "store/postgresql/value.h"
#include "text/sql_quote.h"
#include "text/sql_scan.h"

enum { MAX_DEPTH = 64 }; // of parentheses

// What stands in front of a cast.
enum operand_kind {
    OPERAND_OTHER,  // nothing that one could look up
    OPERAND_SAFE,   // no text, or a literal
    OPERAND_COLUMN, // perhaps
    OPERAND_CALL,   // of a function
};

struct operand {
    enum operand_kind kind;
    struct span name; // of the column or function
    size_t start;     // offset of its first token
};

struct parenthesis {
    struct span call; // the word in front of it; empty: none
    size_t start;     // offset of that, or of the parenthesis
    size_t first;     // offset of the first token inside
    bool is_cast;     // of CAST (… AS …)
};

// What is found in the words of a statement.
struct reading {
    const struct pg_stmt *stmt;         // borrowed
    struct buf calls;                   // an array: words with a parenthesis behind them
    struct buf types;                   // an array: names of types to which something is cast
    struct buf operands;                // likewise what: a column, a function() or nothing
    const char *why;                    // static; NULL: nothing was found so far
    struct parenthesis open[MAX_DEPTH]; //
    size_t depth;                       //
    struct operand last;                // the latest operand
    struct operand cast;                // what is cast, while a type is expected
    bool expects_type;                  // the next word is one
    bool is_type;                       // the token before was one, or its schema
    bool starts;                        // the next token is the first in a parenthesis
    struct sql_token before;            // the token in front of this one
};

static void append_name(struct buf *array, struct span token, const char *behind)
{
    char name[140];
    struct span bare = sql_unquoted(token);
    size_t len = 0;
    for (; len < bare.len && len < 128; len++)
        name[len] = bare.len < token.len ? bare.at[len] : ascii_lower(bare.at[len]);
    for (; *behind != '\0'; behind++)
        name[len++] = *behind;
    pg_append_item(array, (struct span){.at = name, .len = len});
}

static void note_cast(struct reading *reading, struct span type, const struct operand *operand)
{
    if (operand->kind == OPERAND_SAFE)
        return;
    struct span name = {.at = ""};
    if (operand->kind != OPERAND_OTHER)
        name = operand->name;
    append_name(&reading->types, type, "");
    append_name(&reading->operands, name, operand->kind == OPERAND_CALL ? "()" : "");
}

// The operand when it is all that the parenthesis has.
static struct operand sole_operand(const struct reading *reading, const struct parenthesis *parenthesis)
{
    return reading->last.start == parenthesis->first ? reading->last : (struct operand){0};
}

// --- tokens

// Of a name, in quotes or without: letters of other alphabets, too.
static bool is_name_start(char first)
{
    return ascii_is_letter(first) || first == '_' || first == '"' || (unsigned char)first >= 0x80;
}

static void on_open(struct reading *reading, const struct sql_token *token)
{
    const struct sql_token *before = &reading->before;
    bool has_word = before->kind == SQL_CODE && is_name_start(before->text.at[0]);
    if (reading->depth == MAX_DEPTH) {
        reading->why = "it has too many parentheses to be looked through";
        return;
    }
    struct parenthesis *parenthesis = &reading->open[reading->depth++];
    *parenthesis = (struct parenthesis){.start = token->offset};
    if (has_word) {
        parenthesis->call = before->text;
        parenthesis->start = reading->last.start;
        parenthesis->is_cast = span_is_nocase(before->text, "cast");
        append_name(&reading->calls, before->text, "");
    }
    reading->starts = true;
}

static void on_close(struct reading *reading)
{
    static const char *const converters[] = {"date", "timestamptz", "timetz"};
    if (reading->depth == 0)
        return;
    const struct parenthesis *parenthesis = &reading->open[--reading->depth];
    struct operand inside = sole_operand(reading, parenthesis);
    if (sql_is_one_of(sql_unquoted(parenthesis->call), converters, ARRAY_LEN(converters)))
        note_cast(reading, parenthesis->call, &inside);
    if (parenthesis->call.len > 0)
        inside = (struct operand){.kind = OPERAND_CALL, .name = parenthesis->call};
    inside.start = parenthesis->start;
    reading->last = inside;
}

static bool is_text(Oid type)
{
    return type == PG_TYPE_UNKNOWN || type == PG_TYPE_TEXT || type == PG_TYPE_VARCHAR ||
           type == PG_TYPE_BPCHAR || type == PG_TYPE_NAME || type == PG_TYPE_JSON;
}

// A number, which may be that of a parameter: the scanner takes $1 for two tokens.
static void on_number(struct reading *reading, const struct sql_token *token)
{
    const struct pg_prepared *prepared = reading->stmt->prepared;
    struct operand operand = {.kind = OPERAND_SAFE, .start = token->offset};
    if (span_is(reading->before.text, "$")) {
        size_t number = (size_t)strtoul(token->text.at, NULL, 10);
        bool is_known = number >= 1 && number <= prepared->param_count;
        operand.start = reading->before.offset;
        if (!is_known || is_text(prepared->param_types[number - 1]))
            operand.kind = OPERAND_OTHER;
    }
    reading->last = operand;
}

static void on_type(struct reading *reading, const struct sql_token *token)
{
    static const char *const texts[] = {
        "text", "varchar", "char", "character", "bpchar", "name", "citext", "json", "jsonb", "xml"};
    bool is_text_type = sql_is_one_of(sql_unquoted(token->text), texts, ARRAY_LEN(texts));
    note_cast(reading, token->text, &reading->cast);
    reading->last.kind = is_text_type ? OPERAND_OTHER : OPERAND_SAFE;
    reading->last.start = reading->cast.start;
}

static void on_word(struct reading *reading, const struct sql_token *token)
{
    static const char *const times[] = {
        "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"};
    static const char *const sessions[] = {"current_role", "current_user", "user", "session_user",
        "current_catalog", "current_schema", "system_user"};
    bool is_behind_dot = span_is(reading->before.text, ".");
    if (sql_is_one_of(token->text, times, ARRAY_LEN(times)))
        reading->why = "it asks for the time";
    else if (sql_is_one_of(token->text, sessions, ARRAY_LEN(sessions)) && !is_behind_dot)
        reading->why = "it asks for the session's user or schema";
    else if (span_is_nocase(token->text, "tablesample"))
        reading->why = "it takes a sample of a table";
    const struct parenthesis *inner = reading->depth > 0 ? &reading->open[reading->depth - 1] : NULL;
    if (inner != NULL && inner->is_cast && span_is_nocase(token->text, "as")) {
        reading->cast = sole_operand(reading, inner);
        reading->expects_type = true;
        return;
    }
    size_t start = is_behind_dot ? reading->last.start : token->offset;
    reading->last = (struct operand){.kind = OPERAND_COLUMN, .name = token->text, .start = start};
}

// A text, between quotes or dollar signs. Words in it that the server takes for a time.
static void on_text(struct reading *reading, const struct sql_token *token)
{
    static const char *const times[] = {"now", "today", "tomorrow", "yesterday"};
    struct span rest = token->text;
    for (size_t i = 0; i < rest.len;) {
        size_t len = 0;
        while (i + len < rest.len && ascii_is_letter(rest.at[i + len]))
            len++;
        if (sql_is_one_of((struct span){.at = rest.at + i, .len = len}, times, ARRAY_LEN(times)))
            reading->why = "it has a text that may mean the time, such as 'now'";
        i += len > 0 ? len : 1;
    }
    reading->last = (struct operand){.kind = OPERAND_SAFE, .start = token->offset};
}

static void on_token(struct reading *reading, const struct sql_token *token)
{
    char first = token->text.at[0];
    bool is_name = is_name_start(first);
    bool is_escaped = (first == 'e' || first == 'E') && token->text.len > 1 && token->text.at[1] == '\'';
    bool expected_type = reading->expects_type, was_type = reading->is_type;
    if (reading->starts && reading->depth > 0)
        reading->open[reading->depth - 1].first = token->offset;
    reading->starts = reading->expects_type = reading->is_type = false;
    if (first == '\'' || is_escaped || (first == '$' && token->text.len > 1)) {
        on_text(reading, token);
    } else if (span_is(token->text, "(")) {
        on_open(reading, token);
    } else if (span_is(token->text, ")")) {
        on_close(reading);
    } else if (span_is(token->text, "::")) {
        reading->cast = reading->last;
        reading->expects_type = true;
    } else if (span_is(token->text, ".")) {
        reading->expects_type = was_type; // what looked like the type was its schema
    } else if (is_name && expected_type) {
        on_type(reading, token);
        reading->is_type = true;
    } else if (is_name) {
        on_word(reading, token);
    } else if (ascii_is_digit(first)) {
        on_number(reading, token);
    } else {
        reading->last = (struct operand){.start = token->offset};
    }
    reading->before = *token;
}

static void read_words(struct reading *reading)
{
    struct sql_scan scan;
    sql_scan_init(&scan, span_of(reading->stmt->prepared->sql), SQL_POSTGRESQL);
    for (struct sql_token token; (token = sql_scan_next_code(&scan)).kind != SQL_END;)
        on_token(reading, &token);
    pg_end_array(&reading->calls);
    pg_end_array(&reading->types);
    pg_end_array(&reading->operands);
}

// --- what the server says to them

// Functions that are stable for the sake of settings such as the time zone, or of the types that they take.
#define HARMLESS                                                                                             \
    "('anytextcat', 'array_to_json', 'array_to_string', 'concat', 'concat_ws', 'convert', "                  \
    "'convert_from', 'convert_to', 'date', 'date_eq_timestamptz', 'date_ge_timestamptz', "                   \
    "'date_gt_timestamptz', 'date_le_timestamptz', 'date_lt_timestamptz', 'date_ne_timestamptz', "           \
    "'date_part', 'date_trunc', 'extract', 'format', 'generate_series', 'in_range', "                        \
    "'interval_pl_timestamptz', 'json_agg', 'json_build_array', 'json_build_object', "                       \
    "'json_object_agg', 'json_to_tsvector', 'jsonb_agg', 'jsonb_build_array', 'jsonb_build_object', "        \
    "'jsonb_object_agg', 'jsonb_to_tsvector', 'length', 'make_timestamptz', 'numeric', 'overlaps', "         \
    "'pg_typeof', 'phraseto_tsquery', 'plainto_tsquery', 'quote_literal', 'quote_nullable', "                \
    "'row_to_json', 'text', 'textanycat', 'time', 'timestamp', 'timestamp_eq_timestamptz', "                 \
    "'timestamp_ge_timestamptz', 'timestamp_gt_timestamptz', 'timestamp_le_timestamptz', "                   \
    "'timestamp_lt_timestamptz', 'timestamp_ne_timestamptz', 'timestamptz', 'timestamptz_eq_date', "         \
    "'timestamptz_eq_timestamp', 'timestamptz_ge_date', 'timestamptz_ge_timestamp', "                        \
    "'timestamptz_gt_date', 'timestamptz_gt_timestamp', 'timestamptz_le_date', "                             \
    "'timestamptz_le_timestamp', 'timestamptz_lt_date', 'timestamptz_lt_timestamp', "                        \
    "'timestamptz_mi_interval', 'timestamptz_ne_date', 'timestamptz_ne_timestamp', "                         \
    "'timestamptz_pl_interval', 'timetz', 'timezone', 'to_char', 'to_date', 'to_json', 'to_jsonb', "         \
    "'to_number', 'to_timestamp', 'to_tsquery', 'to_tsvector', 'ts_headline', 'ts_match_tq', "               \
    "'ts_match_tt', 'websearch_to_tsquery')"

// Types of these categories are no texts, and nothing that may hold one.
#define NO_TEXT "NOT IN ('S', 'U', 'X', 'C', 'P', 'Z', 'A')"

// $1: the relations that the statement reads. $2: words with a parenthesis behind them. $3: the statement.
// $4, $5: what is cast to which type. In a view's tree COERCEVIAIO is a cast from or to a text, and the types
// are date, timestamp, time, with and without zone.
static const char why_sql[] =
    "SELECT why FROM ("
    "  SELECT 1 AS rank, 'it calls ' || p.proname || '()' AS why"
    "  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
    "  WHERE n.nspname <> 'reckoner' AND (p.provolatile <> 'i' OR EXISTS (SELECT FROM pg_catalog.pg_aggregate g"
    "    JOIN pg_catalog.pg_proc t ON t.oid IN (g.aggtransfn, g.aggfinalfn) WHERE g.aggfnoid = p.oid"
    "    AND p.oid >= 16384 AND t.provolatile <> 'i'))"
    "  AND NOT (n.nspname = 'pg_catalog' AND p.proname IN " HARMLESS ")"
    "  AND (p.proname = ANY ($2::text[]) OR p.oid IN (SELECT called[1]::oid FROM pg_catalog.pg_rewrite w,"
    "    pg_catalog.regexp_matches(w.ev_action::text, ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\\d+)', 'g') called"
    "    WHERE w.ev_class = ANY ($1::oid[])))"
    "  UNION ALL SELECT 2, 'the view ' || c.relname || ' asks for the time, the user or a sample'"
    "  FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_class c ON c.oid = w.ev_class WHERE c.oid = ANY ($1::oid[])"
    "  AND w.ev_action::text ~ '\\{(SQLVALUEFUNCTION|TABLESAMPLECLAUSE|NEXTVALUEEXPR)'"
    "  UNION ALL SELECT 3, 'the view ' || c.relname || ' casts a text to a time, and ''now'' may be such a text'"
    "  FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_class c ON c.oid = w.ev_class WHERE c.oid = ANY ($1::oid[])"
    "  AND w.ev_action::text ~ '\\{COERCEVIAIO' AND w.ev_action::text ~ ' :resulttype (1082|1083|1114|1184|1266)'"
    "  UNION ALL SELECT 4, 'the rows of ' || c.relname || ' that it sees are for a policy to say'"
    "  FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::oid[]) AND c.relrowsecurity"
    "  UNION ALL SELECT 5, 'it may use the operator ' || o.oprname || ', which is not immutable'"
    "  FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode"
    "  WHERE o.oid >= 16384 AND p.provolatile <> 'i' AND pg_catalog.strpos($3, o.oprname) > 0"
    "  UNION ALL SELECT 6, 'there is a cast whose function is volatile' FROM pg_catalog.pg_cast k"
    "  JOIN pg_catalog.pg_proc p ON p.oid = k.castfunc WHERE k.oid >= 16384 AND p.provolatile = 'v'"
    "  UNION ALL SELECT 7, 'it casts what may be a text to ' || k.type || ', and ''now'' may be such a text'"
    "  FROM ROWS FROM (pg_catalog.unnest($4::text[]), pg_catalog.unnest($5::text[])) AS k (type, operand)"
    "  JOIN pg_catalog.pg_type t ON t.typname = k.type AND t.typcategory IN ('D', 'R', 'C')"
    "  WHERE (CASE WHEN k.operand = '' THEN false"
    "    WHEN pg_catalog.right(k.operand, 2) = '()' THEN (SELECT pg_catalog.bool_and(r.typcategory " NO_TEXT
    ")"
    "      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_type r ON r.oid = p.prorettype"
    "      WHERE p.proname = pg_catalog.left(k.operand, -2))"
    "    ELSE (SELECT pg_catalog.bool_and(r.typcategory " NO_TEXT ") FROM pg_catalog.pg_attribute a"
    "      JOIN pg_catalog.pg_type r ON r.oid = a.atttypid WHERE a.attrelid = ANY ($1::oid[])"
    "      AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = k.operand) END) IS NOT TRUE"
    ") AS reasons ORDER BY rank, why COLLATE \"C\" LIMIT 1";

struct question {
    const struct reading *reading; // borrowed
    struct buf *why;               // borrowed
};

static enum err_code ask(void *ctx, struct pg_conn *conn, const char *relations, struct err *err)
{
    struct question *question = ctx;
    const struct reading *reading = question->reading;
    const char *const params[] = {relations, reading->calls.data, reading->stmt->prepared->sql,
        reading->types.data, reading->operands.data};
    PGresult *reasons = NULL;
    enum err_code code = pg_query(conn, why_sql, ARRAY_LEN(params), params, &reasons, err);
    if (code == ERR_NONE && PQntuples(reasons) > 0)
        buf_append_str(question->why, PQgetvalue(reasons, 0, 0));
    PQclear(reasons);
    return code;
}

enum err_code pg_versions_miss(struct store_stmt *base, struct buf *why, struct err *err)
{
    struct reading reading = {.stmt = pg_stmt(base)};
    struct question question = {.reading = &reading, .why = why};
    buf_init(&reading.calls, 4 * LIMIT_APP_FILE_BYTES);
    buf_init(&reading.types, 4 * LIMIT_APP_FILE_BYTES);
    buf_init(&reading.operands, 4 * LIMIT_APP_FILE_BYTES);
    read_words(&reading);
    bool has_room = buf_status(&reading.calls) == ERR_NONE && buf_status(&reading.types) == ERR_NONE &&
                    buf_status(&reading.operands) == ERR_NONE;
    enum err_code code = has_room ? ERR_NONE : err_no_memory(err);
    if (code == ERR_NONE && reading.why != NULL)
        buf_append_str(why, reading.why);
    else if (code == ERR_NONE)
        code = pg_ask_about_relations(pg_stmt(base), ask, &question, err);
    buf_fini(&reading.calls);
    buf_fini(&reading.types);
    buf_fini(&reading.operands);
    if (code == ERR_NONE && buf_status(why) != ERR_NONE)
        code = err_no_memory(err);
    return code;
}
