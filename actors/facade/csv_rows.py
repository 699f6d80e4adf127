"""Rows of CSV that a spreadsheet may open: none of their cells is run."""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

# Spreadsheets may drop these at the beginning of a cell.
_TRIMMED = frozenset("\t\r\n")
# A formula may begin with these signs, of which East Asian keyboards have wide ones: at the beginning of a cell, behind
# a line end, and behind the semicolon that parts cells in the Excel of half of Europe.
_FORMULA = re.compile(r"(?:^|(?<=[;\r\n]))(?=[^\S\r\n]*+[=+\-@＝＋－＠])")


def csv_row(values: Iterable[Any]) -> str:
    """Write a line of CSV. What a spreadsheet would run as a formula has an apostrophe in front of it."""
    out = io.StringIO()
    csv.writer(out).writerow([_without_formulas("" if value is None else str(value)) for value in values])
    return out.getvalue()


def _without_formulas(text: str) -> str:
    harmless = _FORMULA.sub("'", text)
    return f"'{harmless}" if harmless[:1] in _TRIMMED else harmless
