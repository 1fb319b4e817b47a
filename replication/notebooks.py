"""Executes and renders notebooks, headlessly, with nbconvert's machinery."""

import asyncio
import atexit
import contextlib
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from replication import environment, results, store
from replication.errors import ReplicationError
from replication.events import Event

FOLDER = Path(__file__).parent.parent / "notebooks"
TIMEOUT = 1800  # seconds a cell may take; everything long is stored before notebooks run
_LONGEST = 300  # characters of an error's own words
_FORMAT = 4  # of the files, and of everything Jupyter has written since 2015
# nbconvert's template for JupyterLab leaves out the words for who cannot see a picture.
_TEMPLATE = """{% extends "lab/index.html.j2" %}
{% block data_png scoped %}
{%- set alt = (output | get_metadata("alt", "image/png") or "") | escape_html -%}
{{ super() | replace("<img ", '<img alt="%s" ' | format(alt) if alt else "<img ") }}
{%- endblock %}"""


class NotebookError(ReplicationError, RuntimeError):
    """A notebook failed; the message names notebook, cell and error."""

    exit_code = 1


def find(slug: str) -> Path | None:
    """The notebook of an article: `notebooks/NN_<slug>.ipynb`, or None."""
    return _by_slug(FOLDER).get(slug)


def _by_slug(folder: Path) -> dict[str, Path]:
    """The notebooks in a folder, by what follows the number of their article."""
    paths = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    return {path.stem.partition("_")[2]: path for path in paths}


def execute_all(slugs, folder: Path, variables: dict[str, str], *, announce=print) -> list[str]:
    """Executes the notebook of every article and renders it as HTML.

    Args:
        slugs: Articles.
        folder: Where executed notebooks and HTML go.
        variables: Environment variables of the kernels.
        announce: Receives an event when a notebook is started and when it ended.

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
        announce(_event(path, "started", f"{path.name}: executing"))
        try:
            page = execute(path, folder, variables)
            seconds = time.perf_counter() - started
            line = f"{path.name}: executed in {seconds:.0f} s, {page}"
            announce(_event(path, "executed", line, seconds=seconds, page=str(page)))
        except NotebookError as error:
            broken.append(str(error))
            announce(_event(path, "failed", f"{path.name}: FAILED"))
    return broken


def _event(path: Path, state: str, line: str, **facts) -> Event:
    return Event(line, kind="notebook", notebook=path.name, state=state, **facts)


def execute(path: Path, folder: Path, variables: dict[str, str]) -> Path:
    """Executes one notebook and writes it and its HTML page into `folder`.

    The folder gets a notebook only if every cell ran; a former one goes first,
    so that nobody takes it for this one's.

    Returns:
        The HTML page.

    Raises:
        NotebookError: If the file is no notebook, its kernel does not start,
            or a cell fails, hangs, runs out of memory, loses its kernel or
            puts out what no notebook can hold.
    """
    environment.fix_jupyter()
    from nbclient import NotebookClient

    from replication import kernel

    executed = folder / path.name
    for former in (executed, executed.with_suffix(".html")):
        former.unlink(missing_ok=True)
    notebook = _read(path)
    started, reached, kernels = time.perf_counter(), [], []

    def note(cell, cell_index: int) -> None:
        reached.append(cell_index + 1)
        kernels.append(_process(client))

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as own:
        client = NotebookClient(
            notebook,
            km=kernel.manager(Path(own)),
            timeout=TIMEOUT,
            extra_arguments=["--log-level=40"],  # or it warns that loopback is not encrypted
            resources={"metadata": {"path": str(path.parent)}},
            force_raise_errors=True,  # whatever a cell's tags allow
            on_cell_start=note,
        )
        try:
            _run(client, kernel.variables(variables, Path(own)))
            content = _content(notebook)
        except Exception as error:  # a kernel may send anything; the next notebook is executed
            where = f"cell {reached[-1]} of {len(notebook.cells)}" if reached else "no cell yet"
            why = _reason(error, kernels[-1] if kernels else None)
            raise NotebookError(
                f"{path.name}, {where}, after {time.perf_counter() - started:.0f} s: {why}"
            ) from error
    store.write_atomically(executed, content)
    return render(executed)


def _content(notebook) -> bytes:
    """An executed notebook as the bytes of its file, if the format allows all that is in it."""
    import nbformat

    nbformat.validate(_without_timestamps(notebook))
    return nbformat.writes(notebook).encode()


def render(path: Path) -> Path:
    """Renders an executed notebook as one HTML page beside it, and returns the page.

    Raises:
        NotebookError: If nbconvert cannot.
    """
    environment.fix_jupyter()
    from nbconvert import HTMLExporter

    try:
        body, _ = HTMLExporter(embed_images=True, raw_template=_TEMPLATE).from_filename(str(path))
    except Exception as error:  # of outputs that nobody foresaw
        why = _one_line(f"{type(error).__name__}: {error}")
        raise NotebookError(f"{path.name}: executed, but nbconvert made no page: {why}") from error
    page = path.with_suffix(".html")
    store.write_atomically(page, body.encode())
    return page


def promote(folder: Path, results_root: Path) -> list[Path]:
    """Copies executed notebooks to `results/<slug>/notebook.ipynb`.

    Returns:
        The files whose content changed.
    """
    changed = []
    for slug, path in _by_slug(folder).items():
        target = results_root / slug / "notebook.ipynb"
        before = results.read_text(target) if target.exists() else None
        text = results.read_text(path)
        if text != before:
            results.write_text(target, text)
            changed.append(target)
    return changed


def _read(path: Path):
    """The notebook in a file.

    Raises:
        NotebookError: If it cannot be read or is no notebook.
    """
    import nbformat

    malformed = (LookupError, TypeError)
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text)
        if content["nbformat"] != _FORMAT or not isinstance(content["cells"], list):
            raise ValueError(f"format {content['nbformat']}")
        nbformat.validate(content)
        return nbformat.reads(text, as_version=_FORMAT)
    except (OSError, ValueError, *malformed, RecursionError, nbformat.ValidationError) as error:
        what = getattr(error, "strerror", None) or getattr(error, "message", None) or str(error)
        if isinstance(error, malformed):
            what = "JSON of another kind"
        raise NotebookError(
            f"{path.name}: expected a Jupyter notebook of format {_FORMAT}, received "
            f"{_one_line(what)}; restore the file, or save it again from Jupyter"
        ) from error


def _run(client, variables: dict[str, str]) -> None:
    """Executes the cells; whatever ends the wait for them, Ctrl-C for one, ends the kernel too.

    In a thread of its own: in the main one, nbclient would answer SIGINT in
    our place and report a dead kernel.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(asyncio.run, client.async_execute(env=variables, cleanup_kc=True))
        try:
            running.result()
        finally:
            while not running.done():  # a kernel about to start has no process yet
                kernel = _process(client)
                if kernel is not None and kernel.poll() is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(kernel.pid, signal.SIGKILL)  # it leads a group of its own
                wait([running], timeout=0.1)
            # Left behind where no kernel started, and fails at exit, when there is none to end.
            atexit.unregister(client._cleanup_kernel)


def _process(client) -> subprocess.Popen | None:
    """The process of the client's kernel, if there is one by now."""
    provisioner = getattr(client.km, "provisioner", None)
    return getattr(provisioner, "process", None)


def _reason(error: Exception, kernel: subprocess.Popen | None) -> str:
    """What went wrong, on one line, without the traceback and the cell's source."""
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    if hasattr(error, "ename"):
        said = _one_line(f"{error.ename}: {error.evalue}").rstrip(": ")
        return f"{said} (out of memory)" if error.ename.endswith("MemoryError") else said
    if isinstance(error, CellTimeoutError):
        return f"a cell may take {TIMEOUT} s and this one took longer; its kernel was ended"
    if isinstance(error, DeadKernelError):
        code = None if kernel is None else kernel.poll()
        if code == -signal.SIGKILL:
            return "its kernel was killed (SIGKILL), as the system does when memory runs out"
        if code is not None and code < 0:
            return f"its kernel was ended by {signal.Signals(-code).name}"
        return "its kernel died" if code is None else f"its kernel ended with code {code}"
    if kernel is not None:
        return f"its outputs make no notebook: {_one_line(str(error))}"
    return f"its kernel did not start: {_one_line(str(error))}"


def _one_line(text: str) -> str:
    """The first line that says something, without colours."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text).strip()
    line = plain.splitlines()[0] if plain else "no further word"
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."


def _without_timestamps(notebook):
    """The notebook without what differs between two executions of the same cells."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return notebook
