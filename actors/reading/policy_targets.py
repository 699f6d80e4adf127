"""Targets and references of a policy's content, as db/policies/policy_targets.py keeps it."""

from collections.abc import Mapping, Sequence
from typing import Any

from db.policies.policy_targets import IndexedReference, IndexedTarget, TargetsOfPolicy
from graph.assignments.target import GROUP, Target
from graph.assignments.targets import targets_of
from graph.display.masking import mask_secrets
from graph.policy_types.policy_type import storable
from graph.references.references import find_references

Terms = Sequence[tuple[str, str]]
NamesByKind = Mapping[str, Mapping[str, str | None]]
LONGEST_ID = 200


def targets_in(
    policy_type: str, content: dict[str, Any], references: NamesByKind, *, were_read: bool = True
) -> TargetsOfPolicy:
    """Return the targets and references of a content. `references`: its names by kind and id; None is a deleted one.

    `were_read`: names could be read at all; else none of them is known to be deleted.
    """
    found = find_references(policy_type, content)
    gone = _gone_ids(references) if were_read else frozenset[str]()
    return TargetsOfPolicy(
        targets=_all_indexed(targets_of(policy_type, content, found), gone),
        references=[IndexedReference(reference.kind[:40], storable(reference.id)[:LONGEST_ID]) for reference in found],
    )


def _gone_ids(references: NamesByKind) -> frozenset[str]:
    """Return the ids, in small letters, of groups and filters that were asked for and are not there."""
    named = (references.get(kind, {}) for kind in ("groups", "filters"))
    return frozenset(object_id.lower() for names in named for object_id, name in names.items() if name is None)


def _all_indexed(targets: Sequence[Target], gone: frozenset[str]) -> list[IndexedTarget]:
    terms = {target.terms: _masked(target.terms) for target in targets}
    return [_indexed(target, gone, terms[target.terms]) for target in targets]


def _masked(terms: Terms) -> list[list[str]]:
    """Return terms as they may lie unsealed. Texts are among them that somebody typed: a rule, an app's own setting."""
    return [[storable(name), storable(mask_secrets({name: value})[name])] for name, value in terms]


def _indexed(target: Target, gone: frozenset[str], terms: list[list[str]]) -> IndexedTarget:
    return IndexedTarget(
        kind=target.kind,
        object_id=storable(target.object_id)[:80],
        is_excluded=target.is_excluded,
        place=target.place,
        intent=storable(target.intent),
        filter_id=storable(target.filter_id)[:80] or None,
        filter_mode=storable(target.filter_mode)[:10],
        is_gone=(target.kind == GROUP and target.object_id in gone) or target.filter_id in gone,
        terms=terms or None,
    )
