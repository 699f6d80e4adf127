import base64
import subprocess
import sys
from urllib.parse import quote

import psycopg2
import pytest
import redis
from hypothesis import assume, example, given
from hypothesis import strategies as st

import config
from db import database as engine
from tests.support import servers
from web.commands import doctor

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
GOOD = {"TENANTKEEP_SECRET_KEY": "s" * 20, "TENANTKEEP_ENCRYPTION_KEYS": KEY}


def refusal(**settings):
    with pytest.raises(config.SettingsError) as e:
        config.load({**GOOD, **settings})
    return str(e.value)


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


def test_every_setting_is_documented():
    page = (config.Path(__file__).parents[1] / "docs" / "configuration.md").read_text()
    for name in config._VARIABLES:
        assert f"`TENANTKEEP_{name}`" in page, f"docs/configuration.md lacks TENANTKEEP_{name}"


# (setting, a value that it cannot have, what the refusal says)
WRONG_VALUES = (
    ("TENANTKEEP_ENCRYPTION_KEYS", "abc", "32 random bytes"),
    ("TENANTKEEP_ENCRYPTION_KEYS", "½", "32 random bytes"),
    ("TENANTKEEP_PUBLIC_URL", "https://", "https://host"),
    ("TENANTKEEP_PUBLIC_URL", "https://host.example/sub/path", "without a path"),
    ("TENANTKEEP_PUBLIC_URL", "https://host.example:port", "from 1 to 65535"),
    ("TENANTKEEP_GRAPH_URL", "https://[graph", "https://host"),
    ("TENANTKEEP_DATABASE_URL", "sqlite:///", "name a file"),
    ("TENANTKEEP_DATABASE_URL", "postgresql://user:word@127.0.0.1", "the name of the database"),
    ("TENANTKEEP_DATABASE_URL", "postgresql://127.0.0.1:99999/x", "from 1 to 65535"),
    ("TENANTKEEP_DATABASE_URL", "postgresql://127.0.0.1/x?sslmod=require", "sslmode"),
    ("TENANTKEEP_OWNER_DATABASE_URL", "sqlite:///x.db", "postgresql://"),
    ("TENANTKEEP_REDIS_URL", "redis://127.0.0.1:99999/0", "from 1 to 65535"),
    ("TENANTKEEP_REDIS_URL", "unix:///run/redis.sock", "redis://"),
    ("TENANTKEEP_REDIS_URL", "redis://127.0.0.1/x", "redis://"),
    ("TENANTKEEP_REDIS_URL", "rediss://127.0.0.1/0?db=3", "ssl_ca_certs"),
    ("TENANTKEEP_REDIS_LOCKS_URL", "redis://127.0.0.1/²", "redis://"),
    ("TENANTKEEP_REDIS_URL", "redis+sentinel://127.0.0.1:26379/0", "/service/number"),
    ("TENANTKEEP_REDIS_URL", "redis+sentinel://127.0.0.1:26379,host:x/mymaster/0", "from 1 to 65535"),
    ("TENANTKEEP_REDIS_URL", "redis://one,two/0", "redis://"),
    ("TENANTKEEP_REDIS_PREFIX", "second one", "letters, digits"),
    ("TENANTKEEP_METRICS_TOKEN", "short", "16 random"),
    ("TENANTKEEP_PROXIES", "²", "from 0 to 9"),
    ("TENANTKEEP_BIND", "127.0.0.1", "address:port"),
    ("TENANTKEEP_BIND", "unix:web.sock", "unix:/path"),
    ("TENANTKEEP_SMTP_URL", "mail.example.com", "smtp+starttls://"),
    ("TENANTKEEP_SMTP_URL", "smtp://mail.example.com", "only on this machine"),
    ("TENANTKEEP_SMTP_URL", "smtp+starttls://user:pass@word@mail.example.com", "Percent-encode"),
    ("TENANTKEEP_SMTP_URL", "smtps://mail.example.com:port", "from 1 to 65535"),
    ("TENANTKEEP_SMTP_URL", "smtps://mail.example.com", "TENANTKEEP_MAIL_FROM is required"),
    ("TENANTKEEP_MAIL_FROM", "Tenantkeep", "a name with one"),
    ("TENANTKEEP_PROXY_URL", "proxy.example:3128", "http://user:password@host:port"),
    ("TENANTKEEP_PROXY_URL", "socks5://proxy.example:1080", "http://user:password@host:port"),
    ("TENANTKEEP_PROXY_URL", "http://user:pass@word@proxy.example:3128", "Percent-encode"),
    ("TENANTKEEP_PROXY_URL", "http://proxy.example:3128/path", "http://user:password@host:port"),
    ("TENANTKEEP_NO_PROXY", "a.example b.example", "with commas between them"),
    ("TENANTKEEP_CA_BUNDLE", "/nowhere/ca.pem", "can be read: no such file or directory"),
    ("TENANTKEEP_CA_BUNDLE", __file__, "in PEM"),
    ("PORT", "²", "from 1 to 65535"),
)


@pytest.mark.parametrize(("name", "value", "says"), WRONG_VALUES)
def test_a_wrong_value_says_what_is_right_and_a_process_says_it_without_a_traceback(name, value, says):
    assert says in refusal(**{name: value})


@pytest.mark.parametrize(
    ("given", "meant"),
    [("PUBLICURL", "PUBLIC_URL"), ("PROXYS", "PROXIES"), ("ENCRYPTION_KEY", "ENCRYPTION_KEYS")],
)
def test_a_mistyped_setting_is_refused_with_the_one_that_was_meant(given, meant):
    assert (
        refusal(**{f"TENANTKEEP_{given}": "x"}) == f"TENANTKEEP_{given} is no setting. Did you mean TENANTKEEP_{meant}?"
    )


def test_what_kubernetes_says_of_a_service_that_is_called_tenantkeep_stops_nothing_and_is_known():
    theirs = {
        "TENANTKEEP_SERVICE_HOST": "10.0.0.1",
        "TENANTKEEP_PORT": "tcp://10.0.0.1:80",
        "TENANTKEEP_PORT_80_TCP_ADDR": "10.0.0.1",
    }
    assert config.load({**GOOD, **theirs}).unknown == tuple(sorted(theirs))


# Nothing that a sentence or an address of these tests holds can be spelled with these letters.
PASSWORDS = st.text(alphabet="QXJ@:/?#%&=+[]\\½ü\t", min_size=4, max_size=20)
EVERYWHERE = {
    "DATABASE_URL": "postgresql://someone:{}@127.0.0.1:1/name",
    "OWNER_DATABASE_URL": "postgresql:///name?host=/nowhere&user=someone&password={}",
    "REDIS_URL": "redis://someone:{}@127.0.0.1:1/0",
    "REDIS_LOCKS_URL": "rediss://:{}@127.0.0.1:1/0",
}


def holds_a_piece_of(password, text):
    return any(password[at : at + 4] in text for at in range(len(password) - 3))


def driver_error(url):
    """What the driver says when it connects to an address that was let through."""
    try:
        if url.startswith("postgresql"):
            engine._postgresql(url).connect()
        else:
            redis.Redis.from_url(url, retry=None).ping()
    except Exception as e:  # noqa: BLE001 - whatever it raises is what could be shown
        return f"{e!r} {e.__context__!r}"
    raise AssertionError("nothing listens there")


@pytest.mark.parametrize("setting", EVERYWHERE)
@given(password=PASSWORDS)
@example(password="QXXJ@XJQX")
@example(password="QXXJ/XJQX")
@example(password="QXXJ?XJQX")
@example(password="QXXJ#XJQX")
@example(password="QXXJ%XJQX")
@example(password="QXXJ&XJQX=")
@example(password="[QXJQX")
def test_no_refusal_and_no_driver_shows_a_piece_of_a_password(setting, password):
    assume("://" not in password)
    url = EVERYWHERE[setting].format(password)
    try:
        settings = config.load({**GOOD, f"TENANTKEEP_{setting}": url})
    except config.SettingsError as e:
        said = str(e)
        assert "Percent-encode" in said
        assert not holds_a_piece_of(password, said)
        return
    assert not holds_a_piece_of(password, driver_error(url))
    assert not holds_a_piece_of(password, config.shown(url))
    assert password in config.secrets(settings)


@pytest.mark.parametrize("setting", EVERYWHERE)
@given(password=PASSWORDS)
def test_a_percent_encoded_password_is_taken_and_arrives_as_it_is(setting, password):
    url = EVERYWHERE[setting].format(quote(password, safe=""))
    settings = config.load({**GOOD, f"TENANTKEEP_{setting}": url})
    assert password in config.secrets(settings)
    assert not holds_a_piece_of(password, driver_error(url))
    arrives = psycopg2.extensions.parse_dsn(url)["password"] if "DATABASE" in setting else (
        redis.Redis.from_url(url).connection_pool.connection_kwargs["password"])  # fmt: skip
    assert arrives == password


def test_a_mail_server_has_the_port_of_its_scheme_and_its_password_is_a_secret():
    given = {"TENANTKEEP_SMTP_URL": "smtp+starttls://us%40er:p%2Fss%20word@mail.example.com",
             "TENANTKEEP_MAIL_FROM": "Tenantkeep <tenantkeep@example.com>"}  # fmt: skip
    settings = config.load({**GOOD, **given})
    server = settings.smtp
    assert (server.host, server.port, server.security, server.user) == ("mail.example.com", 587, "starttls", "us@er")
    assert server.password in config.secrets(settings)
    assert server.password not in repr(settings)
    assert config.load({**GOOD, **given, "TENANTKEEP_SMTP_URL": "smtps://m.example"}).smtp.port == 465


def test_a_proxys_password_is_a_secret_as_it_is_written_and_as_it_is_meant():
    settings = config.load({**GOOD, "TENANTKEEP_PROXY_URL": "http://us%40er:p%2Fss%20word@proxy.example:3128/"})
    assert {"p%2Fss%20word", "p/ss word"} <= set(config.secrets(settings))
    assert "ss" not in config.shown(settings.proxy_url)
    assert "proxy.example" not in repr(settings)


def test_a_prefix_makes_one_redis_database_enough_and_sentinel_has_databases_too(monkeypatch):
    for url, prefix, locks_url in (
        ("redis://h/3", "", "redis://h/4"),
        ("redis://h:6380", "second", "redis://h:6380"),
        ("redis+sentinel://:w@a:1,b:2/main/0", "", "redis+sentinel://:w@a:1,b:2/main/1"),
        ("redis+sentinel://:w@a:1,b:2/main/0", "second", "redis+sentinel://:w@a:1,b:2/main/0"),
    ):
        monkeypatch.setenv("TENANTKEEP_REDIS_URL", url)
        monkeypatch.setenv("TENANTKEEP_REDIS_PREFIX", prefix)
        assert config.redis_urls() == (url, locks_url)


def test_postgres_is_postgresql():
    given = {"TENANTKEEP_DATABASE_URL": "postgres://u:p@h/n", "TENANTKEEP_OWNER_DATABASE_URL": "postgres:///n"}
    settings = config.load({**GOOD, **given})
    assert (settings.database_url, settings.owner_database_url) == ("postgresql://u:p@h/n", "postgresql:///n")


def test_help_is_there_when_every_address_is_wrong():
    wrong = {f"TENANTKEEP_{name}": "redis://u:p@ss@h:99999/x" for name in EVERYWHERE}
    command = [sys.executable, "-c", "from web.commands import main; main()", "--help"]
    done = subprocess.run(
        command, cwd=servers.ROOT, env=servers.environment(**wrong), capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_setting_can_stand_in_a_file(tmp_path):
    """One line, whose end does not count; what is set for a process that we start takes the file's place."""
    values = {
        "SECRET_KEY": "s" * 20,
        "ENCRYPTION_KEYS": KEY,
        "DATABASE_URL": "postgresql://u:hush@db/name",
        "REDIS_URL": "redis://:hush@cache/3",
        "BIND": "0.0.0.0:8000",
    }
    given = {}
    for name, value in values.items():
        (tmp_path / name).write_text(value + ("\r\n" if name == "BIND" else "\n"))
        given[f"TENANTKEEP_{name}_FILE"] = str(tmp_path / name)
    settings = config.load(given)
    assert {name: getattr(settings, name.lower()) for name in values} == {**values, "ENCRYPTION_KEYS": (b"k" * 32,)}
    assert set(settings.from_files) == {f"TENANTKEEP_{name}" for name in values}
    assert settings.unknown == ()
    [said] = [message for _, _, message in doctor._settings(settings) if "from files" in message]
    assert all(name.removesuffix("_FILE") in said for name in given)
    asked = "import config; print(config.redis_urls()[0], config.child_environment(TENANTKEEP_REDIS_URL='r')"
    done = subprocess.run([sys.executable, "-c", f"{asked}['TENANTKEEP_REDIS_URL_FILE'] == '')"], cwd=servers.ROOT,
                          env=given, capture_output=True, text=True, timeout=300)  # fmt: skip
    assert done.stdout == f"{values['REDIS_URL']} True\n", done.stderr


def test_a_file_that_is_no_setting_is_refused_without_its_name_or_text(tmp_path):
    for name, content in (
        ("empty", b""),
        ("lines", b"hush\nhush"),
        ("binary", b"\xffhush"),
        ("long", b"hush" * 20_000),
    ):
        (tmp_path / name).write_bytes(content)
        said = refusal(TENANTKEEP_METRICS_TOKEN_FILE=str(tmp_path / name))
        assert "the file that TENANTKEEP_METRICS_TOKEN_FILE names" in said
        assert "hush" not in said
    assert "No such file" in refusal(TENANTKEEP_METRICS_TOKEN_FILE=f"{tmp_path}/hush")
    assert "hush" not in refusal(TENANTKEEP_METRICS_TOKEN_FILE=f"{tmp_path}/hush")
    assert "given twice" in refusal(TENANTKEEP_SECRET_KEY_FILE="/somewhere")
    assert "Did you mean TENANTKEEP_PUBLIC_URL_FILE?" in refusal(TENANTKEEP_PUBLICURL_FILE="/somewhere")
