"""The report: a folder of pages that a browser opens from disk, with every number and the images behind it."""
