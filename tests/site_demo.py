"""A small project with every kind of claim and texts that mean harm, for the tests of the site."""

import base64
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from replication import site
from replication.claims.check import check
from tests import claim_files, table_files

HOSTILE = """<script>alert(1)</script> "onload="alert(2)" <img src=x onerror=alert(3)>"""
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PURITY = {
    "demo-run": (0.83, 0.84, 0.86, 0.85, 0.845, 0.835),
    "demo-rival": (0.60, 0.62, 0.61, 0.61, 0.605, 0.615),
}
ABOUT = {"author": "无名 (Nobody)", "url": "https://example.org/article", "language": "zh"}
CLAIMS = claim_files.article(
    f"""[[claims]]
id = "high"
says = "It is high | very."
locator = "section 1"
kind = "value"
voice = "article"
because = "printed so"
measures = "demo-run/purity"
reported = 0.845
controls = ["demo-rival/purity"]
context = [
  {{ label = "theirs", value = "84 %", source = "Others, [*This*](https://example.org/theirs)" }},
]
verdict = "reproduced"
explanation = "It has {{demo-run/purity:.1%}}, see `better`, and {{demo-run/spread:.2f}} of spread."

[[claims]]
id = "better"
says = '''{HOSTILE}'''
locator = '''{HOSTILE}'''
kind = "order"
voice = "article"
because = '''{HOSTILE}'''
measures = "demo-run/purity"
compared_with = ["demo-rival/purity"]
direction = "greater"
matters = 0.005
verdict = "reproduced"
explanation = '''{HOSTILE}'''

[[claims.controls]]
measures = "demo-rival/purity"
compared_with = ["demo-run/purity"]

[[claims]]
id = "identity"
says = "It is one."
locator = "eq. (1)"
kind = "exact"
voice = "article"
because = "round-off"
measures = "demo-run/ratio"
expected = 1.0
tolerance = 1e-6
verdict = "reproduced"
explanation = "It is."

[[claims]]
id = "grid"
says = "It looks good."
locator = "figure"
kind = "reader"
voice = "article"
because = "a picture"
figure = "grid"
verdict = "shown"
explanation = "Seen."

[[claims]]
id = "later"
says = "It beats another."
locator = "section 2"
kind = "order"
voice = "reading"
because = "said so"
measures = "demo-run/purity"
compared_with = ["demo-extended/purity"]
direction = "greater"
matters = 0.005
core = false
verdict = "inconclusive"
explanation = "Not run yet."

[[open]]
id = "start"
detail = "How it starts."
locator = "nowhere"
ours = "well"
measures = "demo-run/purity"
alternatives = [{{ what = "badly", measures = "demo-rival/purity" }}]
""",
    **ABOUT,
)
README = """# Demo

## What we found

- **01, a demo.** It has <!-- =demo-run/purity:.1% -->84.3 %<!-- / -->.

<!-- claims:begin -->
<!-- claims:end -->
"""
DECISION = """# 0001. A decision

It rests on <!-- =demo-run/purity - demo-rival/purity:.1p -->23.3<!-- / --> points, see
[the ledger](../open-details.md#open-demo), [the notebook](../../notebooks/01_demo.ipynb),
[the code](../../replication/site.py) and [a trap](javascript:alert(1)); `docs/open-details.md`.

| column | of numbers |
|---|---|
| `high` | 1 |
"""
OPEN = "# Open\n\nThe intro.\n\n<!-- ledger:begin -->\n<!-- ledger:end -->\n"
TABLE = f"""<style>td {{ color: red }}</style><script>alert(4)</script>
<table border="1" onclick="alert(5)"><tbody><tr style="color: red"><th>high</th><td>0.5</td>
<td>{HOSTILE}</td></tr></tbody></table><a href="javascript:alert(6)">x</a>"""


def record(root, experiment, seed, *, device="cpu", **measured):
    """Records a full run with these metrics and a hostile reason."""
    table_files.record(
        root,
        "demo",
        experiment=experiment,
        profile="full",
        seed=seed,
        metrics=[(name, "fraction", "higher") for name in measured],
        tier="core",
        measurements={name: (value, 1000) for name, value in measured.items()},
        history=None,
        provenance={
            "fingerprint": "here",
            "commit": "abc123def456",
            "minutes": 1.5,
            "accepted_because": HOSTILE,
            "environment": {"keras": "3.15.1", "backend": "jax", "device": device, "threads": 2},
        },
    )


def notebook():
    """An executed notebook with a formula, a chip, a figure and outputs that mean harm."""
    data = {"text/html": TABLE, "text/plain": "table"}
    picture = {"image/png": base64.b64encode(PIXEL).decode()}
    about = {"image/png": {"alt": 'A "dot"', "width": 1}}
    caption = '<div class="figure-caption"><small>One dot.</small><details>'
    caption += "<summary>Data</summary><small>demo-run, n = 1.</small></details></div>"
    card = {"claim": "high", "quantity": "of it", "names": {"demo-run/purity": HOSTILE}}
    outputs = [
        new_output("display_data", data),
        new_output("display_data", picture, metadata=about),
        new_output("display_data", {"text/html": caption}),
        new_output("stream", text=HOSTILE),
        new_output("display_data", {"text/markdown": HOSTILE, "text/plain": ""}),
        new_output("display_data", {"text/html": HOSTILE}, metadata={"card": card}),
    ]
    cells = [
        new_markdown_cell("# 01 · Demo\n\nBy [the article](https://example.org/article)."),
        new_markdown_cell(f"## Question\n\nIs $x_1 < y$? {HOSTILE}\n\n$$\n\\frac{{1}}{{2}}\n$$"),
        new_markdown_cell("### Claims `high` and `better`\n\nWe ask `high`, not `purity`: 84 %."),
        new_code_cell("first = 1"),
        new_code_cell(f"print({HOSTILE!r})", outputs=outputs),
        new_markdown_cell("## Question"),
        new_markdown_cell("## Departures from the article\n\n1. None, but for `high`."),
        new_markdown_cell("## Conclusion"),
    ]
    return new_notebook(cells=cells)


def make_project(root):
    """Writes a project whose committed files all agree."""
    for name, text in {
        "claims/demo.toml": CLAIMS,
        "README.md": README,
        "docs/decisions/0001-a-decision.md": DECISION,
        "docs/open-details.md": OPEN,
        "LICENSE": "Apache License",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for experiment, values in PURITY.items():
        for seed, value in enumerate(values):
            spread = {"ratio": 1.0, "spread": 0.25} if experiment == "demo-run" else {}
            record(root / "results", experiment, seed, purity=value, **spread)
    nbformat.write(notebook(), root / "results" / "demo" / "notebook.ipynb")
    return root


def build(root, out, today=None):
    """Builds the site of a project."""
    report = check(root / "claims", Path(root) / "results", today)
    return site.build(report, site.Project(root, root / "results"), out)


def files(folder):
    """Every file of a folder with its content."""
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
