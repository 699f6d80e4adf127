"""Many tenants from a file: shown first, then imported, with their links in a file that no spreadsheet runs."""

import io
import re
from html import unescape

import pytest

from db.models import Tenant
from tests.support.consenting import CUSTOMER, OTHER
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_file_is_shown_and_then_imported(admin, post, app):
    count = Tenant.select().count()
    file = io.BytesIO(f"name;directory_id;tags\n=1+2;{CUSTOMER};north\nBad;contoso.com\nOther;{OTHER}".encode())
    token = csrf_token(admin, "/tenants/connect/import")
    page = admin.post("/tenants/connect/import", data={"file": (file, "x.csv"), "csrf_token": token})
    text = page.get_data(as_text=True)
    assert ("must be a GUID" in text, Tenant.select().count()) == (True, count)
    shown = unescape(re.search(r'<textarea name="text" hidden>(.*?)</textarea>', text, re.DOTALL)[1])
    answer = post("/tenants/connect/import/go", text=shown)
    assert "attachment" in answer.headers["Content-Disposition"]
    links = re.findall(r"http://localhost(/connect/[\w-]+)", answer.get_data(as_text=True))
    assert [app.test_client().get(link).status_code for link in links] == [200, 200]
    assert "\n'=1+2," in answer.get_data(as_text=True), "a formula stays text"
    assert {row.name for row in Tenant.select().where(~Tenant.is_active)} == {"=1+2", "Other"}
    assert post("/tenants/connect/import/go", text="").status_code == 400
