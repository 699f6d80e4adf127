"""A real Chromium before the real application: served from this process, or as the demo starts it."""

import threading
from contextlib import contextmanager

import pytest
from werkzeug.serving import make_server

from tests.support.demo import ARGUMENTS, sign_in
from tests.support.environment import PASSWORD
from tests.support.page_walk import prepare
from tests.tools.prerequisites import chromium


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser():
    if chromium() is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=180_000)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def new_page(browser):
    """new_page(**options of a context) -> a page that notes what its console complains of as `problems`."""
    contexts = []

    def make(**options):
        contexts.append(browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options}))
        made = contexts[-1].new_page()
        made.set_default_timeout(180_000)
        made.problems = []
        made.on("console", lambda line: made.problems.append(line.text) if line.type in {"error", "warning"} else None)
        made.on("pageerror", lambda error: made.problems.append(str(error)))
        return made

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page):
    made = new_page()
    yield made
    assert made.problems == [], "what the console said"


@pytest.fixture
def site(app):
    """The address of the application, served over HTTP from this process."""
    with served(app) as address:
        yield address


@contextmanager
def served(app):
    """The address of an application that a thread of this process serves."""
    answers = _Answers(app)
    server = make_server("127.0.0.1", 0, answers, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        answers.end()
        server.server_close()


class _Answers:
    """Each answer read before it is sent: the server leaves a file open whose browser goes away half way.

    The server's threads outlive it. After the end none works on a database that the test takes away: SQLite, closed
    amid a statement, takes the whole process with it.
    """

    def __init__(self, app):
        self._app, self._changed = app, threading.Condition()
        self._under_way, self._is_over = 0, False

    def __call__(self, environ, start_response):
        with self._changed:
            if self._is_over:
                start_response("503 Service Unavailable", [])
                return [b""]
            self._under_way += 1
        try:
            return [self._whole(environ, start_response)]
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def _whole(self, environ, start_response):
        body = self._app(environ, start_response)
        try:
            return b"".join(body)
        finally:
            if hasattr(body, "close"):
                body.close()

    def end(self):
        """Wait for what is answered now, and answer nothing more."""
        with self._changed:
            self._is_over = True
            assert self._changed.wait_for(lambda: self._under_way == 0, 180), "an answer has no end"


@pytest.fixture
def enter(site):
    """enter(page, user, path="/"): through the sign-in form, to the page asked for."""

    def act(page, user, path="/"):
        page.goto(f"{site}{path}")
        page.fill("#email", user.email)
        page.fill("#password", PASSWORD)
        page.click("main button")
        page.wait_for_url(f"{site}{path}")
        return page

    return act


@pytest.fixture(scope="session")
def toured(demo, browser):
    """What a tour through the demo has made, by name; see tests/support/page_walk.py."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(180_000)
    sign_in(page, demo, "admin")
    made = prepare(page, demo, is_whole=False)
    context.close()
    return made
