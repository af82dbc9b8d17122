"""Scores of images that any program restored, as records and rows beside those of our own models."""
