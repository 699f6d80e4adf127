import base64
import json

import pytest

from graph.content import embedded_json


@pytest.mark.parametrize("text", ['{"a": 1}', '{"a":1}', '{\n  "a": 1\n}', '{\r\n    "a":  1\r\n}', ' [1, "\\u00e9"] '])
def test_changed_value_keeps_the_style_of_its_text(text):
    value = embedded_json.parse(text)
    assert embedded_json.write_like(value, text) == text
    assert json.loads(embedded_json.write_like([2], text)) == [2]


def test_base64_is_decoded_and_encoded_again():
    text = base64.b64encode(b'{"a": 1}').decode()
    assert embedded_json.decode(text) == '{"a": 1}'
    assert embedded_json.encode_like('{"a": 1}', text) == text
    assert embedded_json.encode_like('{"a": 1}', "plain") == '{"a": 1}'


@pytest.mark.parametrize("text", ["", "plain", "{not json", '{"a": 1, "a": 2}', "[" * 30 + "]" * 30])
def test_other_text_is_no_json(text):
    assert embedded_json.parse(text) is None
