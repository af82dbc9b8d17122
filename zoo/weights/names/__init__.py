"""What the authors' code calls its layers, and what we call them: one file for each paper, see `base`."""
