"""The key that signs manifests and states of copies, and from which the names of contents are made.

Its public half is in the first file of every store; the private one never leaves the database, and is sealed there.
"""

import base64
import hmac
import uuid
from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from db.clock import utcnow
from db.database import database
from db.encryption import keyring
from db.models import CopySigner

_NAMES = b"tenantkeep names of copied contents"
_TITLE = "tenantkeep copy 1"


def seal_owner(signer: CopySigner) -> str:
    return f"copies:{signer.installation}"


class Signer:
    def __init__(self, installation: str, public_key: str, seed: bytes) -> None:
        self.installation, self.public_key, self._seed = installation, public_key, seed
        self._name_key = hmac.digest(seed, _NAMES, "sha256")

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._seed)

    def sign(self, name: str, checksum: str) -> bytes:
        """Return the signature of a file in base64. `checksum`: the SHA-256 of it as it is stored, in hex."""
        return base64.b64encode(self._private.sign(signed_text(name, checksum)))

    def content_name(self, directory_id: str, fingerprint: str) -> str:
        """Return 64 hex digits that tell nobody without our key which content it may be."""
        return hmac.digest(self._name_key, f"{directory_id}:{fingerprint}".encode(), "sha256").hex()


def signed_text(name: str, checksum: str) -> bytes:
    return f"{_TITLE}\n{name}\n{checksum}".encode()


def is_signed(public_key: str, name: str, checksum: str, signature: bytes) -> bool:
    """Tell whether the owner of `public_key` (base64) signed the file. Whatever is no signature is none."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), signed_text(name, checksum))
    except (InvalidSignature, ValueError):
        return False
    return True


def own_signer() -> Signer:
    """Return the installation's signer; the first call makes it. Raises SealError when the key is missing."""
    row = CopySigner.select().order_by(CopySigner.id).first() or _make()
    return Signer(row.installation, row.public_key, keyring().unseal(row.sealed, seal_owner(row)))


def _make() -> CopySigner:
    private = Ed25519PrivateKey.generate()
    public = base64.b64encode(private.public_key().public_bytes_raw()).decode()
    signer = CopySigner(installation=str(uuid.uuid4()), public_key=public, created_at=utcnow())
    signer.sealed = keyring().seal(private.private_bytes_raw(), seal_owner(signer))
    with database.atomic():
        signer.save(force_insert=True)
    # Two may have made one at once: everybody takes the first.
    return CopySigner.select().order_by(CopySigner.id).get()
