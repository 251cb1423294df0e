"""`bandwise`: one command, a sub-command per job."""


def main() -> None:
    """Run the command line."""
