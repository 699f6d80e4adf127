"""All that a plan tells of an item: its notes, and what it leaves weaker or incomplete."""

from actors.plans.shortfall_texts import SHORTFALLS


def told(plan):
    """The sentences of an ItemPlan."""
    return (*plan.notes, *(SHORTFALLS[found.code].before.format(**found.values) for found in plan.shortfalls))


def told_of(item):
    """The sentences of a RestoreItem."""
    shortfalls = [entry for entry in item.dangers or () if entry["code"] in SHORTFALLS]
    return [*(item.notes or ()), *(SHORTFALLS[entry["code"]].before.format(**entry["values"]) for entry in shortfalls)]


def shortfall_codes(plan):
    return [str(found.code) for found in plan.shortfalls]
