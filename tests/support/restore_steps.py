"""A restore from draft to end, as a person drives it, and what a test looks at afterwards."""

import json

import actors.plans.preview
import actors.restores.live_restore
from actors.plans import drafts, option_choices
from db.audit.audit import SYSTEM, Actor
from db.clock import utcnow
from db.models import Restore, RestoreItem, RunItem, User
from db.restores import approvals, four_eyes, plan_fingerprint, restore_items
from db.states import RunState
from graph.content.normalise import ZERO_GUID

OPTIONS = {"assignments": "exact", "conditional_access": "as captured"}


def options(**changes):
    return option_choices.parse_options({**OPTIONS, **changes}, own_tenant=True)


def previewed(restore, ended, seconds=300):
    """The restore once its preview has ended."""
    run = ended(actors.plans.preview.start(restore, SYSTEM).run.id, seconds)
    assert run.state in (RunState.SUCCEEDED, RunState.PARTIAL), run.error_message
    return Restore.get_by_id(restore.id)


def as_previewed(restore, used=(), **changes):
    """The restore as if a preview had ended whose plan its items hold."""
    restore = Restore.get_by_id(restore.id)
    plan_fingerprint.save(restore, used, four_eyes.break_glass_list(restore))
    Restore.update({"state": "previewed", "previewed_at": utcnow(), **changes}).where(
        Restore.id == restore.id
    ).execute()
    return Restore.get_by_id(restore.id)


def executed(restore, ended, seconds=300, guard_reason="", **words):
    """(restore, live run) once it has ended."""
    if guard_reason and approvals.items_held_back(restore):
        approvals.override_guard(restore, SYSTEM, guard_reason)
    start = actors.restores.live_restore.start(
        Restore.get_by_id(restore.id), SYSTEM, **{"reason": "ticket 4711", **words}
    )
    run = ended(start.run.id, seconds)
    return Restore.get_by_id(restore.id), run


def plan_of(restore):
    """Name -> action, or action and reason."""
    return {
        one.name: f"{one.action}: {one.reason}" if one.reason else one.action for one in restore_items.items(restore)
    }


def items_of(run):
    return {one.name: one for one in RunItem.select().where(RunItem.run == run)}


def undone(restore):
    return drafts.undo(Restore.get_by_id(restore.id), SYSTEM)


def person(user_id):
    return Actor.person(User.get_by_id(user_id), "127.0.0.1")


def renamed_ids(content, ids):
    """The content with every old id replaced: what it has to be in a tenant with other ids."""
    text = json.dumps(content)
    for old, new in ids.items():
        if len(old) > 8 and old != ZERO_GUID:  # one exported policy has that for its id
            text = text.replace(old, new)
    return _with_tags(json.loads(text), ids)


def _with_tags(value, ids):
    """Scope tags have small numbers for ids."""
    if isinstance(value, list):
        return [_with_tags(inner, ids) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        name: [ids.get(tag, tag) if isinstance(tag, str) else tag for tag in inner]
        if name in ("roleScopeTagIds", "roleScopeTags") and isinstance(inner, list)
        else _with_tags(inner, ids)
        for name, inner in value.items()
    }


def made_ids(restore):
    """Old id -> new id, of what a restore made or found under another id."""
    rows = RestoreItem.select().where(RestoreItem.restore == restore)
    return {one.graph_id: one.created_id or one.target_id for one in rows if one.created_id or one.target_id}
