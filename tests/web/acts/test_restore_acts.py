"""Executing a restore: what is answered first, by a page and by a program alike."""

import pytest

from actors.plans import drafts
from db.audit.audit import SYSTEM
from db.errors import Invalid
from db.models import Restore, RestoreItem, Run
from tests.support.restore_steps import as_previewed, options
from web.acts import restore_acts
from web.acts.restore_acts import ExecuteAnswers


@pytest.fixture
def undo(cast, captured):
    """Previewed, with what the guard holds back."""
    undone = drafts.from_snapshot(captured[0][2], cast.contoso, options(), SYSTEM)
    undo = drafts.from_snapshot(captured[0][2], cast.contoso, options(), SYSTEM)
    Restore.update(undo_of=undone).where(Restore.id == undo.id).execute()
    RestoreItem.update(action="update", differences=1, reason="guard").where(RestoreItem.restore == undo).execute()
    return as_previewed(undo)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tenant_name": "Fabrikam"}, "Type the name of the tenant"),
        ({"put_back_held": None}, "Choose whether to put back"),
        ({"reason": ""}, "Say why"),
        ({"plan": "another"}, "another one since you looked"),
        ({"plan": ""}, "another one since you looked"),
    ],
)
def test_a_wrong_answer_starts_nothing_and_the_right_ones_start_one(undo, redis_url, changes, sentence):
    right = {"tenant_name": " contoso ", "reason": "INC-1", "plan": undo.planned_mark, "put_back_held": False}
    with pytest.raises(Invalid, match=sentence):
        restore_acts.execute(undo, SYSTEM, ExecuteAnswers(**{**right, **changes}))
    assert not Run.select().where(Run.restore_id == undo.id).exists()
    assert restore_acts.execute(undo, SYSTEM, ExecuteAnswers(**right)).is_new
