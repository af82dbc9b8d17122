"""FCN, the "feature catcher" (Zhang et al., 2022): importing it puts the model into the registry."""

from zoo.models.fcn import network as network
