"""Documents that are no policies."""

import pytest

from graph.foreign.read import read_export
from graph.foreign.recognition import count_dsc_blocks
from tests.support.foreign_samples import as_json


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (7, "neither JSON"),
        ([1, 2], "something else than policies"),
        ({"PartitionKey": "StandardsTemplateV2", "JSON": "{}"}, "another sort"),
        ({"PartitionKey": "IntuneTemplate", "JSON": "no json"}, "cannot be read"),
        ({"Displayname": "x", "RAWJson": "no json"}, "cannot be read"),
        ([{"target": {}}], "assignments"),
        ({"hello": "world"}, "Nothing in it says"),
    ],
)
def test_what_is_no_policy_says_what_it_is(value, why):
    [file] = read_export({"a.json": as_json(value)}).files
    assert why in file.why


def test_code_is_counted_and_never_run():
    assert count_dsc_blocks("Write-Host hello") is None
    head = "Configuration A\n{\nImport-DscResource -ModuleName Microsoft365DSC\n"
    assert count_dsc_blocks(f"Import-DscResource -ModuleName Microsoft365DSC{chr(10) * 300_000}") is None
    assert count_dsc_blocks(f"{head}{chr(10) * 300_000}") == 0
    text = f'{head} AADGroup 5be2\n{{\n AADNamedLocationPolicy "x"'
    assert count_dsc_blocks(text) == 2
