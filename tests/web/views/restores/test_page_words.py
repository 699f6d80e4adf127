"""A restore's button says what it does: an undo removes what the restore created."""

import pytest

from web.views.restores import page_words


@pytest.mark.parametrize(
    ("count", "removed", "said"),
    [
        (1, 0, "Restore 1 policy to Contoso"),
        (2, 0, "Restore 2 policies to Contoso"),
        (1, 2, "Restore 1 policy to Contoso, remove 2"),
        (3, 1, "Restore 3 policies to Contoso, remove 1"),
        (0, 1, "Remove 1 policy from Contoso"),
        (0, 2, "Remove 2 policies from Contoso"),
        # All of it is held back, and the form asks about that.
        (0, 0, "Restore 0 policies to Contoso"),
    ],
)
def test_the_button_names_what_is_written_and_what_is_removed(count, removed, said):
    assert page_words.confirm(count, removed, "Contoso") == said
