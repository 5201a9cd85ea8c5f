// SPDX-License-Identifier: Apache-2.0
// Messages of an upgrade, and the ends of their pair: what comes of what the other process says, or does not.
#include "cmd/handover.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "cmd/predecessor.h"

enum { OLD, NEW };

struct pair {
    int fds[2];
};

// Not at the number that a new process's end has.
static void move_away(int fds[2])
{
    for (int i = 0; i < 2; i++) {
        int fd = fcntl(fds[i], F_DUPFD_CLOEXEC, HANDOVER_FD + 1);
        close(fds[i]);
        fds[i] = fd;
    }
}

static struct pair pair_new(void)
{
    struct pair pair;
    struct err err = {0};
    assert_int_equal(handover_pair(pair.fds, &err), ERR_NONE);
    move_away(pair.fds);
    return pair;
}

// What is handed over.
static void make_streams(int ret_fds[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ret_fds), 0);
    move_away(ret_fds);
}

static void pair_close(const struct pair *pair)
{
    close(pair->fds[OLD]);
    close(pair->fds[NEW]);
}

static void say(const struct pair *pair, int fd, const char *text)
{
    struct err err = {0};
    assert_int_equal(handover_send(pair->fds[OLD], fd, &err, "%s", text), ERR_NONE);
}

static bool is_same_file(int a, int b)
{
    char x = '!', y = 0;
    return send(a, &x, 1, 0) == 1 && recv(b, &y, 1, MSG_DONTWAIT) == 1 && x == y;
}

static void messages_come_whole_and_in_order(void **state)
{
    (void)state;
    struct pair pair = pair_new();
    struct handover_message message;
    say(&pair, -1, "socket 127.0.0.1:80");
    say(&pair, -1, "begin");
    assert_int_equal(handover_receive(pair.fds[NEW], &message), HANDOVER_MESSAGE);
    assert_string_equal(message.text, "socket 127.0.0.1:80");
    assert_int_equal(message.fd, -1);
    assert_string_equal(handover_words(&message, "socket"), "127.0.0.1:80");
    assert_null(handover_words(&message, "sock"));
    assert_null(handover_words(&message, "shared"));
    assert_int_equal(handover_await(pair.fds[NEW], 0, &message), HANDOVER_MESSAGE);
    assert_string_equal(handover_words(&message, "begin"), "");
    assert_int_equal(handover_receive(pair.fds[NEW], &message), HANDOVER_NOTHING);
    assert_int_equal(handover_await(pair.fds[NEW], 0, &message), HANDOVER_NOTHING);
    pair_close(&pair);
}

static void a_descriptor_comes_with_its_message(void **state)
{
    (void)state;
    struct pair pair = pair_new();
    int given[2];
    struct handover_message message;
    make_streams(given);
    say(&pair, given[0], "socket a");
    close(given[0]);
    assert_int_equal(handover_receive(pair.fds[NEW], &message), HANDOVER_MESSAGE);
    assert_true(message.fd >= 0);
    assert_true(fcntl(message.fd, F_GETFD) & FD_CLOEXEC);
    assert_true(is_same_file(given[1], message.fd));
    close(message.fd);
    close(given[1]);
    pair_close(&pair);
}

static void the_end_of_the_other_one_is_told(void **state)
{
    (void)state;
    struct pair pair = pair_new();
    struct handover_message message;
    struct err err = {0};
    say(&pair, -1, "writer");
    close(pair.fds[OLD]);
    assert_int_equal(handover_receive(pair.fds[NEW], &message), HANDOVER_MESSAGE);
    assert_int_equal(handover_receive(pair.fds[NEW], &message), HANDOVER_ENDED);
    assert_int_equal(handover_send(pair.fds[NEW], -1, &err, "ready"), ERR_IO);
    close(pair.fds[NEW]);
}

static void what_was_said_before_an_end_is_heard_though_the_other_one_has_left_something_unread(void **state)
{
    (void)state;
    struct pair pair = pair_new();
    struct handover_message message;
    struct err err = {0};
    assert_int_equal(handover_send(pair.fds[NEW], -1, &err, "end"), ERR_NONE);
    say(&pair, -1, "writer");
    close(pair.fds[OLD]);
    assert_int_equal(handover_receive(pair.fds[NEW], &message), HANDOVER_MESSAGE);
    assert_string_equal(message.text, "writer");
    assert_int_equal(handover_receive(pair.fds[NEW], &message), HANDOVER_ENDED);
    close(pair.fds[NEW]);
}

static void what_is_not_read_fills_the_pair_and_a_long_line_is_refused(void **state)
{
    (void)state;
    struct pair pair = pair_new();
    struct handover_message message;
    struct err err = {0};
    enum err_code code = ERR_NONE;
    size_t sent = 0, came = 0;
    char line[HANDOVER_BYTES + 1];
    memset(line, 'x', sizeof(line));
    line[HANDOVER_BYTES] = '\0';
    assert_int_equal(handover_send(pair.fds[OLD], -1, &err, "%s", line), ERR_IO);
    err = (struct err){0};
    line[HANDOVER_BYTES - 1] = '\0';
    while ((code = handover_send(pair.fds[OLD], -1, &err, "%s", line)) == ERR_NONE)
        sent++;
    assert_int_equal(code, ERR_BUSY);
    while (handover_receive(pair.fds[NEW], &message) == HANDOVER_MESSAGE) {
        assert_string_equal(message.text, line);
        came++;
    }
    assert_int_equal(came, sent);
    pair_close(&pair);
}

// --- the new process's end, which is always the same descriptor

static struct predecessor *find(const struct pair *pair, enum err_code expected, struct err *ret_err)
{
    struct predecessor *predecessor = NULL;
    assert_int_equal(dup2(pair->fds[NEW], HANDOVER_FD), HANDOVER_FD);
    setenv(HANDOVER_VARIABLE, "3", 1);
    assert_int_equal(predecessor_find(&predecessor, ret_err), expected);
    assert_null(getenv(HANDOVER_VARIABLE));
    return predecessor;
}

static void sockets_are_taken_by_name_and_once(void **state)
{
    (void)state;
    struct pair pair = pair_new();
    struct err err = {0};
    int first[2], second[2];
    const char *text = NULL;
    make_streams(first);
    make_streams(second);
    say(&pair, -1, HANDOVER_VERSION);
    say(&pair, first[0], "socket 127.0.0.1:0");
    say(&pair, -1, "news of a later version");
    say(&pair, second[0], "shared http");
    say(&pair, -1, "begin");
    struct predecessor *predecessor = find(&pair, ERR_NONE, &err);
    assert_int_equal(predecessor_take_socket(predecessor, "127.0.0.1:1"), -1);
    int fd = predecessor_take_socket(predecessor, "127.0.0.1:0");
    assert_true(fd >= 0 && is_same_file(first[1], fd));
    assert_int_equal(predecessor_take_socket(predecessor, "127.0.0.1:0"), -1);
    close(fd);
    assert_int_equal(predecessor_take_socket(predecessor, "http"), -1);
    fd = predecessor_take_shared(predecessor, &text);
    assert_true(fd >= 0 && is_same_file(second[1], fd));
    assert_string_equal(text, "http");
    assert_int_equal(predecessor_take_shared(predecessor, &text), -1);
    close(fd);
    assert_string_equal(predecessor_socket_text(predecessor, 1), "http");
    assert_null(predecessor_socket_text(predecessor, 2));
    predecessor_free(predecessor);
    for (int i = 0; i < 2; i++) {
        close(first[i]);
        close(second[i]);
    }
    pair_close(&pair);
}

static void what_the_old_one_says_afterwards_is_understood(void **state)
{
    (void)state;
    struct pair pair = pair_new();
    struct err err = {0};
    struct given_client client;
    struct handover_message message;
    int given[2];
    make_streams(given);
    say(&pair, -1, HANDOVER_VERSION);
    say(&pair, -1, "begin");
    struct predecessor *predecessor = find(&pair, ERR_NONE, &err);
    assert_int_equal(predecessor_hear(predecessor, &client), PREDECESSOR_NOTHING);
    assert_int_equal(predecessor_tell_ready(predecessor, &err), ERR_NONE);
    assert_int_equal(handover_receive(pair.fds[OLD], &message), HANDOVER_MESSAGE);
    assert_string_equal(message.text, "ready");
    say(&pair, given[0], "connection 7 [::1]:5555");
    say(&pair, -1, "connection 8 without a descriptor");
    say(&pair, given[0], "connection x y");
    say(&pair, given[0], "a descriptor that nobody knows of");
    say(&pair, -1, "writer");
    assert_int_equal(predecessor_hear(predecessor, &client), PREDECESSOR_CLIENT);
    assert_int_equal(client.place, 7);
    assert_string_equal(client.peer, "[::1]:5555");
    assert_true(is_same_file(given[1], client.fd));
    close(client.fd);
    close(given[0]);
    assert_int_equal(predecessor_hear(predecessor, &client), PREDECESSOR_WRITER);
    char byte;
    assert_int_equal(recv(given[1], &byte, 1, MSG_DONTWAIT), 0); // all others were closed
    close(given[1]);
    close(pair.fds[OLD]);
    assert_int_equal(predecessor_hear(predecessor, &client), PREDECESSOR_ENDED);
    predecessor_free(predecessor);
    close(pair.fds[NEW]);
}

static void what_was_given_before_the_new_one_shuts_is_heard_and_nothing_can_be_given_afterwards(void **state)
{
    (void)state;
    struct pair pair = pair_new();
    struct err err = {0};
    struct given_client client;
    struct handover_message message;
    int given[2];
    make_streams(given);
    say(&pair, -1, HANDOVER_VERSION);
    say(&pair, -1, "begin");
    struct predecessor *predecessor = find(&pair, ERR_NONE, &err);
    say(&pair, given[0], "connection 0 [::1]:5555");
    predecessor_shut(predecessor);
    assert_int_equal(handover_send(pair.fds[OLD], given[0], &err, "connection 0 [::1]:6666"), ERR_IO);
    assert_int_equal(predecessor_hear(predecessor, &client), PREDECESSOR_CLIENT);
    assert_string_equal(client.peer, "[::1]:5555");
    close(client.fd);
    assert_int_equal(predecessor_hear(predecessor, &client), PREDECESSOR_ENDED);
    assert_int_equal(handover_receive(pair.fds[OLD], &message), HANDOVER_NOTHING); // it has not ended
    predecessor_tell_end(predecessor);
    assert_int_equal(handover_receive(pair.fds[OLD], &message), HANDOVER_MESSAGE);
    assert_string_equal(message.text, "end");
    predecessor_free(predecessor);
    close(given[0]);
    close(given[1]);
    pair_close(&pair);
}

static void another_version_and_a_beginning_that_is_cut_off_are_refused(void **state)
{
    (void)state;
    struct err err = {0};
    struct pair pair = pair_new();
    say(&pair, -1, "reckoner-handover 2");
    find(&pair, ERR_IO, &err);
    assert_string_equal(err.text,
        "the process that is to be replaced hands over in another way, as it is of another version");
    pair_close(&pair);

    pair = pair_new();
    err = (struct err){0};
    say(&pair, -1, HANDOVER_VERSION);
    say(&pair, -1, "socket a");
    close(pair.fds[OLD]);
    find(&pair, ERR_IO, &err);
    assert_string_equal(err.text, "the process that is to be replaced has ended, or does not go on");
    close(pair.fds[NEW]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_whole_and_in_order),
        cmocka_unit_test(a_descriptor_comes_with_its_message),
        cmocka_unit_test(the_end_of_the_other_one_is_told),
        cmocka_unit_test(what_was_said_before_an_end_is_heard_though_the_other_one_has_left_something_unread),
        cmocka_unit_test(what_is_not_read_fills_the_pair_and_a_long_line_is_refused),
        cmocka_unit_test(sockets_are_taken_by_name_and_once),
        cmocka_unit_test(what_the_old_one_says_afterwards_is_understood),
        cmocka_unit_test(
            what_was_given_before_the_new_one_shuts_is_heard_and_nothing_can_be_given_afterwards),
        cmocka_unit_test(another_version_and_a_beginning_that_is_cut_off_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
