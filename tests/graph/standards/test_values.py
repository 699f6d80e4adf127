"""Values of parameters are checked before they may go to many tenants."""

import pytest

from db.states import ParameterKind
from graph.standards import values
from graph.standards.values import checked

GOOD = (
    ("prefix", "ACME - ", "ACME - "),
    ("prefix", "", ""),
    ("domain", " Fabrikam.COM ", "fabrikam.com"),
    ("domain", "fabrikam.onmicrosoft.com", "fabrikam.onmicrosoft.com"),
    ("address", "it+alerts@fabrikam.co.uk", "it+alerts@fabrikam.co.uk"),
    ("number", " 14 ", 14),
    ("number", 0, 0),
    ("text", "Fabrikam & Söhne", "Fabrikam & Söhne"),
)
BAD = (
    ("prefix", "x" * 61, "60 characters"),
    ("prefix", "a\nb", "line breaks"),
    ("domain", "fabrikam", "no domain"),
    ("domain", 'fabrikam.com"}', "no domain"),
    ("domain", "-a.com", "no domain"),
    ("domain", f"{'a' * 250}.com", "no domain"),
    ("address", "fabrikam.com", "no e-mail address"),
    ("address", "it@fabrikam.com\r\nBcc: x@y.z", "no e-mail address"),
    ("number", "1.5", "no whole number"),
    ("number", "-1", "below zero"),
    ("number", True, "no whole number"),
    ("text", "   ", "write what stands for"),
    ("text", "\x00", "control characters"),
    ("object", "11111111-1111-1111-1111-111111111111", "with a mapping"),
)


@pytest.mark.parametrize(("kind", "given", "kept"), GOOD)
def test_a_value_is_kept_in_its_usual_form(kind, given, kept):
    assert checked({"kind": kind, "label": "It", "default": "contoso.com"}, given) == kept


@pytest.mark.parametrize(("kind", "given", "why"), BAD)
def test_what_could_break_a_policy_is_refused_with_a_reason(kind, given, why):
    with pytest.raises(ValueError, match=why):
        checked({"kind": kind, "label": "It", "default": "contoso.com"}, given)


def test_the_kinds_are_those_of_the_database():
    ours = {values.OBJECT, values.PREFIX, values.DOMAIN, values.ADDRESS, values.NUMBER, values.TEXT}
    assert ours == set(ParameterKind)
