"""A page that restores photographs, served on this machine (`python -m zoo demo`)."""
