"""Times of the long pages with 5,000 policies in one tenant: what the server takes, and how much it sends."""

import requests
from argon2 import PasswordHasher

from bench import WEB, stage
from db.database import database
from db.models import User
from db.states import SiteRole
from tests.support import large_installation

LOOKS = 20
AIM_MS = 100
_PAGES = {
    "tenant": "/tenants/{tenant}",
    "tenant, policies by type": "/tenants/{tenant}/types",
    "tenant, one type, last page": "/tenants/{tenant}/types?type=configurationPolicies&page=9999",
    "tenant, searched": "/tenants/{tenant}/types?search=bitlocker+499",
    "tenant, calendar": "/tenants/{tenant}/activity",
    "backup set": "/backup-sets/{backup_set}",
    "backup set, one type, last page": "/backup-sets/{backup_set}?type=configurationPolicies&page=9999",
    "backup set, searched": "/backup-sets/{backup_set}?search=bitlocker+499",
    "new restore": "/restores/new?backup_set={backup_set}",
    "new restore, searched": "/restores/new?backup_set={backup_set}&search=bitlocker+499",
    "new restore, 5,000 ticked": "/restores/new?backup_set={backup_set}&search=bitlocker&tick=found",
    "restore, previewed": "/restores/{restore}",
    "restore, previewed, everything": "/restores/{restore}?show=all&page=9999",
    "restore, finished": "/restores/{finished}",
    "run": "/runs/{run}",
    "run, one type, last page": "/runs/{run}?type=configurationPolicies&page=9999",
    "run, searched": "/runs/{run}?search=bitlocker+499",
    "run, its moving part": "/runs/{run}/progress",
}


def main() -> None:
    print(f"5,000 policies; median (95th percentile) in ms, the aim is {AIM_MS}; KB sent\n\n| page | |\n|---|---|")
    with stage.engines() as urls:
        for engine, url in urls.items():
            stage.bind(stage.beside(url, "pages"))
            with database.connection_context():
                made = large_installation.fill(PasswordHasher().hash(stage.PASSWORD))
                email = User.get(User.site_role == SiteRole.ADMIN).email
            with stage.web(email) as session:
                for name, address in _PAGES.items():
                    print(f"| {engine}: {name} | {_look(session, WEB + address.format(**made))} |", flush=True)


def _look(session: requests.Session, address: str) -> str:
    sent = 0

    def look(_number: int) -> None:
        nonlocal sent
        answer = session.get(address, timeout=60)
        answer.raise_for_status()
        sent = len(answer.content)

    median, slow = stage.timed(look, range(LOOKS))
    return f"{median:.0f} ({slow:.0f}) ms, {sent // 1024} KB"


if __name__ == "__main__":
    main()
