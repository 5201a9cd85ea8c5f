// SPDX-License-Identifier: Apache-2.0
// The table, and what is looked up in it: options.c reads values by it, help.c prints it. Immutable; any
// thread.
#include "cmd/option.h"

#include <string.h>

#include "base/attr.h"
#include "cmd/options.h"

enum {
    MAX_THREADS = 256,
    MAX_TIMEOUT_S = 3600,
    MAX_IDLE_S = 7 * 24 * 3600,
    MAX_CACHE_MIB = 1024 * 1024,
    MIN_BODY_BYTES = 1024,
    MS_PER_S = 1000,
    MIN_STATEMENT_MS = 100,
    MAX_QUEUE = 1000000,
    MAX_CONNECTIONS = 60000,
    MIN_SPOOL_BYTES = 1024 * 1024,
};

#define MAX_BODY_BYTES ((size_t)1 << 40) // a TiB

enum {
    KEY = COMMAND_KEY_CREATE | COMMAND_KEY_LIST | COMMAND_KEY_SHOW | COMMAND_KEY_ROTATE | COMMAND_KEY_REVOKE,
    LOADS = COMMAND_EXPLAIN | COMMAND_LOAD | COMMAND_RESET, // may do a first load
    BACKUPS = COMMAND_BACKUP | COMMAND_RESTORE | COMMAND_VERIFY,
    JOBS = COMMAND_JOB_LIST | COMMAND_JOB_SHOW | COMMAND_JOB_RETRY | COMMAND_JOB_CANCEL,
    HOOKS = COMMAND_HOOK_LIST | COMMAND_HOOK_RETRY | COMMAND_HOOK_DROP,
    ON_STORE = LOADS | COMMAND_USAGE | BACKUPS | JOBS | HOOKS, // work on a server's store
    ON_FILES = COMMAND_CHECK | COMMAND_TEST | COMMAND_ROUTES,  // try an app's files, on a store of their own
    ALL = COMMAND_SERVE | COMMAND_INIT | COMMAND_HEALTH | COMMAND_TOP | ON_STORE | ON_FILES | KEY |
          COMMAND_CONFIG,
};

const struct option_row option_rows[] = {
    {
        .flag = "--config",
        .variable = "RECKONER_CONFIG",
        .type = OPTION_PATH,
        .field = offsetof(struct options, config),
        .help =
            {{COMMAND_SERVE | COMMAND_CONFIG, "FILE",
                 "the configuration: options, and the apps, which need not be named here then; read again at "
                 "SIGHUP"},
                {COMMAND_CONFIG | COMMAND_HEALTH | COMMAND_TOP | ON_STORE | KEY, "FILE",
                    "the configuration of the server, reckoner.ini"}},
    },
    {
        .flag = "--listen",
        .variable = "RECKONER_LISTEN",
        .key = "server.listen",
        .type = OPTION_LIST,
        .field = offsetof(struct options, listen),
        .standard = "127.0.0.1:8080",
        .help = {{COMMAND_SERVE, "ADDR:PORT",
                     "where to listen: PORT alone is of 127.0.0.1, :PORT of all addresses; port 0 takes a "
                     "free one; may be given several times"},
            {COMMAND_HEALTH | COMMAND_TOP, "ADDR:PORT", "where the server listens, unless ADDRESS says so"},
            {COMMAND_SERVE, "unix:PATH",
                "a Unix socket; ,mode=0660 ,user=NAME and ,group=NAME may stand behind it"},
            {COMMAND_SERVE, "ADDR:PORT,proxy",
                "either of them, for trusted proxies that begin with a PROXY header, of version 1 or 2"}},
    },
    {
        .flag = "--trust-proxy",
        .variable = "RECKONER_TRUST_PROXY",
        .key = "server.trust_proxy",
        .type = OPTION_LIST,
        .field = offsetof(struct options, trust_proxy),
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "CIDR",
            "proxies that are believed whose a request is: 10.0.0.0/8, an address, or unix for all of Unix "
            "sockets; may be given several times, or several with commas"}},
    },
    {
        .flag = "--proxy-header",
        .variable = "RECKONER_PROXY_HEADER",
        .key = "server.proxy_header",
        .type = OPTION_CHOICE,
        .field = offsetof(struct options, proxy_header),
        .choices = "either|x-forwarded-for|forwarded",
        .standard = "either",
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "NAME",
            "the field in which they say so: x-forwarded-for, forwarded; or either, which takes the former "
            "where both are there"}},
    },
    {
        .flag = "--admin-listen",
        .variable = "RECKONER_ADMIN_LISTEN",
        .key = "server.admin_listen",
        .type = OPTION_LIST,
        .field = offsetof(struct options, admin_listen),
        .help =
            {{COMMAND_SERVE, "ADDR:PORT",
                 "where the server's own pages below /-/ are, and no app; but for /-/docs, /-/usage, /-/batches and "
                 "/-/jobs they are not at --listen then"},
                {COMMAND_HEALTH | COMMAND_TOP, "ADDR:PORT",
                    "where its own pages are, unless ADDRESS says so"}},
    },
    {
        .flag = "--tls-listen",
        .variable = "RECKONER_TLS_LISTEN",
        .key = "tls.listen",
        .type = OPTION_LIST,
        .field = offsetof(struct options, tls_listen),
        .help = {{COMMAND_SERVE, "ADDR:PORT", "where to listen for https; forms as of --listen"}},
    },
    {
        .flag = "--tls-cert",
        .variable = "RECKONER_TLS_CERT",
        .key = "tls.cert",
        .type = OPTION_PATH,
        .field = offsetof(struct options, tls_cert),
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "FILE",
            "the certificate of https, PEM, with those of its issuers behind it"}},
    },
    {
        .flag = "--tls-key",
        .variable = "RECKONER_TLS_KEY",
        .key = "tls.key",
        .type = OPTION_PATH,
        .field = offsetof(struct options, tls_key),
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "FILE", "its key, PEM, not encrypted"}},
    },
    {
        .flag = "--tls-min",
        .variable = "RECKONER_TLS_MIN",
        .key = "tls.min",
        .type = OPTION_CHOICE,
        .field = offsetof(struct options, tls_min),
        .choices = "1.2|1.3",
        .standard = "1.2",
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "VERSION", "the oldest version of TLS that is spoken: 1.2 or 1.3"}},
    },
    {
        .flag = "--tls-client",
        .variable = "RECKONER_TLS_CLIENT",
        .key = "tls.client",
        .type = OPTION_CHOICE,
        .field = offsetof(struct options, tls_client),
        .choices = "none|optional|required",
        .standard = "none",
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "HOW",
            "whether clients show a certificate: none, optional, or required, so that whoever has none is not "
            "served"}},
    },
    {
        .flag = "--tls-client-ca",
        .variable = "RECKONER_TLS_CLIENT_CA",
        .key = "tls.client_ca",
        .type = OPTION_PATH,
        .field = offsetof(struct options, tls_client_ca),
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "FILE", "the authorities whose certificates of clients count, PEM"}},
    },
    {
        .flag = "--tls-client-crl",
        .variable = "RECKONER_TLS_CLIENT_CRL",
        .key = "tls.client_crl",
        .type = OPTION_PATH,
        .field = offsetof(struct options, tls_client_crl),
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "FILE", "the certificates that they have revoked, PEM"}},
    },
    {
        .flag = "--var",
        .variable = "RECKONER_VAR",
        .key = "store.var",
        .type = OPTION_PATH,
        .field = offsetof(struct options, var),
        .standard = "var",
        .help = {{COMMAND_SERVE, "DIR", "what the server writes: DIR/<app>.db, large answers and bodies"},
            {ON_STORE | KEY, "DIR", "where the server keeps DIR/<app>.db"}},
    },
    {
        .flag = "--store",
        .variable = "RECKONER_STORE",
        .key = "store.url",
        .type = OPTION_STORE,
        .is_secret = true,
        .field = offsetof(struct options, store),
        .help = {{COMMAND_SERVE, "URL",
                     "the store itself: sqlite:PATH, for a single app, or postgresql://…, where each app has a "
                     "schema of its name"},
            {ON_STORE | KEY, "URL", "the store itself: sqlite:PATH or postgresql://…"},
            {ON_FILES, "URL",
                "with postgresql://…: the files for that database, tried in schemas of their own there, which "
                "are removed again; otherwise those for SQLite"}},
    },
    {
        .flag = "--read-store",
        .variable = "RECKONER_READ_STORE",
        .key = "store.read_url",
        .type = OPTION_STORE,
        .is_secret = true,
        .field = offsetof(struct options, read_store),
        .help = {{COMMAND_SERVE, "URL",
            "a standby of a postgresql:// store: reads go there as soon as it has seen all that was committed "
            "before them, and to the store otherwise"}},
    },
    {
        .flag = "--data",
        .variable = "RECKONER_DATA",
        .type = OPTION_LIST,
        .field = offsetof(struct options, data),
        .help = {{COMMAND_SERVE, "DIR",
                     "where the first load finds its files, in place of the app's own data/; of several apps "
                     "each looks in DIR/<app>/ first, if there is such a folder"},
            {COMMAND_SERVE, "APP=DIR", "the same for one app; may be given for each"},
            {LOADS, "DIR", "where the first load finds its files, in place of the app's own data/"}},
    },
    {
        .flag = "--csv",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, csv),
        .help = {{COMMAND_LOAD, "WORDS",
            "words of @csv that say how a CSV file is written, over those of the endpoint"}},
    },
    {
        .flag = "--watch",
        .key = "server.watch",
        .type = OPTION_SWITCH,
        .field = offsetof(struct options, watch),
        .help = {{COMMAND_SERVE, NULL, "a file of an app that is edited takes effect at the next request"}},
    },
    {
        .flag = "--reset",
        .type = OPTION_SWITCH,
        .field = offsetof(struct options, reset),
        .help = {{COMMAND_SERVE, NULL,
            "begins with empty stores, as 'reckoner reset' makes them, after asking"}},
    },
    {
        .flag = "--yes",
        .type = OPTION_SWITCH,
        .field = offsetof(struct options, yes),
        .help = {{COMMAND_RESET | COMMAND_SERVE, NULL, "answers the question of a reset"}},
    },
    {
        .flag = "--loops",
        .variable = "RECKONER_LOOPS",
        .key = "server.loops",
        .type = OPTION_THREADS,
        .field = offsetof(struct options, loops),
        .min = 1,
        .max = MAX_THREADS,
        .standard = "one a core",
        .help = {{COMMAND_SERVE, "N", "event loops"}},
    },
    {
        .flag = "--workers",
        .variable = "RECKONER_WORKERS",
        .key = "server.workers",
        .type = OPTION_THREADS,
        .field = offsetof(struct options, workers),
        .min = 1,
        .max = MAX_THREADS,
        .standard = "one a core",
        .help = {{COMMAND_SERVE, "N", "threads that run reads"}},
    },
    {
        .flag = "--max-body",
        .variable = "RECKONER_MAX_BODY",
        .key = "limits.max_body",
        .type = OPTION_BYTES,
        .field = offsetof(struct options, max_body_bytes),
        .min = MIN_BODY_BYTES,
        .max = MAX_BODY_BYTES,
        .standard = "1GiB",
        .help = {{COMMAND_SERVE, "BYTES",
            "the largest body of a request; KiB, MiB or GiB may stand behind it"}},
    },
    {
        .flag = "--read-time",
        .variable = "RECKONER_READ_TIME",
        .key = "limits.read_time",
        .type = OPTION_TIME,
        .field = offsetof(struct options, read_ms),
        .min = MIN_STATEMENT_MS,
        .max = MAX_TIMEOUT_S * MS_PER_S,
        .standard = "10s",
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "TIME", "how long the SQL of one read may take; then the answer is 504"}},
    },
    {
        .flag = "--write-time",
        .variable = "RECKONER_WRITE_TIME",
        .key = "limits.write_time",
        .type = OPTION_TIME,
        .field = offsetof(struct options, write_ms),
        .min = MIN_STATEMENT_MS,
        .max = MAX_TIMEOUT_S * MS_PER_S,
        .standard = "5min",
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "TIME",
            "the same of one batch, which has some time more for each of its rows"}},
    },
    {
        .flag = "--read-queue",
        .variable = "RECKONER_READ_QUEUE",
        .key = "limits.read_queue",
        .type = OPTION_COUNT,
        .field = offsetof(struct options, read_queue),
        .min = 4,
        .max = MAX_QUEUE,
        .standard = "1024",
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "N", "reads that may wait for a worker; past them the answer is 503"}},
    },
    {
        .flag = "--write-queue",
        .variable = "RECKONER_WRITE_QUEUE",
        .key = "limits.write_queue",
        .type = OPTION_COUNT,
        .field = offsetof(struct options, write_queue),
        .min = 1,
        .max = MAX_QUEUE,
        .standard = "64",
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "N",
            "batches of an app that may wait for its writer; past them the answer is 503"}},
    },
    {
        .flag = "--connections",
        .variable = "RECKONER_CONNECTIONS",
        .key = "limits.connections",
        .type = OPTION_COUNT,
        .field = offsetof(struct options, connections),
        .min = 1,
        .max = MAX_CONNECTIONS,
        .standard = "20000",
        .help = {{COMMAND_SERVE, "N",
            "connections that may be open at a time, as far as there are descriptors for them"}},
    },
    {
        .flag = "--spools",
        .variable = "RECKONER_SPOOLS",
        .key = "limits.spools",
        .type = OPTION_BYTES,
        .field = offsetof(struct options, spool_bytes),
        .min = MIN_SPOOL_BYTES,
        .max = MAX_BODY_BYTES,
        .standard = "4GiB",
        .help = {{COMMAND_SERVE, "BYTES", "large answers in files of --var, all together"}},
    },
    {
        .flag = "--idle-time",
        .variable = "RECKONER_IDLE_TIME",
        .key = "limits.idle_time",
        .type = OPTION_TIME,
        .field = offsetof(struct options, idle_ms),
        .min = MS_PER_S,
        .max = MAX_TIMEOUT_S * MS_PER_S,
        .standard = "75s",
        .help = {{COMMAND_SERVE, "TIME",
            "how long a connection without a request is kept open; longer than a proxy in front keeps it"}},
    },
    {
        .flag = "--cache",
        .variable = "RECKONER_CACHE",
        .key = "server.cache",
        .type = OPTION_COUNT,
        .field = offsetof(struct options, cache_mib),
        .min = 0,
        .max = MAX_CACHE_MIB,
        .standard = "64",
        .help = {{COMMAND_SERVE, "MIB", "memory for answers that are kept; 0: none are"}},
    },
    {
        .flag = "--drain",
        .variable = "RECKONER_DRAIN",
        .key = "server.drain",
        .type = OPTION_TIME,
        .field = offsetof(struct options, drain_ms),
        .min = MS_PER_S,
        .max = MAX_TIMEOUT_S * MS_PER_S,
        .standard = "30s",
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "TIME",
            "from SIGTERM, or the end of --drain-notice, to the end; what still runs or waits then is answered with 503"}},
    },
    {
        .flag = "--drain-notice",
        .variable = "RECKONER_DRAIN_NOTICE",
        .key = "server.drain_notice",
        .type = OPTION_TIME,
        .field = offsetof(struct options, drain_notice_ms),
        .min = 0,
        .max = MAX_TIMEOUT_S * MS_PER_S,
        .standard = "0s",
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "TIME",
            "from SIGTERM to the begin of the drain: /-/readyz is 503, so that balancers go elsewhere, and all "
            "else is answered as ever"}},
    },
    {
        .flag = "--idle-exit",
        .variable = "RECKONER_IDLE_EXIT",
        .key = "server.idle_exit",
        .type = OPTION_TIME,
        .field = offsetof(struct options, idle_exit_ms),
        .min = 0,
        .max = MAX_IDLE_S * MS_PER_S,
        .standard = "0s",
        .help = {{COMMAND_SERVE, "TIME",
            "ends when no connection was open and nothing was written for so long, until systemd, which has "
            "to hold the sockets, starts it for the next client; 0s: never"}},
    },
    {
        .flag = "--user",
        .variable = "RECKONER_USER",
        .key = "server.user",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, user),
        .help = {{COMMAND_SERVE, "NAME",
            "started as root, it goes on as that user once its sockets are bound, before anything else is opened"}},
    },
    {
        .flag = "--seccomp",
        .key = "server.seccomp",
        .type = OPTION_SWITCH,
        .field = offsetof(struct options, seccomp),
        .help = {{COMMAND_SERVE, NULL,
            "has the kernel refuse what no server needs, such as ptrace and mount, should somebody break in"}},
    },
    {
        .flag = "--upgrade-timeout",
        .variable = "RECKONER_UPGRADE_TIMEOUT",
        .key = "server.upgrade_timeout",
        .type = OPTION_TIME,
        .field = offsetof(struct options, upgrade_timeout_ms),
        .min = MS_PER_S,
        .max = MAX_TIMEOUT_S * MS_PER_S,
        .standard = "10min",
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "TIME",
            "for the new process of an upgrade (SIGUSR2) to be ready, with its migrations; then it is ended and "
            "this one goes on"}},
    },
    {
        .flag = "--pid-file",
        .variable = "RECKONER_PID_FILE",
        .key = "server.pid_file",
        .type = OPTION_PATH,
        .field = offsetof(struct options, pid_file),
        .help = {{COMMAND_SERVE, "FILE", "has the number of the process that serves, also after an upgrade"}},
    },
    {
        .flag = "--quiet",
        .key = "log.quiet",
        .type = OPTION_SWITCH,
        .field = offsetof(struct options, quiet),
        .help = {{COMMAND_SERVE, NULL, "no access log on standard output"}},
    },
    {
        .flag = "--log",
        .variable = "RECKONER_LOG",
        .key = "log.format",
        .type = OPTION_CHOICE,
        .field = offsetof(struct options, log_format),
        .choices = "text|json",
        .standard = "text",
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "FORMAT", "of both logs: text, or json for a JSON object a line"}},
    },
    {
        .flag = "--slow",
        .variable = "RECKONER_SLOW",
        .key = "log.slow",
        .type = OPTION_TIME,
        .field = offsetof(struct options, slow_ms),
        .min = 0,
        .max = MAX_TIMEOUT_S * MS_PER_S,
        .standard = "1s",
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "TIME",
            "a statement of a read or batch that takes longer is logged with the database's plan; 0: none is"}},
    },
    {
        .flag = "--spans",
        .key = "log.spans",
        .type = OPTION_SWITCH,
        .field = offsetof(struct options, spans),
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, NULL,
            "spans in the error log, of requests whose traceparent says that their trace is recorded"}},
    },
    {
        .flag = "--otlp",
        .variable = "RECKONER_OTLP",
        .key = "log.otlp",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, otlp),
        .help = {{COMMAND_SERVE, "URL",
            "sends these spans to a collector: OTLP over HTTP in JSON, http://127.0.0.1:4318/v1/traces"}},
    },
    {
        .flag = "--hook-secrets",
        .variable = "RECKONER_HOOK_SECRETS",
        .key = "hooks.secrets",
        .type = OPTION_PATH,
        .field = offsetof(struct options, hook_secrets),
        .is_reloadable = true,
        .help = {{COMMAND_SERVE, "FILE",
            "the secrets that hooks are signed with, one a line: whsec_ and base64"}},
    },
    {
        .flag = "--from",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, from),
        .help = {{COMMAND_INIT, "FILE", "a file of CSV or JSON, for which the app is made"}},
    },
    {
        .flag = "--month",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, month),
        .help = {{COMMAND_USAGE, "YYYY-MM",
            "the month whose usage is printed; this one, unless it or --day is given"}},
    },
    {
        .flag = "--day",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, day),
        .help = {{COMMAND_USAGE, "YYYY-MM-DD", "one day's usage, in place of a month's"}},
    },
    {
        .flag = "--client",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, client),
        .help = {{COMMAND_USAGE, "ID", "of one client alone; - is of requests that nobody is known for"}},
    },
    {
        .flag = "--format",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, format),
        .standard = "text",
        .help = {{COMMAND_USAGE | COMMAND_KEY_LIST | COMMAND_CONFIG, "FORMAT", "text, csv or json"}},
    },
    {
        .flag = "--force",
        .type = OPTION_SWITCH,
        .field = offsetof(struct options, force),
        .help = {{COMMAND_BACKUP, NULL, "replaces FILE, once the new one is whole"},
            {COMMAND_RESTORE, NULL,
                "restores although the store holds something, which is moved aside: a file gets another name in "
                "its folder, a schema of PostgreSQL another name in its database"}},
    },
    {
        .flag = "--once",
        .type = OPTION_SWITCH,
        .field = offsetof(struct options, once),
        .help = {{COMMAND_TOP, NULL, "one page, of the time since the server was started"}},
    },
    {
        .flag = "--timeout",
        .type = OPTION_COUNT,
        .field = offsetof(struct options, timeout_s),
        .min = 1,
        .max = MAX_TIMEOUT_S,
        .standard = "30",
        .help = {{COMMAND_TEST, "SECONDS", "how long a request may take"}},
    },
    {
        .flag = "--scope",
        .type = OPTION_LIST,
        .field = offsetof(struct options, scopes),
        .help = {{COMMAND_KEY_CREATE, "SCOPE",
            "'GET /path': the key is for the endpoints that are named so, and no others; or NAME, which opens "
            "endpoints with '@access scope NAME'; may be given several times. Without any it is for all "
            "endpoints that only want a key"}},
    },
    {
        .flag = "--claim",
        .type = OPTION_LIST,
        .field = offsetof(struct options, claims),
        .help = {{COMMAND_KEY_CREATE, "NAME=TEXT",
            "what SQL sees as :NAME where an endpoint has '@claim NAME'; may be given several times"}},
    },
    {
        .flag = "--plan",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, plan),
        .help = {{COMMAND_KEY_CREATE, "NAME", "the [plan NAME] of app.ini that limits it"}},
    },
    {
        .flag = "--label",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, label),
        .help = {{COMMAND_KEY_CREATE, "TEXT", "whose it is, in words for people"}},
    },
    {
        .flag = "--expires",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, expires),
        .help =
            {{COMMAND_KEY_CREATE, "WHEN",
                 "a time from now, 90d or 12h, or a day, 2027-01-31, from which on it is refused; without "
                 "it the key goes on until it is revoked"},
                {COMMAND_KEY_ROTATE, "WHEN",
                    "the same for the new secret; without it that lives as long as the former one was to"}},
    },
    {
        .flag = "--overlap",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, overlap),
        .standard = "7d",
        .help = {{COMMAND_KEY_ROTATE, "TIME", "how long the former secret goes on: 7d, 12h; 0: not at all"}},
    },
    {
        .flag = "--help",
        .type = OPTION_SWITCH,
        .field = offsetof(struct options, help),
        .help = {{ALL, NULL, "print this"}},
    },
};

const size_t option_row_count = ARRAY_LEN(option_rows);

const struct option_row *option_row_of(struct span flag)
{
    for (size_t i = 0; i < option_row_count; i++) {
        if (span_is(flag, option_rows[i].flag))
            return &option_rows[i];
    }
    return NULL;
}

const struct option_help *option_help_for(const struct option_row *row, unsigned commands)
{
    for (size_t i = 0; i < OPTION_HELPS; i++) {
        if (row->help[i].commands & commands)
            return &row->help[i];
    }
    return NULL;
}

bool option_is_of(const struct option_row *row, enum command command)
{
    return option_help_for(row, command) != NULL;
}

struct span option_section(const struct option_row *row)
{
    struct span key = span_of(row->key);
    return span_split(&key, '.');
}

const char *option_key_name(const struct option_row *row)
{
    return strchr(row->key, '.') + 1;
}

bool option_is_in(const struct option_row *row, struct span section)
{
    return row->key != NULL && span_equal(option_section(row), section);
}

bool option_begins_section(const struct option_row *row)
{
    if (row->key == NULL)
        return false;
    const struct option_row *first = option_rows;
    while (!option_is_in(first, option_section(row)))
        first++;
    return first == row;
}
