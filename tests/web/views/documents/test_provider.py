"""`/documents/provider`: an admin gives a name and a logo; a picture that is none is refused."""

from io import BytesIO

import pytest

from db.documents import provider
from tests.support.documents import png
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_an_admin_gives_a_name_and_a_logo(client, sign_in, cast):
    sign_in(client, cast.root)

    def save(**form):
        form = {"csrf_token": csrf_token(client, "/"), "name": "Example IT", **form}
        return client.post("/documents/provider/", data=form, follow_redirects=True).get_data(as_text=True)

    assert client.get("/documents/provider/logo").status_code == 404
    assert "Saved." in save(logo=(BytesIO(png(3, 2)), "logo.png"))
    answer = client.get("/documents/provider/logo")
    assert (answer.data, answer.mimetype) == (png(3, 2), "image/png")
    assert "no PNG and no JPEG" in save(logo=(BytesIO(b"<svg/>"), "logo.svg"))
    assert "more than 512 KB" in save(logo=(BytesIO(png(3, 2) + b"x" * 600_000), "logo.png"))
    assert provider.get().logo == png(3, 2)
    assert "Saved." in save(without_logo="yes")
    assert provider.get().logo == b""
    sign_in(client, cast.max)
    assert client.get("/documents/provider/").status_code == 403
