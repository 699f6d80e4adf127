import pytest

from graph.auth.clouds import Cloud, endpoints

LOGIN, GRAPH = "https://login.microsoftonline.com", "https://graph.microsoft.com"


def test_settings_stand_for_the_global_cloud_alone():
    own = endpoints(Cloud.GLOBAL, login_url="https://proxy/login", graph_url="https://proxy/graph")
    assert (own.login_url, own.graph_url) == ("https://proxy/login", "https://proxy/graph")
    assert own.authority == LOGIN
    china = endpoints(Cloud.CHINA, login_url="https://proxy/login", graph_url="https://proxy/graph")
    assert china.graph_url == "https://microsoftgraph.chinacloudapi.cn"
    assert china.login_url == china.authority == "https://login.partner.microsoftonline.cn"


@pytest.mark.parametrize("cloud", list(Cloud))
def test_loopback_stands_for_every_cloud_and_keeps_its_scope(cloud):
    simulated = endpoints(cloud, login_url="http://127.0.0.1:8089", graph_url="http://127.0.0.1:8089")
    assert simulated.graph_url == simulated.login_url == "http://127.0.0.1:8089"
    real = endpoints(cloud, login_url=LOGIN, graph_url=GRAPH)
    assert simulated.scope == real.scope == f"{real.graph_url}/.default"
