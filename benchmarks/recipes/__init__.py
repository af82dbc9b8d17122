"""How each paper trained each model on each data set, and what a laptop can do in minutes."""

from benchmarks.recipes.registry import register, unregister

__all__ = ["register", "unregister"]
