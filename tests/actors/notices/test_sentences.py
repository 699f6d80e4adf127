"""One sentence for each event, begun and well again, and the page that it leads to."""

from dataclasses import dataclass

import pytest

from db.notices import occurrences, rules
from db.states import NoticeEvent, RunKind, RunState
from tests.actors.notices.test_words import ADDRESS, AT, told  # noqa: F401 - a fixture


@dataclass(frozen=True)
class Case:
    event: NoticeEvent
    more: dict
    subject: str
    path: str
    well: str = ""


SINCE = {"since": AT.isoformat()}
STANDARDS = [{"name": "Base", "states": {"aligned": 38, "not_readable": 1}}, {"name": "New", "states": {}}]
CASES = (
    Case(NoticeEvent.RUN_FAILED, {"run_id": 7, "facts": {"kind": RunKind.BACK_UP}}, "Contoso: The backup failed",
         "/runs/7"),
    Case(NoticeEvent.RUN_PARTIAL,
         {"run_id": 7, "facts": {"kind": RunKind.BACK_UP, "counts": {"total": 120, "failed": 2, "uncertain": 1}}},
         "Contoso: The backup succeeded in part: 3 of 120 policies failed", "/runs/7"),
    Case(NoticeEvent.NO_GOOD_BACKUP, {"facts": {"hours": 26, **SINCE}},
         "Contoso: No good backup for more than 26 hours", "/tenants/{tenant}",
         "Contoso: There is a good backup again"),
    Case(NoticeEvent.SCHEDULE_MISSED, {"facts": {"due_at": AT.isoformat()}},
         "Contoso: The backup that was due 26 Nov 03:12 Vienna did not begin", "/tenants/{tenant}",
         "Contoso: The schedule goes on"),
    Case(NoticeEvent.RESTORE_ASKED, {"restore_id": 4, "facts": {"asked_by": "ada@example.com"}},
         "Contoso: ada@example.com asks for somebody to confirm restore 4", "/restores/4"),
    Case(NoticeEvent.RESTORE_WAITING, {"restore_id": 4},
         "Contoso: Restore 4 waits for the approval of a second person", "/restores/4"),
    Case(NoticeEvent.RESTORE_DONE, {"restore_id": 4, "facts": {"state": RunState.SUCCEEDED, "counts": {"done": 4}}},
         "Contoso: Restore 4 is done: 4 policies", "/restores/4"),
    Case(NoticeEvent.TENANT_APPROVAL_WAITING, {"restore_id": 4},
         "Contoso: Restore 4 waits for Multi Admin Approval in the tenant", "/restores/4",
         "Contoso: The restore no longer waits for Multi Admin Approval"),
    Case(NoticeEvent.CONNECTION_FAILING, {"facts": SINCE}, "Contoso: Signing in to the tenant fails",
         "/tenants/{tenant}", "Contoso: Signing in to the tenant works again"),
    Case(NoticeEvent.CREDENTIAL_EXPIRING, {"facts": {"ends_at": AT.isoformat()}},
         "Contoso: The credential ends 26 Nov 03:12 Vienna", "/tenants/{tenant}",
         "Contoso: The credential was renewed"),
    Case(NoticeEvent.READINESS_FELL, {"facts": {"share": 0.625, "before": 0.81}},
         "Contoso: 62 % of the policies would come back by themselves if they were deleted, 81 % before",
         "/tenants/{tenant}/readiness",
         "Contoso: As many policies as before the fall would come back by themselves again"),
    Case(NoticeEvent.DELETION_DUE, {"facts": {"count": 12, "due_at": AT.isoformat()}},
         "Contoso: 12 backup sets go on 26 Nov 03:12 Vienna, unless somebody protects them", "/tenants/{tenant}"),
    Case(NoticeEvent.AUDIT_BROKEN, {}, "Tenantkeep’s audit log was changed, or a part of it is missing", "/audit/",
         "The audit log holds again"),
    Case(NoticeEvent.COPIES_FAILING, {"facts": {"store": "Vault", "why": "behind"}},
         "Copies in the store “Vault” are more than a day behind", "/copies/",
         "Copies elsewhere are up to date again"),
    Case(NoticeEvent.SAFEGUARD_CHANGED,
         {"facts": {"action": "copy-store:changed", "subject": "store of copies Vault", "by": "eve@example.com",
                    "changed": ["needs_lock", "is_active"]}},
         "Contoso: eve@example.com changed the store of copies Vault (whether copies have to be locked, whether it is "
         "switched on)", "/audit/"),
    Case(NoticeEvent.FOREIGN_WRITE, {"facts": {"activity": "Patch Policy", "object": "MFA", "at": AT.isoformat()}},
         "Contoso: Somebody else wrote with Tenantkeep’s app (Patch Policy): “MFA”", "/tenants/{tenant}"),
    Case(NoticeEvent.ROLLOUT, {"facts": {"rollout": 4, "standard": "Baseline", "version": 3, "ring": "pilot",
                                         "what": "asked"}},
         "Standard “Baseline”, version 3, is planned for the pilot ring, and waits to be confirmed", "/rollouts/4"),
    Case(NoticeEvent.ROLLOUT_PLANNED, {"facts": {"rollout": 4, "standard": "Baseline", "version": 3, "ring": "pilot"}},
         "Contoso: Version 3 of the standard “Baseline” is planned for this tenant", "/rollouts/4"),
    Case(NoticeEvent.STANDARD_EXCEPTION, {"facts": {"what": "ending", "standard_id": 7, "standard": "Baseline",
          "item": "MFA", "tag": None, "kind": "leave_out", "until": AT.isoformat(), "reason": "CAB 12"}},
         "Contoso: An exception is about to end: “MFA” of the standard “Baseline”, left out, until 26 Nov 03:12 "
         "Vienna. CAB 12", "/standards/7/tenants/{tenant}"),
    *(
        Case(event, {"facts": {"begin": "2026-10-01T00:00:00", "end": "2026-11-01T00:00:00", "changes": changes,
                               "high": changes // 4, "open": changes // 6, "backed_up_at": at,
                               **({"standards": STANDARDS} if changes else {})}},
             f"Contoso: Report of 1 Oct to 31 Oct 2026: {told_words}", "/tenants/{tenant}")
        for event, changes, at, told_words in (
            (NoticeEvent.WEEKLY_REPORT, 0, None, "nothing changed; nothing is open; no whole backup yet"),
            (NoticeEvent.MONTHLY_REPORT, 12, AT.isoformat(),
             "12 changes, 3 of them high; 2 are open; last whole backup 26 Nov 03:12 Vienna; standard “Base”: "
             "38 as it wants, 1 could not be read; standard “New”: not looked at yet"),
        )
    ),
)  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_event_has_its_sentence_and_its_page_begun_and_well_again(app, cast, told):  # noqa: F811
    assert {case.event for case in CASES} == {*NoticeEvent} - {NoticeEvent.CHANGE}
    reached = app.url_map.bind("localhost")
    for case in CASES:
        tenant = None if case.event in rules.OF_INSTALLATION else cast.contoso
        occurrences.begin(case.event, case.event, tenant, **case.more)
        message = told()
        assert message.subject == case.subject
        assert message.link == ADDRESS + case.path.format(tenant=cast.contoso.id)
        reached.match(message.link.removeprefix(ADDRESS))
        if case.well:
            occurrences.end(case.event)
            assert told().subject == case.well
    occurrences.begin(NoticeEvent.DELETION_DUE, "whole", cast.contoso, facts={"due_at": AT.isoformat()})
    assert told().subject == "Contoso: The tenant goes with all its backups on 26 Nov 03:12 Vienna, unless " \
        "somebody takes that back"  # fmt: skip
    found = {"store": "Vault", "why": "damaged", "found": "contents/3f/x.age was missing."}
    occurrences.begin(NoticeEvent.COPIES_FAILING, "damaged", None, facts=found)
    assert ("Found", found["found"]) in told().facts
    copies = {"copies_of": "Woodgrove", "store": "Vault", "store_id": 3, "due_at": AT.isoformat()}
    occurrences.begin(NoticeEvent.DELETION_DUE, "copies", facts=copies)
    message = told()
    assert message.subject == "All copies of Woodgrove in the store “Vault” go on 26 Nov 03:12 Vienna, unless " \
        "somebody takes that back"  # fmt: skip
    assert message.link == f"{ADDRESS}/copies/3"
