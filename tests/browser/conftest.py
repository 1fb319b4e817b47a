"""A headless Chromium, and a site to open: `make test-site` builds it into build/site.

Not part of `make test`. Where Playwright or Chromium is missing, every test is
skipped, and the end of the output says so loudly.
"""

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.browser import pages

UNTESTED = "BROWSER NOT TESTED"
ROOT = Path(__file__).parents[2]
AXE = "4.14.1"
AXE_SHA512 = (
    "1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b73"
    "4f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5"
)


def pytest_addoption(parser):
    parser.addoption("--site", default=str(ROOT / "build" / "site"), help="the built site")
    words = "take a picture of every page, not of one or two of each kind and of what fails"
    parser.addoption("--pictures", action="store_true", help=words)


def site_of(config):
    """The folder of the site, or an error that says how to get one."""
    folder = Path(config.getoption("--site")).resolve()
    if not (folder / "index.html").is_file():
        raise pytest.UsageError(f"{folder}: no site there; run `make site`")
    return folder


def pytest_generate_tests(metafunc):
    """One test for each page of the site, or of each kind."""
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", pages.pages_of(site_of(metafunc.config)))
    if "address" in metafunc.fixturenames:
        folder = site_of(metafunc.config)
        found = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.html"))
        metafunc.parametrize("address", found)


@pytest.fixture(scope="session")
def folder(pytestconfig):
    """Where the site is."""
    return site_of(pytestconfig)


@pytest.fixture(scope="session")
def screenshots(folder):
    """Where pictures of the pages go, beside the site; `make test-site` empties it first."""
    found = folder.parent / "screenshots"
    found.mkdir(exist_ok=True)
    return found


@pytest.fixture(scope="session")
def pictured(pytestconfig, folder):
    """The addresses of which pictures are taken though nothing is wrong; None: of all pages."""
    return None if pytestconfig.getoption("--pictures") else {*pages.pages_of(folder)}


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium of the system."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        pytest.skip(f"{UNTESTED}: no package playwright; run `make setup`")
    path = pages.chromium()
    if path is None:
        pytest.skip(f"{UNTESTED}: no Chromium; install it, such as with apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=pages.ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """The source of axe-core, which looks for what keeps people from reading a page.

    Fetched once, into build/, and held against the hash beside it.
    """
    path = ROOT / "build" / f"axe-core-{AXE}.tgz"
    path.parent.mkdir(exist_ok=True)
    if not path.is_file():
        fetched = tmp_path_factory.mktemp("axe")
        command = ["npm", "pack", f"axe-core@{AXE}", "--silent", "--pack-destination", fetched]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=60)
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"{UNTESTED} WITH AXE-CORE: npm cannot fetch version {AXE}: {error}")
        shutil.copy(fetched / path.name, f"{path}.{os.getpid()}")
        os.replace(f"{path}.{os.getpid()}", path)  # whole, whichever worker of pytest asks
    content = path.read_bytes()
    received = hashlib.sha512(content).hexdigest()
    assert received == AXE_SHA512, f"{path}: expected another file, received {received}; remove it"
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


class Visitor:
    """Opens pages of the site and notes whatever goes wrong: errors, failures, requests outside.

    All in one tab, until a test closes it: a new one takes three times as long as a page.
    """

    def __init__(self, browser, folder, **options):
        self.context = browser.new_context(**options)
        self.folder, self.wrong, self.page = folder, [], None
        self.context.route("**/*", self._let_through)

    def _let_through(self, route):
        if route.request.url.startswith(("file://", "data:")):
            route.continue_()
        else:
            self.wrong.append(f"request to {route.request.url}")
            route.abort()

    def open(self, address):
        """A page, loaded with all its formulas."""
        if self.page is None or self.page.is_closed():
            self.page = self._new_tab()
        self.page.goto(self.url(address))
        if self.page.locator("script[src*=mathjax]").count():
            self.page.wait_for_selector("body.formulas-ready", state="attached")
        return self.page

    def _new_tab(self):
        page = self.context.new_page()
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.wrong.append(f"error {error}"))
        page.on("requestfailed", lambda r: self.wrong.append(f"failed {r.url} {r.failure}"))
        return page

    def _note_message(self, message):
        if message.type in ("error", "warning"):
            self.wrong.append(f"{message.type} {message.text}")

    def url(self, address):
        """Where an address of the site is in the file system."""
        return (self.folder / "index.html").as_uri().removesuffix("index.html") + address


@pytest.fixture(scope="session")
def visit(browser, folder):
    """Makes visitors, by the options of a browser context; closes them in the end."""
    made = []

    def make(**options):
        made.append(Visitor(browser, folder, **options))
        return made[-1]

    yield make
    for each in made:
        each.context.close()


@pytest.fixture(scope="session")
def phone(visit):
    """A visitor on a phone."""
    return visit(viewport=pages.PHONE, has_touch=True, is_mobile=True)


@pytest.fixture(scope="session")
def desktop(visit):
    """A visitor at a desk."""
    return visit(viewport=pages.DESK)


def pytest_terminal_summary(terminalreporter):
    """Says loudly, at the end, if nothing was opened."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = {str(r.longrepr[2]) for r in skipped if isinstance(r.longrepr, tuple)}
    for reason in sorted(each for each in reasons if UNTESTED in each):
        terminalreporter.write_line(reason, red=True, bold=True)
