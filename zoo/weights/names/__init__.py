"""One map per model from the names in its authors' checkpoints to our layers."""
