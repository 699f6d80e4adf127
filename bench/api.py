"""Times of the API beside those of the pages, with many runs present: a list, far back too, and a start.

`python -m bench.api 1000000`: with so many runs; without, as with ten thousand.
"""

import sys
from collections.abc import Callable

import config
from bench import stage, start_latency
from db.accounts import api_tokens, users
from db.audit.audit import SYSTEM
from db.database import database
from db.states import Scope

LOOKS, STARTS = 60, 100


def main() -> None:
    count = int(sys.argv[1]) if sys.argv[1:] else 10_000
    # More than anybody may ask for in a minute, so that the limit does not answer.
    config.use({"TENANTKEEP_API_REQUESTS_PER_MINUTE": "100000"})
    print(
        f"| engine | {count:,} runs | page: median | p95 | API: median | p95 |\n|---|---|---|---|---|---|", flush=True
    )
    with stage.engines() as urls:
        for engine, url in urls.items():
            stage.install(url, policies=start_latency.PRESSES)
            start_latency.fill(count)
            with database.connection_context():
                operator = users.find_by_email(stage.EMAIL)
                _, token = api_tokens.make(operator, "bench", list(Scope), None, None, 1, SYSTEM)
            with stage.web() as session:
                for what, page, asked in _pairs(session, token, count):
                    cells = [*page(), *asked()]
                    print(f"| {engine} | {what} | " + " | ".join(f"{ms:.1f} ms" for ms in cells) + " |", flush=True)


def _pairs(session, token: str, count: int):
    """Yield (what, times of the page, times of the API)."""
    api = {"Authorization": f"Bearer {token}", "Cookie": ""}
    page = {"Accept": "application/json"}

    def look(path: str, headers: dict[str, str]) -> Callable[[], tuple[float, float]]:
        def act(_number: int) -> None:
            session.get(f"{stage.WEB}{path}", headers=headers, timeout=10).raise_for_status()

        return lambda: stage.timed(act, range(LOOKS))

    def start(address: str, headers: dict[str, str], numbers: range) -> Callable[[], tuple[float, float]]:
        def act(number: int) -> None:
            answer = session.post(stage.WEB + address.format(number), headers=headers, timeout=10)
            assert answer.status_code == 202, answer.text

        return lambda: stage.timed(act, numbers)

    yield "list, first page", look("/runs/", {}), look("/api/v1/runs?limit=20", api)
    yield "list, far back", look("/runs/?page=499", {}), look(f"/api/v1/runs?limit=20&cursor={count // 2}", api)
    yield (
        "start",
        start("/policies/{}/capture-snapshot", page, range(1, STARTS + 1)),
        start("/api/v1/policies/{}/captures", api, range(STARTS + 1, 2 * STARTS + 1)),
    )


if __name__ == "__main__":
    main()
