// SPDX-License-Identifier: Apache-2.0
// http/socket.c and http/unix_socket.c: what can be bound, what is left alone, and what a bad address is
// told.
#include "http/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "http/unix_socket.h"

static char dir[] = "/tmp/reckoner-socket-XXXXXX";
static char path[64]; // of a socket in it
static char text[80]; // the same as an address

static int make_dir(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/http.sock", dir);
    snprintf(text, sizeof(text), "unix:%s", path);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

static int remove_file(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static int bind_to(const char *address)
{
    struct err err = {0};
    int fd = -1;
    if (socket_bind(address, &fd, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    return fd;
}

static void refuse(const char *address, enum err_code code, const char *message)
{
    struct err err = {0};
    int fd = -1;
    assert_int_equal(socket_bind(address, &fd, &err), code);
    assert_string_equal(err.text, message);
    assert_int_equal(fd, -1);
}

static int connect_to(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int reason = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
    close(fd);
    return reason;
}

static mode_t mode_of(void)
{
    struct stat found;
    assert_int_equal(lstat(path, &found), 0);
    assert_true(S_ISSOCK(found.st_mode));
    return found.st_mode & 07777;
}

static void a_socket_has_the_mode_that_is_asked_for_whatever_the_mask(void **state)
{
    (void)state;
    char address[128];
    mode_t mask = umask(0077);
    int fd = bind_to(text);
    assert_int_equal(mode_of(), 0660);
    close(fd);
    snprintf(address, sizeof(address), "%s,mode=0606", text);
    fd = bind_to(address); // in place of the one that nobody answers on
    assert_int_equal(mode_of(), 0606);
    close(fd);
    assert_int_equal(umask(mask), 0077);
}

static void a_socket_has_the_group_that_is_asked_for(void **state)
{
    (void)state;
    char address[128];
    struct stat found;
    const struct group *group = getgrgid(getegid());
    assert_non_null(group);
    snprintf(address, sizeof(address), "%s,group=%s", text, group->gr_name);
    int fd = bind_to(address);
    assert_int_equal(lstat(path, &found), 0);
    assert_int_equal(found.st_gid, getegid());
    close(fd);
}

static void nobody_connects_before_it_listens(void **state)
{
    (void)state;
    struct err err = {0};
    char name[SOCKET_NAME_BYTES];
    int fd = bind_to(text);
    assert_int_equal(connect_to(), ECONNREFUSED);
    assert_int_equal(socket_listen(fd, &err), ERR_NONE);
    assert_int_equal(socket_listen(fd, &err), ERR_NONE);
    assert_int_equal(connect_to(), 0);
    socket_name(fd, name);
    assert_string_equal(name, text);
    close(fd);
}

static void the_socket_of_a_server_that_answers_is_left_alone(void **state)
{
    (void)state;
    struct err err = {0};
    char message[200];
    int fd = bind_to(text);
    assert_int_equal(socket_listen(fd, &err), ERR_NONE);
    snprintf(message, sizeof(message), "could not listen on %s: Address already in use", text);
    refuse(text, ERR_IO, message);
    assert_int_equal(connect_to(), 0);
    close(fd);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
    (void)state;
    char message[200];
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    snprintf(message, sizeof(message), "could not listen on %s: File exists", text);
    refuse(text, ERR_IO, message);
    assert_int_equal(access(path, F_OK), 0);
}

static void what_is_no_address_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } wrong[] = {
        {"unix:", "it has no path"},
        {"unix:,mode=0660", "it has no path"},
        {"unix:/nowhere/a,mode=", "no mode of a file is "},
        {"unix:/nowhere/a,mode=66", "no mode of a file is 66"},
        {"unix:/nowhere/a,mode=0680", "no mode of a file is 0680"},
        {"unix:/nowhere/a,mode=1777", "no mode of a file is 1777"},
        {"unix:/nowhere/a,user=no such one", "there is no user no such one"},
        {"unix:/nowhere/a,group=no such one", "there is no group no such one"},
        {"unix:/nowhere/a,color=red", "behind the path it has color=red"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char message[200];
        snprintf(
            message, sizeof(message), "\"%s\" is no address to listen on: %s", wrong[i].text, wrong[i].why);
        refuse(wrong[i].text, ERR_CONFIG, message);
    }
    refuse("unix:/nowhere/a", ERR_IO, "could not listen on unix:/nowhere/a: No such file or directory");
}

static void a_path_longer_than_the_system_takes_is_told(void **state)
{
    (void)state;
    char address[128] = "unix:/", message[300];
    memset(address + 6, 'a', 107);
    snprintf(message, sizeof(message), "the path of the socket %s has 108 bytes, and the system takes 107",
        address);
    refuse(address, ERR_CONFIG, message);
    address[5 + 107] = '\0'; // the longest one; but root alone might make it in /
    struct err err = {0};
    int fd = -1;
    enum err_code code = socket_bind(address, &fd, &err);
    if (code == ERR_NONE) {
        char name[SOCKET_NAME_BYTES];
        socket_name(fd, name);
        assert_string_equal(name, address);
        close(fd);
        assert_int_equal(unlink(address + 5), 0);
    } else {
        assert_int_equal(code, ERR_IO);
    }
}

static void a_server_removes_its_own_file_and_no_other(void **state)
{
    (void)state;
    struct unix_socket_file file, successor;
    int first = bind_to(text);
    unix_socket_file_of(first, &file);
    int second = bind_to(text); // which takes the path over, as nobody answers
    unix_socket_file_of(second, &successor);
    unix_socket_file_remove(&file);
    assert_int_equal(mode_of(), 0660);
    unix_socket_file_remove(&successor);
    assert_int_equal(access(path, F_OK), -1);
    unix_socket_file_remove(&successor); // again
    close(first);
    close(second);
}

static void a_socket_of_the_network_has_no_file(void **state)
{
    (void)state;
    struct unix_socket_file file;
    char name[SOCKET_NAME_BYTES];
    int fd = bind_to("127.0.0.1:0");
    unix_socket_file_of(fd, &file);
    assert_string_equal(file.path, "");
    unix_socket_file_remove(&file);
    socket_name(fd, name);
    assert_memory_equal(name, "127.0.0.1:", 10);
    assert_string_not_equal(name, "127.0.0.1:0");
    close(fd);
}

#define TEST(name) cmocka_unit_test_teardown(name, remove_file)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_socket_has_the_mode_that_is_asked_for_whatever_the_mask),
        TEST(a_socket_has_the_group_that_is_asked_for),
        TEST(nobody_connects_before_it_listens),
        TEST(the_socket_of_a_server_that_answers_is_left_alone),
        TEST(a_file_that_is_no_socket_is_left_alone),
        TEST(what_is_no_address_is_told),
        TEST(a_path_longer_than_the_system_takes_is_told),
        TEST(a_server_removes_its_own_file_and_no_other),
        TEST(a_socket_of_the_network_has_no_file),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
