"""`channel add`, `channel test` and `channel list`: the installation's channels for notices."""

from __future__ import annotations

import sys
import time

import click

from db import clock, models
from db.errors import Invalid
from db.notices import channels, deliveries
from db.states import ChannelKind, DeliveryState
from web.commands.frame.context import (
    add_commands,
    command_actor,
    json_option,
    open_installation,
    print_result,
    read_stdin_line,
)

# A worker takes it within seconds, and a mail server may take its time.
TEST_SECONDS = 90.0
LOOK_SECONDS = 0.3

NO_ANSWER = "Nothing was sent in {seconds:.0f} s. Is a scheduler up, and a worker? tenantkeep doctor says so."


def register(cli: click.Group) -> None:
    group = click.Group("channel", help="Channels: where notices go outside.")
    add_commands(group, {"add": add, "test": test, "list": list_channels})
    cli.add_command(group)


@click.argument("name")
@click.option("--kind", required=True, type=click.Choice([str(kind) for kind in ChannelKind]))
@click.option("--address-stdin", is_flag=True, required=True, help="Read the address from standard input: it is a key.")
@click.option("--secret-stdin", is_flag=True, help="Of a webhook: read its secret from the next line.")
@click.option("--allow-private", is_flag=True, help="The address may lead into a private network, or to this machine.")
@json_option
def add(name: str, kind: str, address_stdin: bool, secret_stdin: bool, allow_private: bool, as_json: bool) -> None:
    """Add a channel of the installation. What is told by it is chosen on its page."""
    with open_installation():
        if not address_stdin:
            raise Invalid("Give --address-stdin, and the address on standard input.")
        address = read_stdin_line("address")
        secret = read_stdin_line("secret") if secret_stdin else ""
        channel = channels.add(
            name, ChannelKind(kind), address, command_actor(), secret=secret, allows_private=allow_private
        )
        document, text = _document(channel), f"Added {channel.name}: {channel.shown}"
        if channel.kind == ChannelKind.WEBHOOK and not secret:
            document["secret"] = channels.open_values(channel)["secret"]
            text += f"\nIts secret, which is shown this once: {document['secret']}"
        print_result(as_json, document, text)


@click.argument("name")
@json_option
def test(name: str, as_json: bool) -> None:
    """Send a test by a channel, as a notice goes, and wait. Exit code 1 when it did not arrive."""
    with open_installation():
        channel = channels.find_by_text(name)
        delivery = _ended(deliveries.create_test(channel, command_actor()))
        arrived = delivery.state == DeliveryState.SENT
        answer = delivery.answer or NO_ANSWER.format(seconds=TEST_SECONDS)
        text = f"Sent by {channel.name}: {answer}" if arrived else f"Not sent by {channel.name}. {answer}"
        print_result(as_json, {"id": delivery.message_id, "sent": arrived, "answer": answer}, text)
    sys.exit(0 if arrived else 1)


def _ended(delivery: models.Delivery) -> models.Delivery:
    """Wait until the delivery was sent or refused; return it as it is when the time is over."""
    until = time.monotonic() + TEST_SECONDS
    while time.monotonic() < until:
        delivery = models.Delivery.get_by_id(delivery.id)
        if delivery.state in (DeliveryState.SENT, DeliveryState.FAILED):
            break
        time.sleep(LOOK_SECONDS)
    return delivery


@json_option
def list_channels(as_json: bool) -> None:
    """List the installation's channels, and how their last messages went."""
    with open_installation():
        found = channels.of_installation()
        lines = [
            f"{channel.id:>4}  {channel.kind:<8} {channel.name}: {channel.shown}{_standing(channel)}"
            for channel in found
        ]
        print_result(as_json, [_document(channel) for channel in found], "\n".join(lines) or "There is no channel.")


def _standing(channel: models.Channel) -> str:
    if not channel.is_active:
        return ", switched off"
    if channel.error:
        return f", FAILING: {channel.error}"
    if not channel.sent_at:
        return ""
    return f", last sent {(clock.utcnow() - channel.sent_at).total_seconds() / 60:.0f} min ago"


def _document(channel: models.Channel) -> dict[str, object]:
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "address": channel.shown,
        "allows_private": channel.allows_private,
        "is_active": channel.is_active,
        "sent_at": f"{channel.sent_at.isoformat(timespec='seconds')}Z" if channel.sent_at else None,
        "error": channel.error,
    }
