"""Asking a service without signing in: its answer, its clock, and why there is none."""

import pytest

from actors.tenants import reach
from graph.transport import outbound
from graph.transport.outbound import Proxy
from tests.support.servers import free_port


def test_a_service_tells_the_time_and_one_that_is_away_is_told_by_way_of_the_proxy_without_its_password(simulator):
    answer = reach.ask(simulator, "sign-in")
    assert (answer.status < 500, abs(answer.ahead) < 5) == (True, True)
    with pytest.raises(reach.OutOfReach, match="Connection refused"):
        reach.ask(f"http://127.0.0.1:{free_port()}", "graph")
    port = free_port()
    outbound.use(Proxy(f"http://someone:Sesame-opens@127.0.0.1:{port}"))
    try:
        with pytest.raises(reach.OutOfReach) as e:
            reach.ask("https://graph.microsoft.com", "graph")
    finally:
        outbound.use(Proxy())
    assert f"The proxy 127.0.0.1:{port} cannot be reached" in str(e.value)
    assert "Sesame" not in str(e.value)
