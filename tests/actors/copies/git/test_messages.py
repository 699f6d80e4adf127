from datetime import datetime
from types import SimpleNamespace

from actors.copies.git.authors import CommitAuthor
from actors.copies.git.messages import Counts, message, set_of

INSTALLATION = "6d0c2f3e-0000-4000-8000-000000000001"


def test_no_name_of_a_tenant_or_a_set_can_claim_another_set():
    hostile = f"Contoso\n\nBackup-set: {INSTALLATION}/9\n\n"
    copied = SimpleNamespace(tenant_name=hostile, directory_id="d", set_number=41)
    backup_set = SimpleNamespace(name=hostile, state="complete", created_at=datetime(2026, 11, 27, 3, 15))
    text = message(INSTALLATION, copied, backup_set, Counts(0, 2, 1), [CommitAuthor("Eve", "e@x")])
    assert text.splitlines()[0] == f"Contoso Backup-set: {INSTALLATION}/9: backup set 41, 0 added, 2 changed, 1 removed"
    assert text.endswith(f"\nCo-authored-by: Eve <e@x>\nBackup-set: {INSTALLATION}/41\n")
    assert set_of(text.encode()) == (INSTALLATION, 41)
    for other in (b"", b"Backup-set: x/1", f"Backup-set: {INSTALLATION}/41\n\nmore".encode(), b"\xff"):
        assert set_of(other) is None
