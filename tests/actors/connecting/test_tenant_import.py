"""A list of tenants as people's spreadsheets write it: every line with a verdict, and nothing written before that."""

import pytest

from actors.connecting import tenant_import
from db.audit.audit import SYSTEM
from db.errors import Invalid
from db.models import ConsentRequest, Tenant
from db.states import AppAccess
from db.tenants import consents, shared_apps

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ONE, TWO = (f"eeeeeeee-5555-4555-8555-55555555555{digit}" for digit in "12")


def read(text, encoding="utf-8"):
    return [(line.number, line.name, line.directory_id, list(line.tags), line.problem)
            for line in tenant_import.read_file(text.encode(encoding))]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_file_is_read_as_spreadsheets_save_it(database, encoding, end, mark):
    lines = [("Name", "Directory ID", "Tags"), ('"Müller, ""A""; Söhne"', ONE, '"north, gold"'), ("", "", ""),
             (" Fabrikam ", TWO.upper(), "")]  # fmt: skip
    text = end.join(mark.join(line) for line in lines)
    expected = [(2, 'Müller, "A"; Söhne', ONE, ["north", "gold"], ""), (4, "Fabrikam", TWO, [], "")]
    assert read(text, encoding) == expected
    untitled = end.join(mark.join(line) for line in lines[1:])
    assert [row[1:] for row in read(untitled, encoding)] == [row[1:] for row in expected], (
        "without titles, in this order"
    )


def test_each_bad_line_is_named_with_what_to_do_and_costs_only_itself(cast):
    lines = [f"A,{ONE}", f"B,{ONE}", f"A,{TWO}", f"Contoso,{TWO}", f"C,{cast.fabrikam.directory_id}", "D,contoso.com",
             f",{TWO}", f"E,{TWO},{'x' * 50}", f"F,{TWO}"]  # fmt: skip
    found = {row[0]: row[4] for row in read("\n".join(lines))}
    for number, said in {
        1: "", 2: "Line 1 has the same name or id", 3: "Line 1 has the same", 4: "There is already a tenant",
        5: "The directory is the tenant “Fabrikam” already", 6: "must be a GUID", 7: "1 to 200 characters",
        8: "at most 40 characters", 9: "",
    }.items():  # fmt: skip
        assert (said in found[number], bool(said)) == (True, bool(found[number])), number


def test_what_is_no_list_is_refused_whole(database):
    for data, said in (
        (b"\n\n", "no line with a tenant"),
        (b"\xc3\x28", "neither UTF-8 nor UTF-16"),
        (b'"never closed', "is no CSV"),
        (b"a,b\n" * 5001, "more than 5000 lines"),
    ):
        with pytest.raises(Invalid, match=said):
            tenant_import.read_file(data)


def test_what_is_imported_waits_for_consent_with_a_link_each(database):
    lines = tenant_import.read_file(f"A,{ONE},north\nB,{TWO}\nC,nothing".encode())
    with pytest.raises(Invalid, match="no app of its own"):
        tenant_import.import_lines(lines, SYSTEM)
    shared_apps.set_app("global", AppAccess.READ, ONE, TWO, SYSTEM)
    imported = tenant_import.import_lines(lines, SYSTEM)
    assert [consents.find_by_link(line.token).tenant.name for line in imported] == ["A", "B"]
    assert [(row.is_active, [tag.name for tag in row.tags]) for row in Tenant.select().order_by(Tenant.name)] == [
        (False, ["north"]), (False, [])]  # fmt: skip
    rows = tenant_import.as_rows(imported, lambda token: f"https://x/{token}")
    assert (rows[0][3], rows[1][3]) == ("link", f"https://x/{imported[0].token}")
    assert ConsentRequest.select().count() == 2
