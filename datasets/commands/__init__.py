"""The commands of `python -m datasets`, one per file: each adds its options and runs."""
