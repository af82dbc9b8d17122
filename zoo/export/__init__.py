"""Models as files of other runtimes, compared with Keras before they are written."""

from zoo.export.run import Exported, export

__all__ = ["Exported", "export"]
