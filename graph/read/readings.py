"""Listing a policy type, and reading one policy whole.

A reading is a generator of requests (docs/decisions/0007-readings-are-generators.md); graph/transport/batch_driver.py
drives it.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

from graph.content.fingerprint import assignments_fingerprint
from graph.content.normalise import plain_json
from graph.content.odata import strip_annotations
from graph.content.timestamps import parse_time
from graph.errors import Incomplete, Malformed, NotAvailable, NotFound, Rejected
from graph.policy_types import shape
from graph.policy_types.policy_type import (
    EXPANDED,
    NONE,
    ROUTE,
    SINGLE_ID,
    PolicyType,
    match_key,
    policy_name,
    storable,
)
from graph.read import children, details, directory_names, groups, tenant_wide_details
from graph.read.directory_names import KnownNames, no_known_names
from graph.read.paging import all_elements, all_pages, follow_inline_pages, follow_pages
from graph.read.proof import Proof
from graph.transport import paths
from graph.transport.batch_driver import RequestSteps, Result
from graph.transport.client import DIRECTORY
from graph.transport.pages import is_usable_id, require_id


@dataclass(frozen=True)
class ListedPolicy:
    """A policy as its list shows it."""

    # "" where Graph gave none that could be one.
    graph_id: str
    name: str
    odata_type: str | None
    modified_at: datetime | None
    is_built_in: bool
    platform: str | None
    # None where the list does not carry the assignments: only reading tells whether they changed.
    assignments_mark: str | None = None
    assignments: Sequence[Mapping[str, Any]] = ()
    # As graph.policy_types.policy_type.match_key.
    key: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return the columns of a policy that was listed and not read."""
        names = ("graph_id", "name", "odata_type", "platform", "is_built_in", "modified_at")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Reading:
    """A policy that was read whole.

    `content` is {"body": {...}, "assignments": [...] or None where the policy type has none}.

    `proof` says how we know it is whole: {"settings": {"stored", "declared"} or None, "pages", "assignments": "read" or
    "not_applicable", "assignment_count", "secrets": {"revealed", "withheld": [{"where", "why"}]}, "names"}.
    `references`: {"groups": {id: name or None}, "filters": {…}}; None means the name could not be found.
    `began`: by this process's monotonic clock, before the first request; what changes later may not be in it.
    `text`: the content as JSON, by `plain_json`; "" where nobody has made it.
    """

    content: dict[str, Any]
    name: str
    odata_type: str | None
    modified_at: datetime | None
    proof: dict[str, Any] = field(default_factory=dict)
    references: dict[str, dict[str, str | None]] = field(default_factory=dict)
    began: float = field(default_factory=monotonic, compare=False)
    text: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True)
class PolicyList:
    """All policies of a type in a tenant.

    `without_id`: elements without a usable id. They cannot be read; they are listed so that nobody believes that they
    are not there.
    """

    policies: list[ListedPolicy]
    without_id: list[ListedPolicy] = field(default_factory=list)


def list_policies(policy_type: PolicyType) -> RequestSteps[PolicyList]:
    if policy_type.key == "depOnboardingSettings":
        return (yield from _list_below_tokens(policy_type))
    if policy_type.is_referred:
        return PolicyList([])
    if policy_type.is_single:
        [answer] = yield [policy_type.path]
        if isinstance(answer.error, NotFound):
            return PolicyList([])
        return PolicyList([_listed_policy(policy_type, {**answer.require_body(), "id": SINGLE_ID})])
    items = yield from _list_elements(policy_type)
    listed = [_listed_policy(policy_type, _as_object(item)) for item in items]
    return _without_repeats(
        policy for policy, item in zip(listed, items, strict=True) if not policy_type.is_hidden(_as_object(item))
    )


# Raise it when `list_policies` shows other policies than before for a reason that is not in their list's path.
LIST_RULES = 1


def list_rules(policy_type: PolicyType) -> str:
    """Return a text that is another one once we list more of a tenant than before, or less: no change there."""
    return hashlib.sha256(f"{LIST_RULES} {policy_type.list_path()}".encode()).hexdigest()


def list_groups(policy_type: PolicyType, ids: Iterable[str], named: Iterable[str]) -> RequestSteps[PolicyList]:
    """List the groups of these ids and of these names: nobody lists all of a tenant's groups."""
    items = yield from groups.find_groups(ids, named)
    return PolicyList([_listed_policy(policy_type, group) for group in items])


def _list_elements(policy_type: PolicyType) -> RequestSteps[list[Any]]:
    try:
        return (yield from all_elements(policy_type.list_path()))
    except Malformed as e:
        if policy_type.is_retired and e.code == "no_body":
            return []
        raise
    except NotFound:
        # A tenant that has set no branding (KelvinTegelaar/CIPP-API). No other list is missing where it is offered.
        if DIRECTORY in policy_type.path:
            return []
        raise


def _without_repeats(listed: Iterable[ListedPolicy]) -> PolicyList:
    """List each policy once: one that moved between two pages while they were read comes in both; the last counts."""
    policies = list(listed)
    by_id = {policy.graph_id: policy for policy in policies if policy.graph_id}
    return PolicyList(list(by_id.values()), [policy for policy in policies if not policy.graph_id])


def _list_below_tokens(policy_type: PolicyType) -> RequestSteps[PolicyList]:
    """List Apple's enrollment profiles: they exist only below a token, and the two ids together name one."""
    tokens = yield from all_elements(policy_type.path)
    policies = []
    for token in map(_as_object, tokens):
        below = token.get("id")
        if not is_usable_id(below):
            policies.append(_listed_policy(policy_type, token))
            continue
        profiles = yield from _list_profiles(policy_type, str(below))
        policies += [_listed_policy(policy_type, profile, below=f"{below}/") for profile in map(_as_object, profiles)]
    return _without_repeats(policies)


def _list_profiles(policy_type: PolicyType, token: str) -> RequestSteps[list[Any]]:
    try:
        return (yield from all_elements(f"{policy_type.item_path(token)}/enrollmentProfiles"))
    except NotFound:
        return []  # the token was removed since they were listed
    except NotAvailable as e:
        raise Rejected(e.code, e.sentence, status=e.status, request_id=e.request_id) from e


def _as_object(item: Any) -> dict[str, Any]:
    """Return the element; {} for one that is no object: it says nothing, and counts all the same."""
    return item if isinstance(item, dict) else {}


def _listed_policy(policy_type: PolicyType, item: Mapping[str, Any], below: str = "") -> ListedPolicy:
    """Return a list's element as a policy.

    A damaged one gets no time and no fingerprint: nothing in it may tell that the policy is unchanged, so it is read.
    """
    is_sound = not _find_damage(policy_type, item, item.get("assignments") if policy_type.lists_assignments else None)
    return ListedPolicy(
        graph_id=f"{below}{item['id']}" if is_usable_id(item.get("id")) else "",
        name=policy_name(policy_type, item),
        odata_type=_text(item.get("@odata.type")),
        modified_at=_modified_at(item) if is_sound else None,
        is_built_in=policy_type.is_built_in(item),
        platform=_text(item.get("platforms") or item.get("platform") or item.get("platformType")),
        assignments_mark=_assignments_fingerprint(policy_type, item) if is_sound else None,
        assignments=(item.get("assignments") or ()) if is_sound and policy_type.lists_assignments else (),
        key=match_key(policy_type, item),
    )


def _require_shape(policy_type: PolicyType, body: Any, assignments: Any) -> None:
    place = _find_damage(policy_type, body, assignments)
    if place:
        raise Malformed("malformed", f"Microsoft Graph's answer is damaged: {place} is not what it should be.")


def _find_damage(policy_type: PolicyType, body: Any, assignments: Any) -> str:
    """Return the first place that is not what it should be; "" where all are."""
    place = shape.find_problem(policy_type.key, {"body": body, "assignments": assignments})
    return "".join(character for character in place if character.isprintable())


def _assignments_fingerprint(policy_type: PolicyType, item: Mapping[str, Any]) -> str | None:
    if policy_type.assignments == NONE:
        return assignments_fingerprint(None)
    listed = item.get("assignments")
    return assignments_fingerprint(listed) if policy_type.lists_assignments and isinstance(listed, list) else None


def _modified_at(item: Mapping[str, Any]) -> datetime | None:
    return parse_time(item.get("lastModifiedDateTime") or item.get("modifiedDateTime"))


def _text(value: Any) -> str | None:
    return storable(value)[:80] if isinstance(value, str) else None


def _require_same_policy(body: Mapping[str, Any], graph_id: str) -> None:
    """Raise Malformed for another policy: its content would be kept, and written back, as this one's."""
    if require_id(body).casefold() != graph_id.casefold():
        raise Malformed("malformed", "Microsoft Graph's answer is damaged: it is of another policy than was asked for.")


def item_path(policy_type: PolicyType, graph_id: str) -> str:
    """Return a policy's path. Apple's enrollment profiles live below a token: their id is "{token}/{profile}"."""
    token, _, profile = graph_id.partition("/")
    return (
        paths.join(policy_type.item_path(token), "enrollmentProfiles", profile)
        if profile
        else policy_type.item_path(graph_id)
    )


def read_policy(
    policy_type: PolicyType,
    graph_id: str,
    known: KnownNames | None = None,
    *,
    with_names: bool = True,
    is_last_try: bool = False,
) -> RequestSteps[Reading]:
    """Read a policy with its children, assignments and the names that it refers to.

    `known` names are not asked for again; a comparison needs no names at all. `is_last_try`: what cannot be had now is
    noted as lacking instead of raised. Raises the GraphError of the answer that matters; NotFound means the policy is
    gone.
    """
    began = monotonic()
    profile, item = graph_id.partition("/")[2], item_path(policy_type, graph_id)
    [answer] = yield [item if profile else policy_type.read_path(graph_id)]
    body, proof = dict(answer.require_body()), Proof()  # what was answered stays as it is: a memory may hold it
    if policy_type.is_single:
        body["id"] = SINGLE_ID
    _require_same_policy(body, profile or graph_id)
    _require_shape(policy_type, body, body.get("assignments"))
    modified_at, odata_type = _modified_at(body), _text(body.get("@odata.type"))
    answered, inline = dict(body), body.get("assignments")
    yield from _read_part(follow_inline_pages(body, proof))
    yield from _read_part(_read_children(policy_type, item, body, proof))
    if body != answered:
        _require_shape(policy_type, body, None)
    yield from _read_part(children.add_children(policy_type, item, body, proof, may_lack=is_last_try))
    yield from _read_part(tenant_wide_details.add_details(policy_type, item, body, proof))
    _require_all_settings(policy_type, body, proof)
    assignments = yield from _read_part(_read_assignments(policy_type, item, body))
    if assignments is not inline or body != {key: value for key, value in answered.items() if key != "assignments"}:
        _require_shape(policy_type, body, assignments)  # else it is what was looked at above
    proof.assignments = "read" if policy_type.assignments != NONE else "not_applicable"
    proof.assignment_count = len(assignments or ())
    content = {"body": strip_annotations(body), "assignments": strip_annotations(assignments)}
    text = plain_json(content)
    details.note_withheld_secrets(policy_type, content["body"], text, proof)
    references: dict[str, dict[str, str | None]] = {}
    if with_names:
        references = yield from directory_names.resolve_names(
            policy_type.key, content, proof, known or no_known_names(), may_lack=is_last_try
        )
    name = policy_name(policy_type, body)
    return Reading(content, name, odata_type, modified_at, proof.as_json(), references, began, text)


def _read_part(reading: RequestSteps[Result]) -> RequestSteps[Result]:
    """Read a part of a policy. A part that is missing must not say that the policy, or its type, is: Raises Incomplete
    or Rejected instead.
    """
    try:
        return (yield from reading)
    except NotFound as e:
        raise Incomplete(
            "incomplete", "Microsoft Graph does not have a part of what it listed. Nothing was kept."
        ) from e
    except NotAvailable as e:
        raise Rejected(e.code, e.sentence, status=e.status, request_id=e.request_id) from e


def _read_children(policy_type: PolicyType, item: str, body: dict[str, Any], proof: Proof) -> RequestSteps[None]:
    applicable = [child for child in policy_type.children if child.when(body)]
    if not applicable:
        return
    answers = yield [f"{item}/{child.name}" + (f"?{child.query}" if child.query else "") for child in applicable]
    for child, answer in zip(applicable, answers, strict=True):
        body[child.name] = yield from follow_pages(answer.require_body(), proof)


def _read_assignments(
    policy_type: PolicyType, item: str, body: dict[str, Any]
) -> RequestSteps[list[dict[str, Any]] | None]:
    inline = body.pop("assignments", None)
    if policy_type.assignments == EXPANDED:
        if not isinstance(inline, list):
            raise Incomplete("incomplete", "Microsoft Graph sent the policy without its assignments.")
        return inline
    if policy_type.assignments == ROUTE:
        return (yield from all_pages(f"{item}/assignments"))
    return None


def _require_all_settings(policy_type: PolicyType, body: Mapping[str, Any], proof: Proof) -> None:
    """Raise Incomplete where a settings catalog policy has fewer settings than it says: that is no backup."""
    settings, declared = body.get("settings"), body.get("settingCount")
    if not isinstance(settings, list):
        if declared and "settings" in policy_type.expand:
            raise Incomplete("incomplete", "Microsoft Graph sent the policy without its settings. Nothing was kept.")
        return
    proof.settings_stored = len(settings)
    proof.settings_declared = declared if isinstance(declared, int) else None
    if isinstance(declared, int) and len(settings) != declared:
        raise Incomplete(
            "incomplete", f"Microsoft Graph sent {len(settings)} of the policy's {declared} settings. Nothing was kept."
        )
