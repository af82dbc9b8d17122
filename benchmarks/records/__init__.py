"""Run records: what one experiment measured, one JSON file each."""
