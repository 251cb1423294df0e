"""The one exception a user of bandwise has to know, and errors in words."""


class BandwiseError(ValueError):
    """A request that cannot be met.

    The message is one line in three parts: what came, what is allowed, what to do.
    The command line prints it and exits with status 2.
    """


def in_words(error: Exception) -> str:
    """What a user is told of an error; of the system's own, what it is about and why, without its number."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    about = f"{error.filename}: " if error.filename else ""
    return f"{about}{error.strerror}; choose another place, or make room there"
