"""The form's rows are fetched as the person may see them, and are all of one tenant."""

import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from tests.support.documents import captured_policies, keep_set
from web.views.documents import document_form
from web.views.documents.document_form import asked_form, chosen_options

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_what_is_asked_for_is_of_one_tenant(app, client, sign_in, cast, monkeypatch):
    mine = keep_set(cast.contoso, captured_policies(cast.contoso, {"name": "A"}))
    theirs = keep_set(cast.fabrikam, captured_policies(cast.fabrikam, {"name": "B"}))
    monkeypatch.setattr(document_form, "fetch", lambda model, number, _permission: model.get_by_id(number))
    with app.test_request_context("/documents/new"):
        with pytest.raises(NotFound):
            asked_form(MultiDict({"backup_set": mine.id, "other_set": theirs.id}))
        form = asked_form(MultiDict([("backup_set", mine.id), ("type", "b"), ("type", "a"), ("only_assigned", "yes")]))
        options = chosen_options(form)
    assert (options.backup_set, list(options.types), options.only_assigned) == (mine.id, ["b", "a"], True)
