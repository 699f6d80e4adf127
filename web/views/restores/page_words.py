"""Sentences of a restore's page that have a number in them: one for one policy, one for several."""

NAMES_SHOWN = 3


def _by_count(count: int, one: str, several: str) -> str:
    return (one if count == 1 else several).format(count=count)


def built_in(count: int) -> str:
    return _by_count(
        count,
        "{count} policy is built into every tenant: nobody can change it",
        "{count} policies are built into every tenant: nobody can change them",
    )


def matching(count: int) -> str:
    return _by_count(count, "{count} policy already matches the backup", "{count} policies already match the backup")


def ready(names: list[str]) -> str:
    """Say who can write a plan. An admin may everywhere."""
    return f"Ready. {', '.join(names)} or an admin can write it." if names else "Ready. An admin can write it."


# Does it write, does it remove -> of one policy, of several.
_CONFIRM = {
    (True, False): ("Restore {count} policy to {tenant}", "Restore {count} policies to {tenant}"),
    (True, True): (
        "Restore {count} policy to {tenant}, remove {removed}",
        "Restore {count} policies to {tenant}, remove {removed}",
    ),
    (False, True): ("Remove {removed} policy from {tenant}", "Remove {removed} policies from {tenant}"),
}


def confirm(count: int, removed: int, tenant: str) -> str:
    """Say on the button what it does. `count`: of those that are written, without those that are removed."""
    one, several = _CONFIRM[count > 0 or not removed, removed > 0]
    return (one if (count or removed) == 1 else several).format(count=count, removed=removed, tenant=tenant)


def first_names(names: list[str]) -> str:
    """Name the first few, and how many more there are."""
    shown, more = ", ".join(names[:NAMES_SHOWN]), len(names) - NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
