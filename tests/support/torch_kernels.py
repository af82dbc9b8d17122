"""A way around PyTorch's own convolution, which some processors leave float16 and float64 to."""

from __future__ import annotations


def in_one_piece():
    """Hands PyTorch's convolutions kernels that lie in one piece in memory, which Keras' do not.

    Its derivatives refuse others where no faster library computes them: always in float64, and in float16 on
    processors without instructions for it.
    """
    import torch

    convolve = torch.nn.functional.conv2d
    torch.nn.functional.conv2d = lambda inputs, kernel, *rest, **options: convolve(
        inputs, kernel.contiguous(), *rest, **options
    )
