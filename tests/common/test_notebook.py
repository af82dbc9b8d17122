"""What notebooks show: thumbnails with their bytes inside, escaped tables, figures."""

import base64
import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from common import notebook


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(40, 400), (40, 400, 1), (40, 400, 3)])
def test_a_thumbnail_is_a_small_image_of_the_same_colours(dtype, shape):
    white = 1 if dtype is np.float32 else np.iinfo(dtype).max
    shown = notebook.thumbnail(np.full(shape, white, dtype), 'a "name"', side=80)
    (data,) = re.findall(r"base64,([^\"]+)\"", shown)
    image = Image.open(BytesIO(base64.b64decode(data)))
    assert image.size == (80, 8) and image.mode == "RGB" and np.asarray(image).min() > 250
    assert 'alt="a &quot;name&quot;"' in shown


def test_a_figure_has_an_image_for_each_and_draws_itself():
    images = [np.zeros((20, 30, 3), np.uint8), np.ones((20, 30))]
    drawn = notebook.figure(images, ["before", "after"])
    assert [axes.get_title() for axes in drawn.axes] == ["before", "after"]
    assert [axes.images[0].get_array().shape for axes in drawn.axes] == [(20, 30, 3)] * 2
    assert Image.open(BytesIO(drawn._repr_png_())).size[0] == 1000
