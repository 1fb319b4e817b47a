"""The Chromium that opens pages, how large it is, and which pages there are of each kind."""

import shutil

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",  # in a container of its own; the pages are ours
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
# What a reader takes for the first picture: an image, or a drawing that is no part of a sentence.
MEASURED = """() => {
    const first = document.querySelector("main img, main svg.strip");
    const top = first && Math.round(first.getBoundingClientRect().top + scrollY);
    return [document.documentElement.scrollHeight, top];
}"""


def chromium():
    """Where a Chromium of this machine is; None where there is none."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


def pages_of(folder):
    """Every article and single page; of pages that there are many of, the longest and shortest."""
    paths = [*folder.glob("*.html"), *folder.glob("article/*.html")]
    for kind in ("claim", "experiment", "document"):
        by_size = sorted(folder.glob(f"{kind}/**/*.html"), key=lambda path: path.stat().st_size)
        paths += by_size[:1] + by_size[-1:]
    return sorted(path.relative_to(folder).as_posix() for path in dict.fromkeys(paths))
