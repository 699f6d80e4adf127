"""CSV: one table, and nothing in it that a spreadsheet would run."""

from actors.documents.composing import Record
from actors.documents.csv_writer import csv_pieces
from actors.documents.language import DocumentLanguage


def test_formulas_are_text_and_long_cells_are_cut():
    values = ("=1", "+1", "-1", "@a", "\t=1", " =1", "＝1", "a=1", "a; =1", "x" * 40_000)
    lines = list(csv_pieces((Record("", "", "", "", "", "", value) for value in values), DocumentLanguage("en")))
    assert lines[0] == "\ufeffPolicy type,Policy,Id,Part,Group,Name,Value,Exact value\r\n"
    told = [line.rstrip("\r\n").removeprefix(",,,,,,").removesuffix(",") for line in lines[1:]]
    assert told == ["'=1", "'+1", "'-1", "'@a", "'\t=1", "' =1", "'＝1", "a=1", "a;' =1", "x" * 32_000]
