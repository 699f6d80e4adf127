"""The result of a restore: what really happened, and the first thing that is not as it was asked for."""

from itertools import combinations

from actors.plans import restore_results
from db.models import RestoreItem, RunItem
from db.runs import levels

# Everything that an item can end as: (outcome, reason) -> whether something that was asked for is open.
ENDS = {
    ("updated", None): False,
    ("created", None): False,
    ("recreated", None): False,
    ("removed", None): False,
    ("matches", None): False,
    ("matches", "gone"): False,
    ("exists", "exists"): False,
    ("matches", "kept"): True,
    ("blocked", "guard"): True,
    ("blocked", "unresolved"): True,
    ("blocked", "not_restorable"): True,
    ("conflict", "conflict"): True,
    ("error", "forbidden"): True,
    ("unknown", "uncertain"): True,
    ("cancelled", "cancelled"): True,
}
# Ends of an item after which it is as the plan said, with what that leaves weaker.
AS_PLANNED = {(outcome, None) for outcome in ("updated", "created", "recreated", "removed", "matches")}
LEFT = {"code": "left_report_only", "values": {}}


def item_with(number, *dangers, **columns):
    return RestoreItem(id=number, name=f"P{number}", dangers=list(dangers), **columns)


def test_after_a_restore_only_what_really_happened_is_told():
    left = {"code": "left_report_only", "values": {}}
    items = [item_with(number, left) for number in range(1, 6)]
    items[4].verified = False
    results = {
        1: RunItem(outcome="updated"),
        2: RunItem(outcome="conflict", reason="conflict"),
        3: RunItem(outcome="blocked", reason="guard", message="It applies to all users."),
        4: RunItem(outcome="matches", reason="kept"),
        5: RunItem(outcome="updated"),
    }
    listed = [(one.name, one.sentence.partition(":")[0]) for one in restore_results.warnings_after(items, results)]
    assert listed == [
        ("P1", "It is in report-only"),
        ("P3", "It was held back by the Conditional Access guard and is as it was before. It applies to all users."),
        ("P4", "It is in report-only"),
        ("P5", "It is in report-only"),
        ("P5", "What was read back is not what was written. Look at its differences."),
    ]


def test_every_combination_lacks_what_is_open_first_then_what_is_weaker():
    for size in (1, 2, 3):
        for chosen in combinations(ENDS, size):
            results = {
                number: RunItem(outcome=outcome, reason=reason, message=f"M{number}")
                for number, (outcome, reason) in enumerate(chosen, start=1)
            }
            whole, weaker = (restore_results.lack_of(items, results) for items in ([], [item_with(1, LEFT)]))
            first_open = next((number for number, end in enumerate(chosen, start=1) if ENDS[end]), None)
            if first_open:
                assert whole.message == weaker.message == f"M{first_open}"
                continue
            assert whole is None, chosen
            assert (weaker is not None) == (chosen[0] in AS_PLANNED), chosen
            if weaker:
                assert (weaker.reason, weaker.message) == (
                    levels.WEAKER,
                    "1 policy is weaker or incomplete after this restore",
                )
