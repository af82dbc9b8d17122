"""What this site adds to Sphinx: formulas without scripts, and pages and tables from the registries and records."""
