"""The models, one paper per file."""
