"""The report for an auditor: in every format and both languages, with nothing in it that is the reader's program."""

import zipfile
from io import BytesIO

import pytest

from actors.documents.language import language_of
from actors.rehearsals import rehearse, report
from db.audit.audit import SYSTEM
from db.models import Rehearsal, RehearsalSample
from db.rehearsals import rehearsals
from db.rehearsals.rehearsals import FINDINGS_KEPT, NewFinding
from db.runs import completion
from db.states import DocumentFormat, ItemState, Outcome, RehearsalState
from tests.support.claimed_runs import claimed, settle_all

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def rehearsal(app, cast):
    claim = claimed(rehearse.create_run(cast.contoso, SYSTEM))
    row = Rehearsal.get()
    rehearsals.add_findings(
        row,
        rehearse.CONTENTS,
        [
            NewFinding(
                "sealed", "It does\x00 not open.", "configurationPolicies", "1", "=cmd|' /C calc'!A0<script>x</script>"
            )
        ],
    )
    rehearsals.add_findings(row, rehearse.PLAN, [NewFinding("built_in", "It is built in.", is_failure=False)])
    rehearsals.note(row, lab_id=cast.fabrikam.id, contents_total=7, contents_checked=7, backup_run_id=3)
    RehearsalSample.create(rehearsal=row, policy_type="configurationPolicies", graph_id="2", name="VPN",
                           lab_object_id="left-there", outcome="created", differences=3)  # fmt: skip
    settle_all(claim, ItemState.DONE, Outcome.PASSED, message="As it should be.")
    completion.finish(claim)
    return Rehearsal.get()


def test_more_findings_than_are_kept_are_at_least_so_many(rehearsal):
    def counted():
        text = report.write(Rehearsal.get(), DocumentFormat.MARKDOWN, "en", str, shows_lab=True).decode()
        return next(line for line in text.splitlines() if "Findings" in line)

    assert "at least" not in counted()
    failure, remark = (NewFinding("x", "It does not open.", is_failure=is_failure) for is_failure in (True, False))
    rehearsals.add_findings(rehearsal, rehearse.PLAN, [remark] * (FINDINGS_KEPT + 5))
    rehearsals.add_findings(rehearsal, rehearse.CONTENTS, [failure] * (FINDINGS_KEPT - 2))
    assert f"{FINDINGS_KEPT - 1}" in counted()
    assert "at least" not in counted(), "remarks have no room for more, and failures have"
    rehearsals.add_findings(rehearsal, rehearse.CONTENTS, [failure] * 3)
    assert f"at least {FINDINGS_KEPT}" in counted()


@pytest.mark.parametrize("wanted", list(DocumentFormat))
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_report_says_what_was_done_and_found(rehearsal, wanted, language):
    file = report.write(rehearsal, wanted, language, str, shows_lab=True)
    if wanted == DocumentFormat.DOCX:
        with zipfile.ZipFile(BytesIO(file)) as parts:
            file = parts.read("word/document.xml")
    text = file.decode()
    say = language_of(language).say
    for told in (say("Findings"), say("Open every content"), "As it should be.", "It is built in.", "VPN", "Fabrikam",
                 "left-there", say("Settings catalog"), "Contoso"):  # fmt: skip
        assert told in text, told
    assert "<script>" not in text or wanted == DocumentFormat.CSV
    assert "\x00" not in text
    if wanted == DocumentFormat.CSV:
        assert "=cmd" not in [cell[:4] for line in text.splitlines() for cell in line.split(",")]


def test_the_lab_is_named_only_to_who_may_see_it(rehearsal):
    text = report.write(rehearsal, DocumentFormat.MARKDOWN, "en", str, shows_lab=False).decode()
    assert "Fabrikam" not in text
    assert "left-there" not in text
    assert "another tenant" in text


def test_every_state_and_step_has_its_words_in_german(database):
    assert set(report.STATE_WORDS) == set(RehearsalState)
    words = {*report.STATE_WORDS.values(), *report._STEP_WORDS.values(), *rehearse.TITLES.values()}
    assert words <= language_of("de").sentences.keys()


@pytest.mark.parametrize("wanted", [DocumentFormat.MARKDOWN, DocumentFormat.CSV])
def test_what_the_backup_may_not_read_is_no_hand_in_a_restore(rehearsal, wanted):
    unread = NewFinding("forbidden", "The app may not read it.", "deviceManagementScripts", is_failure=False)
    rehearsals.add_findings(rehearsal, rehearse.BACKUP, [unread])
    text = report.write(Rehearsal.get(), wanted, "en", str, shows_lab=True).decode()
    place = {word: text.index(word) for word in ("Not read by the backup", "The app may not read it.", "Needs a hand")}
    assert place["The app may not read it."] < place["Needs a hand"]
    assert place["Not read by the backup"] < place["Needs a hand"]
