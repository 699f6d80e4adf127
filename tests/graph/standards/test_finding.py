"""Parameters are found by themselves, each in every item that has it."""

import base64
import json
import re

import pytest

from graph.content.normalise import decode_base64
from graph.policy_types.table import POLICY_TYPES
from graph.references.references import NOTHING_KNOWN
from graph.standards.finding import ItemContent, SourceFacts, find_parameters
from graph.standards.rendering import render
from graph.standards.taking import take
from graph.standards.values import checked
from tests.support.simulated_tenant import REAL

GROUP, LOCATION = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000001"


def item(key, policy_type="deviceConfigurations", name="CTSO - One", assignments=(), **body):
    body = {POLICY_TYPES[policy_type].name_property: name, **body}
    return ItemContent(key, policy_type, name, {"body": body, "assignments": list(assignments)})


def assigned(group):
    return {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}}


def ring(value):
    return {
        "settingInstance": {
            "settingDefinitionId": "device_vendor_msft_policy_config_update_deferqualityupdatesperiodindays",
            "simpleSettingValue": {"value": value},
        }
    }


SCRIPT = base64.b64encode(b"Send-MailMessage -To it@contoso.com -From no-reply@contoso.com").decode()
ITEMS = (
    item("a", name="CTSO - One", assignments=[assigned(GROUP)], notes="Ask Contoso at it@contoso.com",
         url="intra.contoso.com"),
    item("b", name="CTSO - Two", qualityUpdatesDeferralPeriodInDays=7, gracePeriodHours=24),
    item("c", "configurationPolicies", name="CTSO - Ring", settings=[ring(3), ring(3)]),
    item("d", "configurationPolicies", name="CTSO - Fast ring", settings=[ring(0)]),
    item("e", "conditionalAccessPolicies", name="CA001",
         conditions={"locations": {"includeLocations": [LOCATION, "All"]}}),
    item("f", "namedLocations", name="Office"),
    item("g", "deviceManagementScripts", name="CTSO - Mail", scriptContent=SCRIPT, description="Contoso's"),
    item("h", "deviceManagementScripts", name="CTSO - Signed",
         scriptContent=base64.b64encode(b"it@contoso.com\n# SIG # Begin signature block").decode()),
)  # fmt: skip
FACTS = SourceFacts(
    names={("groups", GROUP): "All devices of CTSO"}, domains=["contoso.com"], words=["Contoso", "no such"]
)


def found(items=ITEMS, facts=FACTS):
    return {
        parameter["name"]: (parameter["default"], [place["item"] for place in parameter["places"]])
        for parameter in find_parameters(items, facts)
    }


def test_everything_that_differs_from_tenant_to_tenant_is_a_parameter_with_its_places():
    days = "device_vendor_msft_policy_config_update_deferqualityupdatesperiodindays"
    assert found() == {
        f"object:groups:{GROUP}": (None, ["a"]),
        f"object:namedLocations:{LOCATION}": (None, ["e"]),
        "prefix": ("CTSO - ", ["a", "b", "c", "d", "g", "h"]),
        "domain:contoso.com": ("contoso.com", ["a", "a", "g"]),
        "address:it@contoso.com": ("it@contoso.com", ["a", "g"]),
        "address:no-reply@contoso.com": ("no-reply@contoso.com", ["g"]),
        "text:Contoso": ("Contoso", ["a", "g"]),
        "number:b:qualityUpdatesDeferralPeriodInDays": (7, ["b"]),
        f"number:d:{days}": (0, ["d"]),
    }
    objects = [parameter for parameter in find_parameters(ITEMS, FACTS) if parameter["object"]]
    assert objects[0]["label"] == "All devices of CTSO"
    assert objects[1]["label"] == f"named location {LOCATION}"


def test_a_reference_to_another_item_is_no_parameter():
    items = [*ITEMS, item(LOCATION, "namedLocations", name="Branch")]
    assert f"object:namedLocations:{LOCATION}" not in found(items)


def test_a_prefix_is_what_most_names_share_or_what_a_person_says_or_nothing():
    def prefix(*names, said=None):
        items = [item(str(number), name=name) for number, name in enumerate(names)]
        return found(items, SourceFacts(prefix=said))["prefix"]

    assert prefix("A - x", "A - y", "B - z")[0] == "A - "
    assert prefix("[IT] x", "[IT] y") == ("[IT] ", ["0", "1"])
    assert prefix("A - x", "B - y", "C") == ("", ["0", "1", "2"])
    assert prefix("AB x", "AB y", said="AB ")[0] == "AB "
    assert prefix("AB x", said="no such ") == ("", ["0"])
    assert "prefix" not in found([ItemContent("s", "deviceManagementSettings", "All", {"body": {}})], SourceFacts())


def test_values_at_the_places_change_what_was_found_and_leave_the_rest():
    parameters = find_parameters(ITEMS, FACTS)
    values = {
        "prefix": "FAB ",
        "domain:contoso.com": "f.org",
        "text:Contoso": "Fabrikam",
        "address:it@contoso.com": "x@f.org",
    }
    one, script = (
        render(each.policy_type, each.content, each.key, parameters, values)["body"] for each in (ITEMS[0], ITEMS[6])
    )
    assert (one["displayName"], one["notes"], one["url"]) == ("FAB One", "Ask Fabrikam at x@f.org", "intra.f.org")
    assert decode_base64(script["scriptContent"]) == "Send-MailMessage -To x@f.org -From no-reply@f.org"
    assert (
        render("deviceManagementScripts", ITEMS[7].content, "h", parameters, values)["body"]["scriptContent"]
        == (ITEMS[7].content["body"]["scriptContent"])
    )


@pytest.mark.skipif(not REAL.is_dir(), reason="the exported policies are not beside this checkout")
def test_real_policies_are_taken_and_keep_every_value_but_what_is_replaced():
    rows = [line.split("\t") for line in (REAL / "MANIFEST.tsv").read_text().splitlines()]
    at, kind = rows[0].index("local"), rows[0].index("policyType")
    items = []
    for number, row in enumerate(rows[1:]):
        path = REAL / row[at]
        if row[kind] not in POLICY_TYPES or path.suffix != ".json" or not path.exists():
            continue
        try:
            body = json.loads(path.read_bytes().decode("utf-8-sig"))
        except ValueError:
            continue
        if not isinstance(body, dict):
            continue
        content = {"body": body, "assignments": None}
        taken = take(row[kind], content, f"k{number}", lambda reference: reference.id, NOTHING_KNOWN)
        assert not taken.refused, path
        items.append(ItemContent(f"k{number}", row[kind], path.stem, taken.content))
    assert len(items) > 100
    parameters = find_parameters(items, SourceFacts(prefix=""))
    values = {parameter["name"]: checked(parameter, "99") for parameter in parameters if parameter["kind"] == "number"}
    values["prefix"] = "ACME "
    for each in items:
        rendered = json.dumps(render(each.policy_type, each.content, each.key, parameters, values), sort_keys=True)
        own = json.dumps(each.content, sort_keys=True)
        numbers = [p for p in parameters if p["kind"] == "number" and p["places"][0]["item"] == each.key]
        rest = rendered.replace('": "ACME ', '": "')
        assert len(re.findall(r": 99\b", rest)) - len(re.findall(r": 99\b", own)) == len(
            [p for p in numbers if p["default"] != 99]
        )
        assert numbers or rest == own
