"""The library for Git, loaded where a Git store is pushed to or looked at: it is an extra, and large."""

from types import ModuleType

from actors.copies.stores.store import StoreRefused


def git_library() -> ModuleType:
    """Return `actors.copies.git.pushing`. Raises StoreRefused where its library is not installed."""
    try:
        from actors.copies.git import pushing
    except ModuleNotFoundError as e:
        if e.name and e.name.split(".")[0] == "actors":
            raise
        raise StoreRefused("dulwich is not installed here: install tenantkeep[copies].") from None
    return pushing
