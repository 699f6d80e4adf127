"""python -m graph.simulator --port 8089 [--state FILE] [--load DIR]"""

import argparse
import json
import signal
import sys
from pathlib import Path
from threading import Thread
from types import FrameType

from werkzeug.serving import WSGIRequestHandler, make_server

from graph.simulator.app import create_app
from graph.simulator.demo import definitions, demo_tenants
from graph.simulator.demo.staff_directory import own_directory
from graph.simulator.imports.exported_definitions import load_definitions
from graph.simulator.imports.exported_files import exported_tenant, load_exported
from graph.simulator.store.state import State


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # keep-alive: clients ask hundreds of times

    def log_request(self, *_arguments: object) -> None:
        """Silent: the control plane counts requests."""


def main() -> int:
    options = _options()
    if options.describe:
        sys.stdout.write(json.dumps(_described(), indent=2) + "\n")
        return 0
    state = State(options.state)
    if not state.tenants and not options.no_demo:
        for tenant in demo_tenants():
            state.add(tenant)
    if not options.no_demo:
        state.add(own_directory())
    if not options.no_demo:
        definitions.add_all()
    if options.definitions:
        known = load_definitions(options.definitions)
        sys.stderr.write(f"the service knows {known} real definitions\n")
    if options.load:
        _load(state, options.load)
    state.save()
    state.keep_saving()
    return _serve(state, options.port)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m graph.simulator", description="A Microsoft Graph on loopback.")
    parser.add_argument("--port", type=int, default=8089)
    parser.add_argument("--state", type=Path, help="a file that keeps the tenants over a restart")
    parser.add_argument("--load", type=Path, help="a folder of exported policies to add as a tenant of their own")
    parser.add_argument("--definitions", type=Path, help="a folder with what the real settings are called")
    parser.add_argument("--no-demo", action="store_true", help="start without the demo tenants")
    parser.add_argument("--describe", action="store_true", help="print the demo tenants as JSON and end")
    return parser.parse_args()


def _described() -> list[dict[str, str]]:
    names = ("name", "directory_id", "client_id", "client_secret", "purpose")
    described = [*demo_tenants(), exported_tenant(), own_directory()]
    return [{name: getattr(tenant, name) for name in names} for tenant in described]


def _load(state: State, directory: Path) -> None:
    tenant = exported_tenant()
    loaded = load_exported(tenant, directory)
    state.add(tenant)
    sys.stderr.write(f"loaded {loaded.policies} policies into {tenant.name}\n")
    for path, reason in loaded.skipped:
        sys.stderr.write(f"left out {path}: {reason}\n")


def _serve(state: State, port: int) -> int:
    server = make_server("127.0.0.1", port, create_app(state), threaded=True, request_handler=Handler)

    def stop(_number: int, _frame: FrameType | None) -> None:
        # From another thread: shutdown waits for the loop that this handler interrupted.
        Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.serve_forever()
    state.save()
    return 0


if __name__ == "__main__":
    sys.exit(main())
