"""`/policies/<id>/dependencies`: the list, which is the truth, and the picture beside it."""

import re

import pytest

from db.audit.audit import SYSTEM
from db.models import Policy, PolicyReference
from db.policies import policies
from tests.support.captures import capture_by_hand

EVIL = '<script>alert("1")</script> & a very long name'
GROUP = "{:08x}-0000-4000-8000-000000000000"


def referred(cast, name, *referring):
    row = policies.get_or_create(cast.contoso, "assignmentFilters", "f1000000-0000-4000-8000-000000000000", name, None)
    for policy in referring:
        PolicyReference.create(tenant=policy.tenant_id, policy=policy, kind="assignmentFilters", object_id=row.graph_id)
    return row


@pytest.fixture
def address(cast):
    return lambda policy, **asked: (
        f"/policies/{policy.id}/dependencies?" + "&".join(f"{key}={value}" for key, value in asked.items())
    )


def capture(policy, groups):
    targets = [
        {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group_id}}
        for group_id in groups
    ]
    capture_by_hand(policy, SYSTEM, {"name": policy.name, "settings": []}, targets, groups)


def test_both_ways_are_listed_and_drawn_and_no_name_is_more_than_text(client, sign_in, cast, address):
    sign_in(client, cast.rita)
    first, second = Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id)
    theirs = Policy.get(Policy.tenant == cast.fabrikam)
    capture(first, {GROUP.format(1): EVIL, GROUP.format(2): None})
    row = referred(cast, "Corporate devices", first, second, theirs)
    page = client.get(address(first)).get_data(as_text=True)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert re.search(r'<a href="/policies/\d+/dependencies\?way=uses&amp;kind=groups" aria-label="', page)
    assert "deleted" in page
    used = client.get(address(row)).get_data(as_text=True)
    assert "refer to it 2" in used
    assert f'<a href="/policies/{second.id}" aria-label="Contoso policy 2: Settings catalog">' in used
    assert "Fabrikam" not in used.partition("<main")[2]
    assert "It was never captured" in used
    nothing = client.get(address(second)).get_data(as_text=True)
    assert "nothing refers to it" in nothing
    assert "<svg" not in nothing.partition("<main")[2]


def test_many_neighbours_are_drawn_by_kind_and_listed_page_by_page(client, sign_in, cast, address):
    sign_in(client, cast.rita)
    policy = Policy.get(Policy.tenant == cast.contoso)
    capture(policy, {GROUP.format(number): f"Group {number:03}" for number in range(1, 41)})
    page = client.get(address(policy)).get_data(as_text=True)
    picture = page[page.index('class="dependencies"') :].partition("</svg>")[0]
    assert picture.count("<a ") == 1
    assert 'aria-label="Group: 40"' in picture
    assert page.count("this policy refers to it") == 25
    rest = client.get(address(policy, way="uses", kind="groups", page=1)).get_data(as_text=True)
    assert rest.count("this policy refers to it") == 15
    assert client.get(address(policy, way="x", kind="y", page=99)).status_code == 200
