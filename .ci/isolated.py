"""Runs pip with this Python, under none of the user's settings but those that reach an index.

    .venv/bin/python -I .ci/isolated.py -m pip install ...

`PIP_USER`, or `user`, `target`, `prefix`, `constraint` in a configuration file, would put packages
elsewhere, or other ones; a mirror, a proxy and a certificate are how some networks are left.
"""

import ast
import os
import subprocess
import sys

KEPT = {
    *("cert", "client-cert", "keyring-provider", "proxy", "retries", "timeout", "default-timeout"),
    *("index-url", "extra-index-url", "find-links", "no-index", "trusted-host"),
    *("cache-dir", "no-cache-dir"),
}
SECTIONS = ("global", "install", ":env:")  # the last one counts


def settings() -> dict[str, str]:
    """The user's settings that are kept, as variables of pip."""
    call = [sys.executable, "-I", "-m", "pip", "--python", sys.executable, "config", "list"]
    kept = {"PIP_CONFIG_FILE", *(_variable(key) for key in KEPT)}
    reading = {n: v for n, v in os.environ.items() if n in kept or not n.startswith("PIP_")}
    plain = ("USER", "GLOBAL", "SITE", "QUIET", "VERBOSE")  # options of `pip config`, as of install
    reading |= {f"PIP_{name}": "0" for name in plain}
    listed = subprocess.run(call, capture_output=True, text=True, env=reading)
    if listed.returncode:
        print(f"pip's configuration is not followed: {listed.stderr.strip()}", file=sys.stderr)
    values = {}
    for line in listed.stdout.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in SECTIONS and key in KEPT:
            values[SECTIONS.index(section), key] = " ".join(ast.literal_eval(value).split())
    ordered = sorted(values.items())
    return {_variable(key): value for (_, key), value in ordered}


def _variable(key: str) -> str:
    return f"PIP_{key.upper().replace('-', '_')}"


def main() -> None:
    """Becomes pip."""
    others = {n: v for n, v in os.environ.items() if not n.startswith(("PIP_", "PYTHON"))}
    variables = {**others, **settings(), "PIP_CONFIG_FILE": os.devnull}
    os.execve(sys.executable, [sys.executable, "-I", *sys.argv[1:]], variables)


if __name__ == "__main__":
    main()
