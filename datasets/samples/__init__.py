"""Small data sets in the official layouts, made from photographs and fonts that our dependencies ship."""

from datasets.samples.build import build as build
