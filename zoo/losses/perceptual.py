"""Features of VGG-19, for objectives that compare images by what a classifier sees in them."""

from __future__ import annotations

import warnings
from pathlib import Path

import keras
from keras import ops

from zoo.backend import Tensor
from zoo.errors import ZooError

_LAYER = "block3_conv3"
# Mean colour of ImageNet's training images, 0 to 255.
_RGB_MEAN = (123.68, 116.779, 103.939)
_HOW = (
    "give a Keras VGG-19 weight file (vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5) with --perceptual-weights "
    "FILE, or 'random' for features without training"
)


def vgg_features(weights: str | Path = "imagenet", activated: bool = False) -> keras.Model:
    """Builds VGG-19 up to block3_conv3, not trainable.

    Source: Kupyn et al., DeblurGAN (CVPR 2018) and its public code, which cuts before the ReLU of that convolution.
    That code feeds images in [-1, 1], without ImageNet's mean and standard deviation, to the weights of torchvision.
    Keras' weights are others (the authors' own, from Caffe) and expect BGR in 0 to 255 less ImageNet's mean, so they
    get that here. With it their features are much larger numbers than torchvision's, and the content term weighs more
    beside the adversarial one than in DeblurGAN. Weights without training are fed as in DeblurGAN.

    Args:
        weights: `"imagenet"` fetches Keras' weights (or finds them where Keras keeps them), `"random"` leaves the
            initial ones, a path names a weight file of Keras' VGG-19, with or without its dense layers.
        activated: Whether to cut after the ReLU.

    Returns:
        A model from images (batch, height, width, 3) in [0, 1], RGB, to features (batch, height / 4, width / 4, 256).

    Raises:
        ZooError: When the weights cannot be had or do not fit.
    """
    vgg = _vgg(weights)
    image = keras.Input((None, None, 3), name="image")
    x = keras.layers.Rescaling(2.0, -1.0, name="to_signed")(image) if weights == "random" else _for_caffe(image)
    for layer in vgg.layers[1:]:
        config = layer.get_config()
        if layer.name == _LAYER and not activated:
            config["activation"] = "linear"
        copy = type(layer).from_config(config)
        x = copy(x)
        copy.set_weights(layer.get_weights())
        if layer.name == _LAYER:
            break
    features = keras.Model(image, x, name=f"vgg19_{_LAYER}")
    features.trainable = False
    return features


def _for_caffe(image: Tensor) -> Tensor:
    """What `keras.applications.vgg19.preprocess_input` makes of an image in 0 to 255, from one in [0, 1]."""
    centred = keras.layers.Rescaling(255.0, [-mean for mean in _RGB_MEAN], name="to_centred")(image)
    return ops.flip(centred, axis=-1)


def _vgg(weights: str | Path) -> keras.Model:
    """Keras' VGG-19 without its dense layers."""
    build = keras.applications.VGG19
    if weights == "random":
        return build(include_top=False, weights=None)
    if weights == "imagenet":
        try:
            return build(include_top=False, weights="imagenet")
        except Exception as error:
            # Keras raises a bare Exception when it cannot fetch a file.
            raise ZooError(f"cannot fetch the ImageNet weights of VGG-19; {_HOW}") from error
    path = Path(weights)
    if not path.is_file():
        raise ZooError(f"{path}: no such file; {_HOW}")
    for include_top in (False, True):
        try:
            with warnings.catch_warnings():
                # Keras only warns when it finds no weights for a layer.
                warnings.simplefilter("error", UserWarning)
                return build(include_top=include_top, weights=str(path))
        except (ValueError, OSError, KeyError, UserWarning):
            continue
    raise ZooError(f"{path}: not the weights of Keras' VGG-19; {_HOW}")


class FeatureDistance:
    """Mean squared difference of the VGG-19 features of two images.

    Source: Li et al., depth-separable DeblurGAN, the perceptual loss; Kupyn et al., DeblurGAN.

    Args:
        features: See `vgg_features`.
    """

    def __init__(self, features: keras.Model) -> None:
        self.features = features

    def __call__(self, truth: Tensor, result: Tensor) -> Tensor:
        """The distance of images (batch, height, width, 3) in [0, 1], a scalar."""
        truth, result = (ops.cast(each, "float32") for each in (truth, result))
        return ops.mean(ops.square(self.features(truth) - self.features(result)))
