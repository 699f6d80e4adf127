"""A recovery key in whatever way it was kept, and what people take for one."""

import base64
from io import BytesIO

import pyrage
import pytest

from actors.recovering import key_file
from db.errors import Invalid
from db.installation import age_file

KEY = pyrage.x25519.Identity.generate()
AS_MADE = f"# created: 2026-11-27T03:15:00Z\n# public key: {KEY.to_public()}\n{KEY}\n"
PAGE = f"Recovery key, shown this once: print it.\n\n  {KEY}\n\nIts public half:\n\n  {KEY.to_public()}\n"
WORDS = "r\u00e9sum\u00e9 of  a safe "


def quickly_sealed(text):
    """As `age -p` seals it (tests/db/installation/test_age_file.py), but for the price of a guess."""
    out = BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(age_file, "WORK_FACTOR", 2)
        writer = age_file.AgeWriter(out, WORDS)
    writer.write(text.encode())
    writer.close()
    return out.getvalue()


SEALED = quickly_sealed(AS_MADE)
ARMOURED = (
    "-----BEGIN AGE ENCRYPTED FILE-----\n" + base64.encodebytes(SEALED).decode() + "-----END AGE ENCRYPTED FILE-----\n"
)
KEPT = {
    "as age-keygen writes it": AS_MADE.encode(),
    "alone, without an end of line": str(KEY).encode(),
    "in small letters": str(KEY).lower().encode(),
    "twice": (AS_MADE + AS_MADE).encode(),
    "saved on Windows": AS_MADE.replace("\n", " \t\r\n").encode("utf-8-sig"),
    "by PowerShell's >": AS_MADE.replace("\n", "\r\n").encode("utf-16"),
    "from a big-endian machine": b"\xfe\xff" + AS_MADE.encode("utf-16-be"),
    "with marks that nobody sees": f"\u200b{KEY}\u200b\u00a0".encode(),
    "as the command printed it": PAGE.encode(),
    "as the command printed it for programs": f'{{"recovery_key": "{KEY}", "public_key": "x"}}'.encode(),
    "under another that is in a comment": f"# {'AGE-SECRET-KEY-1' + 'Q' * 58}\n{KEY}".encode(),
    "sealed by age -p": SEALED,
    "sealed by age -p -a": ARMOURED.encode(),
    "sealed, and saved on Windows": ARMOURED.replace("\n", " \r\n").encode("utf-8-sig"),
    "sealed, and by PowerShell's >": f"\r\n{ARMOURED}".encode("utf-16"),
}
# Named, for a key is another one in each process of a test run: (text, why it is refused).
OTHERS = {
    "nothing": (b"", "No recovery key was given"),
    "a remark": (b"\xef\xbb\xbf\r\n# nothing\r\n", "No recovery key was given"),
    "one without its end": (str(KEY)[:-1].encode(), "not whole, or mistyped"),
    "one in two lines": (f"{str(KEY)[:40]}\n{str(KEY)[40:]}".encode(), "not whole, or mistyped"),
    "the public half": (str(KEY.to_public()).encode(), "the public half"),
    "a post-quantum one": (b"AGE-SECRET-KEY-PQ-1QQQQ", "post-quantum"),
    "a plugin's": (b"# Recipient: age1yubikey1q\nAGE-PLUGIN-YUBIKEY-1QQQQ", "a device or a plugin"),
    "one for SSH": (b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n", "of another kind"),
    "armour alone": (b"-----BEGIN AGE ENCRYPTED FILE-----", "the file as a whole"),
    "a diary": (b"Dear diary", "no recovery key"),
    "no text": (bytes(range(128, 256)), "no recovery key"),
    "damaged armour": (ARMOURED.replace("-----END", "!\n-----END").encode(), "damaged"),
    "half of it": (ARMOURED[:200].encode() + b"\n-----END AGE ENCRYPTED FILE-----", "damaged"),
    "sealed to a key": (pyrage.encrypt(AS_MADE.encode(), [KEY.to_public()], armored=True), "sealed to keys"),
}


@pytest.mark.parametrize("kept", KEPT)
def test_a_key_opens_however_it_was_kept(kept):
    [found] = key_file.identities_in(KEPT[kept], lambda: WORDS)
    assert str(found) == str(KEY)


@pytest.mark.parametrize("other", OTHERS)
def test_what_is_no_key_is_refused_by_what_it_is_and_nothing_of_it_is_told(other):
    text, why = OTHERS[other]
    with pytest.raises(Invalid, match=why) as refused:
        key_file.identities_in(text, lambda: WORDS)
    assert str(KEY)[20:40] not in str(refused.value)


def test_two_keys_are_both_taken_and_wrong_words_are_told():
    other = pyrage.x25519.Identity.generate()
    assert len(key_file.identities_in(f"{KEY}\n{other}\n".encode(), lambda: WORDS)) == 2
    with pytest.raises(Invalid, match="passphrase is wrong"):
        key_file.identities_in(SEALED, lambda: WORDS.strip())
