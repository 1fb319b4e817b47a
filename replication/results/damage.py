"""Tables that cannot be read any more: moved out of the way, where they can be made again."""

from pathlib import Path

from replication.results import read_history, read_measurements, read_metrics, read_provenance
from replication.results.files import locked
from replication.results.schema import ResultsError


def move_damaged(root: Path, slug: str, target: Path) -> str:
    """Moves the tables of `<root>/<slug>` to another place if they cannot be read.

    For tables of `build/results` alone: the run store has their rows too.

    Returns:
        What is wrong with them, naming the file; empty where nothing is.

    Raises:
        ResultsError: If they cannot be moved.
    """
    folder = Path(root) / slug
    if not folder.is_dir():
        return ""
    with locked(Path(root)):  # or two processes would move them
        try:
            for read in (read_measurements, read_metrics, read_history, read_provenance):
                read(Path(root), slug)
        except ResultsError as error:
            problem = str(error)
        else:
            return ""
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(target)
        except OSError as error:
            raise ResultsError(f"{problem}; moving it aside failed: {error.strerror}") from error
    return problem
