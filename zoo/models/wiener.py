"""Wiener deconvolution: how far one gets without learning, when the blur is known."""

from __future__ import annotations

from common.references import Reference
from zoo.backend import Tensor, keras
from zoo.errors import ZooError
from zoo.registry import ModelInfo, Variant, register

INFO = ModelInfo(
    name="wiener",
    title="Wiener deconvolution (the blur is known)",
    paper="Hunt 1973: The application of constrained least squares estimation to image restoration by digital "
    "computer; after Wiener 1949",
    references=(
        Reference(
            ("Hunt, B. R.",),
            "The Application of Constrained Least Squares Estimation to Image Restoration by Digital Computer",
            1973,
            "IEEE Transactions on Computers",
            "https://doi.org/10.1109/TC.1973.5009169",
            "article",
        ),
    ),
    summary="Divides by the transform of the point spread function, held back by the Laplacian where noise would win. "
    "Nothing is learnt.",
    # Balances were chosen on training images: by PSNR, and by character recognition of simulated photographs.
    variants={
        "image": Variant(parameters=0, options={"balance": 3e-5}, note="for images of 8 bit without noise"),
        "text": Variant(parameters=0, options={"balance": 1.0}, note="for photographs of text on a display"),
    },
    default="image",
    defaults={"text": "text"},
    channels=1,
    colour=False,
    takes_psf=True,
    licence="Apache-2.0",
)


@register(INFO)
def build(inputs: Tensor, psf: Tensor, *, balance: float = 3e-5) -> Tensor:
    """Builds the deconvolution.

    Args:
        inputs: Tensor (batch, height, width, 1) in [0, 1].
        psf: Tensor (batch, rows, columns, 1), the point spread functions.
        balance: Weight of the smoothness against the fit to the blurry image, at least 0.

    Returns:
        Tensor (batch, height, width, 1).

    Raises:
        ZooError: When the balance is negative or no number.
    """
    from zoo.layers.deconvolution import WienerDeconvolution

    # Transforms are not for half precision.
    dtype = keras.config.dtype_policy().variable_dtype
    try:
        layer = WienerDeconvolution(balance, dtype=dtype, name="deconvolution")
    except ValueError as error:
        raise ZooError(f"wiener: {error}") from error
    return layer([inputs, psf])
