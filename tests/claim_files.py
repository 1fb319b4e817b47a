"""The text of a claim file, for tests that need an article of their own."""

import json

HEAD = {
    "slug": "demo",
    "number": 1,
    "title": "Demo",
    "author": "Nobody",
    "year": 2018,
    "url": "https://example.org",
    "language": "en",
}


def article(*entries, **changes):
    """An article with these entries, each a text in TOML; `changes` are of its own keys."""
    head = [
        f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
        for key, value in {**HEAD, **changes}.items()
    ]
    return "".join([*head, "\n", *entries])
