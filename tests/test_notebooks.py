"""The notebooks keep their rules, and executing them fails loudly and leaves nothing half done.

Numbers in prose. A number that looks measured (it has a decimal point or a per cent sign) may
stand in a notebook's text, or in a string of its code, only if the article's claim file holds it:
then it is what the article prints, an input such as lambda, or an identity's constant; our own
explanations there do not count, their numbers are bound (see test_prose.py). Versions
that follow the name of a program ("Keras 2.2") and the confidence level of the verdicts are the
two exceptions. Everything we measure is bound to its row, in a card or a sentence of the study.
"""

import ast
import json
import os
import re
import tomllib
from pathlib import Path

import nbformat
import pytest

from replication import notebooks, results
from replication.claims import load, prose
from replication.claims.intervals import CONFIDENCE
from replication.study import OUTCOMES

ROOT = Path(__file__).parent.parent
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MAX_LINES = 15
MEASURED = re.compile(r"\d+\.\d+|\d+(?:\.\d+)?(?=\s*%)")
VERSION = re.compile(r"(?:Keras|TensorFlow|Python) \d+\.\d+")
BINDING = re.compile(r"\{[^{}]*\}")
each_notebook = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])


def read(path):
    """The notebook, its markdown sources and its code sources."""
    notebook = nbformat.read(path, as_version=4)
    by_type = {"markdown": [], "code": []}
    for cell in notebook.cells:
        by_type[cell.cell_type].append(cell.source)
    return notebook, by_type["markdown"], by_type["code"]


def article_of(path):
    """The article whose slug the notebook's name carries."""
    articles = load()
    slug = path.stem.partition("_")[2]

    assert slug in articles, f"{path.name}: no claims/{slug}.toml"
    return articles[slug]


def nodes(codes):
    """Syntax trees of all code cells, node by node."""
    return [node for code in codes for node in ast.walk(ast.parse(code))]


def strings(codes):
    """Text in code cells: string constants, and the constant parts of f-strings."""
    constants = [node.value for node in nodes(codes) if isinstance(node, ast.Constant)]
    return [value for value in constants if isinstance(value, str)]


def measured_looking(texts):
    """Numbers with a decimal point or a per cent sign, program versions left out."""
    plain = [BINDING.sub("", VERSION.sub("", text)) for text in texts]
    return {number for text in plain for number in MEASURED.findall(text)}


def calls_of(codes, name):
    """Calls of a function in code cells, in order, by its name as it is written."""
    calls = [node for node in nodes(codes) if isinstance(node, ast.Call)]
    return [call for call in calls if ast.unparse(call.func) == name]


def printed_in(article):
    """Numbers of an article's claim file, those of our explanations left out."""
    content = tomllib.loads(article.path.read_text(encoding="utf-8"))
    for claim in content["claims"]:
        claim.pop("explanation", None)
    return set(MEASURED.findall(json.dumps(content, ensure_ascii=False)))


def figure_problems(code):
    """What is wrong with the figure of a cell, in words; empty where nothing is."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    called = [ast.unparse(call.func) for call in calls]
    banned = [name for name in called if name == "plt.show" or name.endswith(".suptitle")]
    made = [name for name in called if name in {"plt.subplots", "plt.figure"}]
    if not made:
        return " and ".join(banned)
    last = ast.parse(code).body[-1]
    last = last.body[-1] if isinstance(last, ast.If) else last  # where a run is stored
    shown = last.value if isinstance(last, ast.Expr) else None
    if not isinstance(shown, ast.Call) or ast.unparse(shown.func) != "study.show":
        return "ends without study.show"
    texts = dict(zip(["figure", "caption"], shown.args, strict=False))
    texts |= {keyword.arg: keyword.value for keyword in shown.keywords}
    missing = [name for name in ("caption", "alt") if name not in texts]
    said = {name: texts[name] for name in ("caption", "alt") if name in texts}
    empty = [n for n, text in said.items() if isinstance(text, ast.Constant) and not text.value]
    return ", ".join(
        [f"lacks {name}" for name in missing]
        + [f"empty {name}" for name in empty]
        + ([f"{len(made)} figures in a cell"] if len(made) > 1 else [])
        + banned
    )


@each_notebook
def test_name_and_number_are_the_articles(path):
    assert path.name == f"{article_of(path).number:02d}_{path.stem[3:]}.ipynb"


@each_notebook
def test_a_notebook_is_valid_and_stripped(path):
    notebook, _, codes = read(path)
    nbformat.validate(notebook)

    for cell in notebook.cells:
        assert not cell.get("outputs"), f"run `make notebooks`: {path.name} has outputs"
        assert cell.get("execution_count") is None
        assert not cell.metadata, "no tags, collapsed cells or timestamps"
    assert notebook.metadata.kernelspec.name == "python3"
    assert codes


@each_notebook
def test_cells_are_short_and_define_nothing(path):
    _, _, codes = read(path)
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)

    for code in codes:
        assert len(code.splitlines()) <= MAX_LINES, f"{path.name}:\n{code}"
    defined = [node.lineno for node in nodes(codes) if isinstance(node, definitions)]
    assert not defined, "put it into the package, with a test"


@each_notebook
def test_title_citation_and_the_two_closing_sections(path):
    _, markdown, _ = read(path)
    article = article_of(path)
    headings = re.findall(r"^##? (.+)$", "\n".join(markdown), flags=re.MULTILINE)

    assert markdown[0].startswith("# ")
    assert f"]({article.url})" in markdown[0]
    assert str(article.year) in markdown[0]
    assert article.author.split(" (")[0] in markdown[0]
    assert headings[-2:] == ["Departures from the article", "Conclusion"]


@each_notebook
def test_the_answer_and_a_picture_come_first(path):
    notebook, markdown, _ = read(path)
    first = []
    for cell in notebook.cells[1:]:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            break
        first += [cell.source] * (cell.cell_type == "code")

    assert re.search(r"^## (.+)$", "\n".join(markdown), re.M)[1] == "In short"
    assert calls_of(first[:3], "study.show"), "a picture within three code cells"
    assert calls_of(first, "study.say")


@each_notebook
def test_the_notebook_shows_each_claim_of_its_article_on_one_card(path):
    _, _, codes = read(path)
    shown = [ast.literal_eval(call.args[0]) for call in calls_of(codes, "study.card")]

    assert sorted(shown) == sorted(claim.id for claim in article_of(path).claims), (
        'a claim needs one line, study.card("its-id")'
    )


@each_notebook
def test_models_and_losses_are_shown_from_their_source(path):
    _, _, codes = read(path)

    assert calls_of(codes, "study.source")


@each_notebook
def test_sentences_rest_on_verdicts_as_they_are_signed(path):
    """The page says something else where a verdict has changed; a person has to word it anew."""
    _, _, codes = read(path)
    verdicts = {claim.id: claim.verdict for claim in article_of(path).claims}
    signed = {name: OUTCOMES[verdict] for name, verdict in verdicts.items()}
    keywords = [each for call in calls_of(codes, "study.say") for each in call.keywords]
    told = [ast.literal_eval(each.value) for each in keywords if each.arg == "holds"]

    assert told, "a conclusion rests on verdicts"
    for holds in told:
        assert holds.keys() <= signed.keys()
        undecided = {name for name in holds if verdicts[name] == "inconclusive"}  # too few seeds
        assert not {n: signed[n] for n in holds if signed[n] != holds[n] and n not in undecided}


@each_notebook
def test_bound_numbers_are_measured(path):
    _, _, codes = read(path)
    slug = article_of(path).slug
    metrics = results.read_metrics(ROOT / "results")
    known = set(metrics["experiment"] + "/" + metrics["metric"])
    calls = calls_of(codes, "study.say") + calls_of(codes, "study.departures")
    texts = [each.value for call in calls for each in call.args if isinstance(each, ast.Constant)]
    pieces = [piece for text in texts for piece in prose.parse(text)]
    bound = [
        each for piece in pieces if isinstance(piece, prose.Bound) for each in piece.references
    ]

    assert bound
    assert not [each for each in bound if not {each, f"{slug}-{each}"} & known]


@each_notebook
def test_no_measured_number_is_typed(path):
    _, markdown, codes = read(path)
    allowed = printed_in(article_of(path)) | {f"{100 * CONFIDENCE:g}"}

    assert not measured_looking(markdown + strings(codes)) - allowed, (
        "print it from a table; if the article prints it, it belongs into the claim file"
    )


@each_notebook
def test_no_expected_number_is_typed_into_code(path):
    """Not even the article's: a figure's line comes from the claim, so it cannot go stale."""
    _, _, codes = read(path)
    claims = article_of(path).claims
    expected = {claim.target for claim in claims}
    typed = {node.value for node in nodes(codes) if isinstance(node, ast.Constant)}

    # Whole numbers and None are everywhere: only a fraction gives itself away.
    assert not {number for number in expected if number and number % 1} & typed


@each_notebook
def test_every_figure_is_shown_with_caption_and_words(path):
    _, _, codes = read(path)
    problems = {code: figure_problems(code) for code in codes}

    assert not {code: found for code, found in problems.items() if found}


@each_notebook
def test_figures_follow_one_style(path):
    _, _, codes = read(path)
    typed = [text for text in strings(codes) if re.fullmatch("#[0-9A-Fa-f]{6}", text)]
    keywords = [node for node in nodes(codes) if isinstance(node, ast.keyword)]
    sizes = [ast.unparse(each.value) for each in keywords if each.arg == "figsize"]

    assert not typed, "take colours from figures.COLORS"
    assert not [size for size in sizes if not size.startswith("(figures.WIDTH, ")]


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("figure, ax = plt.subplots()\nplt.show()", "ends without study.show"),
        ("figure = plt.figure()\nstudy.show(figure, 'a', of='b')", "lacks alt"),
        ("figure = plt.figure()\nstudy.show(figure, of='b', alt='c')", "lacks caption"),
        ("figure = plt.figure()\nstudy.show(figure, '', of='b', alt='c')", "empty caption"),
        ("plt.figure()\nplt.figure()\nstudy.show(f, 'a', of='b', alt='c')", "2 figures"),
        ("figure.suptitle('a')", "suptitle"),
        ("plt.show()", "plt.show"),
        ("study.show(plt.figure(), 'a', of='b', alt=f'{c}')", ""),
        ("table", ""),
    ],
)
def test_the_rule_on_figures(code, problem):
    assert problem in figure_problems(code)
    assert bool(problem) == bool(figure_problems(code))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("we reach 0.7912 on test", {"0.7912"}),
        ("a purity of 79 % or 80%", {"79", "80"}),
        ("a purity of {eq5-mnist/test_purity:.1%}", set()),
        ("Keras 2.2 and TensorFlow 1.8, eq. (5), 50 epochs, 60,000 images", set()),
    ],
)
def test_the_rule_on_numbers(text, found):
    assert measured_looking([text]) == found


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Two tiny notebooks, executed: the first fails in its second cell, the other is fine."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("executed")
    cells = {
        "01_broken.ipynb": ["total = 1", "total / 0", "print('never reached')"],
        "02_sound.ipynb": ["import os", "print(os.environ['GREETING'])"],
    }
    for name, sources in cells.items():
        notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, sources)))
        nbformat.write(notebook, source / name)
    lines, environment = [], {**os.environ, "GREETING": "hello from the runner"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notebooks, "FOLDER", source)
        broken = notebooks.execute_all(
            ["broken", "unwritten", "sound"], folder, environment, announce=lines.append
        )
    return {"broken": broken, "folder": folder, "lines": lines, "source": source}


def test_a_failing_cell_names_notebook_cell_and_error(executed):
    (line,) = executed["broken"]

    assert "01_broken.ipynb" in line
    assert "cell 2 of 3" in line
    assert "ZeroDivisionError: division by zero" in line
    assert "\n" not in line and "\x1b" not in line, "one line, no traceback, no colours"


def test_a_failed_notebook_leaves_nothing_behind(executed):
    assert not list(executed["folder"].glob("01_*"))


def test_the_other_notebooks_still_run(executed):
    notebook = nbformat.read(executed["folder"] / "02_sound.ipynb", as_version=4)
    page = (executed["folder"] / "02_sound.html").read_text(encoding="utf-8")

    assert notebook.cells[1].outputs[0].text.strip() == "hello from the runner"
    assert "hello from the runner" in page
    told = [(line.facts["notebook"], line.facts["state"]) for line in executed["lines"]]
    assert told[-2:] == [("02_sound.ipynb", "started"), ("02_sound.ipynb", "executed")]
    assert [state for _, state in told].count("executed") == 1


def test_an_executed_notebook_holds_no_times_and_its_source_stays_as_it_was(executed):
    notebook = nbformat.read(executed["folder"] / "02_sound.ipynb", as_version=4)
    source = nbformat.read(executed["source"] / "02_sound.ipynb", as_version=4)

    assert not any("execution" in cell.metadata for cell in notebook.cells)
    assert not any(cell.outputs for cell in source.cells)


def test_only_executed_notebooks_are_promoted_and_only_if_they_changed(executed, tmp_path):
    first = notebooks.promote(executed["folder"], tmp_path)
    again = notebooks.promote(executed["folder"], tmp_path)

    assert first == [tmp_path / "sound" / "notebook.ipynb"]
    assert first[0].read_bytes() == (executed["folder"] / "02_sound.ipynb").read_bytes()
    assert again == []


def test_an_article_without_a_notebook_has_none():
    assert notebooks.find("no-such-article") is None
