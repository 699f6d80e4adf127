"""Rows of CSV: no cell is a formula, and none runs into another."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from actors.facade.csv_rows import csv_row
from tests.support.strategies import texts

formulas = st.sampled_from(["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1", "＝1", "=\n"])


@given(st.lists(texts | formulas, min_size=1, max_size=5))
def test_no_cell_of_an_export_is_a_formula_and_none_runs_into_another(values):
    [row] = csv.reader(io.StringIO(csv_row(values), newline=""))
    assert [cell.removeprefix("'") for cell in row] == [value.removeprefix("'") for value in values]
    assert not any(cell.lstrip().startswith(tuple("=+-@＝＋－＠")) or cell.startswith(tuple("\t\r\n")) for cell in row)
