"""Emulated machines: the same processor, told to take other kernels; and `make noise`.

Libraries choose their kernels by variables that each process may set for itself. Those of `NOISE`
measure how far machines differ; those of `OTHERS` are combinations that were not used for that, to
try the check on (`tests/trust/sees.py`).
"""

import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from replication.results.noise import add_machine
from replication.runner import settings

_PLAIN_NUMPY = {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL"}
_NO_ONEDNN = {"TF_ENABLE_ONEDNN_OPTS": "0"}


def _machine(threads: int, blas: str = "", onednn: str = "", **more: str) -> dict[str, str]:
    variables = {"OMP_NUM_THREADS": str(threads), **more}
    variables |= {"OPENBLAS_CORETYPE": blas} if blas else {}
    return variables | ({"ONEDNN_MAX_CPU_ISA": onednn} if onednn else {})


NOISE: Mapping[str, Mapping[str, str]] = {
    "plain": _machine(1),
    "haswell-avx2": _machine(1, "Haswell", "AVX2"),
    "nehalem-sse41-baseline": _machine(1, "Nehalem", "SSE41", **_PLAIN_NUMPY),
    "zen-no-onednn": _machine(1, "Zen", **_NO_ONEDNN),
    "skylakex-2-threads": _machine(2, "SkylakeX"),
    "haswell-3-threads": _machine(3, "Haswell", **_PLAIN_NUMPY),
}
OTHERS: Mapping[str, Mapping[str, str]] = {
    "nehalem-avx2": _machine(1, "Nehalem", "AVX2"),
    "haswell-sse41": _machine(1, "Haswell", "SSE41"),
    "skylakex-avx2-baseline": _machine(1, "SkylakeX", "AVX2", **_PLAIN_NUMPY),
    "nehalem-no-onednn": _machine(1, "Nehalem", **_NO_ONEDNN),
    "zen-2-threads-sse41": _machine(2, "Zen", "SSE41"),
    "nehalem-2-threads": _machine(2, "Nehalem"),
    "skylakex-3-threads-no-onednn": _machine(3, "SkylakeX", **_NO_ONEDNN),
    "zen-3-threads-avx2": _machine(3, "Zen", "AVX2"),
}


def measure(
    names: Iterable[str],
    *,
    pattern: str = "*",
    profile: str = "embedded",
    seed: int = 0,
    jobs: int = 1,
    budget: str | None = None,
) -> tuple[list[str], bool]:
    """Runs experiments under emulated machines and takes their numbers into `noise.csv`.

    Each machine of `NOISE` that is named has a build folder of its own, where the same call goes on
    after an interruption, and `budget` for itself, such as `20m`. Nothing is taken of one whose
    sweep was refused. Returns a line for each machine, and whether no run failed.
    """
    lines, codes, seeds = [], [], f"{seed}-{seed}"  # a bare number would be a count
    for name in names:
        folder = settings.BUILD / "machines" / name
        code = sweep(NOISE[name], folder, pattern, profile, seeds, jobs=jobs, budget=budget)
        taken = add_machine(settings.RESULTS, name, folder) if code in (0, 1) else []
        failed = {0: "", 1: ", some failed"}.get(code, f", the sweep ended with code {code}")
        lines.append(f"{name}: {len(taken)} runs taken{failed}")
        codes.append(code)
    return lines, not any(codes)


def sweep(
    variables: Mapping[str, str],
    folder: Path,
    pattern: str,
    profile: str,
    seeds: str,
    *,
    jobs: int = 1,
    budget: str | None = None,
) -> int:
    """Runs experiments in processes with these variables; the exit code."""
    share_data(folder)
    command = [sys.executable, "-m", "replication", "sweep", "--experiments", pattern]
    command += ["--profile", profile, "--seeds", seeds, "--jobs", str(jobs)]
    command += ["--budget", budget] if budget else []
    environment = {**settings.kernel_environment(profile), **variables}
    return subprocess.run(
        command, env={**environment, "REPLICATION_BUILD": str(folder)}, cwd=settings.ROOT
    ).returncode


def share_data(folder: Path) -> None:
    """Lets a build folder use our decoded data sets, so that they are decoded once for all."""
    if settings.BUILD != folder and not (folder / "data").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (settings.BUILD / "data").mkdir(parents=True, exist_ok=True)
        (folder / "data").unlink(missing_ok=True)  # a link to what is gone
        (folder / "data").symlink_to(settings.BUILD / "data")
