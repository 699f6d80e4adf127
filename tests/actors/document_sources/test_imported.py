"""An import as a source: of whom it says it is, what was found in it, what was left out; no stand-ins, no secrets."""

from db.models import Content, PolicyImport
from db.states import DocumentFormat
from graph.references.stand_ins import UNKNOWN_DIRECTORY
from tests.support.documents import imported, text_of


def test_an_import_is_told_as_imported_with_what_was_found_and_without_secrets(cast):
    row = imported(cast.contoso)
    text = text_of(cast.contoso, policy_import=row.id)
    for words in ("imported from IntuneManagement, not captured", "Imported for", "nobody knows whether a tenant",
                  "The export says it is of Old tenant", "Wi\\-Fi", "It had no assignments", "Pilot ring",
                  "notes/readme", "It is cut off."):  # fmt: skip
        assert words.replace("\\", "") in text.replace("\\", ""), words
    assert "hush~1" not in text
    assert "Captured" not in text
    assert UNKNOWN_DIRECTORY not in text
    table = text_of(
        cast.contoso, DocumentFormat.CSV, policy_import=row.id, only_assigned=True, changed_since="2026-01-01"
    )
    assert "Wi-Fi" in table
    assert text_of(cast.contoso, policy_import=row.id, types=("mobileApps",)).count("No policy is left") == 1
    PolicyImport.update(organisation="").execute()
    Content.update(sealed=b"broken").execute()
    text = text_of(cast.contoso, policy_import=row.id, language="de")
    assert "Der Export sagt" not in text
    assert "nicht erfasst" in text
    assert "lässt sich nicht öffnen" in text
