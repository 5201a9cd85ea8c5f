// SPDX-License-Identifier: Apache-2.0
#include "site.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "app/app_read.h"
#include "base/mem.h"
#include "http/socket.h"
#include "store/migrate.h"

enum { LOG_BYTES = 65536, PAUSE_NS = 2000000, PAUSES = 10000 };

// Ends the test on any thread, as cmocka's own way out is for one thread only.
static void require(bool holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    abort();
}

// --- folders

void site_init(struct site *site)
{
    *site = (struct site){.log_fd = -1};
    snprintf(site->dir, sizeof(site->dir), "/tmp/reckoner-site-XXXXXX");
    require(mkdtemp(site->dir) != NULL, "mkdtemp");
    static const char *const names[] = {"one", "two"};
    char path[SITE_PATH_BYTES + 8];
    snprintf(path, sizeof(path), "%s/var", site->dir);
    require(mkdir(path, 0755) == 0, path);
    for (size_t i = 0; i < SITE_APPS; i++) {
        snprintf(site->app_dirs[i], sizeof(site->app_dirs[i]), "%.200s/%s", site->dir, names[i]);
        require(mkdir(site->app_dirs[i], 0755) == 0, site->app_dirs[i]);
    }
    snprintf(path, sizeof(path), "%s/log", site->dir);
    site->log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    struct err err = {0};
    require(site->log_fd >= 0 && log_new(site->log_fd, &site->log, &err) == ERR_NONE, path);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

void site_fini(struct site *site)
{
    if (site->server != NULL)
        server_stop(site->server);
    for (size_t i = 0; i < SITE_APPS; i++)
        service_fini(&site->services[i]);
    server_free(site->server);
    log_free(site->log);
    close(site->log_fd);
    require(nftw(site->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0, site->dir);
}

void site_write(struct site *site, size_t app, const char *name, const char *text)
{
    char path[2 * SITE_PATH_BYTES], temporary[2 * SITE_PATH_BYTES];
    snprintf(path, sizeof(path), "%s/%s", site->app_dirs[app], name);
    snprintf(temporary, sizeof(temporary), "%s/writing", site->dir);
    FILE *file = fopen(temporary, "w");
    require(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0, temporary);
    require(rename(temporary, path) == 0, path);
    if (app >= site->count)
        site->count = app + 1;
}

void site_remove(struct site *site, size_t app, const char *name)
{
    char path[2 * SITE_PATH_BYTES];
    snprintf(path, sizeof(path), "%s/%s", site->app_dirs[app], name);
    require(remove(path) == 0, path);
}

void site_mkdir(struct site *site, size_t app, const char *name)
{
    char path[2 * SITE_PATH_BYTES];
    snprintf(path, sizeof(path), "%s/%s", site->app_dirs[app], name);
    require(mkdir(path, 0755) == 0, path);
}

// --- services

static void open_service(struct site *site, size_t i)
{
    char url[2 * SITE_PATH_BYTES];
    struct err err = {0};
    struct diags diags;
    struct app *app;
    struct store *store;
    struct store_conn *conn;
    diags_init(&diags);
    snprintf(url, sizeof(url), "sqlite:%s/var/%zu.db", site->dir, i);
    enum err_code code = app_read(site->app_dirs[i], "sqlite", &diags, &app, &err);
    if (code == ERR_NONE)
        code = store_open(url, "test", &store, &err);
    if (code == ERR_NONE)
        code = store_connect(store, STORE_WRITE, &conn, &err);
    if (code == ERR_NONE)
        code = migrate(conn, app->migrations, app->migration_count, NULL, &err);
    if (code == ERR_NONE)
        code = service_start(&site->services[i], app, store, conn, &err);
    diags_print(&diags, stderr);
    diags_fini(&diags);
    require(code == ERR_NONE, err.text);
}

void site_open(struct site *site)
{
    for (size_t i = 0; i < site->count; i++)
        open_service(site, i);
}

struct http_listen site_listen(void)
{
    struct http_listen listen = {.fd = -1};
    struct err err = {0};
    require(socket_bind("127.0.0.1:0", &listen.fd, &err) == ERR_NONE, err.text);
    return listen;
}

void site_serve(struct site *site, bool watch)
{
    static char var[2 * SITE_PATH_BYTES];
    struct err err = {0};
    site_open(site);
    snprintf(var, sizeof(var), "%s/var", site->dir);
    struct http_listen listen = site_listen();
    struct server_options options = {.listens = &listen,
        .listen_count = 1,
        .loops = 2,
        .workers = 2,
        .error_log = site->log,
        .spool_dir = var,
        .watch = watch};
    require(server_start(&options, site->services, site->count, &site->server, &err) == ERR_NONE, err.text);
}

// --- the log

static size_t read_log(struct site *site, char text[LOG_BYTES])
{
    char path[SITE_PATH_BYTES + 8];
    snprintf(path, sizeof(path), "%s/log", site->dir);
    FILE *file = fopen(path, "r");
    require(file != NULL, path);
    size_t len = fread(text, 1, LOG_BYTES - 1, file);
    fclose(file);
    text[len] = '\0';
    return len;
}

size_t site_count_in_log(struct site *site, const char *text)
{
    char *log = mem_alloc(LOG_BYTES);
    require(log != NULL, "memory");
    read_log(site, log);
    size_t count = 0;
    for (const char *at = log; (at = strstr(at, text)) != NULL; at++)
        count++;
    mem_free(log);
    return count;
}

void site_wait_for_log(struct site *site, const char *text)
{
    for (int i = 0; i < PAUSES; i++) {
        if (site_count_in_log(site, text) > 0)
            return;
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    }
    char *log = mem_alloc(LOG_BYTES);
    if (log != NULL && read_log(site, log) > 0)
        fputs(log, stderr);
    require(false, text);
}

// --- the client

void answer_fini(struct answer *answer)
{
    mem_free(answer->bytes);
    *answer = (struct answer){0};
}

static int connect_to(const struct site *site)
{
    const char *colon = strrchr(server_address(site->server), ':');
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1))};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0, "connect");
    return fd;
}

static void take_apart(struct answer *answer)
{
    char *end = strstr(answer->bytes, "\r\n\r\n"), *first = strstr(answer->bytes, "\r\n");
    if (end == NULL || first == NULL)
        return;
    answer->status = atoi(answer->bytes + strlen("HTTP/1.1 "));
    answer->headers = first == end ? end : first + 2;
    answer->body = end + 4;
    answer->body_len = answer->len - (size_t)(answer->body - answer->bytes);
    end[2] = '\0';
}

struct answer site_ask(
    const struct site *site, const char *method, const char *target, const char *headers, const char *body)
{
    size_t room = 1024 + strlen(target) + strlen(headers) + (body != NULL ? strlen(body) : 0);
    char *request = mem_alloc(room);
    require(request != NULL, "memory");
    int len = snprintf(
        request, room, "%s %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s", method, target, headers);
    if (body != NULL)
        len +=
            snprintf(request + len, room - (size_t)len, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    else
        len += snprintf(request + len, room - (size_t)len, "\r\n");
    int fd = connect_to(site);
    require(send(fd, request, (size_t)len, MSG_NOSIGNAL) == len, "send");
    mem_free(request);

    struct answer answer = {0};
    size_t cap = 0;
    ssize_t got;
    do {
        if (cap - answer.len < 4096) {
            cap = cap * 2 + 8192;
            answer.bytes = mem_realloc(answer.bytes, cap);
            require(answer.bytes != NULL, "memory");
        }
        got = recv(fd, answer.bytes + answer.len, cap - answer.len - 1, 0);
        require(got >= 0, "recv");
        answer.len += (size_t)got;
    } while (got > 0);
    close(fd);
    answer.bytes[answer.len] = '\0';
    take_apart(&answer);
    return answer;
}

void site_expect(const struct site *site, const char *target, int status, const char *body)
{
    struct answer answer = site_ask(site, "GET", target, "", NULL);
    bool same = answer.status == status && strcmp(answer.body, body) == 0;
    if (!same)
        fprintf(stderr, "GET %s: expected %d %s\nbut got %d %s\n", target, status, body, answer.status,
            answer.body);
    require(same, target);
    answer_fini(&answer);
}
