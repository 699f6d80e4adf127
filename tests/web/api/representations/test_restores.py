"""What a restore says of itself before, during and after, and of an item that nobody can open."""

import pytest

from actors.plans import drafts
from db.audit.audit import SYSTEM
from db.models import Content, Restore, RestoreItem, Run, RunItem
from db.states import RunKind
from tests.support import undone_restores
from tests.support.restore_steps import as_previewed, options
from web.api.representations import restores

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def restore(cast, captured):
    draft = drafts.from_snapshot(captured[0][2], cast.contoso, options(), SYSTEM)
    RestoreItem.update(action="recreate", reason="guard").where(RestoreItem.restore == draft).execute()
    return draft


def test_the_sentence_is_of_the_plan_and_then_of_what_became_of_it(app, cast, restore):
    def sentence():
        with app.test_request_context():
            return restores.details(Restore.get_by_id(restore.id))["sentence"]

    assert sentence() == ""
    as_previewed(restore)
    assert sentence() == "Nothing will be written · 1 is held back: Contoso policy 1"
    run = Run.create(tenant=cast.contoso, kind=RunKind.RESTORE, dedupe_key="k", restore_id=restore.id, state="partial")
    [item] = RestoreItem.select()
    RunItem.create(run=run, policy_type=item.policy_type, name=item.name, outcome="blocked", reason="guard",
                   restore_item_id=item.id)  # fmt: skip
    Restore.update(state="finished").execute()
    assert sentence() == "Nothing was written · 1 was held back: Contoso policy 1"


def test_a_content_that_cannot_be_opened_costs_its_own_lines_alone(app, restore):
    Content.update(sealed=b"damaged").where(Content.id == RestoreItem.get().content_id).execute()
    with app.test_request_context():
        [planned] = restores.planned_items(RestoreItem.select())
    assert (planned["differences"], planned["sections"], planned["name"]) == (None, None, "Contoso policy 1")


def test_one_that_was_undone_names_its_undo_in_lists_and_by_itself(app, cast, captured):
    restore = undone_restores.restored(cast, captured)
    undo = undone_restores.undone(restore, cast)
    with app.test_request_context():
        assert [(row["state"], row["undone_by"]) for row in restores.listed([restore, undo])] == [
            ("finished", [undo.id]),
            ("finished", []),
        ]
        assert restores.details(restore)["undone_by"] == [undo.id]
