from db.audit.audit import Action
from db.copies import stores
from web.views.audit_acts.import_acts import COPY_ACTS


def test_every_act_on_copies_is_told_and_each_of_what_is_asked_by_itself():
    of_copies = {action for action in Action if ("cop" in action or "recovery-key" in action)} - {Action.PASSKEY_CLONED}
    assert of_copies == set(COPY_ACTS)
    assert COPY_ACTS[Action.COPY_STORE_ASKED].variants.keys() == stores.ASKED.keys()
