"""The only room that knows models and data sets: training, evaluation, records, leaderboards.

From Python: `evaluate` scores a model on pairs, `results` is the table of all runs, `metrics` compares two images.
"""

from common.lazy import lazy

__all__ = ["evaluate", "results"]

__getattr__, __dir__ = lazy(
    __name__, __all__, {"evaluate": "notebook", "results": "notebook"}, ("metrics", "protocols", "recipes")
)
