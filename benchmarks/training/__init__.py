"""Training by a recipe: batches, tasks, checkpoints, resume."""
