"""Reports of readiness: when one is due, what is kept of it, and that a fall is told."""

from datetime import timedelta

from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.clock import utcnow
from db.models import Occurrence, Policy, ReadinessItem, ReadinessReport, Run, TenantReadiness
from db.notices import occurrences
from db.readiness import reports
from db.readiness.reports import PolicyVerdict, ReportFilter
from db.states import NoticeEvent, ReadinessVerdict

HAND, SELF = ReadinessVerdict.BY_HAND, ReadinessVerdict.BY_ITSELF
ONE = PolicyVerdict(0, "x", "x", SELF, "", "")


def saved(tenant, share, *found):
    """A report of the tenant: (policy, verdict, reason) of each; of one that is gone by now where none is given."""
    run = Run.create(tenant=tenant, kind="readiness.assess", state="succeeded", dedupe_key="x")
    said = [
        PolicyVerdict(policy.id, policy.policy_type, policy.name, verdict, reason, reason and "Do it. " * 400)
        for policy, verdict, reason in found
    ]
    return reports.save(run, said if found else [ONE], share, 90)


def test_a_tenant_is_due_after_a_backup_until_it_is_judged(cast):
    reports.mark_due(cast.contoso.id)
    first = TenantReadiness.get().due_since
    reports.mark_due(cast.contoso.id)
    assert TenantReadiness.get().due_since == first
    [due] = reports.due(utcnow())
    assert due.tenant == cast.contoso
    assert not reports.due(utcnow(), [due.id])
    reports.put_off(cast.contoso.id)
    assert not reports.due(utcnow())
    assert reports.due(utcnow() + reports.AGAIN_AFTER)
    saved(cast.contoso, 1.0)
    assert not reports.due(utcnow() + timedelta(days=1))


def test_a_report_holds_while_backups_are_the_same_and_nobody_acts_on_the_tenant(cast):
    def is_due_after_the_same_again():
        reports.mark_due(cast.contoso.id, is_same=True)
        return bool(TenantReadiness.update(due_since=None).where(TenantReadiness.due_since.is_null(False)).execute())

    assert is_due_after_the_same_again(), "never judged"
    saved(cast.contoso, 1.0)
    audit.record(Action.RUN_REQUESTED, SYSTEM, "run 1", tenant=cast.contoso, kind="x", origin="schedule")
    audit.record(Action.TENANT_CHANGED, Actor("Anna", user_id=7), "tenant 2", tenant=cast.fabrikam, changed=["name"])
    assert not is_due_after_the_same_again()
    reports.mark_due(cast.contoso.id)
    assert TenantReadiness.get(TenantReadiness.tenant == cast.contoso).due_since, "another backup"
    TenantReadiness.update(due_since=None).execute()
    audit.record(Action.TENANT_CHANGED, Actor("Anna", user_id=7), "tenant 1", tenant=cast.contoso, changed=["name"])
    assert is_due_after_the_same_again(), "somebody acted"
    report = saved(cast.contoso, 1.0)
    ReadinessReport.update(made_at=utcnow() - reports.HOLDS_FOR).where(ReadinessReport.id == report.id).execute()
    assert is_due_after_the_same_again(), "old"


def test_the_newest_report_has_lines_and_older_ones_their_figures(cast, captured):
    first, *rest = Policy.select().where(Policy.tenant == cast.contoso)
    old = saved(cast.contoso, 1.0, *((policy, SELF, "") for policy in (first, *rest)))
    new = saved(cast.contoso, 0.5, (first, HAND, "guard"))
    assert (reports.newest(cast.contoso), reports.before(new)) == (new, old)
    assert reports.newest_of([cast.contoso.id, cast.fabrikam.id]) == {cast.contoso.id: new}
    assert [report.id for report in reports.history(cast.contoso, 10)] == [old.id, new.id]
    assert (new.counts, new.reasons) == ({"by_itself": 0, "by_hand": 1, "not": 0}, {"guard": 1})
    [line] = reports.lines(cast.contoso, ReportFilter(), 10)
    assert (line.policy, len(line.why)) == (first, reports.LONGEST_WHY)
    narrow = ReportFilter(HAND, first.policy_type, [first.name[:3]])
    assert reports.count_by_type(cast.contoso, narrow) == {first.policy_type: 1}
    assert not reports.lines(cast.contoso, ReportFilter(words=["%"]), 10)
    assert reports.examples(cast.contoso, ["guard"], 3)["guard"] == [line]
    ReadinessReport.update(made_at=utcnow() - reports.KEPT - timedelta(days=1)).execute()
    assert reports.delete_old() == 1, "the newest stays"
    assert ReadinessItem.select().count() == 1


def test_a_fall_of_a_whole_percent_is_told_goes_on_and_ends_when_the_share_is_what_it_was(cast):
    def going():
        return [occurrence.facts for occurrence in occurrences.going(NoticeEvent.READINESS_FELL, cast.contoso.id)]

    for share, expected in (
        (0.5, []),
        (0.9, []),
        (0.899999, [{"share": 0.899999, "before": 0.9}]),
        (0.895, [{"share": 0.899999, "before": 0.9}]),
        # It falls further: one that stands for both.
        (0.7, [{"share": 0.7, "before": 0.9}]),
        (0.8, [{"share": 0.7, "before": 0.9}]),
        (0.9, []),
        (0.95, []),
    ):
        saved(cast.contoso, share)
        assert going() == expected, share
    ends = {row.facts["share"]: row.end_told_at is None for row in Occurrence.select()}
    assert ends == {0.899999: False, 0.7: True}, "only the last end is told"
    saved(cast.fabrikam, 0.2)
    assert Occurrence.select().count() == 2


def test_every_fall_of_a_whole_percent_is_one(cast):
    """0.29 * 100 is 28.999…: from 29 to 28 percent nothing had fallen."""
    for now in range(100):
        Occurrence.delete().execute()
        ReadinessReport.delete().execute()
        for share in ((now + 1) / 100, now / 100):
            saved(cast.contoso, share)
        assert Occurrence.select().count() == 1, now


def test_a_report_that_had_nothing_to_judge_ends_no_fall_and_begins_none(cast):
    """As after the day on which somebody deleted everything: its share is that of nothing, which is all."""
    for share in (0.9, 0.5):
        saved(cast.contoso, share)
    reports.save(Run.get(), [], 1.0, 0)
    [fall] = occurrences.going(NoticeEvent.READINESS_FELL, cast.contoso.id)
    assert fall.facts == {"share": 0.5, "before": 0.9}
    saved(cast.contoso, 0.5)
    saved(cast.fabrikam, 0.5)
    reports.save(Run.get(Run.tenant == cast.fabrikam), [], 1.0, 0)
    saved(cast.fabrikam, 0.5)
    assert [row.facts["before"] for row in Occurrence.select()] == [0.9]
