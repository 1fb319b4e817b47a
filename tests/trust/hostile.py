"""Strategies for input that means harm: damaged bytes, texts, and structures of TOML, JSON, CSV."""

import copy
import csv
import io
import math

from hypothesis import strategies as st

BYTES = (
    b"\xef\xbb\xbf",  # a byte order mark
    b"\r\n",
    b"\r",
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",  # half of a surrogate pair
    b"\xe2\x80\xa8",  # a line separator, which ends no line of CSV or TOML
    b"\x1b[31m",
    b'"',
    b"[" * 3_000,
    b'{"a":' * 3_000,
    b"9" * 5_000,
    b"nan",
    b"1e999",
    b"0x" + b"f" * 5_000,
    b"," * 200,
    b"a" * 140_000,  # longer than a cell may be
)
NUMBERS = (0, -1, 10**18, 2**63, 10**400, 1e149, 1e308, -1e308, 5e-324, math.nan, math.inf)
TEXTS = (
    "",
    " ",
    "\n",
    "\0",
    "\x1b[2J",
    "a/b",
    "demo-run/purity",
    "{",
    "{demo-run/purity}",
    "{demo-run/purity / rival:.9p}",
    "demo-run/full/0",
    "<!-- =x -->",
    "<script>",
    "../../..",
    "\ufeff",
    "\u202e",
    "1e5",
    "x" * 10_000,
)
WORDS = st.one_of(st.sampled_from(TEXTS), st.text(max_size=20))
SCALARS = st.one_of(WORDS, st.sampled_from(NUMBERS), st.integers(), st.floats(), st.booleans())


def _nested(levels: int) -> list:
    found: list = []
    for _ in range(levels):
        found = [found]
    return found


VALUES = st.one_of(
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
        max_leaves=6,
    ),
    st.sampled_from([5, 50, 500]).map(_nested),
)


@st.composite
def damaged(draw, content: bytes) -> bytes:
    """Bytes with one to three bits flipped, parts cut, doubled or put in."""
    found = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(found) - 1)))
        end = at + draw(st.integers(1, 40))
        how = draw(st.sampled_from(("flip", "cut", "drop", "double", "insert")))
        if how == "flip" and found:
            found[at] ^= 1 << draw(st.integers(0, 7))
        elif how == "cut":
            del found[at:]
        elif how == "drop":
            del found[at:end]
        elif how == "double":
            found[at:at] = found[at:end]
        else:
            found[at:at] = draw(st.sampled_from(BYTES) | st.binary(max_size=12))
    return bytes(found)


def _places(value, path=()) -> list[tuple]:
    """The path of everything within nested mappings and lists."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, each in inner:
        found.append((*path, key))
        if isinstance(each, dict | list):
            found += _places(each, (*path, key))
    return found


@st.composite
def mutated(draw, content: dict, values=VALUES) -> dict:
    """A nested mapping with one to three parts dropped, renamed, doubled, swapped or replaced."""
    found = copy.deepcopy(content)
    for _ in range(draw(st.integers(1, 3))):
        places = _places(found)
        if not places:
            break
        *path, last = draw(st.sampled_from(places))
        parent = found
        for key in path:
            parent = parent[key]
        how = draw(st.sampled_from(("drop", "replace", "replace", "rename", "double", "swap")))
        if how == "drop":
            del parent[last]
        elif how == "rename" and isinstance(parent, dict):
            parent[draw(WORDS)] = parent.pop(last)
        elif how == "double" and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[last]))
        elif how == "swap":
            others = list(range(len(parent))) if isinstance(parent, list) else list(parent)
            other = draw(st.sampled_from(others))
            parent[last], parent[other] = parent[other], parent[last]
        else:
            parent[last] = draw(values)
    return found


def to_toml(content: dict) -> str:
    """A mapping as TOML: lists of mappings at the top as `[[tables]]`, all else in lines."""

    def is_tables(value) -> bool:
        return isinstance(value, list) and value and all(isinstance(each, dict) for each in value)

    lines = [f"{_key(name)} = {_toml(v)}" for name, v in content.items() if not is_tables(v)]
    for name, tables in content.items():
        for table in tables if is_tables(tables) else ():
            lines += ["", f"[[{_key(name)}]]"]
            lines += [f"{_key(inner)} = {_toml(value)}" for inner, value in table.items()]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "a").isalnum() else _toml(str(name))


def _toml(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if 0 <= abs(value) < 10**300 else hex(abs(value))
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        plain = (c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in value)
        return '"' + "".join(plain) + '"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(str(k))} = {_toml(v)}" for k, v in value.items()) + "}"
    return "[" + ", ".join(map(_toml, value)) + "]"


CELLS = st.one_of(
    WORDS,
    st.sampled_from(NUMBERS).map(str),
    st.sampled_from(("1_0", "٣", "²", "1e150", "-0", "0x1", "1,5", "NaN", "Infinity", " 1", "1 ")),
)


@st.composite
def table_text(draw, content: bytes) -> bytes:
    """A CSV table with its columns, rows, cells, ends of lines or encoding changed."""
    rows = list(csv.reader(io.StringIO(content.decode())))
    for _ in range(draw(st.integers(1, 2))):
        row = draw(st.integers(0, len(rows) - 1))
        column = draw(st.integers(0, len(rows[0]) - 1))
        how = draw(st.sampled_from(("cell", "cell", "shuffle", "lose", "gain", "double", "forget")))
        if how == "cell" and column < len(rows[row]):
            rows[row][column] = draw(CELLS)
        elif how == "shuffle":
            order = draw(st.permutations(range(len(rows[0]))))
            rows = [[each[i] for i in order if i < len(each)] for each in rows]
        elif how == "lose":
            rows = [each[:column] + each[column + 1 :] for each in rows]
        elif how == "gain":
            rows = [[*each, draw(CELLS)] for each in rows]
        elif how == "double":
            rows.append(list(rows[row]))
        elif how == "forget" and len(rows) > 1:
            del rows[row]
        if not rows or not rows[0]:
            rows = [["x"]]
    text = io.StringIO(newline="")
    ends, marks = st.sampled_from(("\n", "\r\n", "\r")), st.sampled_from((",", ",", ";", "\t"))
    csv.writer(text, delimiter=draw(marks), lineterminator=draw(ends)).writerows(rows)
    encoding = draw(st.sampled_from(("utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1")))
    return text.getvalue().encode(encoding, errors="replace")
