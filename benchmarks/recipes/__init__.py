"""How each paper trained each model on each data set, and what a laptop can do in minutes."""
