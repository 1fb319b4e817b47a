"""What every error of ours is: a sentence for whoever made the call, and an exit code.

But for `streams.OutputError`: where nothing can be printed, no sentence reaches anybody.
"""


class ReplicationError(Exception):
    """Wrong use or wrong input; the message says what was expected, received, and how to fix it.

    Attributes:
        exit_code: What the command line ends with: 2 for these, 1 for a check or a run that failed.
    """

    exit_code = 2
