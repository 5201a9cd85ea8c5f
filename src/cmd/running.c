// SPDX-License-Identifier: Apache-2.0
// The main thread while a server runs: it waits for signals and for the end of a drain, moves the server from
// state to state, and gives memory back meanwhile. What a state does is in the files that it calls. All here
// runs on the main thread, but for `drain`.
//
// Invariants: `state` is changed by `move` alone; nothing in the loop of `running_run` blocks for longer than
// the pause between two looks, but for three things:
// - a reload;
// - the end of a new process that has failed (successor_end): LIMIT_SUCCESSOR_END_MS, and then as long as the
//   system takes to end what was killed;
// - the whole drain, where no thread can be started for it.
#include "cmd/running.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/thread.h"
#include "base/trim.h"
#include "cmd/cmd.h"
#include "cmd/idle.h"
#include "cmd/message.h"
#include "cmd/pid_file.h"
#include "cmd/supervisor.h"
#include "cmd/takeover.h"
#include "cmd/upgrade.h"

enum state { STARTING, READY, NOTICE, UPGRADING, LEAVING, DRAINING, ENDED, STATES };

struct running {
    const struct options *options;         // borrowed
    struct reload *reload;                 // borrowed; writes to what the next two point to
    struct server_options *server_options; // borrowed
    struct sockets *sockets;               // borrowed
    struct service *services;              // borrowed, but ended by this
    size_t service_count;                  //
    struct server *server;                 // owned
    enum state state;                      //
    int signal_fd;                         // owned; signals of the set come here
    int drained_fd;                        // owned; an eventfd(2): readable when the drain is over
    pthread_t drainer;                     // from DRAINING to ENDED
    struct upgrade upgrade;                // to a process that replaces this one
    struct takeover takeover;              // from one that this one replaces
    bool is_replaced;                      // in DRAINING and ENDED: another process serves
    uint64_t notice_end_ns;                // in NOTICE: when the drain begins
    struct supervisor supervisor;          //
    struct idle idle;                      //
    struct trim trim;                      //
    uint64_t trim_at_ns;                   // when memory is looked at next
};

// --- states

static const char *const NAMES[STATES] = {
    [STARTING] = "starting",
    [READY] = "serving",
    [NOTICE] = "about to end",
    [UPGRADING] = "being replaced",
    [LEAVING] = "replaced",
    [DRAINING] = "ending",
    [ENDED] = "ended",
};

static const bool MOVES[STATES][STATES] = {
    [STARTING] = {[READY] = true},
    [READY] = {[NOTICE] = true, [UPGRADING] = true, [DRAINING] = true},
    [UPGRADING] = {[READY] = true, [LEAVING] = true},
    [LEAVING] = {[READY] = true, [DRAINING] = true},
    [NOTICE] = {[DRAINING] = true},
    [DRAINING] = {[ENDED] = true},
};

static void move(struct running *running, enum state to)
{
    assert(MOVES[running->state][to]);
    running->state = to;
}

static void name_process(const struct running *running)
{
    struct err err = {0};
    if (pid_file_write(running->options->pid_file, &err) != ERR_NONE)
        log_printf(running->server_options->error_log, "reckoner: %s", err.text);
}

// The drain blocks for as long as clients take, so it has a thread: the main one still hears signals.
static void *drain(void *arg)
{
    struct running *running = arg;
    server_stop(running->server);
    (void)!eventfd_write(running->drained_fd, 1); // cannot fail: nobody else writes
    return NULL;
}

static void begin_drain(struct running *running)
{
    move(running, DRAINING);
    takeover_shut(&running->takeover);
    if (running->is_replaced) {
        upgrade_set_final(&running->upgrade);
        sockets_leave(running->sockets);
    }
    sockets_hide(running->sockets);
    struct err err = {0};
    if (thread_start(drain, running, &running->drainer, &err) != ERR_NONE) { // then without one
        running->drainer = pthread_self();
        drain(running);
    }
}

static void end_drain(struct running *running)
{
    if (!pthread_equal(running->drainer, pthread_self()))
        pthread_join(running->drainer, NULL);
    move(running, ENDED);
}

// --- signals

static void set_of_all(sigset_t *ret_signals)
{
    sigemptyset(ret_signals);
    sigaddset(ret_signals, SIGTERM);
    sigaddset(ret_signals, SIGINT);
    sigaddset(ret_signals, SIGHUP);
    sigaddset(ret_signals, SIGUSR2);
}

void running_hold_signals(void)
{
    sigset_t signals;
    set_of_all(&signals);
    sigdelset(&signals, SIGTERM); // these end the start, and a first load with it
    sigdelset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

// Ctrl-C at a terminal, a second time, is somebody who does not want to wait. A second SIGTERM changes
// nothing, as who ends a whole group of processes may well send two.
static void let_interrupt_end(void)
{
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &interrupt, NULL);
}

static void end(struct running *running)
{
    supervisor_stopping(running->options->drain_ms);
    let_interrupt_end();
    begin_drain(running);
}

static void begin_notice(struct running *running)
{
    move(running, NOTICE);
    supervisor_stopping(running->options->drain_notice_ms + running->options->drain_ms);
    server_notice(running->server);
    running->notice_end_ns = clock_monotonic_ns() + running->options->drain_notice_ms * NS_PER_MS;
}

// The new process has ended. It may have named itself to others as the one that serves, even where nothing
// was heard of that here.
static void serve_again(struct running *running)
{
    supervisor_ready(&running->supervisor, true, clock_monotonic_ns());
    name_process(running);
    move(running, READY);
}

// Whoever ends a server means the new process, too, which he may not know of yet.
static void cancel_upgrade(struct running *running)
{
    upgrade_cancel(&running->upgrade, running->server);
    serve_again(running);
}

static void read_anew(struct running *running)
{
    supervisor_reloading();
    (void)reload_run(running->reload, running->server, running->server_options); // the log tells
    supervisor_reloaded();
}

static void leave(struct running *running);

static void take_signal(struct running *running, int number)
{
    bool is_end = number == SIGTERM || number == SIGINT;
    if (is_end)
        takeover_end(&running->takeover);
    if (is_end && running->state == LEAVING) { // the new one has clients: both drain
        upgrade_end_new(&running->upgrade);
        leave(running);
        return;
    }
    if (is_end && running->state == UPGRADING)
        cancel_upgrade(running);
    if (number == SIGUSR2 && running->state == READY) {
        if (upgrade_begin(&running->upgrade, running->sockets, running->server_options->error_log))
            move(running, UPGRADING);
    } else if (is_end && running->state == READY && running->options->drain_notice_ms > 0)
        begin_notice(running);
    else if (is_end && (running->state == READY || running->state == NOTICE))
        end(running);
    else if (number == SIGHUP && running->state == READY)
        read_anew(running);
    else if (!is_end)
        log_printf(running->server_options->error_log, "reckoner: SIG%s means nothing to a server that is %s",
            sigabbrev_np(number), NAMES[running->state]);
}

// --- an upgrade

static void leave(struct running *running)
{
    running->is_replaced = true;
    begin_drain(running);
}

static void take_news(struct running *running, enum upgrade_news news)
{
    if (news == UPGRADE_IS_READY)
        move(running, LEAVING);
    else if (news == UPGRADE_TO_END && running->state == LEAVING)
        leave(running);
    else if (news == UPGRADE_FAILED)
        serve_again(running);
}

static uint64_t leaving_end_ns(const struct running *running)
{
    return running->upgrade.giving_ns + LIMIT_LEAVING_MS * NS_PER_MS;
}

// --- the loop

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

// Its threads are all there, and no other process says the same.
static bool is_serving(const struct running *running)
{
    return running->state == READY || running->state == NOTICE || running->state == UPGRADING;
}

// Until when nothing has to be done.
static uint64_t next_ns(const struct running *running, uint64_t now_ns)
{
    uint64_t next = least(running->trim_at_ns, running->takeover.release_ns);
    next = least(next, upgrade_next_ns(&running->upgrade, running->options->upgrade_timeout_ms, now_ns));
    if (running->state == NOTICE)
        next = least(next, running->notice_end_ns);
    if (running->state == READY)
        next = least(next, idle_next_ns(&running->idle));
    if (is_serving(running))
        next = least(next, supervisor_next_ns(&running->supervisor));
    return running->state == LEAVING ? least(next, leaving_end_ns(running)) : next;
}

// Nobody has come for as long as --idle-exit says.
static void look_for_idleness(struct running *running, uint64_t now_ns)
{
    if (running->state != READY || now_ns < idle_next_ns(&running->idle))
        return;
    struct server_activity activity = server_activity(running->server);
    if (!idle_is_over(&running->idle, &activity, now_ns))
        return;
    log_printf(running->server_options->error_log, "reckoner: ends, as nobody came for %zu ms (--idle-exit)",
        running->options->idle_exit_ms);
    end(running);
}

// What time asks for.
static void look(struct running *running, uint64_t now_ns)
{
    if (running->state == NOTICE && now_ns >= running->notice_end_ns)
        end(running);
    take_news(running, upgrade_look(&running->upgrade, running->server, running->server_options->error_log,
                           running->options->upgrade_timeout_ms, now_ns));
    if (running->state == LEAVING && now_ns >= leaving_end_ns(running))
        leave(running);
    takeover_look(&running->takeover, now_ns);
    look_for_idleness(running, now_ns);
    if (is_serving(running))
        supervisor_look(&running->supervisor, running->server, now_ns);
    if (now_ns >= running->trim_at_ns) {
        server_trim(running->server);
        trim_idle(&running->trim);
        running->trim_at_ns = clock_monotonic_ns() + LIMIT_TRIM_MS * NS_PER_MS;
    }
}

static void turn(struct running *running)
{
    enum { SIGNALS, DRAINED, NEW, OLD, FDS };
    struct pollfd fds[FDS] = {
        [SIGNALS] = {.fd = running->signal_fd, .events = POLLIN},
        [DRAINED] = {.fd = running->drained_fd, .events = POLLIN},
        [NEW] = {.fd = upgrade_fd(&running->upgrade), .events = POLLIN},
        [OLD] = {.fd = takeover_fd(&running->takeover), .events = POLLIN},
    };
    uint64_t now_ns = clock_monotonic_ns(), then_ns = next_ns(running, now_ns);
    const struct timespec pause = clock_timespec(then_ns > now_ns ? then_ns - now_ns : 0);
    if (ppoll(fds, FDS, &pause, NULL) > 0) {
        struct signalfd_siginfo signal;
        if (fds[NEW].revents != 0)
            take_news(running,
                upgrade_hear(&running->upgrade, running->server, running->server_options->error_log));
        if (fds[OLD].revents != 0)
            takeover_hear(&running->takeover);
        if (fds[SIGNALS].revents != 0 && read(running->signal_fd, &signal, sizeof(signal)) == sizeof(signal))
            take_signal(running, (int)signal.ssi_signo);
        if (fds[DRAINED].revents != 0)
            end_drain(running);
    }
    look(running, clock_monotonic_ns());
}

// --- life

static size_t count_endpoints(const struct running *running)
{
    size_t endpoints = 0;
    for (size_t i = 0; i < running->service_count; i++)
        endpoints += running->services[i].app->endpoint_count;
    return endpoints;
}

// Until here SIGTERM and SIGINT end the process as ever, and a first load with it.
static bool start(struct running *running)
{
    sigset_t signals;
    set_of_all(&signals);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    struct err err = {0};
    running->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    running->drained_fd = eventfd(0, EFD_CLOEXEC);
    enum err_code code = ERR_NONE;
    if (running->signal_fd < 0 || running->drained_fd < 0)
        code = err_set(&err, ERR_IO, "could not make a descriptor for signals: %s", strerror(errno));
    else
        code = server_start(
            running->server_options, running->services, running->service_count, &running->server, &err);
    if (code != ERR_NONE) {
        message_error("serve", &err);
        return false;
    }
    if (geteuid() == 0)
        fputs(
            "reckoner: runs as root, which nothing here needs: give it a user of its own (--user)\n", stderr);
    name_process(running); // before the line that people and programs wait for
    sockets_tell(running->sockets, running->server, count_endpoints(running));
    move(running, READY);
    uint64_t now_ns = clock_monotonic_ns();
    bool is_heir = running->takeover.predecessor != NULL;
    supervisor_init(&running->supervisor, is_heir);
    supervisor_ready(&running->supervisor, is_heir, now_ns);
    idle_init(&running->idle, running->options->idle_exit_ms, now_ns);
    running->takeover.server = running->server;
    takeover_begin(&running->takeover, running->options->drain_ms + LIMIT_LEAVING_MS + LIMIT_WRITER_SPARE_MS);
    return true;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

int running_run(const struct options *options, struct reload *reload, struct server_options *server_options,
    struct sockets *sockets, struct predecessor *predecessor, struct service *services, size_t count)
{
    struct running running = {.options = options,
        .reload = reload,
        .server_options = server_options,
        .sockets = sockets,
        .services = services,
        .service_count = count,
        .takeover = {.predecessor = predecessor,
            .sockets = sockets,
            .services = services,
            .service_count = count,
            .log = server_options->error_log},
        .signal_fd = -1,
        .drained_fd = -1};
    bool is_started = start(&running);
    running.trim_at_ns = clock_monotonic_ns() + LIMIT_TRIM_MS * NS_PER_MS;
    while (is_started && running.state != ENDED)
        turn(&running);
    for (size_t i = 0; is_started && i < count; i++)
        service_fini(&services[i]);
    server_free(running.server);
    pid_file_remove(options->pid_file);
    upgrade_fini(&running.upgrade);
    takeover_fini(&running.takeover);
    close_fd(running.signal_fd);
    close_fd(running.drained_fd);
    return is_started ? EXIT_OK : EXIT_FAILED;
}
