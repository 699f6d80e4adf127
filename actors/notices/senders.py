"""The senders by the kind of channel, and what each is given."""

from collections.abc import Callable, Mapping

from actors.notices import email_sender, slack_sender, teams_sender, webhook_sender
from actors.notices.outgoing import Outgoing
from db.states import ChannelKind

# Sends it, and returns in a few words what the receiver answered. Raises Refusal.
Sender = Callable[[Outgoing], str]

SENDERS: Mapping[ChannelKind, Sender] = {
    ChannelKind.EMAIL: email_sender.send,
    ChannelKind.TEAMS: teams_sender.send,
    ChannelKind.SLACK: slack_sender.send,
    ChannelKind.WEBHOOK: webhook_sender.send,
}
