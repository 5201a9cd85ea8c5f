// SPDX-License-Identifier: Apache-2.0
// A name that is cut or changed would be another one, so one that does not fit counts as none. Any thread.
#include "http/tls_peer.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/mem.h"
#include "http/tls_files.h"

// The bytes are UTF-8, or may be anything where they have to be ASCII.
static void set_name(struct tls_peer *peer, const unsigned char *bytes, int len, bool has_to_be_ascii)
{
    if (len <= 0 || (size_t)len >= sizeof(peer->text))
        return;
    for (int i = 0; i < len; i++) {
        if (bytes[i] < 0x20 || bytes[i] == 0x7f || (has_to_be_ascii && bytes[i] > 0x7f))
            return;
    }
    memcpy(peer->text, bytes, (size_t)len);
    peer->name = (struct span){.at = peer->text, .len = (size_t)len};
}

static bool name_by_uri(struct tls_peer *peer, const X509 *cert)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_URI)
            continue;
        const ASN1_IA5STRING *uri = name->d.uniformResourceIdentifier;
        found = true;
        set_name(peer, ASN1_STRING_get0_data(uri), ASN1_STRING_length(uri), true);
    }
    GENERAL_NAMES_free(names);
    return found;
}

// The last one, which is the most specific.
static void name_by_subject(struct tls_peer *peer, const X509 *cert)
{
    const X509_NAME *subject = X509_get_subject_name(cert);
    int at = -1, next;
    while ((next = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0)
        at = next;
    if (at < 0)
        return;
    unsigned char *text = NULL;
    int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (len > 0)
        set_name(peer, text, len, false);
    if (len >= 0)
        OPENSSL_free(text);
}

bool tls_peer_new(const SSL *ssl, struct tls_peer **ret_peer)
{
    const X509 *cert = SSL_get0_peer_certificate(ssl);
    if (cert == NULL || SSL_get_verify_result(ssl) != X509_V_OK) {
        *ret_peer = NULL;
        return true;
    }
    struct tls_peer *peer = mem_zalloc(1, sizeof(*peer));
    unsigned len = sizeof(peer->digest);
    if (peer == NULL)
        return false;
    if (X509_digest(cert, EVP_sha256(), peer->digest, &len) != 1) {
        mem_free(peer);
        return false;
    }
    peer->ends_s = tls_files_time(X509_get0_notAfter(cert));
    if (!name_by_uri(peer, cert))
        name_by_subject(peer, cert);
    *ret_peer = peer;
    return true;
}
