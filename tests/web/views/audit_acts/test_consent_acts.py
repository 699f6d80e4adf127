"""The acts of consent; their sentences are in test_audit_sentences.py."""

from db.audit.audit import Action
from web.views.audit_acts.consent_acts import CONSENT_ACTS


def test_a_link_for_any_directory_names_none():
    asked = CONSENT_ACTS[Action.CONSENT_ASKED]
    said = asked.sentence("ok", is_own=False, values={"directory_id": None, "access": "read"})
    assert said == "{who} made a link that asks an administrator for consent ({access})"
