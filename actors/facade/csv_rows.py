"""Rows of CSV that a spreadsheet may open: none of their cells is run."""

import csv
import io
from collections.abc import Iterable
from typing import Any

# Spreadsheets may drop the first, and read the wide signs of East Asian keyboards as the narrow ones.
_TRIMMED, _FORMULA = frozenset("\t\r\n"), frozenset("=+-@＝＋－＠")


def csv_row(values: Iterable[Any]) -> str:
    """Write a line of CSV. A value that a spreadsheet would run as a formula starts with an apostrophe."""
    out = io.StringIO()
    csv.writer(out).writerow([_without_formula(value) for value in values])
    return out.getvalue()


def _without_formula(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in _TRIMMED or text.lstrip()[:1] in _FORMULA else text
