"""The project as a static site: plain pages from committed results, nothing trained.

Every page works from the file system, fetches nothing from elsewhere and holds
no date, so that two builds of the same commit are equal to the byte. Why it is
made this way: docs/decisions/0008-a-site-of-our-own.md.

    texts.py      Markdown as HTML; chips.py: links to claims and to the origin of numbers
    evidence.py   the tables behind the pages; strips.py, plots.py: seeds as dots
    notebooks.py  executed notebooks, through nbconvert
    pages.py      the frame of every page
    claims.py, articles.py, departures.py, documents.py, reference.py   the pages
    assembly.py   the order in which they are made, and the files beside them
    formulas.py   MathJax, copied from a package; writing.py: the folder, replaced whole
"""

from replication.site.assembly import build
from replication.site.pages import Project
from replication.site.writing import SiteError, StaleNumber

__all__ = ["Project", "SiteError", "StaleNumber", "build"]
