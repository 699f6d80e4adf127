"""Make a certificate that an app signs in with: its private key stays here, its public part is uploaded to Entra."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

KEY_BITS = 3072
# A clock that is behind ours must not find it not valid yet.
_BACKDATED = timedelta(hours=1)
_LONGEST_NAME = 64  # RFC 5280, ub-common-name


def make_certificate(common_name: str, days: int = 730) -> tuple[str, str]:
    """Return (private key, certificate), both PEM. Self-signed: Entra checks no chain, only that it was uploaded."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:_LONGEST_NAME])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return private, certificate.public_bytes(Encoding.PEM).decode()


def thumbprint(certificate_pem: str) -> str:
    """Return the certificate's thumbprint as Entra shows it beside an uploaded one: SHA-1, in hexadecimal.

    It names the certificate and secures nothing.
    """
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    return certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303
