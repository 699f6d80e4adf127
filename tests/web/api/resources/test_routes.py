"""Nothing of the API asks for a form's token: nothing of it takes a cookie."""

from web.security.permissions import Permission


def test_every_route_of_the_api_declares_its_permission_and_scopes(app):
    views = [view for endpoint, view in app.view_functions.items() if endpoint.startswith("api.")]
    assert all(isinstance(view.permission, Permission) and view.scopes for view in views)
    assert Permission.ADMINISTER not in {view.permission for view in views}, "tokens administer nothing"
    assert len(views) > 3
