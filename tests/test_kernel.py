"""The kernel of a notebook: this interpreter, and a notebook that nobody's settings change."""

import json
import os
import sys
from pathlib import Path

import nbformat
import psutil
import pytest

from replication import kernel, notebooks

CELLS = (
    "import os, sys\nprint(sys.executable, {*'abcdef'}, sys.flags.optimize)",
    "import pandas as pd\npd.DataFrame({'value': [0.123456789, 1.0]})",
    "import matplotlib.pyplot as plt\nfrom replication import figures\nfigures.use_style()\n"
    "plt.plot([1, 2], label='a line')\nplt.title('words')\nplt.legend()\nplt.show()",
    "1 / 3",
)
MEDDLE = (
    "import pandas, sys\nprint('hello from a start-up file')\n"
    "pandas.options.display.precision = 2\nsys.setrecursionlimit(5000)\n"
)
STYLE = "text.usetex: True\naxes.facecolor: black\nfont.size: 30\nno.such.key: 1\n"
FILES = {  # in the home of a user who has set up everything
    ".ipython/profile_default/startup/00-first.py": MEDDLE,
    ".ipython/profile_default/ipython_kernel_config.py": "c.IPKernelApp.exec_lines = ['1 / 0']\n",
    ".ipython/profile_default/ipython_config.py": "c.InlineBackend.figure_formats = {'svg'}\n",
    ".ipython/sitecustomize.py": "print('hello from sitecustomize')\n",
    ".config/matplotlib/matplotlibrc": STYLE,
    ".jupyter/jupyter_config.py": "c.NbConvertBase.display_data_priority = ['text/plain']\n",
    "share/kernels/python3/kernel.json": json.dumps(
        {"argv": ["/bin/false"], "display_name": "Another", "language": "python"}
    ),
    "share/nbconvert/templates/lab/index.html.j2": "another page",
    "share/nbconvert/templates/base/display_priority.j2": "another page",
}
SET = {
    "HOME": "{home}",
    "XDG_CONFIG_HOME": "{home}/.config",
    "IPYTHONDIR": "{home}/.ipython",
    "JUPYTER_CONFIG_DIR": "{home}/.jupyter",
    "JUPYTER_DATA_DIR": "{home}/share",
    "JUPYTER_PATH": "{home}/share",
    "JUPYTER_PREFER_ENV_PATH": "0",
    "MATPLOTLIBRC": "{home}/.config/matplotlib/matplotlibrc",
    "MPLBACKEND": "module://no.such.backend",
    "MPLCONFIGDIR": "{home}/.config/matplotlib",
    "PYTHONPATH": "{home}/.ipython",
    "PYTHONSTARTUP": "{home}/.ipython/profile_default/startup/00-first.py",
    "PYTHONOPTIMIZE": "2",
    "PYTHONHASHSEED": "7",
    "PYTHONWARNINGS": "always",
    "COLUMNS": "20",
    "FORCE_COLOR": "1",
}


@pytest.fixture
def source(tmp_path):
    """A notebook with text, a table and a figure."""
    path = tmp_path / "source" / "01_demo.ipynb"
    path.parent.mkdir()
    cells = [nbformat.v4.new_code_cell(each, id=f"cell-{i}") for i, each in enumerate(CELLS)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_a_notebook_executed_under_a_hostile_home_is_equal(source, tmp_path, monkeypatch):
    """To the last byte, as is its page; the kernel `python3` of a user was started instead."""
    plain, hostile, home = tmp_path / "plain", tmp_path / "hostile", tmp_path / "home"
    notebooks.execute(source, plain, dict(os.environ))
    for name, content in FILES.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    for name, value in SET.items():
        monkeypatch.setenv(name, value.format(home=home))
    notebooks.execute(source, hostile, dict(os.environ))

    kernels = [each.cmdline() for each in psutil.Process().children()]
    outputs = nbformat.read(plain / source.name, 4).cells
    assert outputs[0].outputs[0].text.startswith(f"{sys.executable} {{")
    assert not [each for each in kernels if kernel.START in " ".join(each)]  # both have ended
    assert [each.output_type for each in outputs[2].outputs] == ["display_data"]
    for name in (source.name, "01_demo.html"):
        assert (hostile / name).read_text() == (plain / name).read_text()


def test_a_kernel_needs_no_home(tmp_path):
    """In a container a user may have none, and no name either; Jupyter ended with a traceback."""
    nowhere = {name: value for name, value in os.environ.items() if name != "HOME"}
    found = kernel.variables(nowhere, tmp_path)

    assert found["HOME"] == found["JUPYTER_RUNTIME_DIR"] == str(tmp_path)
    assert kernel.variables({"HOME": "/home/of/us"}, tmp_path)["HOME"] == "/home/of/us"


def test_the_kernel_is_this_interpreter_whatever_specs_there_are(tmp_path, monkeypatch):
    """Under any name, before any folder is looked into."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    manager = kernel.manager(tmp_path)

    for name in ("python3", "another"):
        manager.kernel_name = name
        assert manager.kernel_spec.argv[0] == sys.executable
        assert kernel.START in " ".join(manager.kernel_spec.argv)  # so tests/trust tells a kernel
    assert Path(manager.connection_file).parent == tmp_path
