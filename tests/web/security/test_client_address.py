"""Addresses of clients: one spelling, and one customer's network counts once."""

import pytest

from web.security import client_address


@pytest.mark.parametrize(
    ("addresses", "counts_as"),
    [
        (["192.0.2.7", "::ffff:192.0.2.7", "::ffff:c000:207", "[::ffff:192.0.2.7]:80"], "192.0.2.7"),
        (["192.0.2.7:4000", "192.0.2.7:4001", " 192.0.2.7"], "192.0.2.7"),
        (["64:ff9b::c000:207", "2002:c000:207:1::1", "2002:c000:207:ffff::9", "2001:0:1:2:3:4:3fff:fdf8"], "192.0.2.7"),
        (["2001:db8:0:7::1", "2001:DB8:0:7:ffff:ffff:ffff:ffff", "2001:db8:0:7::1%eth0"], "2001:db8:0:7::/64"),
        (["[2001:db8:0:7::1]:443", "[2001:db8:0:7::2]"], "2001:db8:0:7::/64"),
        (["nonsense", "1.2.3", "[::1", "x" * 5000, "", None], "unknown"),
    ],
)
def test_spellings_of_one_customers_network_count_as_one_address(addresses, counts_as):
    assert {client_address.customer_network(address) for address in addresses} == {counts_as}


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (" 192.0.2.7:4711", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("[2001:DB8::1]:9", "2001:db8::1"),
        ("2001:db8::1%eth0", "2001:db8::1"),
        ("64:ff9b::c000:207", "64:ff9b::c000:207"),
        ("192.0.2.7, 10.0.0.1", client_address.UNKNOWN),
        ("٣.2.3.4:80", client_address.UNKNOWN),
    ],
)
def test_address_loses_port_zone_and_mapping(text, plain):
    assert client_address.plain_address(text) == plain


def test_application_sees_plain_address():
    environ = {"REMOTE_ADDR": "[2001:DB8::1]:443"}
    assert (
        client_address.with_plain_addresses(lambda environ, _start: environ["REMOTE_ADDR"])(environ, None)
        == "2001:db8::1"
    )
