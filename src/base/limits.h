// SPDX-License-Identifier: Apache-2.0
// The bounds of the server, with unit and reason: of what clients, apps and operators may ask of it. A bound
// that an operator can set has its default here. What only an algorithm or a protocol needs (the steps of a
// pattern, a first allocation, the pauses of a driver, how much one file cleans up at a time) stands beside
// its code.
#ifndef RECKONER_BASE_LIMITS_H
#define RECKONER_BASE_LIMITS_H

enum {
    // --- HTTP: what one client may cost before it has said anything worth answering
    LIMIT_TARGET_BYTES = 8192,    // request target; RFC 9112 section 3 recommends at least 8000
    LIMIT_HEAD_BYTES = 32768,     // request line and all fields; as other servers have it (8 to 64 KiB)
    LIMIT_HEAD_FIELDS = 100,      // fields of a head; browsers send about 20
    LIMIT_CHUNK_LINE_BYTES = 256, // a chunk's size and extensions, which hardly any client sends
    LIMIT_TRAILER_BYTES = 4096,   // trailer section, which is read and dropped
    LIMIT_BODY_BYTES = 1024 * 1024 * 1024,  // one request body, decoded, unless --max-body says otherwise:
                                            // some forty million rows
    LIMIT_BODIES_BYTES = 256 * 1024 * 1024, // bytes of all bodies of the process that are not parsed yet
    LIMIT_BODY_WINDOW_BYTES = 262144,       // bytes of one body that are not parsed yet: some ms of parsing
    LIMIT_CONNECTIONS = 20000,    // open connections of the process; one costs under 10 kB when idle. Fewer
                                  // where descriptors are: some are kept back (serve/descriptors.h)
    LIMIT_FEW_CONNECTIONS = 1000, // a start that has descriptors for fewer says so
    LIMIT_DESCRIPTORS = 65536, // soft RLIMIT_NOFILE that a start asks for: all of these and some hundred apps
    LIMIT_HANDLE_FILES = 8, // descriptors of a worker's handle of one app: a database and its temporary files
    LIMIT_SPARE_FILES = 64, // descriptors for all else: logs, reloading, clients that are turned away
    LIMIT_TRUSTED_NETWORKS = 64,     // of --trust-proxy, which are compared one by one
    LIMIT_FORWARDED_HOPS = 32,       // proxies that a request is followed back through
    LIMIT_PREFIX_BYTES = 256,        // of X-Forwarded-Prefix
    LIMIT_PROXY_HEADER_BYTES = 4096, // of a PROXY header, version 2: with a name and a certificate's some 500
    LIMIT_PIPELINE = 16,             // requests of one connection that are under way at once
    LIMIT_READ_BYTES = 65536,        // one read of a body; the buffer is shared by all connections of a loop
    LIMIT_HEAD_READ_BYTES = 8192,    // one read otherwise; a connection keeps what it cannot work on yet
    LIMIT_BLOCK_BYTES = 65536,       // one block of a body; the first one of an unsized body is smaller
    LIMIT_SKIP_BYTES = 262144,       // read and dropped of a refused body: cheaper than a new connection
    LIMIT_LINGER_BYTES =
        128 * 1024 * 1024,   // the same for a client that sends all before it reads the refusal
    LIMIT_LISTENERS = 16,    // sockets that a server listens on: each network's, and those of proxies here
    LIMIT_ACCEPT_BATCH = 64, // connections accepted before others get their turn on the loop
    LIMIT_SPARE_EXCHANGES = 256, // kept by a loop for the next requests: under 256 KiB

    // --- TLS
    LIMIT_TLS_FILE_BYTES =
        16 * 1024 * 1024,          // of a certificate, a key, a list of authorities or of revocations
    LIMIT_TLS_INPUT_BYTES = 32768, // of a handshake, as they come: a record and some; OpenSSL bounds the rest
    LIMIT_TLS_OUTPUT_BYTES = 262144, // records that wait to be sent: our part of a handshake, chain and all
    LIMIT_TLS_RECORD_BYTES =
        16384, // of data in a record, RFC 8446 section 5.1: a slow client holds one of them
    LIMIT_TLS_TICKET_KEY_S = 6 * 3600, // that a key seals tickets for; then as long again it opens them
    LIMIT_TLS_TICKET_S = 2 * 3600,     // that a client may go on with a session: less than that
    LIMIT_TLS_EXPIRY_DAYS = 14,        // a certificate that ends sooner is told of at the start

    // --- time: slow clients must not hold anything that others need
    LIMIT_HEAD_MS = 10000,        // from a head's first byte to its last
    LIMIT_IDLE_MS = 75000,        // a kept-alive connection without a request
    LIMIT_BODY_WINDOW_MS = 10000, // in each window of this length a body must come at LIMIT_BODY_RATE or more
    LIMIT_BODY_RATE = 1024,       // bytes a second; so one that stops is dropped after two windows at most
    // In each window of this length a client must take its answers at LIMIT_WRITE_RATE or more. Long, as a
    // client's system asks for more in steps: of up to 64 KiB over loopback.
    LIMIT_WRITE_WINDOW_MS = 30000,
    LIMIT_WRITE_RATE = 1024, // bytes a second
    // From a client's FIN, with which it may only say that it sends no more, to the answers of what it has
    // asked: what takes longer is taken for abandoned. As long as `nc -N` needs for quick answers.
    LIMIT_HALF_CLOSED_MS = 500,
    LIMIT_LINGER_MS = 2000,      // reading on after an early refusal, so that the client sees it
    LIMIT_ACCEPT_PAUSE_MS = 100, // without file descriptors accepting waits for others to close theirs
    LIMIT_TICK_MS = 500,         // how often a loop looks for deadlines that have passed
    LIMIT_DRAIN_MS = 30000,      // from SIGTERM to the end of the process, unless --drain says otherwise
    LIMIT_DRAIN_LAST_MS = 2000,  // of that for what is ended to be told so; the half, where that is less
    LIMIT_DRAIN_GRACE_MS = 1000, // idle connections may send one more request, which may be on its way
    LIMIT_HEALTH_MS = 5000,      // 'reckoner health' waits so long: a server that is slower is not well
    // An upgrade, from one process to the next.
    LIMIT_HANDOVER_MS = 5000, // for the new one, to read what the old one has sent before it was started
    LIMIT_LEAVING_MS = 1000,  // that the old one could still go on if the new one ended: who crashes at its
                              // first requests is found out
    LIMIT_LAST_WRITES_MS = 1000,  // that the new one's writers wait for bodies that still come to the old one
    LIMIT_WRITER_SPARE_MS = 5000, // beyond --drain, until they begin without a word of the old one
    LIMIT_SUCCESSOR_END_MS = 1000, // for a new one that is given up to end by itself
    LIMIT_COMMAND_BYTES = 2097152, // of the words that it is started with: Linux has no more

    LIMIT_HANDSHAKE_MS = 50,    // from the last handshake that may begin to its end
    LIMIT_READ_TRIES = 5,       // of a read whose transaction the database undid, or whose tables changed
    LIMIT_QUICK_MS = 10,        // what took longer last time shares no transaction and no message with others
    LIMIT_TOGETHER_MS = 200,    // quick reads in one transaction; those without an answer then go on alone
    LIMIT_STATEMENT_MS = 10000, // SQL of one read request, all its statements together
    LIMIT_BATCH_MS = 300000,    // SQL of one batch …
    LIMIT_BATCH_ROW_US = 60, // … and for each of its rows so much more: some ten times what simple ones take
    LIMIT_STORE_BUSY_MS = 5000, // waiting for a lock that another process holds on the store
    // SQLite's log beside the database, past which the writer makes it begin again; and its wait, once each
    // time, for reads that still need it: those that run, and after them those that began meanwhile.
    LIMIT_WAL_BYTES = 64 * 1024 * 1024,
    LIMIT_WAL_WAIT_MS = 2 * LIMIT_STATEMENT_MS + 1000,

    // --- a database on another machine that is away: it answers 503 within these, added up
    LIMIT_STORE_CONNECT_MS = 3000, // connecting to one address of it: a lost packet is sent again after 1 s
    LIMIT_STORE_PATIENCE_MS =
        1000, // waiting for another thread's try to connect; then the database counts as away
    LIMIT_STORE_SILENCE_MS = 3000, // waiting for bytes, until the database is asked whether it is still there
    LIMIT_STORE_PINGS = 2,         // such questions without an answer, LIMIT_STORE_CONNECT_MS each
    LIMIT_STORE_COMMIT_MS =
        30000, // COMMIT, which may wait for a standby, and other statements without a deadline
    LIMIT_STORE_VERIFY_MS = 20000, // finding out what became of a commit: a failover mostly takes less

    // --- replicas: one that fails is asked again soon, and seldom while it goes on to fail
    LIMIT_REPLICA_PAUSE_MS = 100, // from a failure to the next connection; each one in a row doubles it …
    LIMIT_REPLICA_PAUSE_MAX_MS = 5000, // … up to this
    LIMIT_REPLICA_REST_MS = 1,      // one that was behind is not asked for this long; it doubles likewise …
    LIMIT_REPLICA_REST_MAX_MS = 64, // … up to this
    LIMIT_REPLICA_PREPARE_MS = 60000,     // preparing an app on it: a thousand endpoints, and a slow network
    LIMIT_VECTOR_BYTES = 4 * 1024 * 1024, // a version of each table: some ten thousand tables
    LIMIT_VERSIONS = 16384, // tables of a store whose versions are followed, those that are gone, too: 3 MB
    LIMIT_AGAIN_MS = 2000,  // a read that failed on a replica has at least this long elsewhere

    // --- records of batches
    LIMIT_RECORD_DAYS = 90, // that the record of a batch stays: a quarter, of which people still ask
    LIMIT_REPEAT_HOURS =
        24, // that a batch may be sent again with its Idempotency-Key: clients give up before
    LIMIT_REPEAT_ANSWER_BYTES = 65536, // of an answer that is kept for that; most are some ten bytes
    LIMIT_PRUNE_ROWS = 1000,   // of Reckoner's own that are removed in one transaction: some milliseconds
    LIMIT_PRUNE_MS = 60000,    // between two looks for such rows, while none are left
    LIMIT_RECORDS_READ = 1000, // that /-/batches gives at a time

    // --- answers that are kept
    LIMIT_KEPT_BYTES = 512 * 1024, // of one: what is in memory anyhow (LIMIT_SPOOL_BYTES), and its room
    LIMIT_BUCKETS = 4096,     // versions of a table's rows by some columns: 128 KiB or so; one in each is new
                              // after some thousand rows elsewhere
    LIMIT_BUCKET_COLUMNS = 8, // that such versions go by
    LIMIT_BUCKET_SETS = 64,   // such columns of tables, in one store: 8 MiB of versions
    LIMIT_DEPENDS = 8,        // @depends of an endpoint: each takes a look-up in every kept answer
    LIMIT_STALE_MIN_MS = 100, // of @stale: less would ask the database at nearly each request
    LIMIT_STALE_MAX_MS = 3600000, // an hour: who reads older answers needs no database
    LIMIT_SNAPSHOT_MS = 100, // that a loop holds a snapshot: the log of SQLite may be kept from beginning
                             // again meanwhile

    // --- what clients may use
    LIMIT_ACCOUNTS = 65536, // of clients of which none asks just now, by address mostly: 600 bytes each. The
                            // longest unused ones of more are forgotten, and with them what they have used
    LIMIT_QUOTA_SAVE_MS = 5000, // from one saving of what was used to the next: a crash forgets so much
    LIMIT_RATION_MS = 1000,     // that a node may spend what a shared store has given it; of a window of less
                                // than ten such times, a tenth
    LIMIT_RATION_WAIT_MS = 2000, // of a request for that: some round trips, of which the first connects
    LIMIT_RATIONS = 512,         // that are asked for at once, in some milliseconds

    // --- reads on the loop, none of which may hold up another connection by more than a millisecond
    LIMIT_CHEAP_US = 100,  // of an endpoint whose reads have taken no more lately
    LIMIT_PROMPT_US = 300, // of one of them, which then goes to a worker; its last step may take some 100
    LIMIT_TURN_US = 600,   // of them in one turn of a loop, before all others go to workers
    LIMIT_PROMPT_BYTES = 65536,       // of the answer: some 50 us of writing it out
    LIMIT_PROMPT_CODED_BYTES = 16384, // of one that is to be compressed: 20 to 40 us more

    // --- usage: what clients have used is counted in memory and written to the stores by and by
    LIMIT_USAGE_FLUSH_MS = 5000, // between two writes: a crash loses no more than two of them
    LIMIT_USAGE_ENTRIES = 4096, // that a loop counts (client, endpoint), until it hands them over early: 1 MB
    LIMIT_USAGE_TABLES = 64,    // of those, all full, that wait to be added up
    LIMIT_USAGE_WAITING = 131072, // entries of an app that wait for its store, twice: 2 x 25 MB
    LIMIT_USAGE_PART = 2000,      // entries of one transaction: some 10 ms, for which batches wait
    LIMIT_USAGE_WRITE_MS = 2000,  // of such a transaction; then it is tried again with the next write
    LIMIT_USAGE_TRIES = 3,        // in a row that fail, before the log tells of it
    LIMIT_USAGE_LAST_MS = 2000,   // of tries at the end of the process
    LIMIT_USAGE_PAUSE_MS = 50,    // between those
    LIMIT_USAGE_READ = 1000000,   // rows that are read at a time: 250 MB

    // --- what operators see
    LIMIT_SERIES = 4096, // (app, method, route) that are counted apart, gone ones too: a scrape of all of
                         // them is some 30 MB, which Prometheus takes
    LIMIT_SERIES_STATUSES = 32,              // of each of them
    LIMIT_METRICS_BYTES = 128 * 1024 * 1024, // of a scrape

    // --- work under way: past it the answer is 503 with Retry-After, at once
    LIMIT_READ_QUEUE =
        1024, // reads that wait for a worker: under a second of work; of one endpoint 3/4 of it
    LIMIT_QUICK_WAIT_MS = 1000, // in that queue: clients of quick reads mostly give up at about this
    LIMIT_QUICK_FRESH_MS = 200, // when the oldest read waits for longer, the newest ones go first
    LIMIT_LONG_QUEUE = 512,     // reads of one endpoint that is known as long, which wait by themselves …
    LIMIT_LONG_WAIT_MS = 10000, // … for so long at most: as long as they may run
    LIMIT_RETRY_AFTER_S = 60,   // the most that a client is told to wait: who knows more

    // --- reads that run for more than LIMIT_QUICK_MS, at a time. They give their worker back to the quick
    // ones and go on beside them, so that none of them takes all from the others.
    LIMIT_LONG_ENDPOINT = 1, // of one endpoint, times --workers: it alone can use all cores
    LIMIT_LONG_APP = 2,      // of one app, times --workers: two endpoints at once
    LIMIT_LONG_SPARE = 4,    // of all apps beyond the share of one: other apps go on beside it
    LIMIT_HELD_UP_MS = 100,  // an endpoint whose long ones take no more has one beyond its app's share: it is
                             // a quick one that was held up, by a busy processor, say

    LIMIT_WRITERS = 2,          // connections of an app for batches that take turns: one stages, one writes
    LIMIT_PARALLEL_WRITERS = 2, // more of them for @parallel endpoints: neither kind waits for the other
    LIMIT_STAGED_MS = 20000, // a staged batch waits for its turn in an open transaction, which the database
                             // ends after 60 s
    LIMIT_APART_MS = 60000,  // after a deadlock of @parallel batches that shared a commit they share none

    LIMIT_WRITE_QUEUE = 64, // batches that wait for the writer, all parsed and in memory; as many @parallel
    LIMIT_HELD_BATCHES =
        8192,                 // that wait at an upgrade for the old process's last batch: nobody is sent away
    LIMIT_PARSE_QUEUE = 1024, // bodies of which a part waits to be parsed: some milliseconds each
    LIMIT_PART_BYTES = 65536, // of a body that has not ended, before parsing on is worth a task
    LIMIT_GROUP_BATCHES = 32, // batches that share one commit
    LIMIT_GROUP_ROWS =
        5000, // rows of a group of several batches, so that small ones do not wait for large ones

    LIMIT_BLAME_MS = 200,    // looking for the value that a statement failed at, on the worker or the writer
    LIMIT_CULPRIT_MS = 2000, // looking for the row that a batch failed at, as others wait for the writer
    LIMIT_CULPRIT_LOAD_MS = 60 * 1000,      // likewise of a file, which nobody but its loader waits for
    LIMIT_SUSPECT_HASHES = 4 * 1024 * 1024, // of 8 bytes, of the keys of a batch that has failed

    LIMIT_WRITE_TRIES = 5, // of a batch whose transaction the database undid for the sake of another one

    // --- batches
    LIMIT_BATCH_ROWS = 100000000, // rows of one request; the body's size stops most earlier
    LIMIT_LENIENT_ROUNDS = 16,    // of rejects over what the round before has left of a lenient batch
    LIMIT_PART_HEAD_BYTES = 8192, // the head of a part of a form with a file: names, mostly
    // Of a compressed body, so that a few bytes do not stand for very many: tables that nobody has made for
    // it are compressed to a fiftieth at most.
    LIMIT_RATIO = 200,                    // times its own size that it may have when it is decompressed …
    LIMIT_RATIO_FREE_BYTES = 1024 * 1024, // … beyond the first of them
    LIMIT_ZSTD_WINDOW_LOG = 23,         // 8 MiB of memory, as RFC 8878 recommends: what levels up to 19 need
    LIMIT_ROW_BYTES = 16 * 1024 * 1024, // one row of a body, as text
    LIMIT_ROWS_PIECE_BYTES = 2 * 1024 * 1024, // packed rows of a batch in memory, some 100,000: what is more
                                              // goes to a temporary file by such pieces
    LIMIT_ROWS_BYTES = 64 * 1024 * 1024,      // the same where there is no folder for files
    LIMIT_BATCHES_BYTES = 512 * 1024 * 1024,  // packed rows of all batches in memory, from parsing to commit
    // In files, times --max-body, as rows of many nulls are larger than their text: packed rows of one batch,
    // and of all together.
    LIMIT_ROWS_TIMES = 4,
    LIMIT_BATCHES_TIMES = 8,
    LIMIT_FIELDS = 256,                  // @field of an endpoint, members of a row of JSON
    LIMIT_CSV_CELLS = 4096,              // of a CSV row: those of no field may be passed over. Survey exports
                                         // have some thousand; a reader has 32 bytes for each that came
    LIMIT_VALUE_BYTES = 1024 * 1024,     // one value of a row, one parameter
    LIMIT_LOAD_TURN_TRIES = 120,         // of a file that was read to get its turn, LIMIT_STORE_BUSY_MS each
    LIMIT_LOAD_READ_BYTES = 256 * 1024,  // one read of a file that is loaded
    LIMIT_PROMPT_QUESTION_BYTES = 16384, // of a question's body, which a loop itself reads: some 100 us
    LIMIT_FORM_BYTES = 1024 * 1024,      // a form body, which is one row and is parsed whole
    LIMIT_CSV_SKIP_LINES = 1000,         // in front of a CSV header: titles and notes
    LIMIT_CSV_LOOK_BYTES = 65536,        // of a CSV body, from which its delimiter is found
    // Steps of matching patterns, some 20 ns each, that a request may take beyond those that each text has by
    // its length (text/pattern.c): 40 ms of a thread that parses, 0.2 ms of a loop. A text that is given up
    // takes at least 2,000, so that a batch's report has room for all of them.
    LIMIT_BATCH_STEPS = 2000000,
    LIMIT_QUERY_STEPS = 10000,
    LIMIT_JSON_DEPTH = 64,          // nesting of a JSON body and of JSON in values
    LIMIT_ROW_REPORTS = 1000,       // bad rows listed in a problem document; the total is always told
    LIMIT_REPORT_VALUE_BYTES = 200, // of a bad value shown in a report

    // --- jobs: batches that were accepted for later
    LIMIT_JOB_PIECE_BYTES = 256 * 1024, // of a body, in a row of the store
    LIMIT_JOB_STEP_PIECES =
        16,                // of them that one transaction puts in, or removes, as batches wait for it: 4 MiB
    LIMIT_JOBS = 10000,    // of an app that wait …
    LIMIT_JOBS_MIB = 4096, // … and of their bodies together; one of any size may wait alone
    LIMIT_JOB_ENTRIES = 1000,            // that are on their way into the store
    LIMIT_DESK_QUEUE = 64,               // tasks that wait for the connection of jobs: few kinds of them
    LIMIT_DESK_MS = 30000,               // of one of them
    LIMIT_JOB_TRIES = 10,                // of a job that ends without a verdict
    LIMIT_JOB_PAUSE_MS = 1000,           // before the second try; each one doubles it …
    LIMIT_JOB_PAUSE_MAX_MS = 120000,     // … up to this
    LIMIT_JOB_LEASE_MS = 10000,          // that a node may be silent before another one works off its jobs
    LIMIT_JOB_LOOK_MS = 1000,            // how often the store is asked for jobs that others have put there
    LIMIT_JOB_WAIT_S = 30,               // that a client may wait for the end of its job: `Prefer: wait=30`
    LIMIT_JOB_WAITS = 1000,              // clients of an app that wait so
    LIMIT_JOB_RESULT_BYTES = 256 * 1024, // of an answer or a report that is kept with its job
    LIMIT_JOB_KEPT_DAYS = 7,     // of a job that is over, and of the body of one that was refused or failed
    LIMIT_JOB_SWEEP_MS = 600000, // how often old jobs are looked for, and …
    LIMIT_JOB_STRAY_MS = 600000, // … pieces of a body of which no other one came for so long: whoever put
                                 // them there has died
    LIMIT_HOOK_SECRETS = 64,     // lines of a file of secrets
    LIMIT_HOOK_SENT = 16,        // hooks of an app that are under way at a time …
    LIMIT_HOOK_SENT_EACH = 4,    // … and of them of one endpoint
    LIMIT_HOOK_POST_MS = 20000,  // that a receiver has to answer: the specification's 15 to 30 s
    LIMIT_HOOK_END_MS = 5000,    // the same, of those that are under way when the server ends
    LIMIT_HOOK_ANSWER_BYTES = 65536, // that are read of an answer, which nobody wants
    LIMIT_HOOK_TAKEN_MS = 60000,     // after which others may send a hook of which its taker has said no more
    LIMIT_HOOK_PAUSE_MS = 5000,      // before the second try of a hook; each one doubles it …
    LIMIT_HOOK_PAUSE_MAX_MS = 3600000, // … up to this, which bounds a receiver's Retry-After, too
    LIMIT_HOOK_REST_MS = 60000,        // the longest that a receiver which fails is left alone by itself
    LIMIT_HOOK_LOOK_MS = 1000,         // how often the store is asked for hooks
    LIMIT_HOOK_COUNT_MS = 15000,       // how often those that wait are counted …
    LIMIT_HOOK_RECOUNT_MS = 1000,      // … and at most, when some have failed
    LIMIT_HOOK_DAYS = 3,               // after which a hook is given up
    LIMIT_HOOK_GIVE_UP_ROWS = 1000,    // that one transaction gives up, or removes
    LIMIT_HOOK_KEPT_DAYS = 30,         // that one which was given up is kept
    LIMIT_HOOK_SWEEP_MS = 600000,      // how often old ones are looked for

    // --- watched folders: files that become batches
    LIMIT_INBOX_LOOK_MS = 1000,    // how often a folder is looked at
    LIMIT_INBOX_SETTLED_MS = 1000, // without a change, of a file that nobody has open for writing …
    LIMIT_INBOX_UNSURE_MS = 5000,  // … and of one of which the system does not tell, or that is empty
    LIMIT_INBOX_NAMES = 100000,    // files of an app that are looked at in a round; others wait for another
    LIMIT_INBOX_TRIES = 10,        // of a file that ends without a verdict
    LIMIT_INBOX_PAUSE_MS = 1000,   // before the second try; each one doubles it …
    LIMIT_INBOX_PAUSE_MAX_MS = 60000,            // … up to this
    LIMIT_INBOX_NUMBERS = 1000000,               // behind a name that is taken
    LIMIT_INBOX_REPORT_BYTES = 16 * 1024 * 1024, // of a report beside a rejected file: LIMIT_ROW_REPORTS rows
    LIMIT_RELOAD_WAIT_MS = 86400000,             // that a file to reload waits for `quiet` at most: a day

    // --- history
    LIMIT_HISTORIES = 20,       // tables of an app whose old rows go to an archive
    LIMIT_HISTORY_DAYS = 36500, // a century
    LIMIT_HISTORY_NAME_CHARS =
        38,                    // of such a table: PostgreSQL cuts names behind 63, and triggers' are longer
    LIMIT_HISTORY_ROWS = 1000, // that one transaction moves: batches wait for it
    LIMIT_HISTORY_STEP_MS = 10000, // of such a transaction, or of what it waits for
    LIMIT_HISTORY_SECONDS = 2, // from the end of a round to the next one, which costs a look into an index

    // --- apps
    LIMIT_APP_FILE_BYTES = 1024 * 1024, // an endpoint, schema or ini file
    LIMIT_ENDPOINTS = 1000,             // endpoints of an app
    LIMIT_SCOPE_CHARS = 64,             // of the name of a scope
    LIMIT_ALLOWANCES = 8,               // of a plan in app.ini
    LIMIT_QUOTAS = 100,                 // plans of an app
    LIMIT_ISSUERS = 8,                  // of tokens, of an app
    LIMIT_WATCH_LINES = 100,            // of [watch], of an app
    LIMIT_ORIGIN_BYTES = 300,           // of an origin: a host's name has 253 at most
    LIMIT_CORS_NAMES_BYTES = 1000,      // of names of fields that [cors] adds, of either kind
    LIMIT_CORS_ORIGINS = 100,           // of an app, which are compared one by one
    LIMIT_PARAMS = 100,                 // @param of an endpoint
    LIMIT_STATEMENTS = 64,              // statements of an endpoint
    LIMIT_DIAGNOSTICS = 200,            // errors reported by one check
    LIMIT_APP_BYTES = 64 * 1024 * 1024, // memory of one loaded app
    LIMIT_SEARCH_WORDS = 100,      // of a text that search_terms makes a query of; the others are left out
    LIMIT_SEARCH_WORD_BYTES = 256, // of one of them, which is cut: a longer one is in hardly any index
    LIMIT_LIST_ITEMS = 1000,       // items of one list parameter
    LIMIT_FOLDER_FILES = 10000,    // SQL files of a folder: one with more was probably given by mistake
    LIMIT_PATH_BYTES = 1024,       // path of an endpoint: a target of 8 KiB has room for a query beside it
    LIMIT_PAGE_ROWS = 1000000,     // rows of one page: an answer of more rows needs no pages
    LIMIT_EXAMPLES = 100,          // @example of an endpoint: more are tests
    LIMIT_PUBLIC_FILES = 10000,    // files in an app's public/
    LIMIT_BIG_TABLE_ROWS = 1000,   // from here on `check` warns of reading a table as a whole
    LIMIT_RELOAD_QUIET_MS = 50,    // without a further edit, before edited files are read anew unasked

    // --- who asks
    LIMIT_KEYS = 100000,          // secrets of an app that servers know: some 50 MB
    LIMIT_KEYS_ENDED_S = 2592000, // 30 days that servers know a secret that has ended, to tell its holder so
    // What was done to a key is known to each server within a second.
    LIMIT_KEYS_ASK_MS = 300,     // how often a store is asked whether its keys have changed
    LIMIT_KEYS_STALE_MS = 1000,  // since the last time that it has told: behind that no key counts
    LIMIT_GUESSES = 20,          // wrong keys of one address in a row …
    LIMIT_GUESS_MS = 3000,       // … and one more after each such time
    LIMIT_SCOPES = 100,          // of a key or a token
    LIMIT_CLAIMS = 100,          // of a key; commands take fewer
    LIMIT_SCOPES_BYTES = 65536,  // of a key's scopes, and of its claims
    LIMIT_LABEL_BYTES = 200,     // of a key's label
    LIMIT_CLAIM_BYTES = 200,     // of a claim: its name and its value
    LIMIT_TOKEN_BYTES = 8192,    // of a JWT: issuers' have 500 to 3000
    LIMIT_TOKEN_MEMBERS = 200,   // of a token's header or claims, or of a key: names are compared pairwise
    LIMIT_TOKEN_LEEWAY_S = 60,   // by which an issuer's clock may be off
    LIMIT_TOKEN_KEYS = 100,      // of an issuer: most have two or three
    LIMIT_JWKS_BYTES = 262144,   // of an issuer's keys
    LIMIT_JWKS_FETCH_MS = 5000,  // to fetch them from a URL
    LIMIT_JWKS_LOOK_MS = 1000,   // how often a file of them is looked at
    LIMIT_JWKS_AGAIN_S = 60,     // at least between two fetches for a kid that is not known, or that failed
    LIMIT_JWKS_SHORT_S = 300,    // what was fetched is good for so long, whatever its max-age
    LIMIT_JWKS_LONG_S = 86400,   // and no longer than a day
    LIMIT_JWKS_STALE_S = 172800, // that keys count whose URL is away: a weekend
    LIMIT_TOKENS = 10000,        // that a loop knows to be good: some 6 MB

    // --- answers
    LIMIT_REQUEST_BYTES = 4 * 1024 * 1024, // arena of one request: its parameters, decoded
    LIMIT_ANSWER_BYTES = 64 * 1024 * 1024, // one row of an answer; what else is whole in memory
    // Answers in memory that wait for slow clients, per process: a thousand of LIMIT_SPOOL_BYTES. Past it the
    // connections with most of them are closed, which bounds the sum by this after a LIMIT_TICK_MS and by
    // twice this always (http/backlog.h). Beside it are the answers of requests that run: LIMIT_READ_QUEUE
    // and LIMIT_WRITE_QUEUE bound those.
    LIMIT_ANSWERS_BYTES = 256 * 1024 * 1024,
    LIMIT_SPOOL_BYTES = 256 * 1024, // of an answer in memory: what is more goes to a temporary file
    LIMIT_SPOOL_FILE_BYTES = 1024 * 1024 * 1024, // one answer
    LIMIT_SPOOLS_MIB = 4096,                     // such files of all answers together
    LIMIT_CODED_BYTES = 1024, // of an answer that is compressed: what is shorter goes in one packet anyway
    LIMIT_CODED_FILE_BYTES = 1024 * 1024, // of a file that is: 1 to 7 ms of a worker, each time it is sent
    LIMIT_FILE_ANSWERS = 1000,     // answers from files that are under way; each keeps one part in memory
    LIMIT_FILE_PART_BYTES = 65536, // that part
    LIMIT_IDLE_BYTES = 16 * 1024 * 1024, // memory that is free and not given back to the system yet
    LIMIT_TRIM_MS = 2000,                // how often that is looked at: it takes some milliseconds
    LIMIT_CURSOR_BYTES = 3000,     // keys of a page's last row; as text in a target they take a third more
    LIMIT_LOG_END_MS = 1000,       // writing what waits of a log at the end: a pipe may be full for good
    LIMIT_LOG_BYTES = 1024 * 1024, // log lines that wait to be written; past it lines are dropped and counted
    LIMIT_EXPORT_BYTES = 1024 * 1024, // spans that wait to be sent; past it they are dropped and counted
    LIMIT_EXPORT_MS = 5000,           // of one request to the collector of spans; of all at a server's end
    LIMIT_SLOW_PLAN_MS = 250,         // asking for the plan of a slow statement: a batch waits for it
    LIMIT_SLOW_PAUSE_MS = 60000,      // from a plan of an endpoint in the log to the next one
    LIMIT_LOG_LINE_BYTES = 65536,     // of a line in JSON: a long plan fits
};

#endif
