// SPDX-License-Identifier: Apache-2.0
#include "proxy.h"

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libpq-fe.h>

struct proxy {
    pthread_t thread;          // that passes on
    int listener;              // owned
    int stop[2];               // a pipe; closing its end 1 ends the thread
    uint16_t port;             // of listener
    uint16_t server_port;      //
    atomic_int cut;            // enum proxy_cut; of a COMMIT
    atomic_bool cuts_question; // behind that of a COMMIT
};

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static bool send_all(int to, const char *bytes, ssize_t len)
{
    while (len > 0) {
        ssize_t sent = send(to, bytes, (size_t)len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        len -= sent;
    }
    return true;
}

// Passes on what there is; false when the connection is to be closed.
static bool pass(struct proxy *proxy, int from, int to, int server)
{
    static char bytes[1 << 16];
    ssize_t len = recv(from, bytes, sizeof(bytes), 0);
    if (len <= 0)
        return false;
    int cut = PROXY_CUT_NONE;
    if (from != server && memmem(bytes, (size_t)len, "COMMIT", sizeof("COMMIT")) != NULL)
        cut = atomic_exchange(&proxy->cut, PROXY_CUT_NONE);
    if (cut == PROXY_CUT_TWICE)
        proxy->cuts_question = true;
    else if (from != server && memmem(bytes, (size_t)len, "isfinite", strlen("isfinite")) != NULL &&
             atomic_exchange(&proxy->cuts_question, false))
        cut = PROXY_CUT_AFTER;
    if (cut == PROXY_CUT_BEFORE || cut == PROXY_CUT_TWICE || !send_all(to, bytes, len))
        return false;
    if (cut == PROXY_CUT_AFTER)
        (void)recv(server, bytes, sizeof(bytes), 0); // the answer
    return cut != PROXY_CUT_AFTER;
}

// Until one side closes, or the proxy ends; false then.
static bool serve(struct proxy *proxy, int client)
{
    struct sockaddr_in address = loopback(proxy->server_port);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    bool goes_on = connect(server, (struct sockaddr *)&address, sizeof(address)) == 0, is_open = goes_on;
    while (is_open) {
        struct pollfd fds[] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN},
            {.fd = proxy->stop[0], .events = POLLIN}};
        poll(fds, 3, -1);
        if (fds[0].revents != 0)
            is_open = pass(proxy, client, server, server);
        if (is_open && fds[1].revents != 0)
            is_open = pass(proxy, server, client, server);
        if (fds[2].revents != 0)
            is_open = goes_on = false;
    }
    close(server);
    close(client);
    return goes_on;
}

static void *run(void *ctx)
{
    struct proxy *proxy = ctx;
    bool goes_on = true;
    while (goes_on) {
        struct pollfd fds[] = {
            {.fd = proxy->listener, .events = POLLIN}, {.fd = proxy->stop[0], .events = POLLIN}};
        poll(fds, 2, -1);
        if (fds[1].revents != 0)
            break;
        int client = accept(proxy->listener, NULL, NULL);
        if (client >= 0)
            goes_on = serve(proxy, client);
    }
    return NULL;
}

uint16_t proxy_port_in(const char *url)
{
    uint16_t port = 5432;
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    for (PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (strcmp(option->keyword, "port") == 0 && option->val != NULL)
            port = (uint16_t)atoi(option->val);
    }
    PQconninfoFree(options);
    return port;
}

struct proxy *proxy_new_at(uint16_t port, uint16_t server_port)
{
    const int yes = 1;
    struct proxy *proxy = calloc(1, sizeof(*proxy));
    struct sockaddr_in address = loopback(port);
    socklen_t len = sizeof(address);
    proxy->server_port = server_port;
    proxy->listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(proxy->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    int result = bind(proxy->listener, (struct sockaddr *)&address, sizeof(address));
    assert(result == 0);
    result = listen(proxy->listener, 16);
    assert(result == 0);
    result = getsockname(proxy->listener, (struct sockaddr *)&address, &len);
    assert(result == 0);
    proxy->port = ntohs(address.sin_port);
    result = pipe(proxy->stop);
    assert(result == 0);
    result = pthread_create(&proxy->thread, NULL, run, proxy);
    assert(result == 0);
    return proxy;
}

struct proxy *proxy_new(uint16_t server_port)
{
    return proxy_new_at(0, server_port);
}

void proxy_free(struct proxy *proxy)
{
    close(proxy->stop[1]);
    pthread_join(proxy->thread, NULL);
    close(proxy->stop[0]);
    close(proxy->listener);
    free(proxy);
}

uint16_t proxy_port(const struct proxy *proxy)
{
    return proxy->port;
}

void proxy_cut_next(struct proxy *proxy, enum proxy_cut cut)
{
    atomic_store(&proxy->cut, cut);
}
