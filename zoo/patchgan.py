"""The critic's first address, kept for those who import it from here; it lives in `zoo.models.patchgan`."""

from zoo.models.patchgan import patchgan as patchgan
