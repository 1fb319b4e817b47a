"""Standard output that is closed, full, or that nobody reads: never taken for a finding."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRINT = (  # the command line with another command in place of its own
    "import sys; from replication import __main__ as command\n"
    "def many():\n"
    "    for _ in range(200_000): print('a line of many')\n"
    "    raise SystemExit(int(sys.argv[1]))\n"
    "command.app = many\n"
    "command.main()\n"
)


def shell(script, *arguments, code=PRINT, **environment):
    """Runs a script with `$0` as the interpreter and the code as `$1`."""
    inherited = {n: v for n, v in os.environ.items() if n != "PYTHONUNBUFFERED"}
    return subprocess.run(
        ["bash", "-c", script, sys.executable, code, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**inherited, **environment},
        timeout=60,
    )


@pytest.fixture(params=[{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])
def environment(request):
    """Whether each line is written at once."""
    return request.param


@pytest.mark.parametrize("code", [0, 1])
def test_a_reader_who_had_enough_gets_no_error(environment, code):
    """`| head -1` was a traceback, or exit code 1, as if a check had failed."""
    ended = shell('"$0" -c "$1" "$2" | head -1; exit ${PIPESTATUS[0]}', code, **environment)

    assert (ended.stdout, ended.stderr) == ("a line of many\n", "")
    assert ended.returncode == 141  # as of whatever ends by SIGPIPE


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
@pytest.mark.parametrize("code", [0, 1])
def test_a_full_disk_under_standard_output_exits_2(environment, code):
    ended = shell('"$0" -c "$1" "$2" > /dev/full', code, **environment)

    assert ended.returncode == 2
    assert ended.stderr.startswith("error: standard output cannot be written: No space left")
    assert ended.stderr.count("\n") == 1


def test_a_closed_standard_output_exits_2():
    """Before anything is done."""
    ended = shell('"$0" -c "$1" 1 >&-')

    assert ended.returncode == 2
    assert ended.stderr.startswith("error: standard output cannot be written: it is closed.")


@pytest.mark.parametrize("end", ["2>&-", "2> /dev/full", "<&-", "<&- 2>&-"])
@pytest.mark.parametrize("code", [0, 2])
def test_other_streams_may_be_closed_or_full(end, code):
    """What is printed arrives, and the exit code is that of the command."""
    say = (
        "import sys; from replication import __main__ as command\n"
        "def say():\n"
        "    print('out'); print('err', file=sys.stderr); sys.stdin.read()\n"
        "    assert open('Makefile').fileno() > 2\n"
        "    raise SystemExit(int(sys.argv[1]))\n"
        "command.app = say\n"
        "command.main()\n"
    )
    ended = shell(f'"$0" -c "$1" "$2" < /dev/null {end}', code, code=say)

    assert ended.stdout == "out\n"
    assert ended.returncode == code


def test_what_the_system_refuses_is_a_sentence():
    """An error of the system that nobody expected is no finding either, and no traceback."""
    refuse = (
        "from replication import __main__ as command\n"
        "command.app = lambda: open('/nothing/there')\n"
        "command.main()\n"
    )
    ended = shell('"$0" -c "$1"', code=refuse)

    assert ended.returncode == 2
    assert ended.stderr == "error: the system refuses: /nothing/there: No such file or directory\n"
