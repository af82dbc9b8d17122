"""Facts of a model that need no data: multiply-accumulates and receptive field."""
