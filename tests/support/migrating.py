"""Migrating by two processes at once, as two that are upgraded together do."""

import threading

from db import migrate

SECONDS = 300


def migrate_twice_at_once():
    """Return, sorted, whether each of the two did anything."""
    applied = []
    threads = [threading.Thread(target=lambda: applied.append(migrate.migrate()), daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive(), "the two wait for each other"
    return sorted(map(bool, applied))
