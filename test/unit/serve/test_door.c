// SPDX-License-Identifier: Apache-2.0
// Verdicts: what a request shows, against the keys of an app and what its endpoint wants.
#include "serve/door.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "access/secret.h"
#include "access/token_table.h"
#include "base/limits.h"
#include "serve/door_certificate.h"

enum { GOOD, EXPIRED, REVOKED, NARROW, SCOPED, NOBODYS, SECRETS };

// An app's keys, and the door to its endpoint GET /rates.
struct desk {
    char secrets[SECRETS][SECRET_CHARS + 1];
    struct key_table *keys;
    struct app app;
    struct endpoint endpoint;
    struct door door;
};

static int set_up(void **state)
{
    static struct desk desk;
    static const char *const ids[] = {
        "k_aaaaaaaaaa", "k_bbbbbbbbbb", "k_cccccccccc", "k_dddddddddd", "k_eeeeeeeeee"};
    struct key_row rows[NOBODYS];
    struct err err = {0};
    desk = (struct desk){.app = {.name = "rates", .access = {.wants_keys = true}},
        .endpoint = {.method = HTTP_GET, .path = span_of("/rates"), .access = {.kind = ACCESS_KEY}}};
    for (size_t i = 0; i < SECRETS; i++)
        assert_int_equal(secret_make(desk.secrets[i], &err), ERR_NONE);
    for (size_t i = 0; i < NOBODYS; i++)
        rows[i] = (struct key_row){.digest = secret_digest(span_of(desk.secrets[i])),
            .id = span_of(ids[i]),
            .secret = 1,
            .ends_s = CLIENT_NEVER_ENDS};
    rows[EXPIRED].ends_s = 1000;
    rows[REVOKED].revoked_s = 900;
    rows[NARROW].scopes = span_of("POST /prices");
    rows[SCOPED].scopes = span_of("reports");
    assert_int_equal(key_table_new(rows, NOBODYS, 1, &desk.keys, &err), ERR_NONE);
    desk.door = (struct door){.app = &desk.app, .endpoint = &desk.endpoint, .keys = desk.keys, .now_s = 1000};
    *state = &desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;
    key_table_unref(desk->keys);
    return 0;
}

static enum door_verdict judge(const struct desk *desk, const char *text, struct client **ret_client)
{
    return door_judge(&desk->door,
        &(struct credential){.count = text != NULL, .text = span_of(text != NULL ? text : "")}, ret_client,
        NULL);
}

static void assert_verdict(const struct desk *desk, const char *text, enum door_verdict expected)
{
    struct client *client = NULL;
    assert_int_equal(judge(desk, text, &client), expected);
    assert_int_equal(client != NULL, expected == DOOR_CLIENT);
}

static void a_key_lets_its_holder_in(void **state)
{
    struct desk *desk = *state;
    struct client *client = NULL;
    assert_int_equal(judge(desk, desk->secrets[GOOD], &client), DOOR_CLIENT);
    assert_true(span_is(client->id, "k_aaaaaaaaaa"));
    assert_int_equal(client->used_s, 1000); // it is noted
    desk->door.now_s = 999;
    assert_verdict(desk, desk->secrets[EXPIRED], DOOR_CLIENT); // for a second yet
}

static void what_is_no_good_key_is_told_apart(void **state)
{
    struct desk *desk = *state;
    char misspelt[SECRET_CHARS + 1];
    memcpy(misspelt, desk->secrets[GOOD], sizeof(misspelt));
    misspelt[10] = misspelt[10] == 'a' ? 'b' : 'a';
    assert_verdict(desk, NULL, DOOR_MISSING);
    assert_verdict(desk, "", DOOR_NOT_SOUND);
    assert_verdict(desk, "abc", DOOR_NOT_SOUND);
    assert_verdict(desk, misspelt, DOOR_NOT_SOUND);
    assert_verdict(desk, desk->secrets[NOBODYS], DOOR_UNKNOWN);
    assert_verdict(desk, desk->secrets[EXPIRED], DOOR_EXPIRED);
    assert_verdict(desk, desk->secrets[REVOKED], DOOR_REVOKED);
    struct client *client = NULL;
    const struct credential two = {.count = 2, .text = span_of(desk->secrets[GOOD])};
    assert_int_equal(door_judge(&desk->door, &two, &client, NULL), DOOR_SEVERAL);
    assert_null(client);
}

static struct tls_peer certificate_of(const char *name)
{
    struct tls_peer peer = {.name = span_of(name), .ends_s = 2000};
    memset(peer.digest, name[0], sizeof(peer.digest));
    return peer;
}

static void a_certificate_counts_where_nothing_else_is_shown(void **state)
{
    struct desk *desk = *state;
    struct tls_peer robot = certificate_of("robot"), other = certificate_of("other");
    struct client *client = NULL, *again = NULL;
    desk->door.tokens = token_table_new();
    desk->door.certificate = &robot;
    assert_int_equal(judge(desk, NULL, &client), DOOR_CLIENT);
    assert_true(span_is(client->id, "robot") && client->kind == CLIENT_CERTIFICATE && client->ends_s == 2000);
    assert_int_equal(judge(desk, NULL, &again), DOOR_CLIENT);
    assert_ptr_equal(again, client);
    assert_int_equal(judge(desk, desk->secrets[GOOD], &again), DOOR_CLIENT);
    assert_true(span_is(again->id, "k_aaaaaaaaaa"));
    assert_verdict(desk, "abc", DOOR_NOT_SOUND);
    desk->door.certificate = &other;
    assert_int_equal(judge(desk, NULL, &again), DOOR_CLIENT);
    assert_true(span_is(again->id, "other"));
    desk->endpoint.access = (struct endpoint_access){.kind = ACCESS_SCOPE, .scope = span_of("reports")};
    assert_verdict(desk, NULL, DOOR_FORBIDDEN);
    desk->door.now_s = 2000;
    assert_verdict(desk, NULL, DOOR_ENDED_CERTIFICATE);
    token_table_free(desk->door.tokens);
}

static void a_certificate_without_a_name_of_its_own_is_none(void **state)
{
    (void)state;
    char name[LIMIT_CLAIM_BYTES + 2];
    memset(name, 'a', sizeof(name));
    name[LIMIT_CLAIM_BYTES + 1] = '\0';
    struct tls_peer peer = certificate_of(name);
    assert_false(door_certificate_is_one(&peer));
    peer.name.len--;
    assert_true(door_certificate_is_one(&peer));
    peer = certificate_of("k_aaaaaaaaaa");
    assert_false(door_certificate_is_one(&peer));
    peer.name.len = 0;
    assert_false(door_certificate_is_one(&peer));
}

static void a_misspelt_key_is_refused_without_a_look(void **state)
{
    struct desk *desk = *state;
    desk->door.keys = NULL;
    assert_verdict(desk, "rckn_abc", DOOR_NOT_SOUND);
    assert_verdict(desk, desk->secrets[GOOD], DOOR_NOT_KNOWN);
    assert_verdict(desk, NULL, DOOR_MISSING);
}

static void a_key_opens_what_its_scopes_say(void **state)
{
    struct desk *desk = *state;
    assert_verdict(desk, desk->secrets[NARROW], DOOR_FORBIDDEN);
    assert_verdict(desk, desk->secrets[SCOPED], DOOR_CLIENT);
    desk->endpoint.access = (struct endpoint_access){.kind = ACCESS_SCOPE, .scope = span_of("reports")};
    assert_verdict(desk, desk->secrets[SCOPED], DOOR_CLIENT);
    assert_verdict(desk, desk->secrets[GOOD], DOOR_FORBIDDEN);
    assert_verdict(desk, NULL, DOOR_MISSING);
}

// Who shows something at an open endpoint wants to be known, so what is wrong with it is told.
static void an_open_endpoint_knows_who_shows_a_key(void **state)
{
    struct desk *desk = *state;
    desk->endpoint.access.kind = ACCESS_OPEN;
    assert_verdict(desk, NULL, DOOR_NOBODY);
    assert_verdict(desk, desk->secrets[GOOD], DOOR_CLIENT);
    assert_verdict(desk, desk->secrets[NARROW], DOOR_CLIENT);
    assert_verdict(desk, desk->secrets[NOBODYS], DOOR_UNKNOWN);
    assert_verdict(desk, desk->secrets[REVOKED], DOOR_REVOKED);
    assert_verdict(desk, "abc", DOOR_NOT_SOUND);
    desk->door.keys = NULL;
    assert_verdict(desk, NULL, DOOR_NOBODY);
}

static void keys_mean_nothing_where_none_are_wanted(void **state)
{
    struct desk *desk = *state;
    desk->app.access.wants_keys = false;
    desk->endpoint.access.kind = ACCESS_OPEN;
    assert_verdict(desk, desk->secrets[GOOD], DOOR_NOBODY);
    assert_verdict(desk, "abc", DOOR_NOBODY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_key_lets_its_holder_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_good_key_is_told_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_certificate_counts_where_nothing_else_is_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_certificate_without_a_name_of_its_own_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_misspelt_key_is_refused_without_a_look, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_opens_what_its_scopes_say, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_open_endpoint_knows_who_shows_a_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_mean_nothing_where_none_are_wanted, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
