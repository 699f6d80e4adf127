"""Addresses of channels: what is taken, what may be reached, and what of one may be shown."""

import ipaddress

import pytest

from db.errors import Invalid
from db.notices import addresses
from db.states import ChannelKind

WEBHOOK, EMAIL = ChannelKind.WEBHOOK, ChannelKind.EMAIL


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/x",
        "ftp://hooks.example.com/x",
        "hooks.example.com/x",
        "https://",
        "https://user:password@hooks.example.com/x",
        "https://hooks.example.com/x#part",
        "https://hooks.example.com/with space",
        "https://hooks.example.com/with\r\nHost: another",
        "https://hooks.example.com\\@10.0.0.1/x",
        "https://hooks.example.com:0/x",
        "https://hooks.example.com:99999/x",
        "https://h$st/x",
        "https://[::1/x",
        "https://bücher.example/x",
        "https://localhost/x",
        "https://a.localhost:8443/x",
        "https://127.0.0.1/x",
        "https://10.0.0.1/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://hooks.example.com/" + "x" * 2000,
    ],
)
def test_an_address_that_is_not_taken_is_refused_without_being_repeated(url):
    with pytest.raises(Invalid) as refused:
        addresses.parse(WEBHOOK, url)
    assert "password" not in str(refused.value) or "user or password" in str(refused.value)
    assert "/x" not in str(refused.value)


def test_private_networks_are_taken_where_they_are_allowed_and_metadata_never():
    for url in ("http://10.0.0.1/x", "http://localhost:8065/hooks/abc", "https://[fd12::1]/x"):
        assert addresses.parse(WEBHOOK, f" {url}\n", allows_private=True) == url
    for url in ("http://169.254.169.254/x", "http://[fe80::1]/x", "http://224.0.0.1/x", "http://0.0.0.0/x"):
        with pytest.raises(Invalid):
            addresses.parse(WEBHOOK, url, allows_private=True)


def test_mail_addresses_are_taken_apart_and_each_is_looked_at():
    assert addresses.parse(EMAIL, " a@example.com; b.c+d@mail.example.com\n,a@example.com") == (
        "a@example.com, b.c+d@mail.example.com"
    )
    assert addresses.parse(EMAIL, "root@localhost") == "root@localhost"
    for text in ("", " , ", "anna", "anna@", "@example.com", "Anna <a@example.com>", "a@b@example.com",
                 ",".join(f"a{number}@example.com" for number in range(21))):  # fmt: skip
        with pytest.raises(Invalid):
            addresses.parse(EMAIL, text)


# Reached: by everybody, where an admin allows it, by nobody.
@pytest.mark.parametrize(
    ("ip", "always", "where_allowed"),
    [
        ("93.184.216.34", True, True),
        ("2606:2800:220:1::1", True, True),
        ("127.0.0.1", False, True),
        ("10.1.2.3", False, True),
        ("172.31.0.1", False, True),
        ("192.168.1.1", False, True),
        ("100.64.0.1", False, True),
        ("::1", False, True),
        ("fd00::1", False, True),
        ("::ffff:10.0.0.1", False, True),
        ("::ffff:127.0.0.1", False, True),
        ("64:ff9b::10.0.0.1", False, True),
        ("2002:0a00:0001::1", False, True),
        ("2002:a9fe:a9fe::1", False, False),
        ("::ffff:93.184.216.34", True, True),
        ("64:ff9b::5db8:d822", True, True),
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("64:ff9b::169.254.169.254", False, False),
        ("168.63.129.16", False, False),
        ("100.100.100.200", False, False),
        ("fd00:ec2::254", False, False),
        ("fe80::1", False, False),
        ("fec0::1", False, False),
        ("224.0.0.1", False, False),
        ("ff02::1", False, False),
        ("0.0.0.0", False, False),  # noqa: S104
        ("::", False, False),
        ("255.255.255.255", False, False),
        ("240.0.0.1", False, False),
        ("192.0.2.1", False, False),
        ("198.18.0.1", False, False),
    ],
)
def test_a_machine_is_reached_by_its_network(ip, always, where_allowed):
    ip = ipaddress.ip_address(ip)
    assert addresses.may_reach(ip, allows_private=False) is always
    assert addresses.may_reach(ip, allows_private=True) is where_allowed


def test_only_hosts_and_first_letters_are_shown():
    assert addresses.shown(WEBHOOK, "https://hooks.example.com:8443/a/b?sig=1") == "hooks.example.com:8443/…"
    assert addresses.shown(WEBHOOK, "http://10.0.0.1/a") == "http://10.0.0.1/…"
    assert addresses.shown(EMAIL, "anna@contoso.example, ops@x.example") == "a***@contoso.example, o***@x.example"
    assert len(addresses.shown(EMAIL, ", ".join(f"a{n}@a-rather-long-domain.example" for n in range(20)))) == 200


def test_an_answer_is_shown_without_what_it_repeats_of_the_address():
    url = "https://hooks.example.com/services/T012345/B0/s3cr%20tpath?api-version=1&sig=q%2Bsignature"
    answer = f"no_team: {url} (/services/T012345/B0/s3cr%20tpath) T012345 s3cr tpath q+signature q%2Bsignature v=1"
    masked = addresses.masked(answer, url, "the webhook's secret")
    for piece in ("T012345", "s3cr", "signature"):
        assert piece not in masked
    assert masked.startswith("no_team: ")
    assert addresses.masked("it had the webhook's secret in it", url, "the webhook's secret") == "it had … in it"
    assert addresses.masked("550 <Anna@contoso.example>: unknown", "anna@contoso.example") == (
        "550 <a***@contoso.example>: unknown"
    )
