"""Drafts of restores that bring a tenant to a standard: the only place where wanted contents become a restore.

It is a restore like any other, from a directory that is none: the standard's own (`Standard.uid`). Graph is not asked.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from actors.plans import drafts
from actors.standards.wanted import Wanted, wanted_of
from db.audit.audit import Actor
from db.errors import Invalid
from db.models import Restore, StandardAdoption, StandardVersion
from db.policies import policies, snapshots
from db.restores import mappings, restore_drafts
from db.restores.restore_drafts import NewRestoreItem, RestoreSource
from db.standards import links
from db.states import PolicyState
from graph.restore.desired_content import CONDITIONAL_ACCESS, ENFORCED, REPORTING
from graph.restore.options import AS_CAPTURED, EXACT, LEAVE, RestoreOptions

NOTHING = "Nothing of this standard is to be brought to this tenant."


@dataclass(frozen=True)
class PreparedDraft:
    """A restore that can be made: its contents are saved, and nothing else is done yet."""

    adoption: StandardAdoption
    source: RestoreSource
    items: Sequence[NewRestoreItem]
    options: Mapping[str, Any]

    def create(self, actor: Actor, rollout_id: int | None = None) -> Restore:
        """Make the draft. Raises Invalid where nothing is to be brought, or no restore may start in the tenant."""
        if not self.items:
            raise Invalid(NOTHING)
        adoption = self.adoption
        marks = {"standard_id": adoption.standard_id, "rollout_id": rollout_id}
        return restore_drafts.create(adoption.tenant, self.source, self.items, self.options, actor, **marks)


def draft_for(
    adoption: StandardAdoption, version: StandardVersion, item_keys: Collection[str] | None, actor: Actor
) -> Restore:
    """Draft the restore that brings these items of the version to the tenant; None: all of them. Raises Invalid.

    Left alone are items that an exception leaves out, and those whose policy nobody has confirmed.
    """
    return prepare(adoption, version, item_keys).create(actor)


def prepare(
    adoption: StandardAdoption,
    version: StandardVersion,
    item_keys: Collection[str] | None,
    *,
    switches_on: bool = False,
) -> PreparedDraft:
    """Work out what `draft_for` drafts, and save its contents, for a caller that commits more with the draft itself.

    A Conditional Access policy that is new arrives report-only, and one that is there keeps its state. `switches_on`:
    those that arrived so are switched on, and nothing else is done.
    """
    unsure = links.candidates_of(adoption)
    chosen = {
        key: want
        for key, want in wanted_of(adoption, version).items()
        if (item_keys is None or key in item_keys) and key not in unsure and not want.is_left_out
    }
    contents = _StatesOfTenant(adoption).contents(chosen, switches_on=switches_on)
    _let_own_objects_stand(adoption, [chosen[key] for key in contents])
    marks = {key: drafts.fingerprint_of(chosen[key].item.policy_type, content) for key, content in contents.items()}
    ids = snapshots.save_contents(adoption.tenant_id, {marks[key]: content for key, content in contents.items()})
    items = [_item(key, chosen[key], ids[mark]) for key, mark in marks.items()]
    source = RestoreSource(adoption.standard.uid, source_of(version))
    return PreparedDraft(adoption, source, items, options_of(version))


def _let_own_objects_stand(adoption: StandardAdoption, wanted: Iterable[Wanted]) -> None:
    """Let each object that only the tenant has, and that its own values refer to, stand for itself."""
    own: dict[mappings.ObjectKey, tuple[str, str | None]] = {
        key: (key[1], None) for want in wanted for key in want.own_objects
    }
    if own:
        mappings.remember_found(adoption.tenant, adoption.standard.uid, own, dict.fromkeys(own))


def _item(key: str, want: Wanted, content_id: int) -> NewRestoreItem:
    item = want.item
    return NewRestoreItem(item.policy_type, key, item.name, content_id, item.references or {})


def source_of(version: StandardVersion) -> str:
    """Return what a plan calls the source of its contents."""
    return f"Standard {version.standard.name}, version {version.number}"[:255]


def options_of(version: StandardVersion) -> dict[str, Any]:
    """Return the options: nothing is created beyond the items, and what cannot be resolved is blocked."""
    assignments = EXACT if version.with_assignments else LEAVE
    return asdict(RestoreOptions(assignments=assignments, conditional_access=AS_CAPTURED))


class _StatesOfTenant:
    """The states of the tenant's own Conditional Access policies, as its newest snapshots have them."""

    def __init__(self, adoption: StandardAdoption) -> None:
        self._tenant = adoption.tenant
        self._mapped = mappings.targets_by_key(adoption.tenant, adoption.standard.uid)

    def contents(self, chosen: Mapping[str, Wanted], *, switches_on: bool) -> dict[str, dict[str, Any]]:
        """Return item key -> what is to be written of those that are to be written."""
        pick = self._switched_on if switches_on else self._arriving
        return dict(pick(chosen))

    def _arriving(self, chosen: Mapping[str, Wanted]) -> Iterator[tuple[str, dict[str, Any]]]:
        for key, want in chosen.items():
            state = want.content["body"].get("state")
            if want.item.policy_type != CONDITIONAL_ACCESS or state != ENFORCED:
                yield key, dict(want.content)
            else:
                yield key, _with_state(want.content, self._state_of(key) or REPORTING)

    def _switched_on(self, chosen: Mapping[str, Wanted]) -> Iterator[tuple[str, dict[str, Any]]]:
        for key, want in chosen.items():
            is_wanted_on = want.item.policy_type == CONDITIONAL_ACCESS and want.content["body"].get("state") == ENFORCED
            if is_wanted_on and self._state_of(key) == REPORTING:
                yield key, dict(want.content)

    def _state_of(self, key: str) -> str | None:
        """Return the state that the tenant's policy has now; None where there is none."""
        target = self._mapped.get((CONDITIONAL_ACCESS, key))
        policy = policies.find_by_graph_id(self._tenant, CONDITIONAL_ACCESS, target) if target else None
        newest = snapshots.latest(policy) if policy else None
        if policy is None or newest is None or policy.state != PolicyState.PRESENT:
            return None
        state = snapshots.read_snapshot(newest)["body"].get("state")
        return str(state) if state else None


def _with_state(content: Mapping[str, Any], state: str) -> dict[str, Any]:
    return {**content, "body": {**content["body"], "state": state}}
