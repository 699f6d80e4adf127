"""Channels: where notices go outside. The installation's are an admin's, a personal one is its owner's alone."""

import json
import secrets
from collections.abc import Sequence
from typing import Any

import peewee as pw

from db.audit import audit
from db.audit.audit import Action, Actor
from db.database import database
from db.encryption import keyring
from db.errors import Invalid
from db.models import Channel, Delivery, User
from db.notices import addresses
from db.notices.deliveries import SWITCHED_OFF
from db.states import ChannelKind, DeliveryState

MAX_PERSONAL = 10
MIN_SECRET = 16


def seal_owner(channel: Channel) -> str:
    return f"channel:{channel.id}"


def open_values(channel: Channel) -> dict[str, str]:
    """Return {"address", "secret"}: for who sends, and never for a page. Raises SealError when the key is missing."""
    values: dict[str, str] = json.loads(keyring().unseal(channel.sealed, seal_owner(channel)))
    return values


def new_secret() -> str:
    """Return a secret for the signature of a webhook, to be shown once to who adds it."""
    return secrets.token_urlsafe(32)


def add(
    name: str,
    kind: ChannelKind,
    address: str,
    actor: Actor,
    *,
    owner: User | None = None,
    secret: str = "",
    allows_private: bool = False,
) -> Channel:
    """Add a channel of the installation, or of a person (`owner`). Raises Invalid.

    Of a webhook: `secret` signs what is sent; one is made where none is given.
    """
    if owner is not None:
        _check_personal(owner, kind, address, allows_private)
    if kind == ChannelKind.WEBHOOK and not secret:
        secret = new_secret()
    values = _checked_values(kind, address, secret, allows_private)
    with database.atomic():
        channel = Channel.create(
            name=_checked_name(name, owner.id if owner else None),
            kind=kind,
            owner=owner,
            sealed=b"",
            shown=addresses.shown(kind, values["address"]),
            allows_private=allows_private,
            created_by=actor.user_id,
        )
        # Sealed with its own row as owner: the row has to be there first.
        channel.sealed = keyring().seal(json.dumps(values).encode(), seal_owner(channel))
        channel.save(only=[Channel.sealed])
        audit.record(Action.CHANNEL_ADDED, actor, _subject(channel), **_facts(channel), allows_private=allows_private)
    return channel


def change(
    channel: Channel,
    actor: Actor,
    *,
    name: str | None = None,
    address: str | None = None,
    secret: str | None = None,
    allows_private: bool | None = None,
) -> None:
    """Change what is given; None leaves it as it is. Raises Invalid."""
    old, private = open_values(channel), channel.allows_private if allows_private is None else allows_private
    kind = ChannelKind(channel.kind)
    if channel.owner_id is not None:
        _check_personal_address(channel.owner, kind, address or old["address"], private)
    new = _checked_values(kind, address or old["address"], secret or old["secret"], private)
    fields = {
        "name": channel.name if name is None else _checked_name(name, channel.owner_id, but=channel.id),
        "allows_private": private,
    }
    changed = [field for field, value in fields.items() if value != getattr(channel, field)]
    changed += [part for part in new if new[part] != old[part]]
    if not changed:
        return
    fields |= {
        "sealed": keyring().seal(json.dumps(new).encode(), seal_owner(channel)),
        "shown": addresses.shown(kind, new["address"]),
    }
    with database.atomic():
        Channel.update(fields).where(Channel.id == channel.id).execute()
        audit.record(Action.CHANNEL_CHANGED, actor, _subject(channel), changed=changed)
    for field, value in fields.items():
        setattr(channel, field, value)


def switch(channel: Channel, actor: Actor, *, is_active: bool) -> None:
    """Switch the channel off or on. What waits when it is switched off is never sent."""
    with database.atomic():
        switched = Channel.update(is_active=is_active, error=None)
        if not switched.where((Channel.id == channel.id) & (Channel.is_active != is_active)).execute():
            return
        if not is_active:
            given_up = Delivery.update(state=DeliveryState.FAILED, claimed_until=None, answer=SWITCHED_OFF)
            given_up.where((Delivery.channel == channel.id) & (Delivery.state == DeliveryState.WAITING)).execute()
        audit.record(
            Action.CHANNEL_CHANGED, actor, _subject(channel), changed=["switched on" if is_active else "switched off"]
        )
    channel.is_active, channel.error = is_active, None


def remove(channel: Channel, actor: Actor) -> None:
    """Remove the channel with its rules, and with what was sent by it."""
    with database.atomic():
        Channel.delete().where(Channel.id == channel.id).execute()
        audit.record(Action.CHANNEL_REMOVED, actor, _subject(channel), **_facts(channel))


def of_installation() -> list[Channel]:
    return _by_name(Channel.owner.is_null())


def of_user(user: User) -> list[Channel]:
    return _by_name(Channel.owner == user.id)


def failing() -> list[Channel]:
    """Return the installation's channels whose last delivery did not arrive."""
    return _by_name(Channel.owner.is_null() & Channel.is_active & Channel.error.is_null(False))


def count_failing() -> int:
    return int(Channel.select().where(Channel.is_active & Channel.error.is_null(False)).count())


def of_ids(ids: Sequence[int]) -> list[Channel]:
    return _by_name(Channel.id.in_(list(ids)))


def find_by_text(text: str) -> Channel:
    """Return the installation's channel of this name or number. Raises Invalid."""
    found = [channel for channel in of_installation() if text.casefold() in {channel.name.casefold(), str(channel.id)}]
    if len(found) != 1:
        raise Invalid(f"There is no channel “{text}”. `tenantkeep channel list` names them.")
    return found[0]


def _by_name(condition: pw.Expression) -> list[Channel]:
    return list(Channel.select().where(condition).order_by(Channel.name, Channel.id))


def _checked_values(kind: ChannelKind, address: str, secret: str, allows_private: bool) -> dict[str, str]:
    if secret and kind != ChannelKind.WEBHOOK:
        raise Invalid("Only a webhook has a secret: what is sent to it is signed.")
    if kind == ChannelKind.WEBHOOK and (len(secret) < MIN_SECRET or not secret.isprintable()):
        raise Invalid(f"A secret has {MIN_SECRET} characters or more.")
    return {"address": addresses.parse(kind, address, allows_private=allows_private), "secret": secret}


def _checked_name(name: str, owner_id: int | None, but: int | None = None) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 80 or not name.isprintable():
        raise Invalid("Give the channel a name of at most 80 characters.")
    siblings = Channel.owner.is_null() if owner_id is None else Channel.owner == owner_id
    others = (channel.name.casefold() for channel in _by_name(siblings) if channel.id != but)
    if name.casefold() in others:
        raise Invalid(f"There is a channel “{name}” already.")
    return name


def _check_personal(owner: User, kind: ChannelKind, address: str, allows_private: bool) -> None:
    if Channel.select().where(Channel.owner == owner.id).count() >= MAX_PERSONAL:
        raise Invalid(f"You have {MAX_PERSONAL} channels already. Remove one first.")
    _check_personal_address(owner, kind, address, allows_private)


def _check_personal_address(owner: User, kind: ChannelKind, address: str, allows_private: bool) -> None:
    """Keep a person from our network, and from sending mail in the installation's name to whom they like."""
    if allows_private:
        raise Invalid("A personal channel cannot lead into a private network.")
    mail = [mail_address.casefold() for mail_address in addresses.mail_addresses(address)]
    if kind == ChannelKind.EMAIL and mail != [owner.email.casefold()]:
        raise Invalid(f"Your own notices go by e-mail to the address that you sign in with: {owner.email}.")


def _subject(channel: Channel) -> str:
    return f"channel {channel.name}"


def _facts(channel: Channel) -> dict[str, Any]:
    return {
        "kind": str(channel.kind),
        "address": channel.shown,
        "owner": channel.owner.email if channel.owner_id else None,
    }
