"""Rows of CSV: no cell is a formula, and none runs into another."""

import csv
import io
import re

from hypothesis import given
from hypothesis import strategies as st

from actors.facade.csv_rows import csv_row
from tests.support.strategies import texts

formulas = st.sampled_from(["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1", "＝1", "=\n", "a;=1", "a\n =1"])
# Excel parts cells at “;” where a comma is the decimal sign, and knows nothing of our quotes then.
PARTS = re.compile(r"(?:^|(?<=[;\r\n]))'?")


@given(st.lists(texts | formulas, min_size=1, max_size=5))
def test_no_cell_of_an_export_is_a_formula_and_none_runs_into_another(values):
    [row] = csv.reader(io.StringIO(csv_row(values), newline=""))
    assert [PARTS.sub("", cell) for cell in row] == [PARTS.sub("", value) for value in values]
    parts = [part for cell in row for part in re.split("[;\r\n]", cell)]
    assert not any(part.lstrip().startswith(tuple("=+-@＝＋－＠")) for part in parts)
    assert not any(cell.startswith(tuple("\t\r\n")) for cell in row)
