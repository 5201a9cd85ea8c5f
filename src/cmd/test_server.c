// SPDX-License-Identifier: Apache-2.0
#include "cmd/test_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/open.h"
#include "serve/server.h"

enum { PATH_BYTES = 4096, COPY_BYTES = 1 << 30, WORKERS = 2 };

struct test_server {
    struct service service;      //
    struct server *server;       // owned; NULL until started
    char store_path[PATH_BYTES]; // the copy
};

static bool copy_bytes(int from, int to)
{
    ssize_t copied;
    do
        copied = sendfile(to, from, NULL, COPY_BYTES);
    while (copied > 0 || (copied < 0 && errno == EINTR));
    return copied == 0;
}

// To a new file, whose name takes the place of the XXXXXX at the end of `to`.
static bool copy_file(const char *from, char *to)
{
    int from_fd = open(from, O_RDONLY | O_CLOEXEC);
    int to_fd = mkostemp(to, O_CLOEXEC);
    bool done = from_fd >= 0 && to_fd >= 0 && copy_bytes(from_fd, to_fd);
    if (!done)
        fprintf(stderr, "reckoner: %s could not be copied to %s: %s\n", from, to, strerror(errno));
    if (from_fd >= 0)
        close(from_fd);
    if (to_fd >= 0)
        close(to_fd);
    return done;
}

static bool start(struct test_server *server, const char *app_dir, const char *dir, struct log *log)
{
    char url[PATH_BYTES + 8];
    snprintf(url, sizeof(url), "sqlite:%s", server->store_path);
    struct options options = {.store = url};
    struct opened opened;
    if (!open_app(app_dir, &options, &opened))
        return false;
    struct err err = {0};
    if (service_start(&server->service, opened.app, opened.store, opened.conn, &err) != ERR_NONE) {
        show_error(app_dir, &err);
        opened_fini(&opened);
        return false;
    }
    struct server_options server_options = {
        .listen = "127.0.0.1:0", .loops = 1, .workers = WORKERS, .error_log = log, .spool_dir = dir};
    if (server_start(&server_options, &server->service, 1, &server->server, &err) == ERR_NONE)
        return true;
    show_error(app_dir, &err);
    return false;
}

bool test_server_start(
    const char *app_dir, const char *seed, const char *dir, struct log *log, struct test_server **ret_server)
{
    struct test_server *server = mem_zalloc(1, sizeof(*server));
    if (server == NULL) {
        fputs("reckoner: out of memory\n", stderr);
        return false;
    }
    snprintf(server->store_path, sizeof(server->store_path), "%s/copy-XXXXXX", dir);
    if (!copy_file(seed, server->store_path) || !start(server, app_dir, dir, log)) {
        test_server_stop(server);
        return false;
    }
    *ret_server = server;
    return true;
}

const char *test_server_address(const struct test_server *server)
{
    return server_address(server->server);
}

void test_server_stop(struct test_server *server)
{
    if (server->server != NULL)
        server_stop(server->server);
    service_fini(&server->service);
    server_free(server->server);
    (void)unlink(server->store_path); // else the folder's owner removes it
    mem_free(server);
}
