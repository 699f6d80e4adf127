"""Two tenants that hold one of everything that an address or a form can name: ids and words tell whose it is.

Every id of the other tenant begins at 51_300_000, and everything later, the own tenant first, at 71_300_000. The
other's names, contents and Graph ids carry a word that nothing else has: who is shown any of it sees too much.
"""

import re
import uuid
from dataclasses import asdict, dataclass

import peewee as pw

from actors.documents.options import DocumentOptions
from actors.plans import drafts
from actors.reading.policy_index import index_later
from db.accounts import tag_memberships, users
from db.audit.audit import SYSTEM, Actor
from db.backups import backup_sets, manifests
from db.clock import utcnow
from db.database import database, is_sqlite
from db.documents import documents
from db.encryption import keyring
from db.imports import policy_imports
from db.imports.policy_imports import NewImportedPolicy
from db.models import (
    TABLES,
    AuditCheck,
    AuditHead,
    AuditKey,
    BackupSet,
    Channel,
    Content,
    Delivery,
    DirectoryName,
    DocumentChunk,
    IgnoredField,
    ImportedPolicy,
    KnownSetting,
    Mapping,
    Notice,
    NoticeRule,
    Occurrence,
    Policy,
    PolicyDocument,
    PolicyImport,
    Rehearsal,
    RehearsalFinding,
    RehearsalRules,
    RehearsalSample,
    Restore,
    RestoreItem,
    RollOut,
    RollOutTenant,
    RuleChange,
    Run,
    RunItem,
    Seal,
    Snapshot,
    Standard,
    StandardCell,
    StandardItem,
    StandardVersion,
    Tenant,
    User,
)
from db.notices import channels, rules
from db.policies import policies
from db.policies import snapshots as stored
from db.policies.policy_settings import folded
from db.restores import mappings
from db.rollouts import rollout_tenants, rollouts
from db.runs import notifications, run_items, runs
from db.standards import adoptions, exceptions
from db.states import (
    CellState,
    ChannelKind,
    ExceptionKind,
    ItemState,
    NoticeEvent,
    Outcome,
    RehearsalState,
    RestoreState,
    Ring,
    Role,
    RollOutKind,
    RollOutTenantState,
    RunKind,
    RunState,
    SetState,
    Severity,
    SiteRole,
)
from db.tenants import schedules, tags, tenants
from graph.restore.resolver import Resolution
from tests.support.captures import capture_by_hand
from tests.support.changes import record_change, record_event
from tests.support.following import standard_of
from tests.support.restore_steps import as_previewed, options

OTHER, OWN = 51_300_000, 71_300_000
# The other tenant's word, in names and contents; in Graph ids and directory ids, which are GUIDs, its digits.
WORD, DIGITS, OWN_DIGITS = "Zanzibar", "7a47b1b4", "0c0ffee0"
# The last digits of a group's id.
GROUP = 51
SHARED_NAME = "All laptops"
MARK = re.compile(rf"{WORD}|{DIGITS}|\b513\d{{5}}\b", re.IGNORECASE)
# Both set this one, to other values: a setting is no tenant's.
SETTING = "device_vendor_msft_shared"
# What both tenants' policies set: nobody's, and known before either tenant's ids begin.
SETTINGS = {SETTING: "Shared", "devicemanagementconfigurationpolicy/password": "Password"}
# A Graph id may be typed by anybody; these cannot be in a row but by being the other tenant's, or pointing to it.
THEIRS = re.compile(rf"{WORD}|\b513\d{{5}}\b")
# What addresses name, of which each tenant has one here.
ARGUMENTS = ("tenant_id", "policy_id", "snapshot_id", "other_id", "run_id", "backup_set_id", "restore_id", "item_id",
             "schedule_id", "mapping_id", "directory_id", "change_id", "channel_id", "rule_id",
             "document_id", "import_id", "imported_policy_id", "rehearsal_id", "standard_id", "rollout_id",
             "exception_id")  # fmt: skip
# Tables of one row are nobody's.
NUMBERED = [one for one in TABLES if isinstance(one._meta.primary_key, pw.AutoField)
            and one not in {AuditHead, AuditCheck, AuditKey, Seal}]  # fmt: skip


@dataclass(frozen=True)
class Holding:
    """A tenant, and the ids of what it holds by the names that addresses have for them."""

    tenant: Tenant
    operator: User
    ids: dict[str, str]


def hold(number: int, word: str, digits: str, password_hash: str) -> Holding:
    for setting_id, (key, title) in enumerate(SETTINGS.items(), start=1):
        setting = {"id": setting_id, "key": key, "title": title, "folded": folded(title, key)}
        KnownSetting.insert(setting).on_conflict_ignore().execute()
    _begin_ids_at(number)
    tenant = tenants.add(f"{word} Ltd", guid(digits, 1), guid(digits, 2), SYSTEM)
    tenants.set_credential(tenant, "secret", {"secret": f"{word} client secret"}, SYSTEM)
    operator = _person(f"{word} Operator", password_hash, tenant, Role.OPERATOR)
    subscriber = _person(f"{word} Subscriber", password_hash, tenant, Role.READER)
    users.set_subscribed(subscriber.id, tenant, True)
    mine, snapshots = _captured(tenant, word, digits, operator)
    backup_set = _backed_up(tenant, word, operator, snapshots)
    waiting = runs.start(tenant=tenant, kind=RunKind.CAPTURE_SNAPSHOT, dedupe_key=f"{word} waiting", items=[],
                         actor=Actor.person(operator, "127.0.0.1"), policy=mine[0]).run  # fmt: skip
    restore = _restores(tenant, backup_set, operator, digits)
    schedule = schedules.add(tenant, "0 2 * * *", "UTC", SYSTEM)
    change_id = _changed(mine[0], word, snapshots)
    channel, rule = _told(tenant, word, operator, change_id)
    mappings.set_mapping(tenant, tenant.directory_id, ("groups", guid(digits, 50)), guid(digits, GROUP), SYSTEM,
                     source_name=f"{word} source group", target_name=f"{word} group")  # fmt: skip
    for object_id, name in ((GROUP, f"{word} group"), (53, SHARED_NAME)):
        DirectoryName.create(tenant=tenant, kind="groups", object_id=guid(digits, object_id), name=name)
    policy_import, imported = _imported(tenant, word, digits, operator)
    _forget_padding(number)
    ids = {
        "tenant_id": tenant.id,
        "policy_id": mine[0].id,
        "snapshot_id": snapshots[0].id,
        "other_id": snapshots[1].id,
        "run_id": waiting.id,
        "backup_set_id": backup_set.id,
        "restore_id": restore.id,
        "item_id": RestoreItem.select(RestoreItem.id).where(RestoreItem.restore == restore).first().id,
        "schedule_id": schedule.id,
        "mapping_id": Mapping.get(Mapping.tenant == tenant).id,
        "directory_id": tenant.directory_id,
        "change_id": change_id,
        "channel_id": channel.id,
        "rule_id": rule.id,
        "document_id": _documented(tenant, word, operator),
        "import_id": policy_import.id,
        "imported_policy_id": imported.id,
        "rehearsal_id": _rehearsed(tenant, word),
        **_followed(tenant, word, mine[0], guid(digits, 70)),
    }
    return Holding(tenant, operator, {name: str(value) for name, value in ids.items()})


def _changed(policy: Policy, word: str, snapshots: list[Snapshot]) -> int:
    """A change that is open, the event of the tenant's own log that says by whom, and a field that is ignored."""
    event = record_event(policy, f"{word} admin", address="192.0.2.51")
    label = f"{word} setting"
    differences = [{"path": "body/description", "label": label, "how": "changed"}]
    change = record_change(policy, before=snapshots[0], after=snapshots[1], differences=differences)
    assert event.tenant_id == change.tenant_id
    IgnoredField.create(tenant=policy.tenant, policy_type=policy.policy_type, path=f"body/{word}")
    return int(change.id)


def _imported(tenant: Tenant, word: str, digits: str, operator: User) -> tuple[PolicyImport, ImportedPolicy]:
    """An import that is kept, with one policy whose script lies beside it otherwise."""
    document = {"body": {"name": f"{word} imported"}, "assignments": None}
    contents = [stored.save_content(tenant.id, document, f"{word} imported {n}") for n in range(2)]
    file = {"path": f"{word}.md", "state": "no_policy", "format": "", "why": word}
    policy = NewImportedPolicy(f"{word}.json", "portal", "configurationPolicies", guid(digits, 60), f"{word} imported",
                               *contents, {}, [{"kind": "ask", "text": f"{word} asks."}], [f"<{word}>"])  # fmt: skip
    run = runs.start(tenant=tenant, kind=RunKind.IMPORT, dedupe_key=f"{word} import", items=[],
                     actor=Actor.person(operator, "127.0.0.1")).run  # fmt: skip
    made = policy_imports.create(
        run,
        [policy],
        name=f"{word} import",
        source_directory_id=tenant.directory_id,
        organisation=word,
        formats=["portal"],
        findings=[],
        file_count=1,
        files=[file],
    )
    policy_imports.keep(made, f"{word} import", SYSTEM)
    return made, policy_imports.policies_of(made)[0]


def _told(tenant: Tenant, word: str, operator: User, change_id: int) -> tuple[Channel, NoticeRule]:
    """A person's own channel with its rule of this tenant, and what it was sent of the change."""
    channel = channels.add(f"{word} channel", ChannelKind.EMAIL, operator.email, SYSTEM, owner=operator)
    rule = rules.add_sensible(channel, "UTC", SYSTEM)
    NoticeRule.update(tenants=[tenant.id]).where(NoticeRule.id == rule.id).execute()
    occurrence = Occurrence.create(key=f"{word} change", event=NoticeEvent.CHANGE, tenant=tenant, change_id=change_id,
                                   severity=Severity.HIGH, facts={}, told_at=utcnow())  # fmt: skip
    delivery = Delivery.create(channel=channel, message_id=f"{word} message", answer=f"{word} answer")
    Notice.create(channel=channel, rule=rule, occurrence=occurrence, delivery=delivery)
    return channel, rule


def _documented(tenant: Tenant, word: str, operator: User) -> int:
    """A document that is made."""
    wishes = DocumentOptions().as_json()
    document = PolicyDocument.create(tenant=tenant, requested_by=operator, options=wishes, format="html", policies=1,
                                     size=9, title=f"{word} document", made_at=utcnow())  # fmt: skip
    chunk = DocumentChunk(document=document, number=0)
    DocumentChunk.create(
        document=document, number=0, sealed=keyring().seal(f"{word} page".encode(), documents.seal_owner(chunk))
    )
    return int(document.id)


def _rehearsed(tenant: Tenant, word: str) -> int:
    """A rehearsal that found something, and whose copy is still in its lab: the tenant itself stands for that."""
    rehearsal = Rehearsal.create(tenant=tenant, state=RehearsalState.FINDINGS, lab_id=tenant.id, findings=2,
                                 ended_at=utcnow(), contents_total=2, contents_checked=2)  # fmt: skip
    for is_failure in (True, False):
        RehearsalFinding.create(rehearsal=rehearsal, step="contents", is_failure=is_failure, code="sealed",
                                message=f"{word} finding", policy_type="configurationPolicies", name=f"{word} policy",
                                graph_id=f"{word} id")  # fmt: skip
    RehearsalSample.create(
        rehearsal=rehearsal,
        policy_type="configurationPolicies",
        graph_id=f"{word} id",
        name=f"{word} policy",
        lab_object_id=f"{word} copy",
        outcome="created",
        differences=0,
    )
    RehearsalRules.create(tenant=tenant, is_lab=True)
    return int(rehearsal.id)


def _followed(tenant: Tenant, word: str, policy: Policy, uid: str) -> dict[str, int]:
    """A standard that the tenant alone follows, of one policy, with an exception that waits for its approval."""
    items = {policy.graph_id: (policy.policy_type, {"name": policy.name}, {})}
    standard, version = standard_of(items, name=f"{word} standard", source_tenant=tenant, uid=uid)
    adoptions.adopt(standard, tenant, Ring.PILOT, SYSTEM)
    mappings.set_mapping(
        tenant, standard.uid, (policy.policy_type, policy.graph_id), policy.graph_id, SYSTEM,
        source_name=policy.name, target_name=policy.name,
    )  # fmt: skip
    asked = exceptions.ask(standard, policy.graph_id, ExceptionKind.LEAVE_OUT, f"{word} reason", SYSTEM, tenant=tenant)
    rollout = rollouts.create(standard, version, Ring.PILOT, RollOutKind.ROLL_OUT, [tenant.id], SYSTEM)
    [part] = rollout_tenants.all_of(rollout)
    conflict = {"item_key": policy.graph_id, "name": policy.name, "who": f"{word} admin", "why": f"{word} changed it"}
    rollout_tenants.note(part, message=f"{word} is planned", conflicts=[conflict])
    return {"standard_id": standard.id, "exception_id": asked.id, "rollout_id": rollout.id}


def guid(digits: str, number: int) -> str:
    return str(uuid.UUID(f"{(digits * 4)[:28]}{number:04x}"))


def _person(name: str, password_hash: str, tenant: Tenant, role: Role) -> User:
    email = f"{name.replace(' ', '.').lower()}@example.com"
    user = User.create(email=email, name=name, password_hash=password_hash)
    users.set_member(user, tenant, role, SYSTEM)
    return user


def _captured(tenant: Tenant, word: str, digits: str, operator: User) -> tuple[list[Policy], list[Snapshot]]:
    """Two policies, and three snapshots: of the first there are two."""
    listed = [{"graph_id": guid(digits, n), "name": f"{word} policy {n}", "odata_type": None, "platform": "windows10",
               "is_built_in": False, "modified_at": None} for n in (10, 11)]  # fmt: skip
    policies.record_listing(tenant, "configurationPolicies", listed)
    mine = list(Policy.select().where(Policy.tenant == tenant).order_by(Policy.id))
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": guid(digits, GROUP)}
    snapshots = [
        capture_by_hand(
            policy,
            Actor.person(operator, "127.0.0.1"),
            {
                "name": policy.name,
                "description": f"{word} text {n}",
                "password": f"{word} hush",
                "settings": [_set_to(f"{word} value {n}")],
            },
            [{"target": target}],
            {guid(digits, GROUP): f"{word} group"},
        )[1]
        for n, policy in enumerate((mine[0], mine[0], mine[1]))
    ]
    index_later(mine)
    return mine, snapshots


def _set_to(value: str) -> dict[str, object]:
    kind = "#microsoft.graph.deviceManagementConfiguration"
    instance = {
        "@odata.type": f"{kind}SimpleSettingInstance",
        "settingDefinitionId": SETTING,
        "simpleSettingValue": {"@odata.type": f"{kind}StringSettingValue", "value": value},
    }
    return {"id": "0", "settingInstance": instance}


def _backed_up(tenant: Tenant, word: str, operator: User, snapshots: list[Snapshot]) -> BackupSet:
    """A run that failed in part, and its backup set."""
    item = run_items.NewRunItem("configurationPolicies", f"{word} failed policy")
    run = runs.start(tenant=tenant, kind=RunKind.BACK_UP, dedupe_key=f"{word} set", items=[item],
                     actor=Actor.person(operator, None)).run  # fmt: skip
    RunItem.update(state=ItemState.FAILED, outcome=Outcome.ERROR, message=f"{word} message").where(
        RunItem.run == run
    ).execute()
    Run.update(state=RunState.PARTIAL, total=1, failed=1, ended_at=utcnow(), error_message=f"{word} error").where(
        Run.id == run.id
    ).execute()
    manifest = manifests.save(tenant, [one.id for one in snapshots])
    backup_set = BackupSet.create(tenant=tenant, run=run, state=SetState.WARNINGS, selection={}, types={},
                                  manifest=manifest, name=f"{word} set", created_by=operator,
                                  problems=[{"policy_type": "configurationPolicies", "policy": None,
                                             "name": f"{word} problem", "reason": "x", "message": "x"}])  # fmt: skip
    Tenant.update(last_backup_id=backup_set.id, last_backup_at=utcnow()).where(Tenant.id == tenant.id).execute()
    assert backup_sets.snapshot_ids(backup_set)
    return backup_set


def _restores(tenant: Tenant, backup_set: BackupSet, operator: User, digits: str) -> Restore:
    """A draft, which is returned; one that waits for approval, and one that is approved."""
    actor = Actor.person(operator, None)
    draft, previewed, approved = (drafts.from_backup_set(backup_set, tenant, options(), actor) for _ in range(3))
    RestoreItem.update(
        action=Outcome.UPDATE, live_content=Content.get(Content.tenant == tenant), resolutions=_resolutions(digits)
    ).where(RestoreItem.restore.in_([previewed, approved])).execute()
    as_previewed(previewed)
    as_previewed(approved, state=RestoreState.APPROVED)
    Tenant.update(four_eyes=True).where(Tenant.id == tenant.id).execute()
    RuleChange.create(tenant=tenant, asked_by=operator, turns_four_eyes_off=True, removed=[], named=[])
    return draft


def _resolutions(digits: str) -> list[dict[str, object]]:
    """The group of the assignments was found; another was not, and both tenants have one of its name."""
    found = Resolution("groups", guid(digits, GROUP), "Group", "same", guid(digits, GROUP), is_assignment=True)
    return [asdict(found), asdict(Resolution("groups", guid(digits, 52), SHARED_NAME, "unresolved"))]


def _begin_ids_at(number: int) -> None:
    """PostgreSQL counts by itself; SQLite goes on from the highest id, so there is a row of that id for a while."""
    for model in NUMBERED:
        table = model._meta.table_name
        if not is_sqlite():
            database.execute_sql("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, number])
            continue
        blank = {f'"{one.column_name}"': _blank(one, number) for one in model._meta.sorted_fields}
        names, marks = ", ".join(blank), ", ".join("?" for _ in blank)
        database.execute_sql(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', [*blank.values()])  # noqa: S608


def _blank(column: pw.Field, number: int) -> object:
    if column.primary_key or isinstance(column, pw.ForeignKeyField):
        return number
    if column.null:
        return None
    by_sort = ((pw.TextField, "{}"), (pw.CharField, f"padding {number}"), (pw.BlobField, b""),
               (pw.DateTimeField, "2026-01-01 00:00:00"))  # fmt: skip
    return next((value for sort, value in by_sort if isinstance(column, sort)), 0)


def _forget_padding(number: int) -> None:
    for model in reversed(NUMBERED) if is_sqlite() else ():
        database.execute_sql(f'DELETE FROM "{model._meta.table_name}" WHERE id = ?', [number])  # noqa: S608


# Person -> (role of the installation, role in the own tenant, role in the other). `None` is who has not signed in.
PEOPLE: dict[str, tuple[SiteRole, Role | None, Role | None]] = {
    "reader": (SiteRole.NONE, Role.READER, None),
    "operator": (SiteRole.NONE, Role.OPERATOR, None),
    "manager": (SiteRole.NONE, Role.MANAGER, None),
    "manager who reads the other": (SiteRole.NONE, Role.MANAGER, Role.READER),
    # The one role by the tag of the own tenant, the other as a member there.
    "manager by tag": (SiteRole.NONE, Role.MANAGER, Role.READER),
    "auditor": (SiteRole.AUDITOR, None, None),
    "editor of standards": (SiteRole.STANDARD_EDITOR, None, None),
    "approver of standards": (SiteRole.STANDARD_APPROVER, None, None),
    "admin": (SiteRole.ADMIN, None, None),
    "nobody": (SiteRole.NONE, None, None),
    "deactivated": (SiteRole.ADMIN, Role.MANAGER, Role.MANAGER),
    "anonymous": (SiteRole.NONE, None, None),
}


OWN_TAG = "Gold"


def both(password_hash: str) -> tuple[Holding, Holding, dict[str, User]]:
    """The two tenants, and the people by what they are there."""
    other = hold(OTHER, WORD, DIGITS, password_hash)
    own = hold(OWN, "Contoso", OWN_DIGITS, password_hash)
    tags.replace(own.tenant, [OWN_TAG], SYSTEM)
    _share(own, other)
    people = {"operator": own.operator} | {
        name: User.create(email=f"{name.replace(' ', '.')}@example.com", name=name.title(), site_role=site_role,
                          password_hash=password_hash)
        for name, (site_role, *_) in PEOPLE.items() if name not in ("operator", "anonymous")
    }  # fmt: skip
    for name, user in people.items():
        for holding, role in zip((own, other), PEOPLE[name][1:], strict=True):
            if role and name.endswith("by tag") and holding is own:
                tag_memberships.set_role(user, OWN_TAG, role, SYSTEM)
            elif role:
                users.set_member(user, holding.tenant, role, SYSTEM)
        # Somebody whose role there was taken away since was told of what happens there.
        notifications.notify_user(Run.get_by_id(other.ids["run_id"]), user)
    return own, other, people


def _share(own: Holding, other: Holding) -> None:
    """The own tenant's standard was taken from the other, which follows it too: that is nobody's business here."""
    standard, rollout = Standard.get_by_id(own.ids["standard_id"]), RollOut.get_by_id(own.ids["rollout_id"])
    is_its = StandardVersion.standard == standard
    StandardVersion.update(source_tenant=other.tenant, source_name=f"{WORD} Ltd").where(is_its).execute()
    adoption = adoptions.adopt(standard, other.tenant, Ring.PILOT, SYSTEM)
    policy = Policy.get_by_id(other.ids["policy_id"])
    [(key,)] = StandardItem.select(StandardItem.key).join(StandardVersion).where(is_its).tuples()
    StandardCell.create(
        adoption=adoption, item_key=key, policy_type=policy.policy_type, name=f"{WORD} item", difference_count=1,
        state=CellState.DIFFERS, policy=policy, why=f"{WORD} why",
        places=[{"path": f"body/{WORD}", "label": f"{WORD} place", "how": "changed"}],
    )  # fmt: skip
    RollOutTenant.create(
        rollout=rollout, tenant=other.tenant, state=RollOutTenantState.OBJECTED, counts={"update": 1},
        conflicts=[{"item_key": key, "name": f"{WORD} conflict", "why": f"{WORD} why", "who": f"{WORD} person"}],
        objection=f"{WORD} objection", message=f"{WORD} message", objected_at=utcnow(),
    )  # fmt: skip


def rows(without: frozenset[str]) -> list[str]:
    """Every row of every table but those named, as text."""
    found = []
    for table in (one._meta.table_name for one in TABLES if one._meta.table_name not in without):
        cursor = database.execute_sql(f'SELECT * FROM "{table}" ORDER BY 1')  # noqa: S608
        found += [f"{table} {[_plain(one) for one in row]}" for row in cursor.fetchall()]
    return found


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value
