"""The certificate that an app signs in with: read from a PEM or PFX file, and asked until when it is valid."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)


@dataclass(frozen=True)
class Certificate:
    private_key_pem: str = field(repr=False)
    certificate_pem: str = field(repr=False)
    passphrase: str | None = field(default=None, repr=False)


def parse_certificate_file(data: bytes, passphrase: str | None = None) -> Certificate:
    """Read a PEM file with key and certificate, or a PFX.

    Raises ValueError with a sentence that says what is missing.
    """
    secret = passphrase.encode() if passphrase else None
    if b"-----BEGIN" not in data:
        return _parse_pfx(data, secret)
    text = data.decode("ascii", "replace")
    if "PRIVATE KEY-----" not in text or "-----BEGIN CERTIFICATE-----" not in text:
        raise ValueError("The file must hold both a private key and its certificate.")
    try:
        key = load_pem_private_key(data, secret)
        certificate = x509.load_pem_x509_certificates(data)[0]
    except (ValueError, TypeError) as e:
        raise ValueError("The private key cannot be read: wrong passphrase, or a damaged file.") from e
    return _matching_certificate(key, certificate)


def certificate_end(pem: str) -> datetime:
    """Return when the certificate expires, as naive UTC."""
    return x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc.replace(tzinfo=None)


def _parse_pfx(data: bytes, secret: bytes | None) -> Certificate:
    try:
        key, certificate, _others = pkcs12.load_key_and_certificates(data, secret)
    except ValueError as e:
        raise ValueError("The PFX file cannot be read: wrong passphrase, or not a PFX file.") from e
    if key is None or certificate is None:
        raise ValueError("The PFX file must hold both a private key and its certificate.")
    return _matching_certificate(key, certificate)


def _matching_certificate(key: Any, certificate: x509.Certificate) -> Certificate:
    if key.public_key() != certificate.public_key():
        raise ValueError("The private key does not belong to the certificate.")
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return Certificate(pem, certificate.public_bytes(Encoding.PEM).decode())
