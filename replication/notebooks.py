"""Executes and renders notebooks, headlessly, with nbconvert's machinery."""

import time
from pathlib import Path

from replication import results, store

FOLDER = Path(__file__).parent.parent / "notebooks"
TIMEOUT = 1800  # seconds a cell may take; everything long is stored before notebooks run
# nbconvert's template for JupyterLab leaves out the words for who cannot see a picture.
_TEMPLATE = """{% extends "lab/index.html.j2" %}
{% block data_png scoped %}
{%- set alt = (output | get_metadata("alt", "image/png") or "") | escape_html -%}
{{ super() | replace("<img ", '<img alt="%s" ' | format(alt) if alt else "<img ") }}
{%- endblock %}"""


class NotebookError(RuntimeError):
    """A notebook failed; the message names notebook, cell and error."""


def find(slug: str) -> Path | None:
    """The notebook of an article: `notebooks/NN_<slug>.ipynb`, or None."""
    found = sorted(FOLDER.glob(f"[0-9][0-9]_{slug}.ipynb"))
    return found[0] if found else None


def execute_all(slugs, folder: Path, environment: dict[str, str], *, announce=print) -> list[str]:
    """Executes the notebook of every article and renders it as HTML.

    Args:
        slugs: Articles.
        folder: Where executed notebooks and HTML go.
        environment: Environment variables of the kernels.
        announce: Receives one line per notebook.

    Returns:
        What failed, one line each; the other notebooks are executed all the
        same.
    """
    broken = []
    for slug in slugs:
        path = find(slug)
        if path is None:
            continue
        started = time.perf_counter()
        try:
            page = execute(path, folder, environment)
            announce(f"{path.name}: executed in {time.perf_counter() - started:.0f} s, {page}")
        except NotebookError as error:
            broken.append(str(error))
    return broken


def execute(path: Path, folder: Path, environment: dict[str, str]) -> Path:
    """Executes one notebook and writes it and its HTML page into `folder`.

    The folder gets a notebook only if every cell ran.

    Returns:
        The HTML page.

    Raises:
        NotebookError: If a cell fails, hangs, or its kernel dies.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = nbformat.read(path, as_version=4)
    started, reached = time.perf_counter(), []
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        extra_arguments=["--log-level=40"],  # or each kernel warns that loopback is not encrypted
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=lambda cell, cell_index: reached.append(cell_index + 1),
    )
    try:
        client.execute(env=environment)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        where = (
            f"cell {reached[-1]} of {len(notebook.cells)}" if reached else "before its first cell"
        )
        raise NotebookError(
            f"{path.name}, {where}, after {time.perf_counter() - started:.0f} s: {_reason(error)}"
        ) from error
    executed = folder / path.name
    store.write_atomically(executed, nbformat.writes(_without_timestamps(notebook)).encode())
    return render(executed)


def render(path: Path) -> Path:
    """Renders an executed notebook as one HTML page beside it, and returns the page."""
    from nbconvert import HTMLExporter

    body, _ = HTMLExporter(embed_images=True, raw_template=_TEMPLATE).from_filename(str(path))
    page = path.with_suffix(".html")
    store.write_atomically(page, body.encode())
    return page


def promote(folder: Path, results_root: Path) -> list[Path]:
    """Copies executed notebooks to `results/<slug>/notebook.ipynb`.

    Returns:
        The files whose content changed.
    """
    changed = []
    for path in sorted(folder.glob("[0-9][0-9]_*.ipynb")):
        target = results_root / path.stem.partition("_")[2] / "notebook.ipynb"
        before = results.read_text(target) if target.exists() else None
        text = results.read_text(path)
        if text != before:
            results.write_text(target, text)
            changed.append(target)
    return changed


def _reason(error: Exception) -> str:
    """The error of the cell, without the traceback and the cell's source."""
    if hasattr(error, "ename"):
        return f"{error.ename}: {error.evalue}"
    return str(error).strip().splitlines()[0]


def _without_timestamps(notebook):
    """The notebook without what differs between two executions of the same cells."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return notebook
