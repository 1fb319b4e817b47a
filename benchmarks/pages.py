"""How long the pages of the site are, and how soon a reader sees a figure.

Builds the site, opens every kind of page in a headless Chromium as wide as a desk and as a phone,
and prints a table. `--site FOLDER` measures a site that is there already:

    python -m benchmarks.pages
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.browser.pages import ARGUMENTS, DESK, MEASURED, PHONE, chromium, pages_of

ROOT = Path(__file__).parent.parent
WIDTHS = {"desk": DESK["width"], "phone": PHONE["width"]}


def measure(folder):
    """By address and width, the height of a page and where its first figure starts, in pixels."""
    from playwright.sync_api import sync_playwright

    layouts = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for name, width in WIDTHS.items():
            page = browser.new_page(viewport={"width": width, "height": 900})
            for address in pages_of(folder):
                page.goto((folder / address).as_uri())
                if page.locator("script[src*=mathjax]").count():
                    page.wait_for_selector("body.formulas-ready", state="attached")
                layouts[address, name] = page.evaluate(MEASURED)
        browser.close()
    return layouts


def build(folder):
    """Builds the site of this checkout into a folder; seconds that it took."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "replication", "site", "--out", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main():
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--site", type=Path, help="a site that is built already")
    asked = parser.parse_args()
    if chromium() is None:
        sys.exit("error: no Chromium; install it, such as with apt-get install chromium")
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.site.resolve() if asked.site else Path(temporary, "site")
        if asked.site is None:
            print(f"built in {build(folder):.1f} s")
        layouts = measure(folder)
    print(f"{'pixels':44} {'height':>15} {'first figure':>15}")
    print(f"{'page':44} {'desk':>7} {'phone':>7} {'desk':>7} {'phone':>7}")
    for address in dict.fromkeys(address for address, _ in layouts):
        sizes = [layouts[address, width][part] for part in (0, 1) for width in WIDTHS]
        print(f"{address:44}" + "".join(f" {'–' if n is None else n:>7}" for n in sizes))
    for path in sorted(ROOT.glob("results/*/notebook.ipynb")):
        print(f"{path.relative_to(ROOT).as_posix():44} {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
