"""Acts that give somebody contents: each has its sentence, and stands among all acts."""

from db.audit.audit import Action
from web.views.audit_acts.audit_acts import ACTS
from web.views.audit_acts.disclosure_acts import DISCLOSURE_ACTS


def test_every_disclosure_is_among_all_acts():
    assert DISCLOSURE_ACTS.items() <= ACTS.items()
    assert Action.DOCUMENT_DOWNLOADED in DISCLOSURE_ACTS
