import pytest

from actors.copies.git.transports import client_for
from actors.copies.stores.pace import Pace
from actors.copies.stores.store import StoreRefused
from tests.support.git_servers import git


def test_a_folder_is_made_a_repository_only_where_nothing_is_lost(tmp_path):
    def open_folder(folder):
        return client_for(f"git+file://{folder}", "main", {}, Pace(None))

    with pytest.raises(StoreRefused, match="There is no folder"):
        open_folder(tmp_path / "none")
    (tmp_path / "new folder").mkdir()
    open_folder(f"{tmp_path}/new%20folder")
    assert git(tmp_path / "new folder", "rev-parse", "--is-bare-repository") == "true\n"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    with pytest.raises(StoreRefused, match="no Git repository"):
        open_folder(tmp_path / "full")
    git(tmp_path, "init", "--quiet", "work")
    with pytest.raises(StoreRefused, match="Somebody works in this repository"):
        open_folder(tmp_path / "work")


def test_no_other_server_hears_a_token():
    client, _ = client_for("git+http://127.0.0.1:9/x.git", "main", {"token": "t"}, Pace(None))
    for url in ("http://127.0.0.1:10/x.git", "https://127.0.0.1:9/x.git"):
        with pytest.raises(StoreRefused, match="leads to another"):
            client.pool_manager.request("GET", url)
    with pytest.raises(StoreRefused, match="link-local"):
        client_for("git+https://169.254.169.254/x.git", "main", {}, Pace(None))
