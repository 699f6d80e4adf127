"""A token takes rights away and gives none: scopes, tenants and tags, with the rights of its person as they are now."""

from db.accounts import users
from db.audit.audit import SYSTEM
from db.models import AuditEvent, Membership
from db.states import Role, Scope
from db.tenants import tags


def names(program):
    answer = program.get("/tenants")
    return [item["name"] for item in answer.json["items"]] if answer.status_code == 200 else answer.status_code


def test_a_token_reaches_what_its_person_reaches_now_within_its_tenants_and_tags(cast, api):
    users.set_member(cast.ada, cast.fabrikam, Role.READER, SYSTEM)
    every, own = api(cast.ada), api(cast.ada, tenants=[cast.contoso])
    tagged, nothing = api(cast.ada, tags=["gold"]), api(cast.rita, tenants=[cast.fabrikam])
    root = api(cast.root, tenants=[cast.fabrikam])
    assert [names(each) for each in (every, own, tagged, nothing, root)] == [
        ["Fabrikam", "Contoso"],
        ["Contoso"],
        403,
        403,
        ["Fabrikam"],
    ]
    tags.replace(cast.fabrikam, ["Gold"], SYSTEM)
    assert names(tagged) == ["Fabrikam"]
    Membership.delete().where(Membership.tenant == cast.fabrikam).execute()
    assert [names(each) for each in (every, tagged)] == [["Contoso"], 403]
    other = own.get(f"/tenants/{cast.fabrikam.id}")
    assert (other.status_code, other.json["detail"]) == (
        403,
        "The token “program 2” is not made for this tenant.",
    )


def test_a_refused_program_is_named_in_the_audit_log_as_itself(cast, api):
    api(cast.ada, Scope.START).get("/tenants")
    event = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
    assert (event.action, event.actor, event.actor_id) == (
        "access:refused",
        "token program 1 of ada@example.com",
        cast.ada.id,
    )
