"""What only managers see is in nothing that others are shown, whatever a content looks like."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.support.strategies import json_of
from web.presentation.masking import MASK, mask_secrets

HUSH = "hush-hush-4711"
SECRET = [
    "password",
    "wifiPreSharedKey",
    "sharedSecret",
    "passPhrase",
    "privateKey",
    "pfx",
    "token",
    "certificatePassword",
]
names = st.sampled_from([*SECRET, "value", "omaUri", "settings", "isEncrypted", "valueState", "name"])


def holders():
    """Objects with a secret in one of the ways in which Graph has them."""
    plain = st.sampled_from(SECRET).map(lambda name: {name: HUSH})
    by_uri = st.sampled_from(["./a/Password", "./x/PreSharedKey"]).map(lambda uri: {"omaUri": uri, "value": HUSH})
    encrypted = st.just({"omaUri": "./a/b", "isEncrypted": True, "value": HUSH})
    setting = st.just({"valueState": "notEncrypted", "value": HUSH})
    return st.one_of(plain, by_uri, encrypted, setting)


@given(json_of(names), holders(), st.lists(st.sampled_from(["list", "object"]), max_size=6))
def test_no_secret_is_left_however_deep_it_lies(beside, holder, way):
    content = holder
    for step in way:
        content = [beside, content] if step == "list" else {"inner": content, "beside": beside}
    assert HUSH not in json.dumps(mask_secrets(content))


@given(json_of(names))
def test_masking_twice_is_masking_once_and_nothing_else_changes(content):
    once = mask_secrets(content)
    assert mask_secrets(once) == once
    assert _is_same_but_masks(once, content)


def _is_same_but_masks(once, content):
    """Of whatever sort the secret is: a list, a number."""
    if isinstance(once, str) and once.startswith(MASK[:-1]):
        return True
    if isinstance(once, dict) and isinstance(content, dict) and once.keys() == content.keys():
        return all(_is_same_but_masks(once[name], content[name]) for name in once)
    if isinstance(once, list) and isinstance(content, list) and len(once) == len(content):
        return all(map(_is_same_but_masks, once, content))
    return once == content
