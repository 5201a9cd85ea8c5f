// SPDX-License-Identifier: Apache-2.0
// Two keys: one seals, and the one before it still opens what it has sealed. The format is the one of
// RFC 5077 section 4: AES in CBC mode, and an HMAC over it. OpenSSL calls on_ticket for each, on the threads
// of handshakes.
#include "http/tls_tickets.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

enum { NAME_BYTES = 16, KEY_BYTES = 32, KEYS = 2 };

struct ticket_key {
    unsigned char name[NAME_BYTES]; // stands in front of a ticket
    unsigned char cipher_key[KEY_BYTES];
    unsigned char mac_key[KEY_BYTES];
};

struct tls_tickets {
    atomic_size_t refs;           //
    pthread_mutex_t lock;         // guards all below
    struct ticket_key keys[KEYS]; // the first one seals
    uint64_t made_ns;             // when the first one was made
};

static bool make_key(struct ticket_key *ret_key)
{
    struct ticket_key key;
    if (RAND_bytes(key.name, sizeof(key.name)) != 1 ||
        RAND_priv_bytes(key.cipher_key, sizeof(key.cipher_key)) != 1 ||
        RAND_priv_bytes(key.mac_key, sizeof(key.mac_key)) != 1)
        return false;
    *ret_key = key;
    OPENSSL_cleanse(&key, sizeof(key));
    return true;
}

// Under the lock.
static bool turn(struct tls_tickets *tickets)
{
    struct ticket_key former = tickets->keys[0];
    bool done = make_key(&tickets->keys[0]);
    if (done) {
        tickets->keys[1] = former;
        tickets->made_ns = clock_monotonic_ns();
    }
    OPENSSL_cleanse(&former, sizeof(former));
    return done;
}

bool tls_tickets_turn(struct tls_tickets *tickets)
{
    pthread_mutex_lock(&tickets->lock);
    bool done = turn(tickets);
    pthread_mutex_unlock(&tickets->lock);
    return done;
}

// --- life

enum err_code tls_tickets_new(struct tls_tickets **ret_tickets, struct err *err)
{
    struct tls_tickets *tickets = mem_zalloc(1, sizeof(*tickets));
    if (tickets == NULL)
        return err_no_memory(err);
    atomic_init(&tickets->refs, 1);
    pthread_mutex_init(&tickets->lock, NULL);
    bool has_keys = turn(tickets);
    if (!has_keys || !turn(tickets)) { // so that the older one is nobody's to guess either
        tls_tickets_unref(tickets);
        return err_set(err, ERR_IO, "could not get random bytes for session tickets");
    }
    *ret_tickets = tickets;
    return ERR_NONE;
}

struct tls_tickets *tls_tickets_ref(struct tls_tickets *tickets)
{
    atomic_fetch_add_explicit(&tickets->refs, 1, memory_order_relaxed);
    return tickets;
}

void tls_tickets_unref(struct tls_tickets *tickets)
{
    if (tickets == NULL || atomic_fetch_sub_explicit(&tickets->refs, 1, memory_order_acq_rel) != 1)
        return;
    pthread_mutex_destroy(&tickets->lock);
    OPENSSL_cleanse(tickets->keys, sizeof(tickets->keys));
    mem_free(tickets);
}

// --- OpenSSL's side

static bool begin(const struct ticket_key *key, const unsigned char *iv, EVP_CIPHER_CTX *cipher,
    EVP_MAC_CTX *mac, bool seals)
{
    char digest[] = "SHA256";
    unsigned char mac_key[KEY_BYTES];
    memcpy(mac_key, key->mac_key, KEY_BYTES);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key, KEY_BYTES),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    bool done = EVP_MAC_CTX_set_params(mac, params) == 1 &&
                EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher_key, iv, seals) == 1;
    OPENSSL_cleanse(mac_key, sizeof(mac_key));
    return done;
}

static int seal(struct tls_tickets *tickets, unsigned char *ret_name, unsigned char *ret_iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    uint64_t age_ns = clock_monotonic_ns() - tickets->made_ns;
    if (age_ns > LIMIT_TLS_TICKET_KEY_S * NS_PER_S)
        (void)turn(tickets); // else the former one goes on
    if (RAND_bytes(ret_iv, EVP_CIPHER_iv_length(EVP_aes_256_cbc())) != 1)
        return -1;
    memcpy(ret_name, tickets->keys[0].name, NAME_BYTES);
    return begin(&tickets->keys[0], ret_iv, cipher, mac, true) ? 1 : -1;
}

// 0: nobody's, so the handshake is a whole one. A ticket that the older key has sealed is exchanged.
static int unseal(struct tls_tickets *tickets, const unsigned char *name, const unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    enum { GOOD = 1, GOOD_BUT_OLD = 2 };
    for (int i = 0; i < KEYS; i++) {
        if (memcmp(name, tickets->keys[i].name, NAME_BYTES) != 0)
            continue;
        if (!begin(&tickets->keys[i], iv, cipher, mac, false))
            return -1;
        return i == 0 ? GOOD : GOOD_BUT_OLD;
    }
    return 0;
}

// SSL_CTX_set_tlsext_ticket_key_evp_cb(3ssl).
static int on_ticket(
    SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seals)
{
    struct tls_tickets *tickets = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    pthread_mutex_lock(&tickets->lock);
    int result = seals ? seal(tickets, name, iv, cipher, mac) : unseal(tickets, name, iv, cipher, mac);
    pthread_mutex_unlock(&tickets->lock);
    return result;
}

bool tls_tickets_use(struct tls_tickets *tickets, SSL_CTX *context)
{
    return SSL_CTX_set_app_data(context, tickets) == 1 &&
           SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket) == 1;
}
