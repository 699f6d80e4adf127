"""A standard as large as they come: 300 policies, 303 tenants that follow, exceptions, and a roll-out to them all."""

from datetime import datetime, timedelta

from db.audit.audit import SYSTEM
from db.models import (
    RollOut,
    RollOutTenant,
    StandardAdoption,
    StandardCell,
    StandardException,
    StandardItem,
    StandardTag,
    Tenant,
    User,
)
from db.standards import standards, versions
from db.standards.versions import NewItem, NewVersion
from db.states import CellState, ExceptionKind, Ring, RollOutState, RollOutTenantState, StandardSource
from tests.support.large_tenant import LONG_NAME, insert

ITEMS, OBJECTS, CONTENTS = 300, 60, 20


def make(tenants: list[Tenant], person: User, now: datetime) -> dict[str, int | str]:
    standard = standards.create(LONG_NAME[:120], LONG_NAME * 4, SYSTEM)
    first = versions.make(standard, _version(tenants[0], 0, ""), SYSTEM)
    newest = versions.make(standard, _version(tenants[0], 1, LONG_NAME * 5), SYSTEM)
    items = list(StandardItem.select().where(StandardItem.version == newest).order_by(StandardItem.position))
    insert(StandardTag, [{"standard": standard.id, "tag": tag, "folded": tag, "ring": Ring.ALL, "added_by": None,
                          "added_at": now} for tag in ("gold", "silver", "bronze")])  # fmt: skip
    adoption_ids = insert(StandardAdoption, [
        {"standard": standard.id, "tenant": tenant.id, "ring": list(Ring)[n % 3], "version": first.id, "values": {},
         "folded_tag": "gold" if n % 2 else None, "adopted_at": now, "checked_at": now,
         "counts": {"aligned": 200, "differs": 60, "missing": 40}}
        for n, tenant in enumerate(tenants)
    ])  # fmt: skip
    _cells(adoption_ids[:25], items, now)
    exception_ids = insert(StandardException, [
        {"standard": standard.id, "tenant": tenants[n % 3].id, "item_key": items[n].key,
         "kind": ExceptionKind.OTHERWISE, "paths": ["body/settings/1/value"] * 5, "reason": LONG_NAME,
         "until": now + timedelta(days=n), "asked_by": person.id, "asked_at": now,
         "approved_at": now if n % 2 else None}
        for n in range(120)
    ])  # fmt: skip
    about = {"standard": standard.id, "version": first.id, "ring": Ring.PILOT, "state": RollOutState.FINISHED}
    insert(RollOut, [{**about, "stop_percent": 20, "at_once": 3, "asked_at": now} for _ in range(60)])
    rollout = RollOut.create(standard=standard, version=newest, ring=Ring.ALL, state=RollOutState.STOPPED,
                             reason=LONG_NAME, stop_percent=20, at_once=3, asked_by=person, message=LONG_NAME * 5,
                             started_at=now)  # fmt: skip
    conflict = {"item_key": items[0].key, "name": LONG_NAME, "who": LONG_NAME}
    insert(RollOutTenant, [
        {"rollout": rollout.id, "tenant": tenant.id, "state": list(RollOutTenantState)[n % 10],
         "counts": {"update": 120, "create": 30, "blocked": 4}, "conflicts": [conflict] * 10,
         "message": LONG_NAME * 2, "objection": LONG_NAME if n % 10 == 3 else None}
        for n, tenant in enumerate(tenants)
    ])  # fmt: skip
    return {"standard": standard.id, "rollout": rollout.id, "exception": exception_ids[0], "item_key": items[0].key}


def _version(source: Tenant, after: int, notes: str) -> NewVersion:
    """300 policies of a few contents, which differ between the versions; many objects that tenants have to name."""
    contents = {f"{after}{n:063}": _content(n, after) for n in range(CONTENTS)}
    items = [
        NewItem(f"00000000-0000-4000-8000-{n:012}", "configurationPolicies", f"{LONG_NAME} {n}",
                f"{after}{n % CONTENTS:063}", {})
        for n in range(ITEMS)
    ]  # fmt: skip
    parameters = [
        {"name": f"group {n}", "kind": "object", "label": f"{LONG_NAME} {n}", "default": None,
         "object": {"kind": "groups", "id": f"10000000-0000-4000-8000-{n:012}"},
         "places": [{"item": items[n].key, "path": ["assignments", 0, "target", "groupId"]}]}
        for n in range(OBJECTS)
    ] + [
        {"name": f"domain {n}", "kind": "domain", "label": "Domain", "default": f"{'d' * 60}{n}.example",
         "object": None, "places": [{"item": items[n].key, "path": ["body", "description"]}]}
        for n in range(20)
    ]  # fmt: skip
    return NewVersion(StandardSource.TENANT, source.name, notes, items, contents, parameters, after or None, source,
                      after=after)  # fmt: skip


def _content(number: int, version: int) -> dict[str, object]:
    settings = [
        {"id": str(n), "settingInstance": {
            "@odata.type": "#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance",
            "settingDefinitionId": f"device_setting_{n}",
            "simpleSettingValue": {"@odata.type": "#microsoft.graph.deviceManagementConfigurationStringSettingValue",
                                   "value": f"{LONG_NAME} {number} {version}"}}}
        for n in range(40)
    ]  # fmt: skip
    body = {"name": f"{LONG_NAME} {number}", "description": LONG_NAME, "platforms": "windows10", "settings": settings}
    return {"body": body, "assignments": []}


def _cells(adoption_ids: list[int], items: list[StandardItem], now: datetime) -> None:
    states = list(CellState)
    place = {"path": "body/settings/1/value", "label": LONG_NAME, "how": "changed"}
    insert(StandardCell, [
        {"adoption": adoption_id, "item_key": item.key, "policy_type": item.policy_type, "name": item.name,
         "state": states[n % len(states)], "difference_count": 40, "places": [place] * 3,
         "candidates": [[f"id {m}", LONG_NAME] for m in range(5)] if n % len(states) == 2 else None,
         "why": LONG_NAME, "since_at": now, "keep": "tell"}
        for adoption_id in adoption_ids for n, item in enumerate(items)
    ])  # fmt: skip
