"""Placeholders: found, asked for, filled in."""

from graph.foreign import placeholders


def test_placeholders_are_told_from_what_policies_hold():
    body = {"displayName": "Ring <Name of ring>", "a": ["<COMPANY>", "%tenantfilter%", "<ID>", "<xml>A</xml>"],
            "path": "%ProgramFiles%\\x", "rule": "a < B > c", "id": "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
            "note": "REMOVETHISLINE"}  # fmt: skip
    assert placeholders.find({"body": body}) == (
        "<Name of ring>", "<COMPANY>", "%tenantfilter%", "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "REMOVETHISLINE",
    )  # fmt: skip
    assert placeholders.fill(body, {"<COMPANY>": "Contoso"})["a"][0] == "Contoso"
    assert placeholders.growth({"a": ["<A> <A>", 1], "b": "<B>"}, {"<A>": "12345", "<B>": ""}) == 4
    assert placeholders.with_directory({"a": ["x %OrganizationId%"]}, "1") == {"a": ["x 1"]}
