import base64

import pytest

from graph.display.opaque_texts import ACCESS, LONG, LONGEST_LOOKED_AT, WITH_KEY, opaque_kind


def encoded(data):
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Allowed for everybody", ""),
        ("1.2.840", ""),
        ("--api-key 4711", ACCESS),
        (encoded(b"net use z: /user:olga hunter22222"), ACCESS),
        ("<wifi><name>Office</name></wifi>", "XML"),
        ("#!/bin/sh", "script"),
        ('\ufeff {"rules": [1]}', "JSON"),
        ('{"id": "1", "type": "app"}', ""),
        (encoded("Write-Host 'Good morning'".encode("utf-16-le")), "script or text"),
        (encoded(b"0\x82\x0a\x0b\x02\x01\x03 and more of it"), WITH_KEY),
        ("x" * (LONGEST_LOOKED_AT + 1), LONG),
    ],
)
def test_a_text_is_told_by_its_looks(text, kind):
    assert opaque_kind(text) == kind
