"""`make docs` writes docs/fidelity.md from the tables and Microsoft's model; a test compares them."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from graph.content.places import root_type
from graph.content.secret_table import SECRETS, Secret
from graph.content.secrets import FROM_CONNECTOR
from graph.content.unordered_lists import _ORDERED, _SETS
from graph.microsoft import model
from graph.policy_types.quotas import QUOTAS
from graph.policy_types.table import POLICY_TYPES
from graph.read import unread
from graph.references.navigations import all_links
from graph.references.reference_kinds import NONE_BY_NAME, NONE_BY_TYPE, UNSURE
from graph.restore.past_dates import REFUSED_WHEN_PAST, WRITTEN_AS_THEY_WERE
from graph.simulator.audit.entra_table import ENTRA
from graph.simulator.audit.intune_table import INTUNE
from graph.write.readiness import PATIENCE, READINESS, USUAL_PATIENCE
from graph.write.write_rules import WRITE_RULES
from tests.support.model_walk import COMPUTED, CONTENT, NOT_SENT, PART, REFERENCE, SECRET, UNREAD, answers
from tests.tools.markdown import formatted

PAGE = Path(__file__).parents[2] / "docs" / "fidelity.md"

# Lines of a page are as long as a page's.
# ruff: noqa: E501

HEAD = """# Fidelity

What decides whether a restore is right, and where we know it from: Microsoft's own model of Graph, other sources, or nowhere.
Made from the tables by `make docs`; a test holds the page to them.

## From Microsoft's model

`graph/microsoft/` holds what `{source}` says, as facts: {types} types, {enums} enumerations, {routes} routes, under Microsoft's MIT licence.
`make microsoft-model` draws it anew from the published package. It decides which subtypes there are and what they have; which properties are lists, flags, dates,
times, ids, base64; which are read-only; what leads to another object; which routes, options and parameters there are. The simulator refuses by it what
Microsoft's model refuses, and real clients run against it (`make peers`).

Every property of every type that a policy can hold, at any depth, has one answer; a test walks them all and fails for one that has none:

| policy type | type in the model | subtypes | {heads} |
|---|---|---|{rule}|
"""
ELSEWHERE = """
## From elsewhere

What the model does not say. Each row's source stands beside it in the file that is named.

"""
UNKNOWN = """
## What nobody knows

Chosen without proof, on the side that loses nothing. What would settle it is one look at a real tenant.

| what | what we do until somebody knows |
|---|---|
"""
# What could not be found in Microsoft's model, its documentation or a public trace.
NOBODY_KNOWS: tuple[tuple[str, str], ...] = (
    (
        "Whether Graph takes a group that was deleted in an assignment that is written again beside others",
        "it is sent again as it stands, and the plan says so; leaving it out is a choice",
    ),
    (
        "How long a store app takes to be published, a new location or group to be known everywhere",
        f"the restore waits up to {PATIENCE['mobileApps']} s for apps and locations and {USUAL_PATIENCE} s else, and what is left can be retried",
    ),
    ("What Graph answers to a masked product key", "a mask is never written"),
    ("Whether other dates than a rollout's may lie in the past", "they are written as they were"),
    ("Which numbers Graph allows today (Conditional Access policies, locations)", "the plan warns, and does not block"),
    (
        "Whether an app may set the device group of enrollment (it was refused with 500)",
        "it is compared, and named as a step by hand",
    ),
    ("Whether a group's basic roles show its membership rule", "`Group.Read.All` is asked for"),
    (
        "Whether inventory policies and Windows Autopatch objects are taken as they were",
        "they are backed up and compared, never written",
    ),
    (
        "Whether derived credentials and Autopilot's domain join can be read by their navigations",
        "they are asked for; a refusal costs them and is named",
    ),
    (
        "Whether approved drivers of an automatic profile were approved by somebody",
        "only those that Microsoft does not recommend count as decisions",
    ),
    (
        "Which of two objects with one name a person means, where no list of ours saw both",
        "the one that is there is taken in its own tenant, with a note; more than one blocks",
    ),
    ("Whether the order of a settings catalog's collection counts", "it counts: a changed order is a difference"),
    ("Whether terms and conditions take a lower version", "it is written, and read back"),
    (
        "Which abstract types refuse a body without `@odata.type`, beyond those seen",
        "every body of a type with subtypes names it",
    ),
    (
        "Which refusals concern what was just made",
        "those that name its id, answer 404, or say that something is not there",
    ),
    ("Whether authentication contexts go to c99 or c25", "up to c99; the plan says the number"),
    (
        "Under which id Intune's log names an enrollment configuration, the tenant-wide settings, an Apple enrollment profile",
        "the simulator: the part before the suffix; zeros; the profile's own without its token",
    ),
    ("Whether Edge site lists, Windows Autopatch and Windows 365 are in either log", "the simulator writes them there"),
    (
        "Whether Intune's log has the caller's `client-request-id` as its correlation id, as Entra's has",
        "the simulator: it has",
    ),
    ("How many reads Intune's log tells of", "the simulator: one of a hundred"),
)


def page() -> str:
    return formatted(_page())


def _page() -> str:
    heads = (CONTENT, REFERENCE, SECRET, PART, COMPUTED, NOT_SENT, UNREAD)
    rows = [(row, answers(row)) for row in POLICY_TYPES.values()]
    return (
        HEAD.format(
            source=model.SOURCE,
            types=len(model.type_names()),
            enums=len(model._enums()),
            routes=len(model.routes()),
            heads=" | ".join(heads),
            rule="|".join("---" for _ in heads),
        )
        + "".join(
            f"| {row.title} | `{root_type(row)}` | {len(model.subtypes(root_type(row)))} | "
            + " | ".join(str(count[head] or "") for head in heads)
            + " |\n"
            for row, found in rows
            for count in [Counter(one.what for one in found)]
        )
        + ELSEWHERE
        + "".join(f"### {title}\n\n{text}\n\n| | |\n|---|---|\n{_table(table)}\n" for title, text, table in _tables())
        + UNKNOWN
        + "".join(f"| {what} | {done} |\n" for what, done in NOBODY_KNOWS)
    )


def _tables() -> Iterable[tuple[str, str, Iterable[tuple[str, str]]]]:
    yield (
        "Lists whose order counts",
        f"`graph/content/unordered_lists.py`: every other list of plain values is a set, and {len(_SETS)} types of objects in lists have no order.",
        ((f"`{kind}.{name}`", why) for (kind, name), why in _ORDERED.items()),
    )
    yield (
        "Secrets that Graph keeps",
        "`graph/content/secret_table.py`, and the secret values of the settings catalog wherever they are nested.",
        ((f"`{kind}.{name}`", _when(secret)) for (kind, name), secret in SECRETS.items()),
    )
    yield (
        "Secrets that hold nothing of the tenant",
        "`graph/content/secrets.py`: what is written in their place makes the service take its own.",
        ((f"`{key}`", word) for key, word in FROM_CONNECTOR.items()),
    )
    yield (
        "Ids that are references to nothing of a tenant",
        "`graph/references/reference_kinds.py`. What may be one, and blocks nothing: " + _names(sorted(UNSURE)) + ".",
        ((why, _names(names)) for why, names in _none()),
    )
    yield (
        "What the model shows beside a policy, and nothing reads",
        "`graph/read/unread.py`.",
        (
            (f"`{one.names}`" + ("" if one.policy_types == r"\w+" else f" of {one.policy_types}"), one.reason)
            for one in (*unread.NAVIGATIONS, *unread.INSIDE)
        ),
    )
    yield (
        "Dates",
        "`graph/restore/past_dates.py`: refused when past, unless they stay as they are.",
        (
            *(
                (f"{key}.{name}", _names(dates))
                for key, found in REFUSED_WHEN_PAST.items()
                for name, dates in found.items()
            ),
            *((f"`{kind}.{name}`", why) for (kind, name), why in WRITTEN_AS_THEY_WERE.items()),
        ),
    )
    yield (
        "How many a tenant may have, and what is waited for",
        "`graph/policy_types/quotas.py`, `graph/write/readiness.py`.",
        (
            *((one.what, str(one.most)) for one in QUOTAS.values()),
            *((key, one.waits_for) for key, one in READINESS.items()),
        ),
    )
    yield (
        "What a restore cannot write",
        "`graph/write/write_rules.py`, `graph/write/tenant_wide_rules.py`.",
        ((POLICY_TYPES[key].title, rule.cannot_restore) for key, rule in WRITE_RULES.items() if rule.cannot_restore),
    )
    yield (
        "Links by navigation alone",
        "`graph/references/navigations.py`: which subtype has which is the model's; those that nobody was seen to read cost only themselves.",
        (
            (f"`{name}`", "never seen to be read" if link.is_untried else "one of several" if link.is_many else "one")
            for key in ("deviceConfigurations", "windowsAutopilotDeploymentProfiles")
            for name, link in sorted(all_links(key).items())
        ),
    )
    yield (
        "The words of the audit logs",
        "`graph/simulator/audit/intune_table.py`, `graph/simulator/audit/entra_table.py`: what the simulator writes of a change, and what that is known from. “guess” is by the rule that the others show.",
        _words_of_logs(),
    )


def _words_of_logs() -> Iterable[tuple[str, str]]:
    """(component and entity, or service and activity; what it is known from): of each policy type."""
    for row in dict.fromkeys((one.component, one.entity, one.basis) for one in INTUNE.values()):
        yield f"Intune: {row[0]}, `{row[1]}`", row[2]
    for one in ENTRA.values():
        yield f"Entra: {one.service}, “{one.changed}”", one.basis


def _none() -> Iterable[tuple[str, Iterable[str]]]:
    merged: dict[str, list[str]] = {why: list(names) for why, names in NONE_BY_NAME.items()}
    for why, rows in NONE_BY_TYPE.items():
        merged.setdefault(why, []).extend(f"{kind}.{name}" for kind, name in rows)
    yield from merged.items()


def _when(secret: Secret) -> str:
    needed = " and ".join(
        f"`{name}` is {' or '.join(values) if values else 'given'}"
        for name, values in secret.when.items()
        if name != "@odata.type"
    )
    return ", else ".join(filter(None, (secret.flag and f"`{secret.flag}`", needed))) or "always"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(rows: Iterable[tuple[str, str]]) -> str:
    return "".join(f"| {left.replace('|', '¦')} | {right} |\n" for left, right in rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
