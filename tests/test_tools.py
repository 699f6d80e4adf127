"""Tools that take minutes: they say what they do, and do nothing, when asked for help or for what they do not know."""

import sys

import pytest

from tests.tools import image_proof, screenshots


@pytest.mark.parametrize("tool", [image_proof, screenshots], ids=["image_proof", "screenshots"])
@pytest.mark.parametrize(("word", "code"), [("--help", 0), ("--colour", 2), ("dashboard", 2)])
def test_help_and_unknown_words_begin_nothing(tool, word, code, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["tool", word])
    with pytest.raises(SystemExit) as left:
        tool.main()
    assert left.value.code == code
    printed = capsys.readouterr()
    assert (tool.__doc__.split(":")[0] in printed.out) if code == 0 else (word in printed.err)
