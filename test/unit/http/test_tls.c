// SPDX-License-Identifier: Apache-2.0
// TLS on a real server: handshakes that go on, are cut or come slowly, sessions, and certificates that are
// exchanged. What is said within it is tested by the tests of plain servers, which run with TLS as well.
#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "certificates.h"
#include "fixture.h"
#include "http/tls.h"

#define GET_OK "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n"

enum { HELLO_BYTES = 4096 };

static struct fixture fixture;
static struct client client, other;
static char dir[CERTIFICATES_DIR_BYTES];
static struct certificate first, second;
static SSL_CTX *context;
static SSL_SESSION *session; // the last one that the server has given

struct tls *fixture_tls(void)
{
    return NULL;
}

static struct tls_context *context_of(const struct certificate *certificate, const struct tls_context *former)
{
    struct err err = {0};
    struct tls_context *made;
    struct tls_options options = {.cert = certificate->cert_path, .key = certificate->key_path};
    if (tls_context_new(&options, former, &made, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    return made;
}

static int on_session(SSL *ssl, SSL_SESSION *given)
{
    (void)ssl;
    SSL_SESSION_free(session);
    session = given;
    return 1; // it is kept
}

static int set_up(void **state)
{
    (void)state;
    struct err err = {0};
    fixture_init(&fixture);
    assert_int_equal(tls_new(context_of(&first, NULL), 2, &fixture.tls, &err), ERR_NONE);
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, on_session);
    client.fd = other.fd = -1;
    client.ssl = other.ssl = NULL;
    fixture_start(&fixture);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    client_close(&client);
    client_close(&other);
    SSL_SESSION_free(session);
    session = NULL;
    SSL_CTX_free(context);
    fixture_stop(&fixture);
    return 0;
}

static int make_certificates(void **state)
{
    (void)state;
    certificates_dir(dir);
    certificate_make(dir, &(struct certificate_wish){.name = "first", .ends_s = 3600}, &first);
    certificate_make(
        dir, &(struct certificate_wish){.name = "second", .ends_s = 3600, .is_rsa = true}, &second);
    return 0;
}

static int remove_certificates(void **state)
{
    (void)state;
    certificate_fini(&first);
    certificate_fini(&second);
    certificates_remove(dir);
    return 0;
}

// A connection that is answered; whether it went on with `with`.
static bool connect_and_ask(struct client *by, SSL_SESSION *with)
{
    client_connect_plain(&fixture, by);
    assert_true(client_begin_tls(by, context, with));
    client_send(by, GET_OK);
    client_expect(by, 200, "ok");
    return SSL_session_reused(by->ssl) == 1;
}

static void expect_certificate(struct client *by, const struct certificate *expected)
{
    assert_int_equal(X509_cmp(SSL_get0_peer_certificate(by->ssl), expected->x509), 0);
}

static void publish(const struct certificate *certificate)
{
    struct tls_context *former = tls_take_context(fixture.tls);
    tls_publish(fixture.tls, context_of(certificate, former));
    tls_context_unref(former);
}

// The first record of a client.
static size_t make_hello(char hello[HELLO_BYTES])
{
    SSL *ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
    assert_int_equal(SSL_connect(ssl), -1);
    int len = BIO_read(out, hello, HELLO_BYTES);
    assert_in_range(len, 100, HELLO_BYTES);
    SSL_free(ssl);
    return (size_t)len;
}

// --- tests

static void connections_keep_the_certificate_that_they_began_with(void **state)
{
    (void)state;
    assert_false(connect_and_ask(&client, NULL));
    publish(&second);
    assert_false(connect_and_ask(&other, NULL));
    expect_certificate(&client, &first);
    expect_certificate(&other, &second);
    client_send(&client, GET_OK);
    client_expect(&client, 200, "ok");
    assert_true(tls_ends_s(fixture.tls) > 0);
}

static void a_session_goes_on_when_certificates_were_exchanged(void **state)
{
    (void)state;
    assert_false(connect_and_ask(&client, NULL));
    publish(&second);
    SSL_SESSION *mine = session;
    SSL_SESSION_up_ref(mine);
    assert_true(connect_and_ask(&other, mine));
    SSL_SESSION_free(mine);
    assert_int_equal(tls_counted(fixture.tls, TLS_DONE), 1);
    assert_int_equal(tls_counted(fixture.tls, TLS_RESUMED), 1);
}

static void a_session_lives_as_long_as_the_key_of_its_ticket(void **state)
{
    (void)state;
    struct tls_context *now = tls_take_context(fixture.tls);
    assert_false(connect_and_ask(&client, NULL));
    SSL_SESSION *mine = session;
    SSL_SESSION_up_ref(mine);
    assert_true(tls_tickets_turn(now->tickets));
    assert_true(connect_and_ask(&other, mine)); // by the key before
    client_close(&other);
    assert_true(tls_tickets_turn(now->tickets));
    assert_false(connect_and_ask(&other, mine));
    SSL_SESSION_free(mine);
    tls_context_unref(now);
}

static void expect_sessions_to_end_with(const struct tls_options *options, int version, long ends_s)
{
    struct err err = {0};
    struct tls_context *asks;
    SSL_CTX_set_max_proto_version(context, version);
    int64_t before_s = time(NULL);
    assert_int_equal(tls_context_new(options, NULL, &asks, &err), ERR_NONE);
    assert_in_range(asks->clients_end_s - ends_s, before_s - 60, before_s + 60);
    tls_publish(fixture.tls, tls_context_ref(asks));
    assert_false(connect_and_ask(&client, NULL));
    SSL_SESSION *mine = session;
    SSL_SESSION_up_ref(mine);
    assert_true(connect_and_ask(&other, mine));
    client_close(&other);
    asks->clients_end_s = before_s; // it comes to be so late
    assert_false(connect_and_ask(&other, mine));
    SSL_SESSION_free(mine);
    client_close(&client);
    client_close(&other);
    tls_context_unref(asks);
}

static void a_session_of_a_client_ends_with_what_has_vouched_for_it(void **state)
{
    (void)state;
    struct certificate authority, mine;
    char crl[CERTIFICATE_PATH_BYTES];
    certificate_make(dir,
        &(struct certificate_wish){.name = "authority", .ends_s = 7200, .is_authority = true}, &authority);
    certificate_make(
        dir, &(struct certificate_wish){.name = "mine", .ends_s = 3600, .issuer = &authority}, &mine);
    certificate_make_crl(dir, &authority, 1800, crl);
    SSL_CTX_use_certificate(context, mine.x509);
    SSL_CTX_use_PrivateKey(context, mine.key);
    struct tls_options options = {.cert = first.cert_path,
        .key = first.key_path,
        .client_ca = authority.cert_path,
        .client = TLS_CLIENT_REQUIRED};
    expect_sessions_to_end_with(&options, TLS1_3_VERSION, 7200);
    expect_sessions_to_end_with(&options, TLS1_2_VERSION, 7200);
    options.client_crl = crl;
    expect_sessions_to_end_with(&options, TLS1_3_VERSION, 1800);
    certificate_fini(&authority);
    certificate_fini(&mine);
}

static void a_handshake_may_come_byte_by_byte(void **state)
{
    (void)state;
    client_connect_plain(&fixture, &client);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    client.ssl = SSL_new(context);
    SSL_set_bio(client.ssl, in, out);
    SSL_set_connect_state(client.ssl);
    char bytes[HELLO_BYTES];
    int done;
    while ((done = SSL_do_handshake(client.ssl)) != 1) {
        assert_int_equal(SSL_get_error(client.ssl, done), SSL_ERROR_WANT_READ);
        for (char byte; BIO_read(out, &byte, 1) == 1;)
            assert_int_equal(send(client.fd, &byte, 1, 0), 1);
        ssize_t len = recv(client.fd, bytes, sizeof(bytes), 0);
        assert_true(len > 0);
        BIO_write(in, bytes, (int)len);
    }
    for (char byte; BIO_read(out, &byte, 1) == 1;)
        assert_int_equal(send(client.fd, &byte, 1, 0), 1);
    SSL_set_fd(client.ssl, client.fd);
    client_send(&client, GET_OK);
    client_expect(&client, 200, "ok");
}

static void a_handshake_that_is_cut_leaves_nothing(void **state)
{
    (void)state;
    char hello[HELLO_BYTES];
    size_t len = make_hello(hello);
    const size_t cuts[] = {0, 1, 5, len / 2, len - 1, len};
    for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
        client_connect_plain(&fixture, &client);
        client_send_bytes(&client, hello, cuts[i]);
        client_close(&client);
        client_connect_plain(&fixture, &client);
        client_send_bytes(&client, hello, cuts[i]);
        client_reset(&client);
    }
    fixture_wait_for_open(&fixture, 0);
    assert_int_equal(tls_counted(fixture.tls, TLS_DONE), 0);
}

static void who_comes_too_slowly_with_a_handshake_is_let_go(void **state)
{
    (void)state;
    char hello[HELLO_BYTES];
    size_t len = make_hello(hello);
    client_close(&client);
    fixture_stop(&fixture);
    struct err err = {0};
    fixture_init(&fixture);
    fixture.limits.head_ms = 50;
    assert_int_equal(tls_new(context_of(&first, NULL), 1, &fixture.tls, &err), ERR_NONE);
    fixture_start(&fixture);
    client_connect_plain(&fixture, &client);
    client_send_bytes(&client, hello, len - 1);
    client_expect_end(&client);
    client_connect_plain(&fixture, &client);
    client_send_bytes(&client, hello, len); // it gets an answer, and says nothing to that
    fixture_wait_for_open(&fixture, 1);
    fixture_wait_for_open(&fixture, 0);
}

// The steps are with threads, or wait for them, when the loop ends.
static void a_server_may_stop_in_the_middle_of_handshakes(void **state)
{
    (void)state;
    enum { CLIENTS = 30 };
    struct client many[CLIENTS];
    char hello[HELLO_BYTES];
    size_t len = make_hello(hello);
    for (int i = 0; i < CLIENTS; i++) {
        client_connect_plain(&fixture, &many[i]);
        client_send_bytes(&many[i], hello, len);
    }
    fixture_wait_for_open(&fixture, CLIENTS);
    loop_stop(fixture.loops[0]);
    tls_end(fixture.tls);
    loop_free(fixture.loops[0]);
    http_server_free(fixture.server);
    tls_free(fixture.tls);
    for (int i = 0; i < CLIENTS; i++)
        client_close(&many[i]);
    SSL_CTX_free(context);
}

static void nothing_is_negotiated_anew(void **state)
{
    (void)state;
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    assert_false(connect_and_ask(&client, NULL));
    assert_string_equal(SSL_get_version(client.ssl), "TLSv1.2");
    assert_int_equal(SSL_renegotiate(client.ssl), 1);
    assert_int_not_equal(SSL_do_handshake(client.ssl), 1);
    ERR_clear_error();
    client_close(&client);
    assert_false(connect_and_ask(&other, NULL));
}

static void keys_may_be_changed_on_the_way(void **state)
{
    (void)state;
    assert_false(connect_and_ask(&client, NULL));
    for (int i = 0; i < 20; i++) {
        assert_int_equal(SSL_key_update(client.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        client_send(&client, GET_OK);
        client_expect(&client, 200, "ok");
    }
}

static void without_memory_a_connection_fails_and_the_next_one_works(void **state)
{
    (void)state;
    int failed = 0;
    for (long count = 0; count < 30; count++) {
        fixture_fail_memory(&fixture, count);
        client_connect_plain(&fixture, &client);
        if (client_begin_tls(&client, context, NULL)) {
            char byte;
            client_send(&client, "GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            while (client_read(&client, &byte, 1) > 0)
                ;
        } else {
            failed++;
        }
        ERR_clear_error();
        client_close(&client);
    }
    fixture_fail_memory(&fixture, -1);
    assert_in_range(failed, 1, 29);
    assert_false(connect_and_ask(&client, NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(connections_keep_the_certificate_that_they_began_with),
        TEST(a_session_goes_on_when_certificates_were_exchanged),
        TEST(a_session_lives_as_long_as_the_key_of_its_ticket),
        TEST(a_session_of_a_client_ends_with_what_has_vouched_for_it),
        TEST(a_handshake_may_come_byte_by_byte),
        TEST(a_handshake_that_is_cut_leaves_nothing),
        TEST(who_comes_too_slowly_with_a_handshake_is_let_go),
        cmocka_unit_test_setup(a_server_may_stop_in_the_middle_of_handshakes, set_up),
        TEST(nothing_is_negotiated_anew),
        TEST(keys_may_be_changed_on_the_way),
        TEST(without_memory_a_connection_fails_and_the_next_one_works),
    };
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
