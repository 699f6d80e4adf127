"""`/channels/`: where notices go outside: the installation's channels for admins, and everybody's own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from markupsafe import Markup

import config
from db.errors import Invalid
from db.models import Channel, Delivery, NoticeRule, Occurrence, User
from db.notices import channels, deliveries, notices, rules
from db.states import ChannelKind, DeliveryState, NoticeEvent
from web.inputs import form_text
from web.presentation.refusals import refusals_flashed
from web.security.access import can, current_actor, deny, requires
from web.security.permissions import Permission
from web.translation.sentences import translated_markup
from web.views.notices import rule_form
from web.views.notices.rule_form import EVENTS, RuleForm, RuleWords

SHOWN_DELIVERIES = 20

pages = Blueprint("channels", __name__, url_prefix="/channels")

KINDS = {
    ChannelKind.EMAIL: "E-mail",
    ChannelKind.TEAMS: "Microsoft Teams",
    ChannelKind.SLACK: "Slack",
    ChannelKind.WEBHOOK: "Webhook",
}
ADDRESSES = {
    ChannelKind.EMAIL: "E-mail addresses, with a comma between them",
    ChannelKind.TEAMS: "Address of the workflow “When a Teams webhook request is received”",
    ChannelKind.SLACK: "Address of the incoming webhook",
    ChannelKind.WEBHOOK: "Address that takes the JSON",
}
STATES = {
    DeliveryState.WAITING: "waits",
    DeliveryState.SENDING: "is being sent",
    DeliveryState.SENT: "arrived",
    DeliveryState.FAILED: "did not arrive",
}


@dataclass(frozen=True)
class ChannelsPage:
    mine: Sequence[Channel]
    of_installation: Sequence[Channel]
    can_administer: bool
    user: User
    typed: dict[str, str] = field(default_factory=dict)

    @property
    def kinds(self) -> dict[ChannelKind, str]:
        return KINDS

    @property
    def addresses(self) -> dict[ChannelKind, str]:
        return ADDRESSES

    @property
    def has_mailbox(self) -> bool:
        return bool(config.settings().demo_mailbox)

    @property
    def has_own_mail(self) -> bool:
        return any(channel.kind == ChannelKind.EMAIL for channel in self.mine)


@pages.get("/")
@requires(Permission.SIGNED_IN)
def index() -> str:
    return _page()


def _page() -> str:
    administers = can(Permission.ADMINISTER)
    page = ChannelsPage(
        mine=channels.of_user(_me()),
        of_installation=channels.of_installation() if administers else (),
        can_administer=administers,
        user=_me(),
        typed={name: form_text(name) for name in ("whose", "kind", "name")} if request.method == "POST" else {},
    )
    return render_template("channels/page.html", page=page)


def _me() -> User:
    user: User = User.get_by_id(current_user.id)
    return user


@pages.post("/")
@requires(Permission.SIGNED_IN)
def add() -> Any:
    """Add a channel, with a rule that tells what is grave. `whose`: "mine", or "installation" (an admin's)."""
    is_mine = form_text("whose") != "installation"
    if not is_mine and not can(Permission.ADMINISTER):
        deny(Permission.ADMINISTER)
    if form_text("kind") not in KINDS:
        abort(400)
    kind = ChannelKind(form_text("kind"))
    secret = form_text("secret", 200)
    try:
        added = channels.add(
            form_text("name") or KINDS[kind],
            kind,
            form_text("address", 2000),
            current_actor(),
            owner=_me() if is_mine else None,
            secret=secret,
            allows_private=not is_mine and form_text("allows_private") == "yes",
        )
        rules.add_sensible(added, rule_form.proposed(current_user.id).time_zone, current_actor())
    except Invalid as e:
        flash(str(e), "danger")
        return _page(), 400
    if kind == ChannelKind.WEBHOOK and not secret:
        # Shown once, here: it stands in no address and in no cookie.
        return _channel_page(added, shown_secret=channels.open_values(added)["secret"])
    flash("Added. It tells what is grave from now on. Test it.", "success")
    return redirect(url_for("channels.page", channel_id=added.id), 303)


# --- one channel -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownDelivery:
    """A delivery with how many notices it tells, and with what it is about where that is one thing.

    No name stands here: who reads a personal channel's page may not see the tenant any more.
    """

    delivery: Delivery
    count: int
    occurrence: Occurrence | None

    @property
    def what(self) -> str:
        return EVENTS[NoticeEvent(self.occurrence.event)] if self.occurrence else ""

    @property
    def is_settled(self) -> bool:
        return self.delivery.state in (DeliveryState.SENT, DeliveryState.FAILED)

    @property
    def state_word(self) -> str:
        return STATES[DeliveryState(self.delivery.state)]


@dataclass(frozen=True)
class ChannelPage:
    channel: Channel
    rules: Sequence[RuleWords]
    deliveries: Sequence[ShownDelivery]
    can_administer: bool
    # Of a webhook that was just added: what its messages are signed with.
    shown_secret: str = ""

    @property
    def kind(self) -> str:
        return KINDS[ChannelKind(self.channel.kind)]

    @property
    def address_label(self) -> str:
        return ADDRESSES[ChannelKind(self.channel.kind)]

    @property
    def has_secret(self) -> bool:
        return bool(self.channel.kind == ChannelKind.WEBHOOK)

    @property
    def is_own_mail(self) -> bool:
        """It leads to its owner's address, and nowhere else."""
        return bool(self.channel.kind == ChannelKind.EMAIL and self.channel.owner_id)

    @property
    def may_be_private(self) -> bool:
        """An admin may let it lead into a private network: a web address of the installation's."""
        return bool(self.channel.kind != ChannelKind.EMAIL and self.channel.owner_id is None)


def _fetch(channel_id: int) -> Channel:
    """Return the channel: the installation's for an admin, a personal one for its owner alone. Aborts else."""
    channel = Channel.get_or_none(Channel.id == channel_id)
    if channel is None:
        abort(404)
    if channel.owner_id is None and not can(Permission.ADMINISTER):
        deny(Permission.ADMINISTER)
    if channel.owner_id is not None and channel.owner_id != current_user.id:
        deny(Permission.SIGNED_IN, because="This is another person’s own channel.")
    found: Channel = channel
    return found


@pages.get("/<int:channel_id>")
@requires(Permission.SIGNED_IN)
def page(channel_id: int) -> str:
    return _channel_page(_fetch(channel_id))


def _channel_page(channel: Channel, shown_secret: str = "") -> str:
    sent = deliveries.of_channel(channel, SHOWN_DELIVERIES)
    counts, ones = notices.count_by_delivery(sent), notices.only_ones(sent)
    page = ChannelPage(
        channel,
        rule_form.words_of(channel),
        [ShownDelivery(delivery, counts.get(delivery.id, 0), ones.get(delivery.id)) for delivery in sent],
        can_administer=can(Permission.ADMINISTER),
        shown_secret=shown_secret,
    )
    return render_template("channels/channel.html", page=page)


@pages.post("/<int:channel_id>")
@requires(Permission.SIGNED_IN)
def change(channel_id: int) -> Any:
    """Change its name, its address, its secret. An empty address or secret stays as it is."""
    channel = _fetch(channel_id)
    private = form_text("allows_private") == "yes" if channel.owner_id is None else None
    with refusals_flashed():
        channels.change(
            channel,
            current_actor(),
            name=form_text("name"),
            address=form_text("address", 2000) or None,
            secret=form_text("secret", 200) or None,
            allows_private=private,
        )
        flash("Saved.", "success")
    return _back(channel)


@pages.post("/<int:channel_id>/test")
@requires(Permission.SIGNED_IN)
def test(channel_id: int) -> Any:
    """Send a test the way of every notice."""
    channel = _fetch(channel_id)
    with refusals_flashed():
        made = deliveries.create_test(channel, current_actor())
        address = url_for("channels.page", channel_id=channel.id, _anchor=f"delivery-{made.id}")
        words = translated_markup("The test is on its way. {link} says how it goes.")
        link = Markup('<a href="{}">{}</a>').format(address, translated_markup("Its line below"))
        flash(words.format(link=link), "success")
    return _back(channel)


@pages.post("/<int:channel_id>/switch")
@requires(Permission.SIGNED_IN)
def switch(channel_id: int) -> Any:
    """Switch it off, or with `wanted` "on" on again. What comes meanwhile is not told later."""
    channel = _fetch(channel_id)
    is_on = form_text("wanted") == "on"
    channels.switch(channel, current_actor(), is_active=is_on)
    flash("The channel tells again." if is_on else "The channel tells nothing until it is switched on.", "success")
    return _back(channel)


@pages.post("/<int:channel_id>/remove")
@requires(Permission.SIGNED_IN)
def remove(channel_id: int) -> Any:
    channel = _fetch(channel_id)
    channels.remove(channel, current_actor())
    flash(f"Removed: {channel.name}.", "success")
    return redirect(url_for("channels.index"), 303)


def _back(channel: Channel) -> Any:
    return redirect(url_for("channels.page", channel_id=channel.id), 303)


# --- its rules -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RulePage:
    channel: Channel
    form: RuleForm
    rule: NoticeRule | None


def _fetch_rule(channel: Channel, rule_id: int) -> NoticeRule:
    is_it = (NoticeRule.id == rule_id) & (NoticeRule.channel == channel)
    rule: NoticeRule | None = NoticeRule.get_or_none(is_it)
    return rule if rule is not None else abort(404)


@pages.get("/<int:channel_id>/rules/new")
@requires(Permission.SIGNED_IN)
def new_rule(channel_id: int) -> str:
    channel = _fetch(channel_id)
    return _rule_page(channel, rule_form.form_of(channel, rule_form.proposed(current_user.id)), None)


def _rule_page(channel: Channel, form: RuleForm, rule: NoticeRule | None) -> str:
    return render_template("channels/rule.html", page=RulePage(channel, form, rule))


@pages.post("/<int:channel_id>/rules/new")
@requires(Permission.SIGNED_IN)
def add_rule(channel_id: int) -> Any:
    channel = _fetch(channel_id)
    return _save(channel, None)


@pages.get("/<int:channel_id>/rules/<int:rule_id>")
@requires(Permission.SIGNED_IN)
def rule(channel_id: int, rule_id: int) -> str:
    channel = _fetch(channel_id)
    found = _fetch_rule(channel, rule_id)
    return _rule_page(channel, rule_form.form_of(channel, rules.choice_of(found)), found)


@pages.post("/<int:channel_id>/rules/<int:rule_id>")
@requires(Permission.SIGNED_IN)
def change_rule(channel_id: int, rule_id: int) -> Any:
    channel = _fetch(channel_id)
    return _save(channel, _fetch_rule(channel, rule_id))


def _save(channel: Channel, rule: NoticeRule | None) -> Any:
    """Add the rule or change it. What is refused is shown as it was typed, as far as it can be read."""
    choice = rules.choice_of(rule) if rule else rule_form.proposed(current_user.id)
    try:
        choice = rule_form.read(channel)
        if rule is None:
            rules.add(channel, choice, current_actor())
        else:
            rules.change(rule, choice, current_actor())
    except Invalid as e:
        flash(str(e), "danger")
        return _rule_page(channel, rule_form.form_of(channel, choice), rule), 400
    flash("Saved. It counts for what happens from now on.", "success")
    return _back(channel)


@pages.post("/<int:channel_id>/rules/<int:rule_id>/remove")
@requires(Permission.SIGNED_IN)
def remove_rule(channel_id: int, rule_id: int) -> Any:
    channel = _fetch(channel_id)
    rules.remove(_fetch_rule(channel, rule_id), current_actor())
    flash("The rule was removed.", "success")
    return _back(channel)
