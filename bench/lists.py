"""Times of every list: its first and its last page, narrowed or not, with few rows and with many.

As an admin, who sees every tenant's rows, which is the most to look through; and as an operator of one tenant.

`python -m bench.lists --rows 10000000 --engine PostgreSQL`: ten million of each kind, on one engine; `--list` measures
some of the lists alone. They take 30 GB and half an hour to fill.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta

from bench import rows, stage
from db.clock import utcnow
from db.database import database
from db.models import Policy, Run

SIZES = (10_000, 1_000_000)
MOST_TENANTS = 1_000_000
LOOKS = 20
# A list shows its first 10,000 rows, twenty at a time.
LAST = 499
# The aim of docs/benchmarks.md.
AIM_MS = 100

_RUNS = {
    "first page": "/runs/",
    "last page": f"/runs/?page={LAST}",
    "oldest first": "/runs/?sort=0",
    "state: succeeded, 97 %": "/runs/?state=succeeded",
    "state: succeeded, last page": f"/runs/?state=succeeded&page={LAST}",
    "state: failed, 2 %": "/runs/?state=failed",
    "state: failed or partial, 3 %": "/runs/?state=unwell",
    "state: failed or partial, last page": f"/runs/?state=unwell&page={LAST}",
    "state: cancelled, 1 in 5,000": "/runs/?state=cancelled",
    "kind: capture, 55 %": "/runs/?kind=policy.capture_snapshot",
    "kind: live restore, 1 in 1,000": "/runs/?kind=restore.live",
    "kind and state": "/runs/?kind=policy.sync&state=failed",
    "something is missing, 3 %": "/runs/?state=attention",
    "kind, something is missing": "/runs/?kind=restore.live&state=attention",
    "kind, cancelled": "/runs/?kind=policy.sync&state=cancelled",
    "one person, live restores": "/runs/?person={busy}&kind=restore.live",
    "one person, one tenant": "/runs/?person={busy}&tenant={ordinary}",
    "nobody, one tenant": "/runs/?person=none&tenant={ordinary}",
    "one tenant, live restores": "/runs/?tenant={ordinary}&kind=restore.live",
    "one tenant of 500": "/runs/?tenant={ordinary}",
    "the largest tenant, 10 %": "/runs/?tenant={largest}",
    "one tenant, failed": "/runs/?tenant={ordinary}&state=failed",
    "one person of 20": "/runs/?person={busy}",
    "a person with 1 in 10,000": "/runs/?person={idle}",
    "nobody, 33 %": "/runs/?person=none",
    "one person, failed": "/runs/?person={busy}&state=failed",
    "a week": "/runs/?{week}",
    "a week, failed": "/runs/?{week}&state=failed",
    "a week, live restores": "/runs/?{week}&kind=restore.live",
    "a week, one tenant": "/runs/?{week}&tenant={ordinary}",
    "a week, one person": "/runs/?{week}&person={busy}",
    "up to a year ago": "/runs/?until={until}",
    "search: its number": "/runs/?search={middle}",
    "search: word of 20 names": "/runs/?search=quokka",
    "search: word of 1,400 names": "/runs/?search=wallaby",
    "search: word of the 3,000 oldest names": "/runs/?search=legacy",
    "search: word of 6 % of names": "/runs/?search=bitlocker",
    "search: word of every name": "/runs/?search=ring",
    "search: word of no name": "/runs/?search=zebra",
    "search: two words": "/runs/?search=ring+quokka",
    "search: Graph id": "/runs/?search={graph_id}",
    "search: first 8 of a Graph id": "/runs/?search={graph_id:.8}",
    "search: word of 6 % of names, failed": "/runs/?search=bitlocker&state=failed",
    "search: word of 6 % of names, a week": "/runs/?search=bitlocker&{week}",
}
_POLICIES = {
    "first page": "/policies/",
    "last page": f"/policies/?page={LAST}",
    "by name": "/policies/?sort=0",
    "by name, last page": f"/policies/?sort=0&page={LAST}",
    "by last capture": "/policies/?sort=5",
    "by last capture, newest first": "/policies/?sort=5&desc=1",
    "state: present, 98 %": "/policies/?state=present",
    "state: gone, 2 %": "/policies/?state=gone",
    "state: gone, by name": "/policies/?state=gone&sort=0",
    "type: settings catalog, 37 %": "/policies/?type=configurationPolicies",
    "type: settings catalog, by name": "/policies/?type=configurationPolicies&sort=0",
    "type: named location, 1 in 1,000": "/policies/?type=namedLocations",
    "captured: never, 1 %": "/policies/?captured=never",
    "captured: in the last day, 97 %": "/policies/?captured=day",
    "captured: before the last 7 days, 2 %": "/policies/?captured=before",
    "one tenant of 500": "/policies/?tenant={ordinary}",
    "one tenant, by name": "/policies/?tenant={ordinary}&sort=0",
    "the largest tenant, 10 %, by name": "/policies/?tenant={largest}&sort=0",
    "one tenant, one type": "/policies/?tenant={ordinary}&type=configurationPolicies",
    "search: word of 20 names": "/policies/?search=quokka",
    "search: word of 1,400 names": "/policies/?search=wallaby",
    "search: word of the 3,000 oldest names": "/policies/?search=legacy",
    "search: word of 6 % of names": "/policies/?search=bitlocker",
    "search: word of every name": "/policies/?search=ring",
    "search: word of every name, by name": "/policies/?search=ring&sort=0",
    "search: word of no name": "/policies/?search=zebra",
    "search: two words": "/policies/?search=ring+quokka",
    "search: two letters": "/policies/?search=wi",
    "search: word of a type, 37 %": "/policies/?search=catalog",
    "search: misspelled": "/policies/?search=bitlokcer",
    "search: misspelled, one tenant": "/policies/?search=bitlokcer&tenant={ordinary}",
    "search: like no word": "/policies/?search=xyzzyplugh",
    "search: Graph id": "/policies/?search={graph_id}",
    "search: first 8 of a Graph id": "/policies/?search={graph_id:.8}",
    "search: word of 6 % of names, gone": "/policies/?search=bitlocker&state=gone",
    "search: word of every name, one tenant": "/policies/?search=ring&tenant={ordinary}",
}
_BACKUP_SETS = {
    "first page": "/backup-sets/",
    "last page": f"/backup-sets/?page={LAST}",
    "state: complete, 88 %": "/backup-sets/?state=complete",
    "state: incomplete, 2 %": "/backup-sets/?state=incomplete",
    "one tenant of 500": "/backup-sets/?tenant={ordinary}",
    "one person of 20": "/backup-sets/?person={busy}",
    "a person with 1 in 10,000": "/backup-sets/?person={idle}",
    "nobody, 33 %": "/backup-sets/?person=none",
    "a week": "/backup-sets/?{week}",
    "a week, incomplete": "/backup-sets/?{week}&state=incomplete",
    "search: its number": "/backup-sets/?search={middle}",
}
_RESTORES = {
    "first page": "/restores/",
    "last page": f"/restores/?page={LAST}",
    "state: finished, 80 %": "/restores/?state=finished",
    "state: previewed, 1 in 1,000": "/restores/?state=previewed",
    "one tenant of 500": "/restores/?tenant={ordinary}",
    "one person of 20": "/restores/?person={busy}",
    "a person with 1 in 10,000": "/restores/?person={idle}",
    "a week": "/restores/?{week}",
    "a week, previewed": "/restores/?{week}&state=previewed",
    "search: its number": "/restores/?search={middle}",
}
_AUDIT = {
    "first page": "/audit/",
    "older, from the middle": "/audit/?before={middle}",
    "action: run requested, 20 %": "/audit/?action=run:requested",
    "action: tenant changed, 1 in 5,000": "/audit/?action=tenant:changed",
    "result: failed, 2 %": "/audit/?result=failed",
    "result: refused, 1 in 1,000": "/audit/?result=refused",
    "one tenant of 500": "/audit/?tenant={ordinary}",
    "one tenant, refused": "/audit/?tenant={ordinary}&result=refused",
    "one tenant, tenant changed": "/audit/?tenant={ordinary}&action=tenant:changed",
    "one tenant, one person": "/audit/?tenant={ordinary}&actor=person{busy}@bench.example",
    "one person, tenant changed": "/audit/?actor=person{busy}@bench.example&action=tenant:changed",
    "one person, refused": "/audit/?actor=person{busy}@bench.example&result=refused",
    "tenant changed, refused": "/audit/?action=tenant:changed&result=refused",
    "one person of 20": "/audit/?actor=person{busy}@bench.example",
    "a person with 1 in 10,000": "/audit/?actor=person{idle}@bench.example",
    "somebody unknown": "/audit/?actor=zoe@bench.example",
    "a week": "/audit/?{week}",
    "a week, tenant changed": "/audit/?{week}&action=tenant:changed",
    "a week, one person": "/audit/?{week}&actor=person{busy}@bench.example",
    "a week, one tenant": "/audit/?{week}&tenant={ordinary}",
    "a week, refused": "/audit/?{week}&result=refused",
    "words of no event": "/audit/?words=zebra",
}
_CHANGES = {
    "first page": "/changes/",
    "last page": f"/changes/?page={LAST}",
    "oldest first": "/changes/?sort=0",
    "state: recorded, 98 %": "/changes/?state=recorded",
    "state: accepted, 1 %": "/changes/?state=accepted",
    "state: accepted, last page": f"/changes/?state=accepted&page={LAST}",
    "state: open, 1 in 5,000": "/changes/?state=open",
    "severity: high, 2 %": "/changes/?severity=high",
    "severity: low, 60 %": "/changes/?severity=low",
    "kind: removed, 3 %": "/changes/?kind=removed",
    "kind and severity": "/changes/?kind=removed&severity=high",
    "kind and state": "/changes/?kind=removed&state=accepted",
    "state and severity": "/changes/?state=accepted&severity=high",
    "one tenant, high": "/changes/?tenant={ordinary}&severity=high",
    "one tenant, removed": "/changes/?tenant={ordinary}&kind=removed",
    "type, 37 %, high": "/changes/?type=configurationPolicies&severity=high",
    "type, 1 in 1,000, high": "/changes/?type=namedLocations&severity=high",
    "type, 12 %, removed": "/changes/?type=mobileApps&kind=removed",
    "type, 12 %, accepted": "/changes/?type=mobileApps&state=accepted",
    "one tenant, type": "/changes/?tenant={ordinary}&type=mobileApps",
    "by a restore of ours, none": "/changes/?by=ours",
    "type: settings catalog, 37 %": "/changes/?type=configurationPolicies",
    "type: named location, 1 in 1,000": "/changes/?type=namedLocations",
    "one tenant of 500": "/changes/?tenant={ordinary}",
    "one tenant, open": "/changes/?tenant={ordinary}&state=open",
    "the largest tenant, 10 %": "/changes/?tenant={largest}",
    "a week": "/changes/?{week}",
    "a week, high": "/changes/?{week}&severity=high",
    "a week, one tenant": "/changes/?{week}&tenant={ordinary}",
    "search: its number": "/changes/?search={middle}",
    "search: word of 20 names": "/changes/?search=quokka",
    "search: word of 1,400 names": "/changes/?search=wallaby",
    "search: word of every name": "/changes/?search=ring",
    "search: word of no name": "/changes/?search=zebra",
}
_SNAPSHOTS = {"a policy with its snapshots": "/policies/{captured}", "a policy without": "/policies/{bare}"}
_NOTIFICATIONS = {
    "first page": "/notifications/",
    "page 100": "/notifications/?page=100",
    "unread, 2 %": "/notifications/?show=unread",
}
_OF_AN_OPERATOR = {
    "first page": "",
    "last page": f"?page={LAST}",
    "search: word of 20 names": "?search=quokka",
    "search: word of 1,400 names": "?search=wallaby",
    "search: word of every name": "?search=ring",
    "search: Graph id": "?search={graph_id}",
}
_TENANTS = {
    "first page": "/tenants/",
    "last page": f"/tenants/?page={LAST}",
    "by name, backwards": "/tenants/?sort=0&desc=1",
    "search: word of 20 names": "/tenants/?search=quokka",
    "search: word of every name": "/tenants/?search=ltd",
    "search: word of no name": "/tenants/?search=zebra",
    "search: directory id": "/tenants/?search=00000250-1111-4111-8111-111111111111",
    "the choice of a tenant": "/tenants/choose",
    "the choice of a tenant, searched": "/tenants/choose?search=quokka",
}
ADMINS = {
    "dashboard": {"first page": "/"},
    "runs": _RUNS,
    "policies": _POLICIES,
    "backup sets": _BACKUP_SETS,
    "restores": _RESTORES,
    "audit log": _AUDIT,
    "changes": _CHANGES,
    "snapshots": _SNAPSHOTS,
    "notifications": _NOTIFICATIONS,
}
OPERATORS = {
    "dashboard of an operator": {"first page": "/"},
    "runs of an operator": {
        **{look: f"/runs/{query}" for look, query in _OF_AN_OPERATOR.items()},
        "state: failed, 2 %": "/runs/?state=failed",
        "kind: live restore, 1 in 1,000": "/runs/?kind=restore.live",
        "nobody, 33 %": "/runs/?person=none",
        "a week": "/runs/?{week}",
        "a week, failed": "/runs/?{week}&state=failed",
    },
    "policies of an operator": {
        **{look: f"/policies/{query}" for look, query in _OF_AN_OPERATOR.items()},
        "by name": "/policies/?sort=0",
        "by last capture": "/policies/?sort=5",
        "state: gone, 2 %": "/policies/?state=gone",
        "type: named location, 1 in 1,000": "/policies/?type=namedLocations",
    },
    "changes of an operator": {
        "first page": "/changes/",
        "last page": f"/changes/?page={LAST}",
        "severity: high, 2 %": "/changes/?severity=high",
        "a week": "/changes/?{week}",
        "search: word of every name": "/changes/?search=ring",
    },
    "notifications of an operator": _NOTIFICATIONS,
}
TENANTS = {"tenants": _TENANTS}

Lists = Mapping[str, Mapping[str, str]]
# (list, look) -> (engine, rows) -> median and 95th percentile, in milliseconds.
Figures = dict[tuple[str, str], dict[tuple[str, int], tuple[float, float]]]


def main() -> None:
    asked = _asked()
    figures: Figures = {}
    with stage.engines() as urls:
        engines = {engine: url for engine, url in urls.items() if asked.engine in (None, engine)}
        for engine, url in engines.items():
            for count in asked.rows:
                stage.bind(stage.beside(url, f"lists_{count}"))
                _say(f"{engine}: {count:,} rows are made")
                rows.fill(count)
                _measure(figures, engine, count, _chosen(ADMINS, asked.list), rows.ADMIN)
                _measure(figures, engine, count, _chosen(OPERATORS, asked.list), rows.OPERATOR)
                if count <= MOST_TENANTS:
                    _say(f"{engine}: {count:,} tenants are made")
                    rows.fill_tenants(count)
                    _measure(figures, engine, count, _chosen(TENANTS, asked.list), rows.ADMIN)
        _print(figures, list(engines), asked.rows)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.lists", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES, help="of each kind")
    parser.add_argument("--engine", choices=("SQLite", "PostgreSQL"), help="one of them alone")
    parser.add_argument("--list", nargs="+", help="these lists alone")
    return parser.parse_args()


def _chosen(lists: Lists, names: Sequence[str] | None) -> Lists:
    return {name: looks for name, looks in lists.items() if not names or name in names}


def _say(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


def _measure(figures: Figures, engine: str, count: int, lists: Lists, email: str) -> None:
    values = _values(count)
    with stage.web(email) as session:
        for name, looks in lists.items():
            for look, address in looks.items():
                taken = _timed(session, stage.WEB + address.format(**values))
                figures.setdefault((name, look), {})[engine, count] = taken
                _say(f"{engine}, {count:,}: {name}, {look}: {_cell(taken)} ms")


def _values(count: int) -> dict[str, object]:
    """Return the values that addresses name: a week and a row in the middle, and whose rows."""
    begin = utcnow() - rows.TWO_YEARS / 2
    since, until = f"{begin:%Y-%m-%d}", f"{begin + timedelta(days=6):%Y-%m-%d}"
    with database.connection_context():
        is_of_policy = (Run.id >= count // 2) & Run.policy.is_null(False)
        graph_id = Run.select(Policy.graph_id).join(Policy).where(is_of_policy).order_by(Run.id).limit(1).scalar()
    return {
        "week": f"since={since}&until={until}",
        "until": until,
        "middle": count // 2,
        "captured": count // 14 * 7 + 1,
        "bare": count // 14 * 7 + 2,
        "graph_id": graph_id,
        "ordinary": rows.ORDINARY,
        "largest": rows.LARGEST,
        "busy": rows.BUSY,
        "idle": rows.IDLE,
    }


def _timed(session, address: str) -> tuple[float, float]:
    def look(_number: int) -> None:
        session.get(address, timeout=120).raise_for_status()

    return stage.timed(look, range(LOOKS))


def _print(figures: Figures, engines: Sequence[str], sizes: Sequence[int]) -> None:
    heads = [head for engine in engines for head in (*(f"{engine} {_short(count)}" for count in sizes), "ratio")]
    print(f"| list | look | {' | '.join(heads)} |\n|---|---|{'---|' * len(heads)}")
    for (name, look), taken in figures.items():
        cells = [cell for engine in engines for cell in _cells(taken, engine, sizes)]
        print(f"| {name} | {look} | {' | '.join(cells)} |")
    print(f"\nMedian (95th percentile) in ms; shares are those of {_short(sizes[-1])} rows.", end=" Slowest: ")
    print("; ".join(_slowest(figures, engine, sizes[-1]) for engine in engines) + ".")
    _print_missed(figures)


def _cells(taken: Mapping[tuple[str, int], tuple[float, float]], engine: str, sizes: Sequence[int]) -> list[str]:
    """Return the figures by size, as far as it was measured with so many, and how the most compares to the fewest."""
    found = [taken.get((engine, count)) for count in sizes]
    few, many = found[0], found[-1]
    ratio = f"{many[0] / few[0]:.1f}" if few and many else ""
    return [*(_cell(figure) if figure else "" for figure in found), ratio]


def _cell(taken: tuple[float, float]) -> str:
    return "{:.0f} ({:.0f})".format(*taken)


def _short(count: int) -> str:
    return f"{count // 1_000_000}M" if count >= 1_000_000 else f"{count // 1000}k"


def _slowest(figures: Figures, engine: str, count: int) -> str:
    found = {look: taken[engine, count][0] for look, taken in figures.items() if (engine, count) in taken}
    name, look = slowest = max(found, key=lambda look: found[look])
    return f"{engine} {_short(count)}: {name}, {look}, {found[slowest]:.0f} ms"


def _print_missed(figures: Figures) -> None:
    missed = [
        f"- {engine} {_short(count)}: {name}, {look}: {median:.0f} ms"
        for (name, look), taken in figures.items()
        for (engine, count), (median, _) in taken.items()
        if median > AIM_MS
    ]
    print(f"\nOver {AIM_MS} ms at the median:\n\n" + ("\n".join(missed) or "- none"), flush=True)


if __name__ == "__main__":
    main()
