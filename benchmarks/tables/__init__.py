"""The tables of the five papers: what they claim beside what was measured here."""
