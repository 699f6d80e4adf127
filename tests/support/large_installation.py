"""An installation as large as they come, made in the database in seconds: what pages have to stay short with.

A tenant of 5,000 policies with a year of nights, 303 tenants, restores of 5,000 and of 110 policies, a snapshot of 203
settings, a look-up that found 200 policies, and years of what people did. `fill` returns the ids that addresses name.
"""

from datetime import datetime, timedelta
from uuid import UUID

from actors.tenants import shared_app_change
from db.accounts import api_tokens, entra_grants
from db.assignments import look_ups
from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.clock import utcnow
from db.database import database
from db.models import (
    Coverage,
    Delivery,
    DirectoryName,
    Expiry,
    Mapping,
    Membership,
    Notice,
    Notification,
    Occurrence,
    Passkey,
    Policy,
    Run,
    Schedule,
    Session,
    Tenant,
    TenantTag,
    User,
)
from db.notices import channels, occurrences, rules
from db.states import (
    AppAccess,
    ChannelKind,
    DeliveryState,
    NoticeEvent,
    Offer,
    Role,
    RunKind,
    RunState,
    Scope,
    Severity,
    SiteRole,
)
from db.tenants import consents, shared_apps
from tests.support import large_reading, large_standard, large_tenant
from tests.support.changes import record_change, record_event
from tests.support.large_tenant import LONG_NAME, TYPES, insert

TENANTS, PEOPLE, EVENTS = 303, 30, 1500


def fill(password_hash: str) -> dict[str, int | str]:
    """Into an empty database. The first person is admin, the second manages every tenant."""
    now = utcnow().replace(microsecond=0)
    with database.atomic():
        people = _people(password_hash, now)
        tenants = _tenants(now)
        _members(people, tenants)
        made = large_tenant.back_up(tenants, people, now)
        made |= large_tenant.make_restores(tenants[0], people, made, now)
        made |= large_reading.make(tenants[0], people[1], now)
        made |= large_standard.make(tenants, people[1], now)
        _settings(tenants, people, made, now)
        _grants(tenants)
        change = _changes(made, now)
        _events(tenants, people)
        made |= _channels(tenants, change)
        made |= _connections(tenants)
        _tokens(people[0], tenants)
        made["look_up"] = _look_up(tenants[0], people[1], now)
    made |= {"change": change, "schedule": Schedule.select().order_by(Schedule.id).get().id}
    return made | {"tenant": tenants[0].id, "user": people[3].id, "directory": tenants[1].directory_id}


def _people(password_hash: str, now: datetime) -> list[User]:
    rows = [
        {
            "email": f"person{n}@many.example",
            "name": f"Maximiliane Person {n}",
            "password_hash": password_hash,
            "site_role": SiteRole.ADMIN if n == 1 else SiteRole.NONE,
            "created_at": now - timedelta(days=400),
        }
        for n in range(1, PEOPLE + 1)
    ]
    insert(User, rows)
    people = list(User.select().order_by(User.id))
    for n in range(40):
        Session.create(
            user=people[0],
            token_mark=f"mark {n}",
            address="192.0.2.7",
            browser="Firefox on Windows",
            way="password and code",
            began_at=now,
            seen_at=now,
        )
    for n in range(8):
        Passkey.create(user=people[0], name=f"Key {n}", credential_id=f"key {n}", public_key="x")
    return people


def _tenants(now: datetime) -> list[Tenant]:
    rows = [
        {
            "name": "Contoso Health and Social Care Foundation" if n == 1 else f"Customer {n:03} Logistics GmbH",
            "directory_id": f"{n:08x}-1111-4111-8111-111111111111",
            "client_id": f"{n:08x}-2222-4222-8222-222222222222",
            "last_synced_at": now - timedelta(minutes=20),
            "connected_at": now - timedelta(minutes=20),
            "connection_error": "The client secret has expired." if n % 10 == 4 else None,
            "last_backup_at": None if n % 10 == 7 else now - timedelta(hours=9 if n % 10 else 200),
            "expiries_at": now,
        }
        for n in range(1, TENANTS + 1)
    ]
    insert(Tenant, rows)
    tenants = list(Tenant.select().order_by(Tenant.id))
    insert(
        Schedule,
        [
            {
                "tenant": tenant.id,
                "cron": "0 2 * * *",
                "time_zone": "Europe/Berlin",
                "next_at": now + timedelta(hours=5),
                "last_at": now - timedelta(hours=9),
            }
            for tenant in tenants
            if tenant.id % 10 != 2
        ],
    )
    names = ("gold", "north west", "nightly until the contract ends", "health")
    insert(
        TenantTag,
        [{"tenant": tenant.id, "name": name, "folded": name} for tenant in tenants for name in names[: tenant.id % 5]],
    )
    return tenants


def _members(people: list[User], tenants: list[Tenant]) -> None:
    """Person 4 is a member of every tenant, and everybody of the large one."""
    everywhere = [(people[1], Role.MANAGER), (people[3], Role.OPERATOR)]
    rows = [{"user": user.id, "tenant": tenant.id, "role": role} for user, role in everywhere for tenant in tenants]
    rest = [user for user in people if user not in (people[1], people[3])]
    rows += [{"user": user.id, "tenant": tenants[0].id, "role": Role.READER} for user in rest]
    insert(Membership, rows)


def _settings(tenants: list[Tenant], people: list[User], made: dict[str, int], now: datetime) -> None:
    """What hangs on the large tenant: coverage, what expires, mappings, names; and the bell of the admin."""
    large = tenants[0]
    insert(
        Coverage,
        [
            {
                "tenant": large.id,
                "policy_type": key,
                "offer": Offer.OFFERED,
                "good_at": now,
                "bad_since": now if n % 15 == 14 else None,
                "why": "Graph failed." if n % 15 == 14 else None,
            }
            for n, key in enumerate(TYPES)
        ],
    )
    insert(
        Expiry,
        [
            {
                "tenant": large.id,
                "kind": "certificates",
                "object_id": f"{n}",
                "name": f"Certificate {n}",
                "expires_at": now + timedelta(days=n),
                "state": "active",
                "is_well": n > 40,
            }
            for n in range(60)
        ],
    )
    insert(
        Mapping,
        [
            {
                "tenant": large.id,
                "source_directory_id": tenants[1 + n % 60].directory_id,
                "kind": "groups",
                "source_id": f"{n:08x}-1111-4111-8111-111111111111",
                "source_name": f"SG-Intune-{n}",
                "target_id": f"{n:08x}-2222-4111-8111-111111111111",
                "target_name": f"SG-Intune-{n}",
                "set_by": people[1].id,
            }
            for n in range(60)
        ],
    )
    insert(
        Mapping,
        [
            {
                "tenant": large.id,
                "source_directory_id": tenants[1].directory_id,
                "kind": "groups",
                "source_id": f"{n:08x}-4444-4111-8111-111111111111",
                "source_name": f"SG-More-{n}",
                "target_id": f"{n:08x}-5555-4111-8111-111111111111",
                "target_name": f"SG-More-{n}",
                "set_by": people[1].id,
            }
            for n in range(300)
        ],
    )
    insert(
        DirectoryName,
        [
            {
                "tenant": large.id,
                "kind": "groups",
                "object_id": f"{n:08x}-6666-4111-8111-111111111111",
                "name": f"SG-Intune-{n}",
            }
            for n in range(500)
        ],
    )
    runs = [row[0] for row in Run.select(Run.id).order_by(Run.id.desc()).limit(600).tuples()]
    insert(Notification, [{"user": people[0].id, "run": run, "created_at": now, "changed_at": now} for run in runs])


def _events(tenants: list[Tenant], people: list[User]) -> None:
    actor = Actor.person(people[1], "192.0.2.7")
    for n in range(EVENTS):
        if n % 4:
            audit.record(Action.SNAPSHOT_DOWNLOADED, actor, f"snapshot {n} of “{LONG_NAME}”", tenant=tenants[n % 7])
        else:
            outcomes = {"updated": 12, "recreated": 3, "blocked": 10}
            audit.record(
                Action.RESTORE_ENDED,
                SYSTEM,
                f"restore {n}",
                tenant=tenants[n % 7],
                run=n,
                outcomes=outcomes,
                safety_set=n,
            )


def _changes(made: dict[str, int | str], now: datetime) -> int:
    """A change of a hundred differences with fifty events, after three hundred others in a quarter of a year."""
    policy = Policy.get_by_id(made["policy"])
    differences = [
        {"path": f"body/{n}", "label": f"Block credential stealing from the subsystem {n}", "how": "changed"}
        for n in range(100)
    ]
    for n in range(300, -1, -1):
        seen_at = now - timedelta(hours=7 * n)
        change = record_change(
            policy,
            seen_at=seen_at,
            since_at=seen_at - timedelta(hours=7),
            differences=differences[: 2 if n else 100],
            difference_count=100,
            before=made["snapshot"],
            after=made["other_snapshot"],
        )
    for n in range(50):
        record_event(policy, f"maximiliane.person{n}@many.example", event_id=f"event {n}", object_name=LONG_NAME)
    return int(change.id)


def _channels(tenants: list[Tenant], change: int) -> dict[str, int]:
    """Forty channels; one tells everything of every tenant, by a rule that names each, and has told years of it."""
    for n in range(40):
        channel = channels.add(f"{LONG_NAME[:70]} {n}", ChannelKind.EMAIL, f"oncall{n}@many.example", SYSTEM)
    chosen = rules.RuleChoice(events=tuple(NoticeEvent), tenants=tuple(tenant.id for tenant in tenants))
    rule = rules.add(channel, chosen, SYSTEM)
    key = f"change:{change}"
    occurrences.begin(NoticeEvent.CHANGE, key, tenants[0], severity=Severity.HIGH, change_id=change)
    occurrence = Occurrence.get(key=key)
    for n in range(300):
        answer = "The mail server refused it: " + "mailbox unavailable, try again later. " * 8
        delivery = Delivery.create(
            channel=channel, message_id=str(n), state=DeliveryState.FAILED, attempts=12, answer=answer
        )
        if n == 0:
            Notice.create(channel=channel, rule=rule, occurrence=occurrence, delivery=delivery)
    return {"channel": channel.id, "rule": rule.id}


def _connections(tenants: list[Tenant]) -> dict[str, int | str]:
    """Our app, with its certificate, and two hundred links that wait for somebody at a customer's."""
    shared_app_change.make_certificate("global", AppAccess.READ, SYSTEM)
    shared_apps.set_app("global", AppAccess.READ, str(UUID(int=1)), str(UUID(int=2)), SYSTEM)
    for n in range(200):
        wanted = consents.WantedConsent(f"{LONG_NAME[:150]} {n}", AppAccess.READ, tags=["gold", "silver"])
        request, token = consents.ask(wanted, SYSTEM)
    return {"request": request.id, "token": token}


def _tokens(person: User, tenants: list[Tenant]) -> None:
    for n in range(api_tokens.MAX_TOKENS):
        api_tokens.make(person, f"{LONG_NAME[:70]} {n}", list(Scope), tenants[:60], None, 90, SYSTEM)


def _grants(tenants: list[Tenant]) -> None:
    for tenant in tenants[:60]:
        entra_grants.set_grant(f"SG-Tenantkeep-{tenant.id}", SYSTEM, tenant=tenant, role=Role.READER)


def _look_up(large: Tenant, person: User, now: datetime) -> int:
    """A run that found forty policies of each verdict, by three groups each, of a person in two hundred groups."""
    run = Run.create(
        tenant=large, kind=RunKind.LOOK_UP, dedupe_key="look-up", requested_by=person, state=RunState.SUCCEEDED,
        created_at=now, started_at=now, ended_at=now,
    )  # fmt: skip
    groups = {f"{n:08x}-6666-4111-8111-111111111111": f"SG-Intune-{n}" for n in range(200)}
    base = {"kind": "group", "is_excluded": False, "place": "assignment", "intent": "required", "filter_id": None,
            "filter_mode": "", "is_gone": False, "terms": [["state", "enabled"]]}  # fmt: skip
    reasons = [{**base, "object_id": group} for group in list(groups)[:3]]
    ids = [row[0] for row in Policy.select(Policy.id).where(Policy.tenant == large).limit(200).tuples()]
    verdicts = ("excluded", "mixed", "filtered", "unresolved", "included")
    policies = [
        {"policy": policy, "verdict": verdicts[n % 5], "reasons": reasons, "open": reasons[:1]}
        for n, policy in enumerate(ids)
    ]
    found = {"name": "Maximiliane Person", "at": now.isoformat(), "group_count": 200, "groups": groups,
             "policies": policies}  # fmt: skip
    look_ups.create(run, {"kind": "person", "name": "maximiliane@many.example", "found": found})
    return int(run.id)
