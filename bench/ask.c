// SPDX-License-Identifier: Apache-2.0
// The client of the measurements: asks one server on 127.0.0.1 over many connections and counts what comes
// back. One thread, epoll. It leaves CPU to bench/measure.py, which reads that of the server from /proc.
//
//     ask [OPTION]... PORT < targets        a target is a line: what stands behind GET
//
//   -c N  connections (1)                     -n N  ends after N answers, if -d is not given: as many as
//   there are targets -p N  requests that go out together (1)   -d S  ends after S seconds -k    a new
//   connection for each request   -r N  N requests a second, whatever becomes of those before -z    draws
//   targets by Zipf's law with exponent 1, the first one most often; else each in turn -s N  seed of the draw
//   (1)                -t F  writes the number of each target asked to a file: a trace -H H  a line of the
//   head, repeatable      -v H  counts the values of this header -w M  counts answers with 200 within M
//   milliseconds as good (1000)
//
// Prints another line then, of JSON. With -r a request that finds no connection free waits for one, and its
// time counts from the moment at which it was due, so that a server which stalls does not slow down the
// questions (no coordinated omission).
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    DEPTH = 64,         // requests that may go out together
    HEAD_BYTES = 16384, // the longest head of an answer, and what is read at a time
    VALUES = 16,        // different values of the header that is counted; more are an error
    STATUSES = 600,     //
    STEPS = 64,         // of the histogram for each doubling, so that a figure is right to 2 %
    BUCKETS = 40 * STEPS,
    EVENTS = 256,
};

struct request {
    char *at; // the bytes that go out
    size_t len;
};

// A connection. Idle: nothing is outstanding and it may take the next requests.
struct conn {
    int fd;
    bool connected;            // else connect(2) is still under way
    bool closing;              // the server closes it behind this answer
    bool idle;                 // it is on the stack of those that are free
    int outstanding, answered; // requests sent together, and how many of them have been answered
    int64_t due[DEPTH];        // when each was to go out, ns
    const struct request *sent[DEPTH];
    int writing;        // the first of them that is not out as a whole
    size_t written;     // bytes of it
    uint64_t body_left; // of the answer whose head has been read
    size_t have;        // bytes in `in`
    char in[HEAD_BYTES + 1];
};

struct options {
    uint16_t port;
    size_t conns, count;
    int depth;
    bool renew, zipf;
    double seconds, rate;
    uint64_t seed;
    double good_ms;
    FILE *trace;
    const char *header; // NULL: none is counted
    char head[8192];    // lines of the head
};

struct counts {
    uint64_t answers, good, cut, body_bytes;
    uint64_t statuses[STATUSES];
    uint64_t buckets[BUCKETS];
    char values[VALUES][64];
    uint64_t value_counts[VALUES];
};

struct bench {
    struct options options;
    struct request *requests;
    double *sums; // of Zipf's weights up to each request
    size_t request_count;
    uint64_t begun; // requests that were sent
    uint64_t draw;  // state of the generator
    int epoll;
    struct conn *conns;
    struct conn **idle; // a stack of those that are free; a slot each
    size_t idle_count;
    size_t opened; // connections, those that came instead of others included
    int64_t start; // ns; when all of them were open
    struct counts counts;
};

static _Noreturn void stop(const char *what)
{
    fprintf(stderr, "ask: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void *alloc(size_t count, size_t size)
{
    void *made = calloc(count, size);
    if (made == NULL)
        stop("out of memory");
    return made;
}

// --- what is asked

static void read_requests(struct bench *bench)
{
    char *line = NULL, *text;
    size_t size = 0, room = 0;
    ssize_t len;
    while ((len = getline(&line, &size, stdin)) > 0 && line[0] != '\n') {
        line[strcspn(line, "\n")] = '\0';
        if (bench->request_count == room) {
            room = room == 0 ? 1024 : 2 * room;
            bench->requests = reallocarray(bench->requests, room, sizeof(*bench->requests));
            if (bench->requests == NULL)
                stop("out of memory");
        }
        len = asprintf(&text, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", line, bench->options.head);
        if (len < 0)
            stop("out of memory");
        bench->requests[bench->request_count++] = (struct request){.at = text, .len = (size_t)len};
    }
    free(line);
    if (bench->request_count == 0)
        stop("no targets");
    bench->sums = alloc(bench->request_count, sizeof(*bench->sums));
    for (size_t i = 0; i < bench->request_count; i++)
        bench->sums[i] = (i == 0 ? 0 : bench->sums[i - 1]) + 1.0 / (double)(i + 1);
}

static double draw(struct bench *bench) // splitmix64, from 0 up to 1
{
    uint64_t z = bench->draw += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static const struct request *next_request(struct bench *bench)
{
    size_t low = bench->begun++ % bench->request_count;
    if (bench->options.zipf) {
        double at = draw(bench) * bench->sums[bench->request_count - 1];
        size_t high = bench->request_count - 1;
        for (low = 0; low < high;) {
            size_t middle = (low + high) / 2;
            if (bench->sums[middle] <= at)
                low = middle + 1;
            else
                high = middle;
        }
    }
    if (bench->options.trace != NULL)
        fprintf(bench->options.trace, "%zu\n", low);
    return &bench->requests[low];
}

// --- connections

static void watch(struct bench *bench, struct conn *conn, int how, bool for_writing)
{
    struct epoll_event event = {.events = EPOLLIN | (for_writing ? EPOLLOUT : 0u), .data.ptr = conn};
    if (epoll_ctl(bench->epoll, how, conn->fd, &event) != 0)
        stop("epoll_ctl");
}

static void open_conn(struct bench *bench, struct conn *conn)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(bench->options.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (conn->fd < 0)
        stop("socket");
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(conn->fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS)
        stop("connect");
    conn->connected = conn->closing = false;
    conn->outstanding = conn->answered = conn->writing = 0;
    conn->written = conn->have = conn->body_left = 0;
    watch(bench, conn, EPOLL_CTL_ADD, true);
}

static void add_idle(struct bench *bench, struct conn *conn)
{
    conn->outstanding = conn->answered = 0;
    conn->idle = true;
    bench->idle[bench->idle_count++] = conn;
}

static void remove_idle(struct bench *bench, struct conn *conn)
{
    size_t i = 0;
    while (bench->idle[i] != conn)
        i++;
    bench->idle[i] = bench->idle[--bench->idle_count];
    conn->idle = false;
}

static void reopen(struct bench *bench, struct conn *conn)
{
    if (!conn->connected)
        stop("connect");
    if (conn->idle)
        remove_idle(bench, conn);
    bench->counts.cut += (uint64_t)(conn->outstanding - conn->answered);
    close(conn->fd);
    open_conn(bench, conn);
}

static void write_on(struct bench *bench, struct conn *conn)
{
    while (conn->writing < conn->outstanding) {
        static char out[DEPTH * 1024];
        size_t len = 0;
        for (int i = conn->writing; i < conn->outstanding; i++) { // as many as fit, in one call
            const struct request *request = conn->sent[i];
            size_t from = i == conn->writing ? conn->written : 0;
            if (request->len - from > sizeof(out) - len)
                break;
            memcpy(out + len, request->at + from, request->len - from);
            len += request->len - from;
        }
        ssize_t sent = send(conn->fd, out, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            watch(bench, conn, EPOLL_CTL_MOD, true);
            return;
        }
        if (sent < 0) {
            reopen(bench, conn);
            return;
        }
        for (size_t left = (size_t)sent; left > 0;) {
            size_t rest = conn->sent[conn->writing]->len - conn->written;
            if (left < rest) {
                conn->written += left;
                break;
            }
            left -= rest;
            conn->writing++;
            conn->written = 0;
        }
    }
}

static bool is_over(const struct bench *bench)
{
    return bench->options.count > 0 && bench->begun >= bench->options.count;
}

// When the next request is due, ns; of a closed loop: as soon as a connection is free.
static int64_t next_due(const struct bench *bench, int64_t now)
{
    if (bench->options.rate == 0)
        return now;
    return bench->start + (int64_t)((double)bench->begun * 1e9 / bench->options.rate);
}

static void ask_idle(struct bench *bench)
{
    int64_t now = now_ns();
    while (bench->idle_count > 0 && !is_over(bench) && next_due(bench, now) <= now) {
        struct conn *conn = bench->idle[--bench->idle_count];
        conn->idle = false;
        conn->answered = conn->writing = 0;
        conn->written = 0;
        for (conn->outstanding = 0; conn->outstanding < bench->options.depth && !is_over(bench);) {
            int64_t due = next_due(bench, now);
            if (due > now)
                break;
            conn->due[conn->outstanding] = due;
            conn->sent[conn->outstanding++] = next_request(bench);
        }
        write_on(bench, conn);
    }
}

// --- answers

static void count_value(struct counts *counts, const char *value, size_t len)
{
    if (len >= sizeof(counts->values[0]))
        len = sizeof(counts->values[0]) - 1;
    for (int i = 0; i < VALUES; i++) {
        if (counts->value_counts[i] == 0)
            memcpy(counts->values[i], value, len);
        if (strlen(counts->values[i]) == len && memcmp(counts->values[i], value, len) == 0) {
            counts->value_counts[i]++;
            return;
        }
    }
    stop("too many values of the header");
}

static size_t bucket_of(uint64_t ns)
{
    if (ns < STEPS)
        return ns;
    int doubling = 63 - __builtin_clzll(ns);
    size_t bucket = (size_t)(doubling - 5) * STEPS + ((ns >> (doubling - 6)) & (STEPS - 1));
    return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static double ns_of(size_t bucket)
{
    if (bucket < STEPS)
        return (double)bucket;
    return (double)(STEPS + bucket % STEPS) * (double)(1ull << (bucket / STEPS - 1));
}

static void count_answer(struct bench *bench, struct conn *conn, int64_t now)
{
    struct counts *counts = &bench->counts;
    counts->answers++;
    counts->buckets[bucket_of((uint64_t)(now - conn->due[conn->answered]))]++;
    conn->answered++;
}

// Reads one head at `at`, which ends before `end`.
static void read_head(struct bench *bench, struct conn *conn, const char *at, const char *end, int64_t now)
{
    struct counts *counts = &bench->counts;
    int status = atoi(at + 9);
    size_t name_len = bench->options.header == NULL ? 0 : strlen(bench->options.header);
    bool has_length = status == 304 || status == 204;
    conn->body_left = 0;
    counts->statuses[status > 0 && status < STATUSES ? status : 0]++;
    if (status == 200 && (double)(now - conn->due[conn->answered]) <= bench->options.good_ms * 1e6)
        counts->good++;
    for (const char *line = at; line < end;
         line = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1) {
        if (strncasecmp(line, "Content-Length:", 15) == 0 && status != 304) {
            conn->body_left = strtoull(line + 15, NULL, 10);
            has_length = true;
        } else if (strncasecmp(line, "Connection: close", 17) == 0) {
            conn->closing = true;
        } else if (name_len > 0 && strncasecmp(line, bench->options.header, name_len) == 0 &&
                   line[name_len] == ':') {
            const char *value = line + name_len + 1 + strspn(line + name_len + 1, " ");
            count_value(counts, value, strcspn(value, "\r"));
        }
    }
    errno = EPROTO;
    if (!has_length)
        stop("an answer without Content-Length");
    counts->body_bytes += conn->body_left;
}

// Takes what is in the buffer. Returns false when more has to come.
static bool take_answer(struct bench *bench, struct conn *conn, char **at, int64_t now)
{
    char *end = conn->in + conn->have;
    if (conn->body_left == 0) {
        char *head_end = memmem(*at, (size_t)(end - *at), "\r\n\r\n", 4);
        if (head_end == NULL)
            return false;
        read_head(bench, conn, *at, head_end + 2, now);
        *at = head_end + 4;
    }
    size_t part = (size_t)(end - *at) < conn->body_left ? (size_t)(end - *at) : conn->body_left;
    conn->body_left -= part;
    *at += part;
    if (conn->body_left > 0)
        return false;
    count_answer(bench, conn, now);
    return true;
}

static void read_on(struct bench *bench, struct conn *conn)
{
    ssize_t len = recv(conn->fd, conn->in + conn->have, HEAD_BYTES - conn->have, 0);
    if (len < 0 && errno == EAGAIN)
        return;
    if (len <= 0) {
        reopen(bench, conn);
        return;
    }
    conn->have += (size_t)len;
    conn->in[conn->have] = '\0';
    int64_t now = now_ns();
    char *at = conn->in;
    while (conn->answered < conn->outstanding && at < conn->in + conn->have &&
           take_answer(bench, conn, &at, now))
        ;
    conn->have -= (size_t)(at - conn->in);
    memmove(conn->in, at, conn->have);
    errno = EPROTO;
    if (conn->have == HEAD_BYTES)
        stop("the head of an answer is too long");
    if (conn->answered == conn->outstanding && conn->outstanding > 0 && !conn->closing)
        add_idle(bench, conn);
}

// Nobody is asked before all connections are open, and from then on the time counts.
static void on_writable(struct bench *bench, struct conn *conn)
{
    watch(bench, conn, EPOLL_CTL_MOD, false);
    if (conn->connected) {
        write_on(bench, conn);
        return;
    }
    conn->connected = true;
    conn->closing = bench->options.renew;
    add_idle(bench, conn);
    if (++bench->opened == bench->options.conns) {
        puts("open");
        fflush(stdout);
        while (getc(stdin) != '\n' && !feof(stdin))
            ;
        bench->start = now_ns();
    }
}

static bool is_done(const struct bench *bench)
{
    const struct counts *counts = &bench->counts;
    if (bench->options.count > 0 && counts->answers + counts->cut >= bench->options.count)
        return true;
    return bench->options.seconds > 0 && bench->opened >= bench->options.conns &&
           now_ns() - bench->start >= (int64_t)(bench->options.seconds * 1e9);
}

static void run(struct bench *bench)
{
    struct epoll_event events[EVENTS];
    bench->start = now_ns();
    for (size_t i = 0; i < bench->options.conns; i++)
        open_conn(bench, &bench->conns[i]);
    while (!is_done(bench)) {
        if (bench->opened >= bench->options.conns)
            ask_idle(bench);
        int count = epoll_wait(bench->epoll, events, EVENTS, bench->options.rate > 0 ? 1 : 100);
        for (int i = 0; i < count; i++) {
            if ((events[i].events & EPOLLOUT) != 0 && (events[i].events & (EPOLLERR | EPOLLHUP)) == 0)
                on_writable(bench, events[i].data.ptr);
            if ((events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
                read_on(bench, events[i].data.ptr);
        }
    }
}

static double quantile_us(const struct counts *counts, double part)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        seen += counts->buckets[i];
        if (seen > 0 && (double)seen >= part * (double)counts->answers)
            return ns_of(i) / 1000;
    }
    return 0;
}

static void print(const struct bench *bench)
{
    const struct counts *counts = &bench->counts;
    const char *comma = "";
    printf("{\"requests\": %lu, \"seconds\": %.6f, \"good\": %lu, \"cut\": %lu, \"body_bytes\": %lu, ",
        counts->answers, (double)(now_ns() - bench->start) / 1e9, counts->good, counts->cut,
        counts->body_bytes);
    printf("\"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, \"statuses\": {", quantile_us(counts, 0.5),
        quantile_us(counts, 0.99), quantile_us(counts, 1));
    for (int i = 0; i < STATUSES; i++) {
        if (counts->statuses[i] > 0) {
            printf("%s\"%d\": %lu", comma, i, counts->statuses[i]);
            comma = ", ";
        }
    }
    printf("}, \"values\": {");
    for (int i = 0; i < VALUES && counts->value_counts[i] > 0; i++) {
        printf("%s\"", i == 0 ? "" : ", ");
        for (const char *c = counts->values[i]; *c != '\0'; c++)
            printf(*c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
        printf("\": %lu", counts->value_counts[i]);
    }
    printf("}}\n");
}

static void read_options(struct options *options, int argc, char **argv)
{
    int option;
    while ((option = getopt(argc, argv, "c:n:p:d:kr:zs:t:H:v:w:")) != -1) {
        size_t len = strlen(options->head);
        switch (option) {
        case 'c':
            options->conns = strtoul(optarg, NULL, 10);
            break;
        case 'n':
            options->count = strtoul(optarg, NULL, 10);
            break;
        case 'p':
            options->depth = atoi(optarg);
            break;
        case 'd':
            options->seconds = strtod(optarg, NULL);
            break;
        case 'k':
            options->renew = true;
            break;
        case 'r':
            options->rate = strtod(optarg, NULL);
            break;
        case 'z':
            options->zipf = true;
            break;
        case 's':
            options->seed = strtoul(optarg, NULL, 10);
            break;
        case 't':
            options->trace = fopen(optarg, "w");
            break;
        case 'H':
            snprintf(options->head + len, sizeof(options->head) - len, "%s\r\n", optarg);
            break;
        case 'v':
            options->header = optarg;
            break;
        case 'w':
            options->good_ms = strtod(optarg, NULL);
            break;
        default:
            exit(2);
        }
    }
    errno = EINVAL;
    if (optind + 1 != argc || options->conns < 1 || options->depth < 1 || options->depth > DEPTH)
        stop("usage: ask [OPTION]... PORT < targets");
    options->port = (uint16_t)atoi(argv[optind]);
}

int main(int argc, char **argv)
{
    static struct bench bench = {.options = {.conns = 1, .depth = 1, .good_ms = 1000, .seed = 1}};
    struct options *options = &bench.options;
    read_options(options, argc, argv);
    if (options->renew) {
        options->depth = 1;
        strncat(options->head, "Connection: close\r\n", sizeof(options->head) - strlen(options->head) - 1);
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    read_requests(&bench);
    if (options->count == 0 && options->seconds == 0)
        options->count = bench.request_count;
    bench.draw = options->seed;
    bench.conns = alloc(options->conns, sizeof(*bench.conns));
    bench.idle = alloc(options->conns, sizeof(struct conn *));
    bench.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (bench.epoll < 0)
        stop("epoll_create1");
    run(&bench);
    print(&bench);
    return options->trace != NULL && fclose(options->trace) != 0;
}
