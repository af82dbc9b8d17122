"""Published weights: what the authors called them, and which of our layers they belong to."""
