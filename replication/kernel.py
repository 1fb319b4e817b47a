"""The kernel that notebooks are executed in: this interpreter, as nobody has set it up.

Jupyter would look for a kernel by its name, and find the user's before that of this environment;
and IPython would read the configuration of user, environment and system, and run start-up files.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

from ipykernel.kernelapp import IPKernelApp
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from replication import environment

START = (
    "from replication import kernel; kernel.main()"  # in the command line of every kernel of ours
)


class Kernel(IPKernelApp):
    """IPython's kernel, but for the files that set it up."""

    def load_config_file(self, *args, **kwargs) -> None:
        """Reads none; the command line is read elsewhere."""

    def _run_startup_files(self) -> None:
        """Runs none."""


def main() -> None:
    """Serves a notebook; what Matplotlib has to say of fonts and folders is no output of a cell."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    Kernel.launch_instance()


class _Here(KernelSpecManager):
    """Finds this interpreter under any name."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        start = environment.command(START)
        return KernelSpec(
            argv=[*start, "-f", "{connection_file}"],
            display_name="Python 3 (ipykernel)",
            language="python",
        )


def manager(folder: Path) -> AsyncKernelManager:
    """What starts the kernel and ends it; an empty folder is for its files."""
    file = str(folder / "connection.json")
    return AsyncKernelManager(kernel_spec_manager=_Here(), connection_file=file)


def variables(given: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The kernel's environment: what is given, less what would change a digit or a colour.

    Files of kernel, IPython and Matplotlib are made in `folder`.
    """
    style = folder / "matplotlibrc"
    style.touch()
    return {
        "HOME": str(folder),  # where there is none, in a container
        **environment.without_tastes(given),
        "IPYTHONDIR": str(folder / "ipython"),
        **{f"JUPYTER_{name}_DIR": str(folder) for name in ("CONFIG", "DATA", "RUNTIME")},
        "MATPLOTLIBRC": str(style),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
