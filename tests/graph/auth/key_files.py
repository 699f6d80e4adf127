"""Keys and self-signed certificates, as an app registration takes them."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

ENDS = datetime.datetime(2099, 12, 31, 23, 59, 58)


def new_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def self_signed(key):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenantkeep test")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(datetime.datetime(2026, 1, 1)).not_valid_after(ENDS)
    return builder.sign(key, hashes.SHA256())


def certificate_pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def key_pem(key, passphrase=None):
    how = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how).decode()


def pfx(key, certificate, passphrase):
    how = serialization.BestAvailableEncryption(passphrase)
    return serialization.pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, how)
