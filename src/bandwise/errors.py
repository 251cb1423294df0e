"""The one exception a user of bandwise has to know."""


class BandwiseError(ValueError):
    """A request that cannot be met.

    The message is one line in three parts: what came, what is allowed, what to do.
    The command line prints it and exits with status 2.
    """
