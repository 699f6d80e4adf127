"""What all commands have in common: numbers of rows are refused where no row can have them."""

import click
import pytest
from click.testing import CliRunner

from db.errors import Invalid
from db.schema.row_ids import MAX_ID
from web.commands import cli
from web.commands.frame.context import RowNumber


def commands(group, words=()):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name), command


def with_number(words, command, number):
    """The command line with this for each of its numbers, and a word for all else that it needs."""
    for each in command.params:
        value = str(number) if isinstance(each.type, RowNumber | click.types.IntParamType) else "x"
        if isinstance(each, click.Argument):
            words = (*words, value)
        elif each.required or isinstance(each.type, RowNumber):
            words = (*words, each.opts[0], value)
    return words


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("number", [0, MAX_ID + 1])
def test_a_number_that_nothing_can_have_is_refused_by_every_command(cast, redis_url, number):
    asked = [
        with_number(words, command, number)
        for words, command in commands(cli)
        if any(isinstance(each.type, RowNumber) for each in command.params)
    ]
    assert len(asked) > 20
    for words in asked:
        refusal = CliRunner().invoke(cli, words, standalone_mode=False).exception
        assert isinstance(refusal, click.BadParameter | Invalid), (words, refusal)
        assert "x" in str(refusal) or str(number) in str(refusal), words
