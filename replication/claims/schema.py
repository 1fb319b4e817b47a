"""What a `<slug>.toml` may hold, and errors that name file, line, claim and key."""

import re
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from replication.errors import ReplicationError
from replication.results.schema import CONTROL, shortened

MEASURE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(_[a-z0-9]+)*")
_LAYOUT = str.maketrans("", "", "\t\n")  # what a text of several lines may have
_Model = TypeVar("_Model", bound=BaseModel)


class Written(float):
    """A number of a claim file; as text it is what stands there, zeros at its end included."""

    def __new__(cls, text: str):
        """The number that a text says."""
        number = super().__new__(cls, text)
        number._text = text
        return number

    def __repr__(self) -> str:
        return self._text


class ClaimError(ReplicationError, ValueError):
    """A claim file that says something it may not: names file, line, claim and key."""


class Lines:
    """Finds the line of an entry or key, which `tomllib` does not tell."""

    def __init__(self, path: Path, text: str):
        """Remembers the lines of a file and where each `[[claims]]` and `[[open]]` starts."""
        self.path = path
        self._lines = text.splitlines()
        self._headers = [
            (number, match.group(1))
            for number, line in enumerate(self._lines, 1)
            if (match := re.match(r"\s*\[\[\s*(claims|open)\s*\]\]", line))
        ]

    def of_entry(self, index: int, table: str = "claims") -> int:
        """The line of the entry's `id`, else of its header."""
        starts = self._starts(table)
        return self._find("id", index, table) or (starts[index] if index < len(starts) else 1)

    def error(
        self,
        problem: str,
        index: int | None = None,
        key: str | None = None,
        *,
        table: str = "claims",
    ) -> ClaimError:
        """A ClaimError at a key of the article (`index` None) or of its index-th entry."""
        line = self._find(key, index, table) if key else None
        if line is None:
            line = 1 if index is None else self.of_entry(index, table)
        what = "article" if index is None else self._name(index, table)
        return ClaimError(
            f"{self.path}:{line}: {what}" + (f", key {shown(key)}" if key else "") + f": {problem}"
        )

    def _starts(self, table: str) -> list[int]:
        return [number for number, name in self._headers if name == table]

    def _name(self, index: int, table: str) -> str:
        line = self._find("id", index, table)
        written = (
            self._lines[line - 1].split("=", 1)[1].strip()[:200] if line else f"number {index + 1}"
        )
        return f"{'claim' if table == 'claims' else 'open detail'} {written}"

    def _find(self, key: str, index: int | None, table: str) -> int | None:
        starts = self._starts(table)
        if index is not None and index >= len(starts):
            return None
        first = 1 if index is None else starts[index]
        after = [number for number, _ in self._headers if number > first]
        for number in range(first, min([*after, len(self._lines) + 1])):
            if re.match(rf'\s*"?{re.escape(key)}"?\s*=', self._lines[number - 1]):
                return number
        return None


def is_printable(text: str) -> bool:
    """Whether a table and a page can show every character."""
    return not CONTROL.search(text.translate(_LAYOUT))


def parse(
    model: type[_Model],
    entry: dict,
    lines: Lines,
    index: int | None = None,
    *,
    table: str = "claims",
) -> _Model:
    """The entry as a model.

    Args:
        model: Whose fields say in their description what they expect.
        entry: A table of a claim file: an article, or its index-th claim or open detail.
        lines: Of the file.
        index: None for the article.
        table: `claims` or `open`.

    Raises:
        ClaimError: At the first key that is unknown, missing or wrong.
    """
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        errors = sorted(
            error.errors(include_url=False), key=lambda each: _RANKS.get(each["type"], 2)
        )
        key, problem = _problem(model, entry, errors[0])
        raise lines.error(problem, index, key, table=table) from None


_RANKS = {"extra_forbidden": 0, "missing": 1}  # a name misspelt is both: the unknown one is shown


def _problem(model: type[BaseModel], entry: dict, error: dict) -> tuple[str, str]:
    """The key at fault, and what is wrong with it."""
    if error["type"] == "claim":
        return error["ctx"]["key"], error["ctx"]["problem"]
    key = str(error["loc"][0])
    if key not in model.model_fields:
        known = ", ".join(model.model_fields)
        return key, f"expected only {known}; received an unknown key; remove or rename it"
    expected = model.model_fields[key].description
    if key not in entry:
        return key, f"expected {expected}, received nothing; add the key"
    return key, f"expected {expected}, received {shown(entry[key])}"


def shown(value: object) -> str:
    """The value as Python writes it, cut short where it is long."""
    try:
        return shortened(repr(value))
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return "a number of thousands of digits"
    except RecursionError:
        return "brackets nested too deeply"
