"""The only room that knows models and data sets: training, evaluation, records, leaderboards."""
