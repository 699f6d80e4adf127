"""What differs from a standard is put back as the standard wants it, and nothing else with it."""

import pytest

from actors.keeping import putting_back
from actors.standards.comparing import compare
from db.audit.audit import SYSTEM
from db.errors import Invalid
from db.models import Change, Snapshot, StandardAdoption
from db.standards import adoptions
from tests.support.changes import record_change
from tests.support.standard_rows import catalog_body, follow, guid, has, item_of, new_standard, version_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_restore_of_what_the_standard_wants_and_of_other_changes_of_what_was_before(cast):
    standard = new_standard()
    version_of(standard, *(item_of(name, catalog_body(name, "wanted")) for name in ("disk", "edge")))
    adoption = follow(standard, cast.contoso)
    for number, name in enumerate(("disk", "edge"), start=1):
        has(adoption, name, guid(number), catalog_body(name, "own"))
    compare(adoption.id)
    differing = list(Change.select().order_by(Change.id))
    restore = putting_back.draft(differing, SYSTEM)
    assert (restore.source_directory_id, restore.standard_id) == (standard.uid, standard.id)
    assert sorted(item.graph_id for item in restore.items) == ["disk", "edge"]
    own, before = has(adoption, "", guid(3), catalog_body("Own"))
    ordinary = record_change(own, before=before, before_mark=before.content.fingerprint)
    with pytest.raises(Invalid, match="from one standard by itself"):
        putting_back.draft([*differing, ordinary], SYSTEM)
    [item] = putting_back.draft([ordinary], SYSTEM).items
    assert (putting_back.why_not(ordinary), item.snapshot_id) == ("", Snapshot.get_by_id(before.id).id)
    adoptions.leave(StandardAdoption.get_by_id(adoption.id), SYSTEM)
    assert putting_back.why_not(differing[0]) == putting_back.NOT_FOLLOWED
    with pytest.raises(Invalid, match="no longer follows"):
        putting_back.draft(differing, SYSTEM)
