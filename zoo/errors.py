"""The one exception that this package raises for unknown names and unusable arguments."""


class ZooError(ValueError):
    """A network cannot be built, loaded or used as asked; the message is one line and says what to do."""
