// SPDX-License-Identifier: Apache-2.0
// Makes the server's store, from a copy of the seed's file or by a first load of its own, and puts
// serve/server.h on it. The requests are the caller's (http_client.h). On the main thread; the server has its
// own threads.
#include "cmd/test_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/first_load.h"
#include "cmd/message.h"
#include "cmd/sockets.h"
#include "cmd/workspace.h"
#include "serve/server.h"

enum { PATH_BYTES = 4096, COPY_BYTES = 1 << 30, WORKERS = 2 };

struct test_server {
    struct service service;      //
    struct server *server;       // owned; NULL until started
    char store_path[PATH_BYTES]; // the copy; or ""
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

static bool open_copy(
    struct test_server *server, const struct test_seed *seed, struct workspace *ret_workspace)
{
    char url[PATH_BYTES + 8];
    snprintf(server->store_path, sizeof(server->store_path), "%s/copy-XXXXXX", seed->dir);
    if (!copy_file(seed->path, server->store_path))
        return false;
    snprintf(url, sizeof(url), "sqlite:%s", server->store_path);
    return workspace_open(seed->app_dir, &(struct options){.store = url}, ret_workspace);
}

static bool open_loaded(const struct test_seed *seed, struct workspace *ret_workspace)
{
    if (!workspace_open_scratch(seed->app_dir, seed->url, ret_workspace))
        return false;
    bool loaded = workspace_first_load(ret_workspace, &(struct options){0}, false);
    if (!loaded)
        workspace_fini(ret_workspace);
    return loaded;
}

static bool start(struct test_server *server, const struct test_seed *seed, struct test_keys *keys)
{
    struct workspace workspace;
    if (!(seed->url != NULL ? open_loaded(seed, &workspace) : open_copy(server, seed, &workspace)))
        return false;
    struct err err = {0};
    if (test_keys_store(keys, workspace.app, workspace.conn, &err) != ERR_NONE ||
        service_start(&server->service, workspace.app, workspace.store, workspace.conn, &err) != ERR_NONE) {
        message_error(seed->app_dir, &err);
        workspace_fini(&workspace);
        return false;
    }
    struct sockets sockets = {0};
    enum err_code code = sockets_add(&sockets, "127.0.0.1:0", false, &err);
    struct server_options server_options = {.listens = sockets.listens,
        .listen_count = 1,
        .loops = 1,
        .workers = WORKERS,
        .error_log = seed->log,
        .tells_failures = true,
        .spool_dir = seed->dir};
    if (code == ERR_NONE)
        code = server_start(&server_options, &server->service, 1, &server->server, &err);
    sockets_fini(&sockets);
    if (code != ERR_NONE)
        message_error(seed->app_dir, &err);
    return code == ERR_NONE;
}

bool test_server_start(const struct test_seed *seed, struct test_keys *keys, struct test_server **ret_server)
{
    struct test_server *server = mem_zalloc(1, sizeof(*server));
    if (server == NULL) {
        fputs("reckoner: out of memory\n", stderr);
        return false;
    }
    if (!start(server, seed, keys)) {
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
    if (server->store_path[0] != '\0')
        (void)unlink(server->store_path); // else the folder's owner removes it
    mem_free(server);
}
