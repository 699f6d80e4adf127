"""Nothing of the API asks for a form's token: nothing of it takes a cookie."""

from db.states import Scope
from web.security.permissions import Permission


def test_every_route_of_the_api_declares_its_permission_and_scopes(app):
    views = [view for endpoint, view in app.view_functions.items() if endpoint.startswith("api.")]
    assert all(isinstance(view.permission, Permission) and view.scopes for view in views)
    of_admins = {view.scopes for view in views if view.permission == Permission.ADMINISTER}
    assert of_admins <= {frozenset({Scope.READ}), frozenset({Scope.START})}, (
        "tokens administer nothing: they read, and have copies pushed"
    )
    assert len(views) > 3
