// SPDX-License-Identifier: Apache-2.0
// Which sockets there are. How one is bound is http/socket.c's; accepting is the server's, which closes those
// that it has taken.
#include "cmd/sockets.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/span.h"
#include "cmd/activation.h"
#include "cmd/cmd.h"
#include "cmd/message.h"
#include "http/socket.h"

// Takes the words off the text that are said of any listener; those behind a Unix socket's path stay. What is
// too long is cut, and is no address anyway.
static void cut_words(const char *text, struct http_listen *listen, char ret_text[SOCKET_TEXT_BYTES])
{
    size_t len = 0;
    ret_text[0] = '\0';
    for (struct span rest = span_of(text); rest.len > 0;) {
        struct span word = span_split(&rest, ',');
        if (len > 0 && span_is(word, "proxy"))
            listen->takes_proxy = true;
        else if (len < SOCKET_TEXT_BYTES)
            len += (size_t)snprintf(ret_text + len, SOCKET_TEXT_BYTES - len, "%s%.*s", len > 0 ? "," : "",
                (int)word.len, word.at);
    }
}

enum err_code sockets_add(struct sockets *sockets, const char *words, bool is_admin, struct err *err)
{
    char text[SOCKET_TEXT_BYTES];
    struct http_listen listen = {0};
    cut_words(words, &listen, text);
    if (sockets->count == LIMIT_LISTENERS)
        return err_set(err, ERR_CONFIG, "more than %d addresses to listen on", LIMIT_LISTENERS);
    int fd = predecessor_take_socket(sockets->predecessor, words);
    bool is_lent = fd >= 0;
    enum err_code code = fd < 0 ? socket_bind(text, &fd, err) : ERR_NONE;
    if (code != ERR_NONE)
        return code;
    size_t i = sockets->count++;
    listen.fd = fd;
    listen.is_admin = is_admin;
    sockets->listens[i] = listen;
    sockets->is_lent[i] = is_lent;
    sockets->fds[i] = fd;
    snprintf(sockets->texts[i], SOCKET_TEXT_BYTES, "%s", words);
    unix_socket_file_of(fd, &sockets->files[i]);
    return ERR_NONE;
}

// Several may stand in one text with spaces between them, as a variable has but one.
static enum err_code add_words(struct sockets *sockets, const char *texts, bool is_admin, struct err *err)
{
    enum err_code code = ERR_NONE;
    char text[SOCKET_TEXT_BYTES];
    for (struct span rest = span_of(texts); code == ERR_NONE && rest.len > 0;) {
        struct span word = span_split(&rest, ' ');
        if (word.len == 0)
            continue;
        snprintf(text, sizeof(text), "%.*s", (int)word.len, word.at);
        code = sockets_add(sockets, text, is_admin, err);
    }
    return code;
}

static enum err_code add_all(
    struct sockets *sockets, const struct option_list *list, bool is_admin, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < list->count; i++)
        code = add_words(sockets, list->texts[i], is_admin, err);
    return code;
}

// Nobody could come in who is not trusted, and that is surely not what is meant.
static enum err_code check_trust(
    const struct sockets *sockets, const struct options *options, struct err *err)
{
    bool takes_proxy = false;
    for (size_t i = 0; i < sockets->count; i++)
        takes_proxy = takes_proxy || sockets->listens[i].takes_proxy;
    if (!takes_proxy || options->trust_proxy.count > 0)
        return ERR_NONE;
    err_set(err, ERR_CONFIG,
        "a --listen with ,proxy takes connections of trusted proxies alone, and none is named");
    err_hint(err, "name them by --trust-proxy, as in --trust-proxy 10.0.0.0/8");
    return ERR_CONFIG;
}

static bool has(const struct sockets *sockets, bool is_admin)
{
    for (size_t i = 0; i < sockets->count; i++) {
        if (sockets->listens[i].is_admin == is_admin)
            return true;
    }
    return false;
}

// Who ends when nobody comes has to be started when somebody does.
static enum err_code check_idle_exit(const struct sockets *sockets, struct err *err)
{
    for (size_t i = 0; i < sockets->count; i++) {
        if (sockets->listens[i].is_shared)
            continue;
        err_set(err, ERR_CONFIG,
            "--idle-exit is for sockets that systemd holds: nobody would start this server again");
        err_hint(err, "take reckoner.socket, or leave --idle-exit away");
        return ERR_CONFIG;
    }
    return ERR_NONE;
}

bool sockets_open(struct sockets *ret_sockets, const struct options *options, struct predecessor *predecessor,
    int *ret_exit)
{
    struct sockets sockets = {.predecessor = predecessor};
    struct err err = {0};
    enum err_code code = activation_take(&sockets, &err);
    bool has_some = has(&sockets, false), has_admin = has(&sockets, true);
    bool has_tls = sockets_want_tls(&sockets);
    if (code == ERR_NONE && !has_some)
        code = add_all(&sockets, &options->listen, false, &err);
    if (code == ERR_NONE && !has_admin)
        code = add_all(&sockets, &options->admin_listen, true, &err);
    size_t plain = sockets.count;
    if (code == ERR_NONE && !has_tls)
        code = add_all(&sockets, &options->tls_listen, false, &err);
    for (size_t i = plain; i < sockets.count; i++)
        sockets.wants_tls[i] = true;
    if (code == ERR_NONE && options->idle_exit_ms > 0)
        code = check_idle_exit(&sockets, &err);
    if (code == ERR_NONE)
        code = check_trust(&sockets, options, &err);
    if (code != ERR_NONE) {
        message_error("serve", &err);
        sockets_fini(&sockets);
        *ret_exit = code == ERR_CONFIG ? EXIT_USAGE : EXIT_FAILED;
        return false;
    }
    *ret_sockets = sockets;
    return true;
}

bool sockets_want_tls(const struct sockets *sockets)
{
    bool wants_tls = false;
    for (size_t i = 0; i < sockets->count; i++)
        wants_tls = wants_tls || sockets->wants_tls[i];
    return wants_tls;
}

void sockets_use_tls(struct sockets *sockets, struct tls *tls)
{
    for (size_t i = 0; i < sockets->count; i++) {
        if (sockets->wants_tls[i])
            sockets->listens[i].tls = tls;
    }
}

void sockets_tell(const struct sockets *sockets, const struct server *server, size_t endpoints)
{
    const char *name, *first = server_address(server), *scheme = "http";
    for (size_t i = 0; (name = server_address_at(server, i)) != NULL; i++) {
        if (strcmp(name, first) == 0)
            scheme = sockets->wants_tls[i] ? "https" : "http";
        else
            fprintf(stderr, "reckoner: listening on %s%s%s\n", sockets->wants_tls[i] ? "https://" : "", name,
                sockets->listens[i].is_admin ? " for /-/" : ", too");
    }
    if (unix_socket_is(first))
        fprintf(stderr, "reckoner: listening on %s, %zu endpoints\n", first, endpoints);
    else
        fprintf(stderr, "reckoner: listening on %s://%s, %zu endpoints: see %s://%s/-/docs\n", scheme, first,
            endpoints, scheme, first);
}

void sockets_hide(struct sockets *sockets)
{
    for (size_t i = 0; i < sockets->count; i++) {
        if (!sockets->is_lent[i])
            unix_socket_file_remove(&sockets->files[i]);
    }
}

void sockets_own(struct sockets *sockets)
{
    memset(sockets->is_lent, 0, sizeof(sockets->is_lent));
}

void sockets_leave(struct sockets *sockets)
{
    memset(sockets->files, 0, sizeof(sockets->files));
}

void sockets_fini(struct sockets *sockets)
{
    sockets_hide(sockets);
    for (size_t i = 0; i < sockets->count; i++) {
        if (sockets->listens[i].fd >= 0)
            close(sockets->listens[i].fd);
    }
    sockets->count = 0;
}
