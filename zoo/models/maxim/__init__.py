"""MAXIM (Tu et al., 2022): importing it puts the model into the registry."""

from zoo.models.maxim import network as network
