"""The acts on imports, as the audit log tells them."""

from db.audit.audit import Action
from web.views.installation.import_acts import IMPORT_ACTS


def test_every_act_on_imports_has_its_sentence():
    assert set(IMPORT_ACTS) == {action for action in Action if action.startswith("import:")}
