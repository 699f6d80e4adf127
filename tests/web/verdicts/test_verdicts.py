"""Every combination: green means that nothing is missing, and amber and red lead to what helps."""

from itertools import product

import pytest

from db.clock import utcnow
from db.models import BackupSet, Coverage, Restore, Run, Tenant
from db.runs import levels
from db.states import (
    ENDED,
    ItemState,
    Level,
    Offer,
    Outcome,
    RestoreState,
    RunKind,
    RunState,
    SetState,
    Standing,
)
from db.tenants.backup_health import HealthFinding, TenantHealth
from web.verdicts.installation import installation_verdict
from web.verdicts.verdicts import (
    LOOKS,
    WORDS,
    finding_verdicts,
    restore_verdict,
    run_verdict,
    set_verdict,
    tenant_verdict,
)

TROUBLE = (Level.ATTENTION, Level.BAD)
# What a run may lack although it succeeded: its error code; None: nothing.
CODES = (
    None,
    "forbidden",
    "gone",
    "guard",
    "conflict",
    "kept",
    "differs",
    "not_offered",
    levels.WEAKER,
    levels.LACKING,
)
TENANT = Tenant(id=7, name="Contoso", last_backup_id=5)


@pytest.fixture(autouse=True)
def _links(app):
    with app.test_request_context():
        yield


def assert_honest(verdict, *, is_missing):
    assert (verdict.level == Level.GOOD) <= (not is_missing), verdict
    assert is_missing <= (verdict.level != Level.GOOD), verdict
    assert (verdict.level in TROUBLE) == (verdict.help is not None), verdict
    if verdict.help:
        assert verdict.help.address.startswith("/")
        assert verdict.sentence
        assert verdict.help.label


def test_a_run_is_green_only_where_it_succeeded_and_lacks_nothing():
    for kind, state, code in product(RunKind, RunState, CODES):
        restore_id = 9 if "restore" in kind else None
        run = Run(id=3, tenant=TENANT, kind=kind, state=state, error_code=code, restore_id=restore_id)
        assert_honest(run_verdict(run), is_missing=state != RunState.SUCCEEDED or code is not None)


def types(state, offer=Offer.OFFERED, **counts):
    return {"deviceConfigurations": {"state": str(state), "offer": str(offer), "listed": 3, "message": None, **counts}}


SETS = [
    (SetState.RUNNING, types(ItemState.PENDING)),
    (SetState.COMPLETE, types(ItemState.DONE, captured=3)),
    (SetState.WARNINGS, types(ItemState.SKIPPED, Offer.NOT_PERMITTED)),
    (SetState.INCOMPLETE, types(ItemState.DONE, captured=1, error=2)),
    (SetState.INCOMPLETE, types(ItemState.FAILED, Offer.FAILED, known=13)),
    (SetState.INCOMPLETE, {}),
]


def test_a_set_is_green_only_where_the_whole_tenant_is_in_it():
    selections = [{}, {"policies": [1]}, {"policy_types": ["deviceConfigurations"]}]
    for selection, (state, rows) in product(selections, SETS):
        made = BackupSet(id=5, tenant=TENANT, state=state, selection=selection, types=rows, manifest_id=1)
        verdict = set_verdict(made)
        assert_honest(verdict, is_missing=state != SetState.COMPLETE or bool(selection))
        if selection and state == SetState.COMPLETE:
            assert (verdict.level, verdict.word) == (Level.NEUTRAL, "part")


def test_a_set_says_how_many_policies_are_missing_at_least():
    rows = types(ItemState.DONE, captured=1, error=2) | {
        "compliance": {"state": "failed", "offer": "failed today", "listed": 0, "message": "503", "known": 11}
    }
    assert set_verdict(BackupSet(id=5, tenant=TENANT, state="incomplete", selection={}, types=rows)).sentence == (
        "At least 13 policies are missing."
    )


# (whether all was written, whether it is an undo) -> the word.
WORDS_OF_LACKS = {
    (False, False): "partly restored",
    (False, True): "half undone",
    (True, False): "restored, weaker or incomplete",
    (True, True): "undone, weaker or incomplete",
}


def test_a_finished_restore_is_green_only_where_all_of_it_was_written():
    for state, live, code, undo_of in product(RestoreState, [None, *RunState], CODES, [None, 2]):
        restore = Restore(id=9, tenant=TENANT, state=state, undo_of=undo_of)
        run = live and Run(id=3, tenant=TENANT, kind=RunKind.RESTORE, state=live, error_code=code, restore_id=9)
        verdict, has_finished = restore_verdict(restore, run, is_undone=False), state == RestoreState.FINISHED
        is_whole = has_finished and live == RunState.SUCCEEDED and code is None
        assert_honest(verdict, is_missing=not is_whole)
        if has_finished and live == RunState.SUCCEEDED and code:
            assert verdict.level == Level.ATTENTION
            assert verdict.word == WORDS_OF_LACKS[code == levels.WEAKER, bool(undo_of)]
        assert (verdict.word == "stopped") == (has_finished and live == RunState.CANCELLED)
        undone = restore_verdict(restore, run, is_undone=True)
        assert undone == verdict if not has_finished else (undone.level, undone.word) == (Level.NEUTRAL, "was undone")


def test_only_what_moves_has_the_icon_of_what_moves():
    verdicts = [restore_verdict(Restore(state=state), None, is_undone=False) for state in RestoreState]
    moving = [verdict.word for verdict in verdicts if verdict.icon == LOOKS[Level.RUNNING][1]]
    assert moving == [RestoreState.RUNNING]


def health(*standings):
    row = Coverage(tenant=TENANT, policy_type="deviceManagementScripts", bad_since=utcnow(), why="It was refused.")
    with_types = (Standing.INCOMPLETE, Standing.UNPERMITTED)
    findings = [HealthFinding(one, "A sentence.", [row] if one in with_types else ()) for one in standings]
    return TenantHealth(TENANT, findings, [row], None, None)


def test_a_tenant_is_green_only_where_nothing_is_found_and_says_all_that_is():
    for found in product([False, True], repeat=len(Standing) - 1):
        standings = [standing for standing, is_found in zip(Standing, found, strict=False) if is_found]
        whole = health(*standings)
        assert_honest(tenant_verdict(whole), is_missing=any(found))
        assert [verdict.word for verdict in finding_verdicts(whole)] == [WORDS[standing] for standing in standings]
        for verdict in finding_verdicts(whole):
            assert_honest(verdict, is_missing=True)
        of_all = installation_verdict([whole, health()])
        assert (of_all.level == Level.GOOD) == (not any(found))
        assert [count.standing for count in of_all.counts] == standings
        assert all(f"standing={count.standing}" in count.help.address for count in of_all.counts)


def test_what_is_not_permitted_names_the_permission():
    assert finding_verdicts(health(Standing.UNPERMITTED))[0].sentence == (
        "Partly read: 1 policy type, needs DeviceManagementScripts.Read.All."
    )


def test_statements_and_rows_agree_about_the_level(captured):
    run = captured[0][1]
    for state, code in product(ENDED, CODES):
        Run.update(state=state, error_code=code).where(Run.id == run.id).execute()
        row = Run.select(Run, levels.as_column().alias("level")).where(Run.id == run.id).get()
        assert row.level == levels.level_of(row)
        assert Run.select().where((Run.id == run.id) & levels.NEEDS_ATTENTION).exists() == (row.level in TROUBLE)
        assert Run.select().where((Run.id == run.id) & levels.IS_GOOD).exists() == (row.level == Level.GOOD)


def test_every_outcome_that_falls_short_is_known():
    """An outcome that is new has to be told apart: done as asked, or short of it."""
    as_asked = {
        Outcome.LISTED, Outcome.CAPTURED, Outcome.UNCHANGED, Outcome.CREATE, Outcome.UPDATE, Outcome.RECREATE,
            Outcome.UNDELETE, Outcome.UNDELETED,
        Outcome.REMOVE, Outcome.MATCHES, Outcome.EXISTS, Outcome.CREATED, Outcome.UPDATED, Outcome.RECREATED,
        Outcome.REMOVED, Outcome.FREED, Outcome.READ, Outcome.CONNECTED, Outcome.PERMITTED, Outcome.STARTED,
        Outcome.WRITTEN, Outcome.PASSED, Outcome.PUSHED,
    }  # fmt: skip
    failed = {Outcome.ERROR, Outcome.CONFLICT, Outcome.UNKNOWN, Outcome.CANCELLED}
    short = {Outcome.FORBIDDEN, Outcome.BLOCKED, Outcome.LEFT_OUT, Outcome.NOT_AVAILABLE, Outcome.GONE}
    assert as_asked | failed | short == set(Outcome)
    assert set(levels.SHORT) | set(levels.SHORT_IN_KIND.values()) == short
