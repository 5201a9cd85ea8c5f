// SPDX-License-Identifier: Apache-2.0
// Times are milliseconds since 1970 by the database's clock. A row waits while `ended` is 0, from `next` on;
// who has taken it has set `token`, and `next` to when somebody else may. Its days count from `since`.
#include "batch/outbox.h"

#include <string.h>

#include "base/attr.h"
#include "base/limits.h"
#include "base/random_id.h"

#define PREFIX "hook_"

enum { PREFIX_CHARS = sizeof(PREFIX) - 1 };

static const char MAKE[] =
    "CREATE TABLE IF NOT EXISTS reckoner_outbox (id text NOT NULL PRIMARY KEY, endpoint text NOT NULL, "
    "batch bigint NOT NULL, row_count bigint NOT NULL, created bigint NOT NULL, since bigint NOT NULL, next bigint NOT NULL, "
    "attempts bigint NOT NULL DEFAULT 0, token bigint NOT NULL DEFAULT 0, ended bigint NOT NULL DEFAULT 0, "
    "status bigint NOT NULL DEFAULT 0, result text NOT NULL DEFAULT '');\n"
    "CREATE INDEX IF NOT EXISTS reckoner_outbox_due ON reckoner_outbox (endpoint, next) WHERE ended = 0;\n"
    "CREATE INDEX IF NOT EXISTS reckoner_outbox_ended ON reckoner_outbox (ended) WHERE ended > 0";

#define INSERT(now)                                                                                          \
    "INSERT INTO reckoner_outbox (id, endpoint, batch, row_count, created, since, next)"                     \
    " VALUES (:id, :endpoint, :batch, :rows, " now " / 1000, " now " / 1000, " now " / 1000)"

bool outbox_is_for_app(const struct app *app)
{
    for (size_t i = 0; i < app->endpoint_count; i++) {
        if (outbox_is_for(&app->endpoints[i]))
            return true;
    }
    return false;
}

enum err_code outbox_make_table(struct store_conn *conn, struct err *err)
{
    return store_make_table(conn, "reckoner_outbox", MAKE, err);
}

enum err_code outbox_add(struct own_statements *own, const struct endpoint *endpoint, int64_t batch_id,
    uint64_t rows, struct err *err)
{
    static const char sqlite[] = INSERT(OWN_NOW_SQLITE), postgresql[] = INSERT(OWN_NOW_POSTGRESQL);
    char id[OUTBOX_ID_CHARS], name[ENDPOINT_NAME_CHARS];
    memcpy(id, PREFIX, PREFIX_CHARS);
    enum err_code code = random_id_write(id + PREFIX_CHARS, sizeof(id) - PREFIX_CHARS, err);
    if (code != ERR_NONE)
        return code;
    endpoint_name(endpoint, name);
    const struct own_param params[] = {
        own_text("id", (struct span){.at = id, .len = sizeof(id)}),
        own_text("endpoint", span_of(name)),
        own_integer("batch", batch_id),
        own_integer("rows", (int64_t)rows),
    };
    return own_send_kept(own, own_sql_of(own->conn, sqlite, postgresql), params, ARRAY_LEN(params), err);
}
