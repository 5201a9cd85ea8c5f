# SPDX-License-Identifier: Apache-2.0
"""Authorities, and the certificates that they vouch for, as files for the black-box tests."""
import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


class Certificate:
    """One with its key; `cert` and `key` are its PEM files, named by `stem`."""

    def __init__(self, folder, name, issuer=None, stem=None, kind='ec', begins=-DAY, ends=90 * DAY, uri=None, host=None, is_authority=False):
        self.name, self.folder = name, folder
        self.private = ec.generate_private_key(ec.SECP256R1()) if kind == 'ec' else rsa.generate_private_key(65537, 2048)
        now = datetime.datetime.utcnow()
        signer = issuer or self
        builder = (x509.CertificateBuilder().subject_name(name_of(name)).issuer_name(name_of(signer.name)).public_key(self.private.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(now + begins).not_valid_after(now + ends)
                   .add_extension(x509.BasicConstraints(is_authority, None), critical=True))
        names = ([x509.UniformResourceIdentifier(uri)] if uri else []) + ([x509.DNSName(host)] if host else [])
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        self.x509 = builder.sign(signer.private, SHA256())
        self.cert, self.key = folder / f'{stem or name}.pem', folder / f'{stem or name}.key'
        self.write()

    def write(self):
        self.cert.write_bytes(self.x509.public_bytes(Encoding.PEM))
        self.key.write_bytes(self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def encrypted_key(self):
        path = self.folder / 'encrypted.key'
        path.write_bytes(self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b'secret')))
        return path

    def revoke(self, *certificates):
        """A list of these, which this authority has revoked, as a file."""
        now = datetime.datetime.utcnow()
        builder = x509.CertificateRevocationListBuilder().issuer_name(name_of(self.name)).last_update(now - DAY).next_update(now + DAY)
        for certificate in certificates:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(certificate.x509.serial_number).revocation_date(now - DAY).build())
        path = self.folder / 'revoked.pem'
        path.write_bytes(builder.sign(self.private, SHA256()).public_bytes(Encoding.PEM))
        return path


def server_certificate(folder, **options):
    return Certificate(folder, 'localhost', host='localhost', **options)
