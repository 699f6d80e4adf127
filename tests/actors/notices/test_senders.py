"""The table of senders."""

from actors.notices.senders import SENDERS
from db.states import ChannelKind


def test_every_kind_of_channel_has_its_sender():
    assert set(SENDERS) == set(ChannelKind)
