"""The Keras layers of the models, imported at their first use: importing this package does not import Keras.

>>> from zoo import layers
>>> "InstanceNormalization" in layers.__all__
True
"""

from __future__ import annotations

from common.lazy import lazy

_MODULES = {
    "attention": ("ChannelAttention", "SpatialAttention"),
    "blend": ("Blend",),
    "deconvolution": ("WienerDeconvolution",),
    "gate_halves": ("GateHalves",),
    "downsampling": ("BilinearShrink", "NearestShrink"),
    "index_pooling": ("IndexedPooling", "IndexedUnpooling"),
    "local_convolution": ("LocalConvolution",),
    "local_mean": ("LocalMean", "RepeatEdges"),
    "logit_sum": ("LogitSum",),
    "mean_attention": ("ConvAttention", "DenseAttention"),
    "median": ("MedianFilter",),
    "multi_axis": ("CrossGating", "GatedMixing", "MultiAxisGating", "MultiAxisMlp"),
    "normalisation": ("BatchNorm", "DeviationNorm", "ImageGroupNormalization", "InstanceNormalization", "LayerNorm"),
    "padding": ("CropLike", "PadToMultiple", "ReflectionPadding2D", "ZeroMaps"),
    "pixel_shuffle": ("PixelShuffle", "PixelUnshuffle"),
    "patch_mixing": ("PatchMixing",),
    "pyramid_pooling": ("AdaptiveAveragePool", "ResizeLike"),
    "scaled_sum": ("ScaledSum",),
    "select_channels": ("FirstChannels", "MiddleFrame"),
    "shared_prelu": ("SharedPReLU",),
    "size_multiple": ("SizeMultiple",),
    "split_tiles": ("GateTile", "Tiles", "Untile"),
    "transposed_attention": ("TransposedAttention",),
    "upsampling": ("AlignedUpsample", "BilinearUpsample"),
    "weight_standardisation": ("StandardisedConv2D",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_MODULE_OF)

__getattr__, __dir__ = lazy(__name__, __all__, _MODULE_OF)
