"""Names that mean harm, on every page that shows one: they stay text, and turn nothing around them."""

import pytest

from db.audit import audit
from db.audit.actions import Action
from db.audit.audit import Actor
from db.models import Policy
from tests.support.captures import capture_by_hand

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NAMES = (
    "<script>window.ran=1</script>",
    '"><img src=x onerror=window.ran=1>',
    "'-alert(1)-' {{7*7}} ${7*7} {% debug %}",
    "javascript:window.ran=1",
    "evil \u202egnp.exe \u2067\u200b\u200d\u00ad",
    "nul \x00, half \ud83d, bell \x07, line\nnext\r\n\tand",
    "../../etc/passwd | CON | nul.txt",
    '=HYPERLINK("http://evil.example","x")',
    "$(rm -rf /); `id` && echo 'x' \"y\"",
    "e\u0301\u0301\u0301\u0301 👩‍👩‍👧‍👦 " + "Z\u0335\u0321" * 40,
    "x" * 10_000,
)


@pytest.fixture
def hostile(cast):
    """Each name is a policy of Contoso with a snapshot, a group and a setting of that name."""
    from graph.policy_types.policy_type import policy_name
    from graph.policy_types.table import POLICY_TYPES

    made = []
    for number, name in enumerate(NAMES):
        shown = policy_name(POLICY_TYPES["configurationPolicies"], {"name": name})
        policy = Policy.create(
            tenant=cast.contoso, policy_type="configurationPolicies", name=shown,
            graph_id=f"{number:08d}-0000-4000-8000-00000000000b",
        )  # fmt: skip
        body = {"name": name, "description": name, name[:50]: name,
                "settings": [{"settingInstance": {"settingDefinitionId": name[:90], "simpleSettingValue": {"value": name}}}]}  # fmt: skip  # noqa: E501
        group = {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": f"g{number}"}}
        actor = Actor.person(cast.ada, "127.0.0.1")
        run, older = capture_by_hand(policy, actor, {"name": "before", "settings": []})
        run, newer = capture_by_hand(policy, actor, body, [group], {f"g{number}": name[:1000]})
        made.append((policy, run, older, newer))
    return made


def test_no_name_runs_anything_or_turns_what_stands_beside_it(page, enter, site, cast, hostile):
    page.on("dialog", lambda dialog: page.problems.append(f"a dialog: {dialog.message}"))
    enter(page, cast.root)
    paths = ["/", "/policies/", "/runs/", "/notifications/", "/audit/", "/backup-sets/", "/restores/", "/tenants/"]
    for policy, run, older, newer in hostile:
        paths += [f"/policies/{policy.id}", f"/runs/{run.id}", f"/snapshots/{newer.id}",
                  f"/snapshots/{older.id}/compare/{newer.id}"]  # fmt: skip
    for path in paths:
        assert page.goto(site + path).status == 200, path
        assert page.evaluate("window.ran") is None, path
    page.goto(f"{site}/policies/?search=exe")
    link = page.locator("td a", has_text="evil").first
    assert link.evaluate("one => getComputedStyle(one).unicodeBidi") == "isolate"
    print(f"\nhostile names: {len(NAMES)} names, {len(paths)} pages")


def test_a_reason_without_a_space_widens_no_page(page, enter, site, cast):
    """One such line had cut off the end of all others in the audit log."""
    who = Actor.person(cast.root, "127.0.0.1")
    audit.record(Action.SET_PINNED, who, "backup set 7", tenant=cast.contoso, reason="x" * 250)
    enter(page, cast.root)
    page.goto(f"{site}/audit/?tenant=all")
    assert page.get_by_text("x" * 100).count() > 0
    for table in page.locator(".table-wrap").all():
        assert table.evaluate("e => e.scrollWidth <= e.clientWidth + 1")
