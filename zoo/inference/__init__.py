"""Images of any size through a model."""
