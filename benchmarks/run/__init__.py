"""From pairs on disk to a row of the leaderboard."""
