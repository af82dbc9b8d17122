"""FCN, the "feature catcher" (Zhang et al., 2022)."""
