"""A part of a run has no page, no act and no command: to everybody it is a run that there is not."""

from click.testing import CliRunner

from actors.backups import back_up
from db.models import Run
from db.states import ACTIVE
from tests.support.forms import csrf_token
from tests.support.split_backup import handed_out, parts_of
from web.commands import cli


def test_no_address_takes_a_part(client, sign_in, cast):
    sign_in(client, cast.max)
    part = parts_of(handed_out(cast.contoso))[0]
    token = {"csrf_token": csrf_token(client, "/schedules/")}
    answers = [client.get(f"/runs/{part.id}{rest}") for rest in ("", "/progress")]
    answers += [client.post(f"/runs/{part.id}/{act}", data=token) for act in ("cancel", "retry-failed")]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert {run.state for run in Run.select()} <= set(ACTIVE)


def test_no_command_takes_a_part(app, cast):
    part = parts_of(handed_out(cast.contoso))[0]
    answer = CliRunner().invoke(cli, ["run", "show", str(part.id)])
    assert answer.exit_code == 1
    assert str(answer.exception) == f"There is no run {part.id}."


def test_a_stale_message_of_a_part_finds_nothing_to_do_in_the_run_that_has_its_number(cast, redis_url):
    run = handed_out(cast.contoso)
    back_up.back_up_part.fn(run.id)
    assert Run.get_by_id(run.id).attempts == 0
