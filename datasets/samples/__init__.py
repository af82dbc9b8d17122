"""Small data sets in the official layouts, made from photographs and fonts that our dependencies ship."""
