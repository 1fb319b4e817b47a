"""What a process takes from the environment it is started in, and what it does not.

Where data and results lie, on how many cores and with which backend to compute: that is for the
user to say. What the user has set for programs of their own, for Keras, Python, Jupyter, IPython,
Matplotlib or a terminal, changes no number, no notebook and no figure of ours.
"""

import contextlib
import importlib.util
import math
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from replication.errors import ReplicationError

_OURS = "tensorflow"
_INSTALL = {"tensorflow": "make setup", "jax": "make setup", "torch": "make torch"}
_OF_KERAS = ("KERAS_BACKEND", "KERAS_TORCH_DEVICE")  # which are part of a run's fingerprint
# What only says where a cache may be, or that a crash is to be told.
_HARMLESS = (
    "MPLCONFIGDIR",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONFAULTHANDLER",
    "PYTHONPYCACHEPREFIX",
)
_TASTES = ("IPYTHON", "JPY_", "JUPYTER", "MATPLOTLIB", "MPL", "PYTHON", "TTY_")  # and what follows
_SCREEN = ("CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR", "PY_COLORS")
_NOWHERE = os.path.join(os.devnull, "none")  # a folder that is not there and cannot be made
_CGROUPS, _LISTED = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


class SettingError(ReplicationError, ValueError):
    """A variable holds what nothing can be done with; the message says what to set instead."""


def fix_keras() -> None:
    """Has Keras start with its own defaults, whatever `~/.keras/keras.json` says.

    That is floatx `float32`, epsilon 1e-7 and `channels_last`; and TensorFlow, unless
    `$KERAS_BACKEND` names another backend. Children inherit it. Where Keras is imported already,
    what is set there is set right.

    Raises:
        SettingError: If it is imported already, with another backend.
    """
    for name in [each for each in os.environ if each.startswith("KERAS_")]:
        if name not in _OF_KERAS:  # such as KERAS_MAX_STEPS_PER_EPOCH, which cuts predictions short
            del os.environ[name]
    os.environ["KERAS_HOME"] = _NOWHERE
    wanted = os.environ["KERAS_BACKEND"] = os.environ.get("KERAS_BACKEND") or _OURS
    keras = sys.modules.get("keras")
    if keras is None:
        return
    if keras.config.backend() != wanted:
        raise SettingError(
            f"Keras was imported before this package, with the backend {keras.config.backend()}; "
            f"expected {wanted}. Import `replication` first, or set KERAS_BACKEND to that backend."
        )
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy("float32")
    keras.config.set_max_epochs(None)
    keras.config.set_max_steps_per_epoch(None)


def import_keras() -> None:
    """Imports Keras with its backend.

    Raises:
        SettingError: If `$KERAS_BACKEND` names none of ours, or one that cannot be imported.
    """
    name = os.environ["KERAS_BACKEND"]
    if name not in _INSTALL:
        raise SettingError(
            f"KERAS_BACKEND={name!r} names no backend of ours; expected one of "
            f"{', '.join(_INSTALL)}. Unset it for {_OURS}."
        )
    why = f"no package {name} in {sys.prefix}" if importlib.util.find_spec(name) is None else ""
    try:
        if not why:
            import keras  # noqa: F401
    except ImportError as error:
        why = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if why:
        raise SettingError(
            f"KERAS_BACKEND={name!r} cannot be imported: {why}. Install it (`{_INSTALL[name]}`), "
            f"or set another of {', '.join(_INSTALL)}."
        )


def folder(variable: str) -> Path | None:
    """The folder that a variable names, from the root on; None where it is unset or empty.

    Raises:
        SettingError: If it begins with the home of a user who has none.
    """
    text = os.environ.get(variable)
    return absolute(text, variable) if text else None


def absolute(path: str | Path, name: str = "FOLDER") -> Path:
    """A path from the root on, with `~` and `~user` put in.

    Args:
        path: As it was typed.
        name: Of the variable or option, for the message.

    Raises:
        SettingError: If it begins with the home of a user who has none.
    """
    try:
        return Path(os.path.abspath(Path(path).expanduser()))
    except RuntimeError as error:  # as `Path.expanduser` calls it
        raise SettingError(
            f"{name}={str(path)!r}: expected a path, and behind ~ a user with a home, received: "
            f"{str(error).rstrip('.')}. Write the path from / on."
        ) from error


def home() -> Path | None:
    """The user's home, or None: in a container a user may have neither name nor `$HOME`."""
    with contextlib.suppress(RuntimeError):
        return Path.home()
    return None


def num_cores() -> int:
    """The cores that this process may keep busy.

    Those of the machine, less what an affinity mask (`taskset`, Slurm) or a quota of processor
    time (containers) takes away; a part of a core counts whole.
    """
    mask = getattr(os, "sched_getaffinity", None)  # not on macOS
    cores = len(mask(0)) if mask else os.cpu_count() or 1
    quotas = [quota for group in cgroups("cpu") for quota in _quota(group)]
    return max(1, min([cores, *map(math.ceil, quotas)]))


def cgroups(controller: str) -> Iterator[Path]:
    """Folders of the cgroups of this process that may limit it, their parents' as well.

    Args:
        controller: What they control: `cpu` or `memory`.
    """
    try:
        lines = _LISTED.read_text(encoding="utf-8").splitlines()
    except OSError:  # not on macOS
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        inside = Path(path.strip("/"))  # in a container it may not be there; its root is, then
        for group in (inside, *inside.parents):
            for mount in (controllers or ".", controller, "unified"):
                yield _CGROUPS / mount / group


def _quota(group: Path) -> Iterator[float]:
    """The quota of one cgroup, of version 2 or 1, if it has one."""
    with contextlib.suppress(OSError, ValueError, ZeroDivisionError):  # "max" is no number
        quota, period = (group / "cpu.max").read_text(encoding="ascii").split()
        yield int(quota) / int(period)
    with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
        quota, period = (
            int((group / f"cpu.cfs_{name}_us").read_text(encoding="ascii"))
            for name in ("quota", "period")
        )
        if quota > 0:  # -1 is none
            yield quota / period


def command(code: str) -> list[str]:
    """A command that runs Python code in this interpreter, with what it finds modules in.

    Neither the folder it is started in nor the user's own packages come in between.
    """
    path = ascii([each or os.getcwd() for each in (str(Path(__file__).parents[1]), *sys.path)])
    return [sys.executable, "-s", "-P", "-c", f"import sys; sys.path[:] = {path}; {code}"]


def without_tastes(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables less those that set up Python, Jupyter, Matplotlib or a terminal."""
    kept = {
        name: value
        for name, value in variables.items()
        if name in _HARMLESS or not name.startswith(_TASTES) and name not in _SCREEN
    }
    return {**kept, "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}


def let_terminals_decide() -> None:
    """Has colours and live lines only where there is a terminal, whatever a variable wants."""
    for name in ("CLICOLOR_FORCE", "FORCE_COLOR", "PY_COLORS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        os.environ.pop(name, None)
    if not (sys.stdout.isatty() and sys.stderr.isatty()):  # typer takes GitHub's log for one
        os.environ["_TYPER_FORCE_DISABLE_TERMINAL"] = "1"
    if not os.environ.get("TERMINAL_WIDTH", "").isdecimal():  # typer would end with a traceback
        os.environ.pop("TERMINAL_WIDTH", None)


def fix_jupyter() -> None:
    """Has Jupyter's libraries find what came with them, templates above all, not the user's own.

    Called before one of them is imported, as they look around then, in a home that may not be.
    """
    for name in ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH"):
        os.environ.pop(name, None)
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        os.environ[name] = _NOWHERE
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"


def for_git() -> dict[str, str]:
    """Variables for a call of git: none that names a repository, as the hooks of git set them."""
    kept = ("GIT_CONFIG", "GIT_EXEC_PATH")
    names = [n for n in os.environ if not n.startswith("GIT_") or n.startswith(kept)]
    return {n: os.environ[n] for n in names} | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
