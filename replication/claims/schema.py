"""What a `<slug>.toml` may hold, and errors that name file, line, claim and key."""

import re
from collections.abc import Callable
from pathlib import Path

VERDICTS = {
    "value": ("reproduced", "not reproduced", "vacuous", "inconclusive"),
    "order": ("reproduced", "contradicted", "vacuous", "inconclusive"),
    "exact": ("reproduced", "not reproduced", "vacuous", "inconclusive"),
    "reader": ("shown",),
}
_KINDS = tuple(VERDICTS)
_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MEASURE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(_[a-z0-9]+)*")


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # what no table and no page can show
_LARGEST = 1e150  # its square is still a number, so that a spread can be computed


class ClaimError(ValueError):
    """A claim file that says something it may not: names file, line, claim and key."""


class Lines:
    """Finds the line of an entry or key, which `tomllib` does not tell."""

    def __init__(self, path: Path, text: str):
        """Remembers the lines of a file and where each `[[claims]]` and `[[open]]` starts."""
        self.path = path
        self._lines = text.splitlines()
        self._headers = [
            (number, found.group(1))
            for number, line in enumerate(self._lines, 1)
            if (found := re.match(r"\s*\[\[\s*(claims|open)\s*\]\]", line))
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
            f"{self.path}:{line}: {what}" + (f", key {_shown(key)}" if key else "") + f": {problem}"
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


def _is_any_text(value: object) -> bool:
    return isinstance(value, str) and not _CONTROL.search(value)


def _is_text(value: object) -> bool:
    return _is_any_text(value) and bool(value.strip())


def _is_line(value: object) -> bool:
    return _is_text(value) and value == value.strip() and "\n" not in value


def _is_number(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= _LARGEST  # nan is not


def _is_measure(value: object) -> bool:
    return isinstance(value, str) and bool(MEASURE.fullmatch(value))


def _is_measures(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_measure, value))


def _is_comparisons(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(table, dict)
        and set(table) == {"measures", "compared_with"}
        and _is_measure(table["measures"])
        and _is_measures(table["compared_with"])
        for table in value
    )


def _is_alternatives(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(table, dict)
            and set(table) == {"what", "measures"}
            and _is_line(table["what"])
            and _is_measure(table["measures"])
            for table in value
        )
    )


def _is_context(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(table, dict)
        and set(table) == {"label", "value", "source"}
        and all(map(_is_text, table.values()))
        for table in value
    )


_Rule = tuple[Callable[[object], bool], str]
_TEXT: _Rule = (_is_text, "a text that is not empty, without control characters")
_LINE: _Rule = (_is_line, "a text of one line without blanks around it")
_ANY_TEXT: _Rule = (_is_any_text, "a text without control characters")
_NUMBER: _Rule = (_is_number, f"a finite number up to {_LARGEST:g}")
_WHOLE: _Rule = (
    lambda value: type(value) is int and 0 < value < 10_000,
    "a whole number > 0, of at most four digits",
)
_MEASURE_RULE: _Rule = (_is_measure, "'experiment-name/metric_name'")
_MEASURES: _Rule = (_is_measures, "a list of 'experiment-name/metric_name'")
_CONTROLS: _Rule = (lambda value: value == [] or _is_measures(value), _MEASURES[1])
_COMPARISONS: _Rule = (
    _is_comparisons,
    "a list of tables with measures = 'experiment/metric' and compared_with = [...]",
)
_POSITIVE: _Rule = (
    lambda value: _is_number(value) and value > 0,
    f"a finite number > 0, up to {_LARGEST:g}",
)
_FLAG: _Rule = (lambda value: isinstance(value, bool), "true or false")
_DIRECTION: _Rule = (lambda value: value in ("greater", "less"), "'greater' or 'less'")
_ADDRESS: _Rule = (  # it becomes a link, where `javascript:` would be a program
    lambda value: isinstance(value, str) and bool(re.fullmatch(r"https?://[^\s<>\"'`]+", value)),
    "an address that starts with https:// or http://",
)
_KEBAB_RULE: _Rule = (
    lambda value: isinstance(value, str) and bool(_KEBAB.fullmatch(value)),
    "a kebab-case name such as 'one-step'",
)

_ARTICLE = {
    "slug": _KEBAB_RULE,
    "number": _WHOLE,
    "title": _TEXT,
    "author": _TEXT,
    "year": _WHOLE,
    "url": _ADDRESS,
    "language": _TEXT,
    "claims": (
        lambda value: isinstance(value, list) and all(isinstance(entry, dict) for entry in value),
        "one or more [[claims]]",
    ),
}
_ARTICLE_OPTIONAL = {
    "link": _LINE,
    "year_estimated": _FLAG,
    "notes": _ANY_TEXT,
    "open": (_ARTICLE["claims"][0], "a list of [[open]]"),
}
_OPEN = {
    "id": _KEBAB_RULE,
    "detail": _TEXT,
    "locator": _TEXT,
    "ours": _TEXT,
    "measures": _MEASURE_RULE,
    "alternatives": (
        _is_alternatives,
        "one or more tables with a text what of one line, and measures = 'experiment/metric'",
    ),
}
_REQUIRED = {
    "id": _KEBAB_RULE,
    "says": _LINE,
    "locator": _TEXT,
    "kind": (lambda value: value in _KINDS, "one of " + ", ".join(_KINDS)),
    "because": _TEXT,
}
_OPTIONAL = {
    "verdict": _ANY_TEXT,
    "explanation": _ANY_TEXT,
    "core": _FLAG,
    "context": (_is_context, "a list of tables with texts label, value and source"),
}
_REQUIRED_OF_KIND = {
    "value": {"measures": _MEASURE_RULE, "reported": _NUMBER, "controls": _CONTROLS},
    "order": {
        "measures": _MEASURE_RULE,
        "compared_with": _MEASURES,
        "direction": _DIRECTION,
    },
    "exact": {"measures": _MEASURE_RULE, "expected": _NUMBER, "tolerance": _POSITIVE},
    "reader": {"figure": _TEXT},
}
_OPTIONAL_OF_KIND = {
    "value": {},
    "order": {"controls": _COMPARISONS},
    "exact": {"controls": _CONTROLS},
    "reader": {"measures": _MEASURE_RULE},
}


def check_article(content: dict, lines: Lines) -> None:
    """Raises ClaimError unless the keys above the claims are what an article needs."""
    _check_keys(content, _ARTICLE, _ARTICLE_OPTIONAL, lines, None)
    if content["slug"] != lines.path.stem:
        raise lines.error(
            f"expected the name of the file, {lines.path.stem!r}, received {content['slug']!r}; "
            "rename one",
            key="slug",
        )


def check_claim(table: dict, index: int, lines: Lines) -> None:
    """Raises ClaimError unless the index-th claim has the keys and values of its kind."""
    kind = table.get("kind")
    if kind not in _KINDS:
        raise lines.error(
            f"expected one of {', '.join(_KINDS)}, received {_shown(kind)}; say what kind of "
            "claim it is",
            index,
            "kind",
        )
    required = _REQUIRED | _REQUIRED_OF_KIND[kind]
    _check_keys(table, required, _OPTIONAL | _OPTIONAL_OF_KIND[kind], lines, index)
    verdict = table.get("verdict", "")
    if verdict and verdict not in VERDICTS[kind]:
        raise lines.error(
            f"expected one of {', '.join(VERDICTS[kind])} for a claim of kind {kind}, or '' "
            f"before it is signed; received {_shown(verdict)}",
            index,
            "verdict",
        )
    if verdict and not table.get("explanation", "").strip():
        raise lines.error(
            f"expected why the verdict {verdict!r} is what it is, received nothing; "
            "explain it in a sentence",
            index,
            "explanation",
        )


def check_open(entry: dict, index: int, lines: Lines) -> None:
    """Raises ClaimError unless the index-th open detail has its keys and values."""
    _check_keys(entry, _OPEN, {}, lines, index, table="open")


def _check_keys(
    entry: dict,
    required: dict,
    optional: dict,
    lines: Lines,
    index: int | None,
    *,
    table: str = "claims",
) -> None:
    rules = required | optional
    for key in entry:
        if key not in rules:
            raise lines.error(
                f"expected only {', '.join(rules)}; received an unknown key; remove or rename it",
                index,
                key,
                table=table,
            )
    for key in required:
        if key not in entry:
            raise lines.error(
                f"expected {required[key][1]}, received nothing; add the key",
                index,
                key,
                table=table,
            )
    for key, value in entry.items():
        is_valid, expected = rules[key]
        if not is_valid(value):
            problem = f"expected {expected}, received {_shown(value)}"
            raise lines.error(problem, index, key, table=table)


def _shown(value: object, limit: int = 200) -> str:
    """The value as Python writes it, cut short where it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return "a number of thousands of digits"
    except RecursionError:
        return "brackets nested too deeply"
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
