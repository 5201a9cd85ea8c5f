// SPDX-License-Identifier: Apache-2.0
// Certificates for tests, made as they are needed, in a folder of their own.
#ifndef RECKONER_TEST_HTTP_CERTIFICATES_H
#define RECKONER_TEST_HTTP_CERTIFICATES_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "http/tls_context.h"

enum { CERTIFICATES_DIR_BYTES = 64, CERTIFICATE_PATH_BYTES = 256 };

// A certificate with its key. All is owned.
struct certificate {
    X509 *x509;
    EVP_PKEY *key;
    char cert_path[CERTIFICATE_PATH_BYTES]; // PEM files
    char key_path[CERTIFICATE_PATH_BYTES];
};

struct certificate_wish {
    const char *name;                 // the subject's common name, and the files'; NULL: none
    const char *uri;                  // an alternative name; NULL: none
    const struct certificate *issuer; // NULL: itself
    bool is_authority;
    bool is_rsa;           // else P-256
    long begins_s, ends_s; // from now
};

// Makes one, with files in `dir`.
void certificate_make(const char *dir, const struct certificate_wish *wish, struct certificate *ret);

// A list, in `dir`, of what the authority has revoked, which is nothing; it ends so many seconds from now.
void certificate_make_crl(
    const char *dir, const struct certificate *authority, long ends_s, char ret_path[CERTIFICATE_PATH_BYTES]);

void certificate_fini(struct certificate *certificate);

// A new folder, and the end of it with all files in it.
void certificates_dir(char ret_dir[CERTIFICATES_DIR_BYTES]);
void certificates_remove(const char *dir);

#endif
