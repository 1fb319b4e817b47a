"""MathJax as files of the site, from the package that carries it."""

from importlib import metadata
from pathlib import Path

from replication.site.writing import SiteError

_PACKAGE = "sphinx-mathjax-offline"
_FILE = "tex-svg.js"  # formulas as SVG, which needs no fonts
_ABOUT = """\
tex-svg.js is MathJax 3.2.2, Copyright (c) 2009-2022 The MathJax Consortium,
https://www.mathjax.org, licensed under the Apache License, version 2.0: see LICENSE beside this
file. It is an unchanged copy of the one in the Python package sphinx-mathjax-offline.
"""


def files(licence: Path) -> dict[str, bytes]:
    """MathJax and its licence, by address within the site.

    Args:
        licence: The text of the Apache License, version 2.0.

    Raises:
        SiteError: If the package is not installed.
    """
    try:
        listed = metadata.distribution(_PACKAGE).files or ()
    except metadata.PackageNotFoundError:
        listed = ()
    paths = [each for each in listed if each.name == _FILE]
    if len(paths) != 1:
        raise SiteError(
            f"expected the package {_PACKAGE} with its {_FILE}, received none; run `make setup`, "
            "or install the extra `site`"
        )
    content = paths[0].locate().read_bytes()
    return {
        "static/mathjax/tex-svg.js": content,
        "static/mathjax/NOTICE.txt": _ABOUT.encode(),
        "static/mathjax/LICENSE": Path(licence).read_bytes(),
    }
