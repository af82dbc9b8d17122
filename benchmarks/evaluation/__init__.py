"""Scores of a model on the images of a data set, with timing and panels of what it restored."""
