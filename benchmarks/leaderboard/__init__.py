"""The leaderboard, made from the run records alone."""
