"""The one exception that this package raises for unknown names and unusable arguments."""

from common.errors import InputError


class ZooError(InputError, ValueError):
    """A model cannot be built, loaded or used as asked; the message is one line and says what to do."""
