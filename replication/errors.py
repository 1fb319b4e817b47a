"""What every error of ours is: a sentence for whoever made the call, and an exit code."""


class ReplicationError(Exception):
    """Wrong use or wrong input; the message says what was expected, received, and how to fix it.

    Attributes:
        exit_code: What the command line ends with: 2, as 1 says that a check or a run failed.
    """

    exit_code = 2
