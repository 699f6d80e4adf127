"""Channels: where notices go outside."""

from db.models import Channel


def seal_owner(channel: Channel) -> str:
    return f"channel:{channel.id}"
