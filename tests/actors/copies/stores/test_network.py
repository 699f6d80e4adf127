import pytest

from actors.copies.stores import network
from actors.copies.stores.store import StoreError, StoreRefused
from graph.transport import outbound
from graph.transport.outbound import Proxy


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "168.63.129.16"])
def test_no_store_is_where_machines_get_their_credentials(host):
    with pytest.raises(StoreRefused, match="leads where no store may be"):
        network.way_to(f"http://{host}/latest")


def test_the_way_is_by_the_proxy_and_with_the_authorities_of_the_installation(tmp_path, monkeypatch):
    ca = tmp_path / "ca.pem"
    ca.write_text("-----OURS-----")
    monkeypatch.setattr(outbound, "_proxy", Proxy("http://proxy.example:3128", ("inside.example.invalid",)))
    monkeypatch.setattr(outbound, "_ca_file", str(ca))
    way = network.way_to("https://s3.no-such-host.invalid")
    assert way.proxies == {"http": "http://proxy.example:3128", "https": "http://proxy.example:3128"}
    with open(way.ca_file) as file:
        text = file.read()
    assert text.count("BEGIN CERTIFICATE") > 50
    assert text.endswith("-----OURS-----")
    assert network.way_to("http://127.0.0.1:9").proxies == {}
    with pytest.raises(StoreError, match="could not be resolved"):
        network.way_to("https://inside.example.invalid")
