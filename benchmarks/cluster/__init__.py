"""A grid of experiments over processes and machines: what is run where, how far it is, and what it gave."""
