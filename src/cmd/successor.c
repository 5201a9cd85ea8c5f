// SPDX-License-Identifier: Apache-2.0
// Starting, hearing and ending the process that replaces this one. Which sockets and clients it gets, and
// when, is running.c's.
//
// The file is the one whose path execve(2) was given, links not followed: so a link that leads to another
// version now leads to it here, too, and a file that was replaced is found (/proc/self/exe would name the one
// that is gone).
#include "cmd/successor.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/handover.h"

extern char **environ;

struct successor {
    pid_t pid;              //
    int pair;               // owned; this process's end
    struct successor *rest; // owned; that have ended; NULL: none
};

// --- what it is started with

// The words that this process was started with, one behind the other with a zero byte behind each.
static enum err_code read_words(struct buf *ret_words, struct err *err)
{
    FILE *file = fopen("/proc/self/cmdline", "re");
    if (file == NULL)
        return err_set(err, ERR_IO, "could not read /proc/self/cmdline: %s", strerror(errno));
    char part[4096];
    size_t len;
    while ((len = fread(part, 1, sizeof(part), file)) > 0)
        buf_append(ret_words, part, len);
    fclose(file);
    return buf_status(ret_words) == ERR_NONE ? ERR_NONE : err_no_memory(err);
}

// Pointers to each of them, and NULL at the end; freed by mem_free.
static char **split_words(struct buf *words)
{
    size_t count = 0, i = 0;
    for (size_t at = 0; at < words->len; at++)
        count += words->data[at] == '\0';
    char **argv = mem_zalloc(count + 1, sizeof(*argv));
    for (size_t at = 0; argv != NULL && i < count; at += strlen(words->data + at) + 1)
        argv[i++] = words->data + at;
    return argv;
}

// Systemd's own sockets go by the hand-over, and the process that its watchdog looks at becomes another one.
static bool is_passed_on(const char *variable)
{
    static const char *const own[] = {
        (HANDOVER_VARIABLE "="), "LISTEN_FDS=", "LISTEN_PID=", "LISTEN_FDNAMES=", "WATCHDOG_PID="};
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        if (strncmp(variable, own[i], strlen(own[i])) == 0)
            return false;
    }
    return true;
}

// `first`, and the variables that are passed on; freed by mem_free.
static char **make_environment(char *first)
{
    size_t count = 0, made = 0;
    while (environ[count] != NULL)
        count++;
    char **variables = mem_zalloc(count + 2, sizeof(*variables));
    if (variables == NULL)
        return NULL;
    variables[made++] = first;
    for (size_t i = 0; i < count; i++) {
        if (is_passed_on(environ[i]))
            variables[made++] = environ[i];
    }
    return variables;
}

static const char *program(char *room, size_t size)
{
    const char *path = (const char *)getauxval(AT_EXECFN); // NOLINT(performance-no-int-to-ptr): getauxval(3)
    if (path != NULL && strncmp(path, "/dev/fd/", 8) != 0 && strncmp(path, "/proc/", 6) != 0)
        return path;
    ssize_t len = readlink("/proc/self/exe", room, size - 1); // started by a descriptor, fexecve(3)
    room[len < 0 ? 0 : len] = '\0';
    return room;
}

// --- starting

// Signals as a program finds them at its start, and no descriptors but the standard streams and the pair.
static enum err_code spawn(int pair, char **argv, char **variables, pid_t *ret_pid, struct err *err)
{
    char room[4096];
    const char *path = program(room, sizeof(room));
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, standard;
    sigemptyset(&none);
    sigemptyset(&standard);
    sigaddset(&standard, SIGPIPE); // which this process ignores
    sigaddset(&standard, SIGXFSZ);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int failed = posix_spawn_file_actions_adddup2(&actions, pair, HANDOVER_FD);
    if (!failed)
        failed = posix_spawn_file_actions_addclosefrom_np(&actions, HANDOVER_FD + 1);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &standard);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (!failed)
        failed = posix_spawn(ret_pid, path, &actions, &attributes, argv, variables);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failed)
        return err_set(err, ERR_IO, "could not start %s: %s", path, strerror(failed));
    return ERR_NONE;
}

static enum err_code start_program(int pair, pid_t *ret_pid, struct err *err)
{
    AUTO(buf_fini) struct buf words;
    buf_init(&words, LIMIT_COMMAND_BYTES);
    enum err_code code = read_words(&words, err);
    if (code != ERR_NONE)
        return code;
    char variable[64];
    snprintf(variable, sizeof(variable), "%s=%d", HANDOVER_VARIABLE, HANDOVER_FD);
    char **argv = split_words(&words), **variables = make_environment(variable);
    if (argv == NULL || variables == NULL)
        code = err_no_memory(err);
    else
        code = spawn(pair, argv, variables, ret_pid, err);
    mem_free(argv);
    mem_free(variables);
    return code;
}

static enum err_code send_sockets(
    int pair, const struct handed_socket *sockets, size_t count, struct err *err)
{
    enum err_code code = handover_send(pair, -1, err, "%s", HANDOVER_VERSION);
    for (size_t i = 0; code == ERR_NONE && i < count; i++)
        code = handover_send(
            pair, sockets[i].fd, err, "%s %s", sockets[i].is_shared ? "shared" : "socket", sockets[i].text);
    return code == ERR_NONE ? handover_send(pair, -1, err, "begin") : code;
}

enum err_code successor_start(
    const struct handed_socket *sockets, size_t count, struct successor **ret_successor, struct err *err)
{
    int pair[2];
    struct successor *successor = mem_zalloc(1, sizeof(*successor));
    if (successor == NULL)
        return err_no_memory(err);
    enum err_code code = handover_pair(pair, err);
    if (code != ERR_NONE) {
        mem_free(successor);
        return code;
    }
    successor->pair = pair[0];
    code = send_sockets(pair[0], sockets, count, err); // they wait in the pair
    if (code == ERR_NONE)
        code = start_program(pair[1], &successor->pid, err);
    close(pair[1]);
    if (code != ERR_NONE) {
        successor_free(successor);
        return code;
    }
    *ret_successor = successor;
    return ERR_NONE;
}

pid_t successor_pid(const struct successor *successor)
{
    return successor->pid;
}

int successor_fd(const struct successor *successor)
{
    return successor->pair;
}

// --- talking

enum successor_event successor_hear(struct successor *successor)
{
    struct handover_message message;
    for (;;) {
        enum handover_event event = handover_receive(successor->pair, &message);
        if (event != HANDOVER_MESSAGE)
            return event == HANDOVER_ENDED ? SUCCESSOR_ENDED : SUCCESSOR_NOTHING;
        if (message.fd >= 0)
            close(message.fd);
        if (handover_words(&message, "ready") != NULL)
            return SUCCESSOR_READY;
        if (handover_words(&message, "end") != NULL)
            return SUCCESSOR_TO_END;
    }
}

bool successor_let_write(struct successor *successor)
{
    struct err ignored = {0}; // one that has ended needs no word
    return handover_send(successor->pair, -1, &ignored, "writer") != ERR_BUSY;
}

bool successor_give(struct successor *successor, int fd, size_t place, const char *peer)
{
    struct err ignored = {0}; // the client stays here
    return handover_send(successor->pair, fd, &ignored, "connection %zu %s", place, peer) == ERR_NONE;
}

// --- the end

static bool has_ended(pid_t pid, int *ret_status)
{
    return waitpid(pid, ret_status, WNOHANG) == pid;
}

void successor_end(struct successor *successor, char ret_how[ENDING_BYTES])
{
    enum { LOOK_MS = 2 };
    int status = 0;
    uint64_t until_ns = clock_monotonic_ns() + LIMIT_SUCCESSOR_END_MS * NS_PER_MS;
    bool is_asked = false, is_over = false;
    struct handover_message message;
    // One that has closed its end is about to end by itself.
    bool is_ending = handover_receive(successor->pair, &message) == HANDOVER_ENDED;
    while (!(is_over = has_ended(successor->pid, &status)) && clock_monotonic_ns() < until_ns) {
        if (!is_ending && !is_asked)
            kill(successor->pid, SIGTERM);
        is_asked = true;
        clock_pause(LOOK_MS * NS_PER_MS);
    }
    if (!is_over) {
        kill(successor->pid, SIGKILL);
        (void)waitpid(successor->pid, &status, 0);
    }
    if (WIFEXITED(status))
        snprintf(ret_how, ENDING_BYTES, "ended with exit code %d", WEXITSTATUS(status));
    else
        snprintf(ret_how, ENDING_BYTES, "was ended by SIG%s", sigabbrev_np(WTERMSIG(status)));
}

void successor_chain(struct successor *successor, struct successor *rest)
{
    successor->rest = rest;
}

void successor_free(struct successor *successor)
{
    while (successor != NULL) {
        struct successor *rest = successor->rest;
        close(successor->pair);
        mem_free(successor);
        successor = rest;
    }
}
