"""The one exception that this package raises for bad data, bad paths and bad arguments."""

from common.errors import InputError


class DataError(InputError):
    """Something about the data is wrong; the message is one line: what, which file or value, what to do."""
