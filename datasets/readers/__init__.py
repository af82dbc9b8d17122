"""Readers: one official layout per file."""
