"""The one exception that this package raises for bad data, bad paths and bad arguments."""


class DataError(Exception):
    """Something about the data is wrong; the message is one line: what, which file or value, what to do."""
