"""The only room that knows networks and data sets: training, evaluation, records, leaderboards."""
