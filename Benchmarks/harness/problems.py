"""What can go wrong."""


class CannotRun(Exception):
    """Something that the benchmark needs is missing or does not start; the text says what."""
