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


def confirm(count: int, tenant: str) -> str:
    return ("Restore {count} policy to {tenant}" if count == 1 else "Restore {count} policies to {tenant}").format(
        count=count, tenant=tenant
    )


def first_names(names: list[str]) -> str:
    """Name the first few, and how many more there are."""
    shown, more = ", ".join(names[:NAMES_SHOWN]), len(names) - NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
