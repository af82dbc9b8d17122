"""What the other packages share and nobody else needs: one-line errors, whole files, what commands have in common."""
