"""Tables that a notebook shows, made to be read: by those who listen, and on a phone."""

import re

from bs4 import BeautifulSoup
from bs4.element import Tag

_NUMBER = re.compile(r"[+\-−]?[0-9][0-9.,]*(e[+-]?[0-9]+)?( ?%)?|[–-]|inf")
_NONE = ("–", "-")  # stand where a number or words are missing
_MISSING = re.compile(r"(?<![\w-])(?:nan|NaN|NaT|<NA>)(?![\w-])")  # as pandas shows it
_FOLDED = 5  # rows of sentences that still stand open on a page
_LONG = 22  # characters of a cell from which a phone shows its row as a card


def readable(html: str) -> str:
    """The tables with a scope for each header, marks on numbers, and a dash where one is missing.

    A header without words becomes a cell. Where cells hold sentences, the table is `stacked`:
    each cell says which column it is of, so that a phone can show a row as a card.
    """
    soup = BeautifulSoup(html, "html.parser")
    for table in soup("table"):
        for text in table.find_all(string=_MISSING):
            text.replace_with(_MISSING.sub("–", text))
        for cell in table(["th", "td"]):
            if _NUMBER.fullmatch(cell.get_text(strip=True)):
                cell["class"] = ["number"]
        _add_scopes(table)
        _fit_columns(table)
    return str(soup)


def summary(html: str) -> str:
    """What the fold of a long table of sentences says; empty for a table that stays open."""
    table = BeautifulSoup(html, "html.parser").find("table")
    rows = table.select("tbody tr")
    if "stacked" not in table.get("class", []) or len(rows) <= _FOLDED:
        return ""
    columns = [cell.get_text(" ", strip=True) for cell in table.select("thead th")]
    return f"Table of {len(rows)} rows: {', '.join(columns)}"


def num_missing(html: str) -> int:
    """How many texts of tables say NaN, where nothing was measured or a computation failed."""
    tables = BeautifulSoup(html, "html.parser")("table") if "<table" in html else ()
    return sum(len(_MISSING.findall(text)) for each in tables for text in each.strings)


def _add_scopes(table: Tag) -> None:
    for header in table("th"):
        if not header.get_text(strip=True):
            header.name = "td"
            continue
        kind, several = ("col", "colspan") if header.find_parent("thead") else ("row", "rowspan")
        header["scope"] = header.get("scope") or kind + "group" * header.has_attr(several)


def _fit_columns(table: Tag) -> None:
    """A header stands over its numbers, and cells name it, if each has one column and one row."""
    headers = table.select("thead tr > *")
    rows = [row.find_all(["th", "td"], recursive=False) for row in table.select("tbody tr")]
    if table.select("[colspan], [rowspan]") or {len(headers)} != {*map(len, rows)}:
        return
    longest = max((len(cell.get_text(strip=True)) for cell in table("td")), default=0)
    if longest > _LONG:
        table["class"] = ["stacked"]
    for header, *cells in zip(headers, *rows, strict=True):
        told = [cell for cell in cells if cell.get_text(strip=True) not in _NONE]
        if told and not any("number" in cell.get("class", []) for cell in told):
            for cell in cells:
                del cell["class"]
        if all("number" in cell.get("class", []) for cell in cells):
            header["class"] = ["number"]
        name = header.get_text(" ", strip=True)
        for cell in cells if longest > _LONG else ():
            if cell.name == "td" and name:
                cell["data-label"] = name
