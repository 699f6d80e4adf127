import gzip
import io

import pyrage
import pytest

from actors.copies import sealing
from actors.copies.stores.store import StoreRefused

KEY, OTHER = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()


def test_what_is_sealed_opens_with_each_recovery_key_and_no_other():
    recipients = sealing.read_recipients([str(KEY.to_public())])
    sealed = sealing.seal("Ümläut".encode(), recipients)
    assert gzip.decompress(pyrage.decrypt(sealed, [KEY])).decode() == "Ümläut"
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [OTHER])


def test_a_stream_is_sealed_however_long_it_is():
    out, piece = io.BytesIO(), b"0123456789abcdef" * 65536
    recipients = sealing.read_recipients([str(KEY.to_public())])
    sealing.seal_stream(lambda lines: [lines.write(piece) for _ in range(5)], out, recipients)
    assert gzip.decompress(pyrage.decrypt(out.getvalue(), [KEY])) == piece * 5


def test_what_goes_wrong_in_a_stream_is_told_and_hangs_nobody():
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    recipients = sealing.read_recipients([str(KEY.to_public())])
    with pytest.raises(pyrage.EncryptError, match="space"):
        sealing.seal_stream(lambda lines: [lines.write(bytes(999_999)) for _ in range(30)], Full(), recipients)
    with pytest.raises(StoreRefused):
        sealing.read_recipients(["ssh-ed25519 AAAA"])
