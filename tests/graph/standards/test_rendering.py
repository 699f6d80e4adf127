"""A tenant's values stand at the places of a parameter, and nowhere else."""

import base64
import copy
import json

import pytest

from graph.standards.rendering import render, rendered_name


def parameter(kind, default, *paths, item="k"):
    places = [{"item": item, "path": list(path)} for path in paths]
    return {"name": kind, "kind": kind, "label": kind, "default": default, "object": None, "places": places}


def encoded(text):
    return base64.b64encode(text.encode()).decode()


NAME, TEXT = ("body", "displayName"), ("body", "text")
# kind, default, value, what stood there, what stands there then
TEXTS = (
    ("prefix", "CTSO - ", "FAB - ", "CTSO - Firewall", "FAB - Firewall"),
    ("prefix", "CTSO - ", "", "CTSO - Firewall", "Firewall"),
    ("prefix", "", "FAB ", "Firewall", "FAB Firewall"),
    ("prefix", "CTSO - ", "FAB - ", "The CTSO - Firewall", "The CTSO - Firewall"),
    ("domain", "contoso.com", "fabrikam.org", "it@Contoso.com, www.contoso.com", "it@fabrikam.org, www.fabrikam.org"),
    ("domain", "contoso.com", "fabrikam.org", "contoso.com.au notcontoso.com my-contoso.com", None),
    ("domain", "contoso.com", "fabrikam.org", "See contoso.com.", "See fabrikam.org."),
    ("domain", "contoso.com", "fabrikam.org", '{"a": ["https://contoso.com/x"]}', '{"a": ["https://fabrikam.org/x"]}'),
    ("domain", "contoso.com", "fabrikam.org", encoded('{"a":"contoso.com"}'), encoded('{"a":"fabrikam.org"}')),
    ("domain", "contoso.com", "fabrikam.org", encoded("# Grüße an it@contoso.com\r\n"),
     encoded("# Grüße an it@fabrikam.org\r\n")),
    ("domain", "contoso.com", "f.org", "<string>contoso.com</string>", "<string>f.org</string>"),
    ("address", "it@contoso.com", "help@f.org", "to it@contoso.com or exit@contoso.com",
     "to help@f.org or exit@contoso.com"),
    ("text", "Contoso", r"Fab\1 & \g<0>", "Contoso Ltd, Contosos", r"Fab\1 & \g<0> Ltd, Contosos"),
    ("text", "Contoso", 'x","b":"y', '{"a":"Contoso"}', None),
    ("number", 7, 14, "7", "14"),
    ("number", 7, 14, "every 7 days", None),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "default", "value", "before", "after"), TEXTS)
def test_a_text_is_changed_where_it_holds_the_default_as_a_whole(kind, default, value, before, after):
    content = {"body": {"displayName": "n", "text": before, "other": before}, "assignments": None}
    seen = copy.deepcopy(content)
    rendered = render("deviceConfigurations", content, "k", [parameter(kind, default, TEXT)], {kind: value})
    assert rendered["body"] == {"displayName": "n", "text": before if after is None else after, "other": before}
    assert content == seen, "the version's own content is never changed"
    assert render("deviceConfigurations", content, "k", [parameter(kind, default, TEXT)], {}) == seen
    assert render("deviceConfigurations", content, "other", [parameter(kind, default, TEXT)], {kind: value}) == seen


def test_many_values_are_put_in_at_once_and_none_is_taken_for_anothers_default():
    content = {"body": {"displayName": "A - contoso.com it@contoso.com", "days": 7, "on": True}, "assignments": []}
    parameters = [
        parameter("prefix", "A - ", NAME),
        parameter("domain", "contoso.com", NAME),
        parameter("address", "it@contoso.com", NAME),
        parameter("number", 7, ("body", "days")),
    ]
    values = {"prefix": "contoso.com ", "domain": "f.org", "address": "x@contoso.com", "number": 21}
    rendered = render("deviceConfigurations", content, "k", parameters, values)
    assert rendered["body"] == {"displayName": "contoso.com f.org x@contoso.com", "days": 21, "on": True}
    del values["address"]
    assert render("deviceConfigurations", content, "k", parameters, values)["body"]["displayName"].endswith("it@f.org")


def test_a_place_that_is_not_there_stays_as_it_is_and_a_name_is_never_lost():
    content = {"body": {"displayName": "CTSO", "list": [{"days": 7}], "flag": True}, "assignments": None}
    paths = [
        ("body", "list", 5, "days"),
        ("body", "flag"),
        ("body", "none", "x"),
        ("body", "list", "x"),
        ("assignments", 0),
    ]
    numbers = parameter("number", 7, *paths, ("body", "list", 0, "days"))
    rendered = render("deviceConfigurations", content, "k", [numbers], {"number": 1})
    assert rendered["body"] == {"displayName": "CTSO", "list": [{"days": 1}], "flag": True}
    prefix = parameter("prefix", "CTSO", NAME)
    assert render("deviceConfigurations", content, "k", [prefix], {"prefix": ""})["body"]["displayName"] == "CTSO"
    assert rendered_name("configurationPolicies", {"body": {"name": "One"}}) == "One"
    assert json.dumps(render("groups", content, "k", [{**numbers, "kind": "object"}], {"number": 1})) == json.dumps(
        content
    )
