"""Timings as ratios, competitors interleaved in one run on one machine."""
