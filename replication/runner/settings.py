"""Where things are and how this process runs, as far as the environment may say so."""

import contextlib
import logging
import os
import re
from collections.abc import Iterable
from pathlib import Path

from replication import datasets, environment, experiments
from replication.experiments import Experiment
from replication.results import PROFILES

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results"
BUILD = Path(os.path.realpath(environment.folder("REPLICATION_BUILD") or ROOT / "build"))
DOCUMENTS = {  # files with a generated table, by the name of its markers
    "claims": ROOT / "docs" / "claims.md",
    "overview": ROOT / "docs" / "overview.svg",
    **{name: ROOT / "README.md" for name in ("scoreboard", "printed")},
    **{f"{name}-zh": ROOT / "README.zh-CN.md" for name in ("scoreboard", "printed")},
    "ledger": ROOT / "docs" / "open-details.md",
    **{
        name: ROOT / "docs" / "backends.md"
        for name in ("backends", "backends-outside", "backends-environments")
    },
}
SENTENCES = (
    *sorted(ROOT.glob("README*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
)  # hold marked numbers
TODAY = BUILD / "results"  # what this checkout measured, in the tables of results/
_PROFILE_VARIABLE = "REPLICATION_PROFILE"  # how a notebook's kernel learns its profile
_ASKED = os.environ.get("OMP_NUM_THREADS", "").strip()  # before `set_threads` fills it in
_NUMBERS = re.compile(r"\s*0*([1-9]\d{0,3})\s*(,\s*\d+\s*)*", re.ASCII)  # as OpenMP has them


def set_threads(threads: int) -> None:
    """Fixes the number of threads; takes effect if Keras has not been imported yet."""
    tensorflow = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    for name in ("OMP_NUM_THREADS", *tensorflow, "NPROC"):  # JAX reads the last and no other
        os.environ[name] = str(threads)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def threads(num_jobs: int = 1) -> int:
    """The number of threads that a process computes with: this one, or each of several.

    What `$OMP_NUM_THREADS` asks for is for one process; of a list, for each level of nesting, the
    first number counts. Where nobody asks, the cores that this process may run on are shared out.

    Args:
        num_jobs: How many processes there are side by side.

    Raises:
        ExperimentError: If the variable holds no number of threads.
    """
    asked = os.environ.get("OMP_NUM_THREADS", "")
    match = _NUMBERS.fullmatch(asked)
    if match is None and asked.strip():
        raise experiments.ExperimentError(
            f"OMP_NUM_THREADS={asked!r} is no number of threads; expected one from 1 to 9999, or a "
            "list such as 4,2, whose first number counts. Set another, or unset it for all cores."
        )
    own = int(match[1]) if match else environment.num_cores()
    return own if _ASKED else max(1, own // num_jobs)


# Else a GPU rounds the factors of float32 products to ten bits, which is another numerical regime.
os.environ.setdefault("JAX_DEFAULT_MATMUL_PRECISION", "highest")

# Keras reads it on import, which `experiments.registry` puts off. What cannot be read is an error
# of the call that computes, not of this import: nothing could tell of it here.
with contextlib.suppress(experiments.ExperimentError):
    set_threads(threads())


def library() -> datasets.Library:
    """The data sets' search path: `$TFDS_DATA_DIR`, beside the project, then home.

    A download goes to the first of the variable, home and `data` that there is.

    Raises:
        SettingError: If the variable begins with the home of a user who has none.
    """
    named, home = environment.folder("TFDS_DATA_DIR"), environment.home()
    here, in_home = ROOT / "data", home and home / "tensorflow_datasets"
    places = (named, here, ROOT.parent / "shared" / "tensorflow_datasets", in_home)
    folders = tuple(each for each in places if each is not None)
    return datasets.Library(folders, BUILD / "data", named or in_home or here)


def choose_profile(name: str, wanted: Iterable[Experiment], *, strict: bool) -> tuple[str, str]:
    """Resolves `auto`, and says what is missing where the full profile cannot run.

    Args:
        name: `full`, `embedded`, `smoke` or `auto`.
        wanted: The experiments to run.
        strict: Whether missing data are an error rather than a reason to
            fall back to the embedded digits.

    Returns:
        The profile's name, and a notice, empty where nothing is missing.

    Raises:
        DatasetError: If data are missing and `full` or `strict` asked for them.
        ExperimentError: If there is no such profile.
    """
    if name in ("embedded", "smoke"):
        return name, ""
    if name not in ("auto", "full"):
        raise experiments.ExperimentError(
            f"unknown profile {name!r}; expected one of auto, {', '.join(PROFILES)}."
        )
    shelf = library()
    needed = sorted({each for experiment in wanted for each in experiment.datasets})
    missing = [each for each in needed if not shelf.available(each)]
    if not missing:
        return "full", ""
    reasons = " ".join(shelf.how_to_get(each) for each in missing)
    if strict or name == "full":
        raise datasets.DatasetError(reasons)
    return "embedded", (
        f"NO DATA: {', '.join(missing)}. Every experiment runs on the 8x8 digits of scikit-learn "
        f"instead; no claim of an article is judged by them. {reasons}"
    )


def profile_name(wanted: Iterable[Experiment] = (), profile: str | None = None) -> str:
    """The profile that `run` uses when none is given.

    Raises:
        ExperimentError: If there is no such profile; names the variable where it came from there.
    """
    asked = profile or os.environ.get(_PROFILE_VARIABLE) or "auto"
    if asked in PROFILES:
        return asked
    if not profile and asked != "auto":
        raise experiments.ExperimentError(
            f"{_PROFILE_VARIABLE}={asked!r} is no profile; expected one of auto, "
            f"{', '.join(PROFILES)}. Set another, or unset it for auto."
        )
    return choose_profile(asked, list(wanted), strict=False)[0]


def kernel_environment(profile: str) -> dict[str, str]:
    """Environment variables of a process of ours, so that it runs `profile` and stores here."""
    ours = {_PROFILE_VARIABLE: profile, "REPLICATION_BUILD": str(BUILD)}
    if data := environment.folder("TFDS_DATA_DIR"):
        ours["TFDS_DATA_DIR"] = str(data)  # a notebook runs in another folder
    return {**environment.without_tastes(os.environ), **ours}
