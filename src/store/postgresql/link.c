// SPDX-License-Identifier: Apache-2.0
// Where a link leads: to the primary among the url's hosts (PostgreSQL 34.1.1.3), of which the one that was
// met last is asked first. A machine that is lost without a word costs LIMIT_STORE_CONNECT_MS each time that
// it is asked, and after a failover the url may name it first for days. Any thread.
//
// A replica's links lead to the standbys among them, one to each in turn, so that they share the work.
#include "store/postgresql/link.h"

#include <assert.h>
#include <stdlib.h>

#include "base/limits.h"
#include "store/postgresql/store.h"

static_assert(LIMIT_STORE_CONNECT_MS == 3000, "connect_timeout below is the same");

// The comma-separated lists of the url, as it gives them; NULL: it does not.
struct hosts {
    const char *names;     // host
    const char *addresses; // hostaddr
    const char *ports;     // port
};

static struct hosts find_hosts(const PQconninfoOption *options)
{
    struct hosts hosts = {0};
    for (; options->keyword != NULL; options++) {
        if (strcmp(options->keyword, "host") == 0)
            hosts.names = options->val;
        else if (strcmp(options->keyword, "hostaddr") == 0)
            hosts.addresses = options->val;
        else if (strcmp(options->keyword, "port") == 0)
            hosts.ports = options->val;
    }
    return hosts;
}

// --- lists

static unsigned count_items(const char *list)
{
    unsigned count = 1;
    for (; *list != '\0'; list++)
        count += *list == ',';
    return count;
}

static struct span item(const char *list, unsigned index)
{
    struct span rest = span_of(list), found;
    do
        found = span_split(&rest, ',');
    while (index-- > 0);
    return found;
}

// The list, beginning with that item, with a NUL; one of a single item holds for all, and stays.
static const char *rotate(const char *list, unsigned first, struct buf *out)
{
    if (list == NULL)
        return NULL;
    unsigned count = count_items(list);
    for (unsigned i = 0; i < count; i++) {
        struct span part = item(list, (first + i) % count);
        buf_append_str(out, i > 0 ? "," : "");
        buf_append(out, part.at, part.len);
    }
    buf_append_byte(out, '\0');
    return out->data;
}

// --- links

void pg_session_name(const char *app, char ret_name[PG_SESSION_NAME_CHARS])
{
    snprintf(ret_name, PG_SESSION_NAME_CHARS, "reckoner %s", app);
}

// libpq's parameters: the first ones come before the url, which may say otherwise; what must be so comes
// behind.
static PGconn *open_link(const struct pg_store *store, const char *wanted, const char *host,
    const char *hostaddr, const char *port)
{
    char name[PG_SESSION_NAME_CHARS];
    pg_session_name(store->name, name);
    static const char *const names[] = {"fallback_application_name", "target_session_attrs",
        "connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
        "dbname", "host", "hostaddr", "port", "client_encoding", NULL};
    const char *const values[] = {
        name, wanted, "3", "10", "5", "3", "20000", store->url, host, hostaddr, port, "UTF8", NULL};
    return PQconnectdbParams(names, values, 1);
}

// Remembers which of the hosts the link leads to.
static void remember(struct pg_store *store, const struct hosts *hosts, unsigned count, PGconn *link)
{
    const char *list = hosts->names != NULL ? hosts->names : hosts->addresses;
    const char *host = PQhost(link), *port = PQport(link);
    for (unsigned i = 0; host != NULL && port != NULL && i < count; i++) {
        bool is_port = hosts->ports == NULL || count_items(hosts->ports) != count ||
                       span_is(item(hosts->ports, i), port);
        if (is_port && span_is(item(list, i), host)) {
            atomic_store_explicit(&store->first_host, i, memory_order_relaxed);
            return;
        }
    }
}

static void ignore_notice(void *ctx, const PGresult *notice)
{
    (void)ctx;
    (void)notice;
}

PGconn *pg_open_link(struct pg_store *store)
{
    PQconninfoOption *options = PQconninfoParse(store->url, NULL);
    if (options == NULL)
        return NULL;
    struct hosts hosts = find_hosts(options);
    const char *list = hosts.names != NULL ? hosts.names : hosts.addresses;
    unsigned count = list != NULL ? count_items(list) : 1;
    unsigned first = store->is_replica
                         ? atomic_fetch_add_explicit(&store->first_host, 1, memory_order_relaxed)
                         : atomic_load_explicit(&store->first_host, memory_order_relaxed);
    // Where there is no standby, libpq asks each host once more, for any.
    const char *wanted = !store->is_replica ? "read-write" : count > 1 ? "prefer-standby" : "any";
    AUTO(buf_fini) struct buf names;
    AUTO(buf_fini) struct buf addresses;
    AUTO(buf_fini) struct buf ports;
    buf_init(&names, LIMIT_APP_FILE_BYTES);
    buf_init(&addresses, LIMIT_APP_FILE_BYTES);
    buf_init(&ports, LIMIT_APP_FILE_BYTES);
    PGconn *link = NULL;
    const char *host = rotate(hosts.names, first, &names),
               *hostaddr = rotate(hosts.addresses, first, &addresses),
               *port = rotate(hosts.ports, first, &ports);
    if (buf_status(&names) == ERR_NONE && buf_status(&addresses) == ERR_NONE &&
        buf_status(&ports) == ERR_NONE)
        link = open_link(store, wanted, host, hostaddr, port);
    if (link != NULL && count > 1 && !store->is_replica && PQstatus(link) == CONNECTION_OK)
        remember(store, &hosts, count, link);
    if (link != NULL)
        PQsetNoticeReceiver(link, ignore_notice, NULL);
    PQconninfoFree(options);
    return link;
}

const char pg_pid_sql[] = "SELECT pg_catalog.pg_backend_pid()";

bool pg_is_pooled(PGconn *link, const PGresult *pid)
{
    return atoi(PQgetvalue(pid, 0, 0)) != PQbackendPID(link);
}
