"""Tags of tenants: free words, the same in any case, at most 20 of a tenant."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from db.accounts import tag_memberships, users
from db.audit import audit
from db.audit.audit import Action, Actor
from db.database import Condition, lock_rows, transaction
from db.errors import Invalid
from db.models import Tenant, TenantTag
from db.sql.value_lists import is_in, is_in_if_given
from db.tenants.tenants import lock_switched_on

MAX_TAGS, MAX_LENGTH = 20, 40
# Who acts from there is no person whose role could be asked for: the system itself, and who has the server.
TRUSTED_ORIGINS = ("system", "command")


def parse(text: str) -> list[str]:
    """Read tags, set apart by commas or lines, each once. Raises Invalid."""
    words = [" ".join(part.replace("\x00", "").split()) for part in text.replace("\n", ",").split(",")]
    tags = {fold(word): word for word in reversed(words) if word}
    for word in tags.values():
        if len(word) > MAX_LENGTH:
            raise Invalid(f"A tag has at most {MAX_LENGTH} characters: “{word[:MAX_LENGTH]}…” is longer.")
    if len(tags) > MAX_TAGS:
        raise Invalid(f"A tenant has at most {MAX_TAGS} tags.")
    return list(tags.values())[::-1]


def parse_one(text: str) -> str:
    """Read one tag, as some tenant writes it already. Raises Invalid."""
    found = parse(text)
    if len(found) != 1:
        raise Invalid("Name one tag." if not found else "Name one tag, without a comma.")
    return _spellings([fold(found[0])]).get(fold(found[0]), found[0])


def fold(tag: str) -> str:
    return tag.casefold()


def of_tenant(tenant: Tenant) -> list[str]:
    return names_by_tenant([tenant.id]).get(tenant.id, [])


def names_by_tenant(tenant_ids: Sequence[int] | None) -> dict[int, list[str]]:
    """Return tenant id -> its tags by name; None: of every tenant."""
    query = TenantTag.select(TenantTag.tenant, TenantTag.name).where(is_in_if_given(TenantTag.tenant, tenant_ids))
    names: dict[int, list[str]] = {}
    for tenant_id, name in query.order_by(TenantTag.folded).tuples():
        names.setdefault(tenant_id, []).append(name)
    return names


def first_of_each(tenant_ids: Iterable[int], among: Sequence[str]) -> dict[int, str]:
    """Return tenant id -> the first of these tags, folded, that the tenant has; a tenant with none is left out."""
    rows = TenantTag.select(TenantTag.tenant, TenantTag.folded)
    rows = rows.where(is_in(TenantTag.tenant, sorted(tenant_ids)) & is_in(TenantTag.folded, among))
    in_order = sorted(rows.tuples(), key=lambda row: among.index(row[1]), reverse=True)
    return dict(in_order)


def known(tenant_ids: Sequence[int] | None) -> dict[str, str]:
    """Return folded -> name of the tags that these tenants have; None: all tenants."""
    query = TenantTag.select(TenantTag.folded, TenantTag.name).where(is_in_if_given(TenantTag.tenant, tenant_ids))
    return dict(query.order_by(TenantTag.folded).distinct().tuples())


def has_tag(folded: str) -> Condition:
    """Return the condition that a tenant has the tag."""
    return Tenant.id.in_(TenantTag.select(TenantTag.tenant).where(TenantTag.folded == folded))


def is_of_tenant_with(column: Any, folded: str) -> Condition:
    """Return the condition that a row whose tenant is in the column is of a tenant that has the tag."""
    condition: Condition = column.in_(TenantTag.select(TenantTag.tenant).where(TenantTag.folded == folded))
    return condition


@transaction
def replace(tenant: Tenant, wanted: Iterable[str], actor: Actor) -> bool:
    """Give the tenant these tags and no others. Return False where it has just them. Raises Invalid.

    Like `add_and_remove`, it refuses a tag that gives rights to anybody but an admin or a command on the server.
    """
    return _change(tenant, lambda now: {fold(tag): tag for tag in wanted}, actor)


@transaction
def add_and_remove(tenant: Tenant, added: Iterable[str], removed: Iterable[str], actor: Actor) -> bool:
    """Return False where the tenant has the ones, and not the others. Raises Invalid where it would have too many."""
    gone = {fold(tag) for tag in removed}
    given = {fold(tag): tag for tag in added}
    return _change(tenant, lambda now: {key: tag for key, tag in (given | now).items() if key not in gone}, actor)


def _change(tenant: Tenant, choose: Callable[[dict[str, str]], dict[str, str]], actor: Actor) -> bool:
    lock_rows(Tenant, Tenant.id == tenant.id)
    lock_switched_on(tenant, even_off=True)
    now = dict(TenantTag.select(TenantTag.folded, TenantTag.name).where(TenantTag.tenant == tenant).tuples())
    wanted = choose(now)
    if len(wanted) > MAX_TAGS:
        raise Invalid(f"{tenant.name} would have more than {MAX_TAGS} tags.")
    added, removed = wanted.keys() - now.keys(), now.keys() - wanted.keys()
    if not added and not removed:
        return False
    _require_admin_for(sorted(added | removed), actor)
    TenantTag.delete().where((TenantTag.tenant == tenant) & is_in(TenantTag.folded, sorted(removed))).execute()
    names = _spellings(added)
    rows = [{"tenant": tenant, "folded": key, "name": names.get(key, wanted[key])} for key in sorted(added)]
    if rows:
        TenantTag.insert_many(rows).execute()
    audit.record_of_tenant(
        Action.TENANT_TAGGED,
        actor,
        tenant,
        added=[row["name"] for row in rows],
        removed=sorted(now[key] for key in removed),
    )
    return True


def _require_admin_for(folded: list[str], actor: Actor) -> None:
    """Raises Invalid: whoever may tag must not be able to give rights, to themselves or others, by tagging."""
    guarded = tag_memberships.that_give_rights(folded)
    if guarded and not (actor.origin in TRUSTED_ORIGINS or users.is_admin(actor.user_id)):
        tag = next(iter(guarded.values()))
        raise Invalid(f"The tag “{tag}” gives roles to people: only an admin sets or removes it.")


def _spellings(keys: Iterable[str]) -> dict[str, str]:
    """Return folded -> name of tags that some tenant has already: a tag is written in one way."""
    query = TenantTag.select(TenantTag.folded, TenantTag.name).where(is_in(TenantTag.folded, sorted(keys)))
    return dict(query.distinct().tuples())
