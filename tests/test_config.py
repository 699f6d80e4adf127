import base64

import pytest

import config

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
GOOD = {"TENANTKEEP_SECRET_KEY": "s" * 20, "TENANTKEEP_ENCRYPTION_KEYS": KEY}


def test_the_required_ones_and_defaults_are_enough():
    settings = config.load(GOOD)
    assert settings.encryption_keys == (b"k" * 32,)
    assert settings.graph_url == "https://graph.microsoft.com"


def test_every_wrong_setting_is_named_at_once_and_no_value_is_shown():
    wrong = {
        "TENANTKEEP_ENCRYPTION_KEYS": "hush-not-a-key",
        "TENANTKEEP_GRAPH_URL": "http://graph.example",
        "TENANTKEEP_DATABASE_URL": "mysql://x",
        "PORT": "99999",
    }
    with pytest.raises(config.SettingsError) as e:
        config.load(wrong)
    named = ("SECRET_KEY", "ENCRYPTION_KEYS", "GRAPH_URL", "DATABASE_URL", "PORT")
    assert all(name in str(e.value) for name in named)
    assert "hush" not in str(e.value)


@pytest.mark.parametrize("address", ["http://127.0.0.1:8089", "http://localhost:1", "https://graph.microsoft.us"])
def test_plain_http_is_for_loopback_only(address):
    assert config.load({**GOOD, "TENANTKEEP_GRAPH_URL": address}).graph_url == address


def test_every_setting_of_the_readme_exists_and_the_other_way_round():
    readme = (config.Path(__file__).parents[1] / "README.md").read_text()
    for name in config._VARIABLES:
        assert f"`TENANTKEEP_{name}`" in readme, f"README lacks TENANTKEEP_{name}"
