"""Settings of the documentation: `make docs` builds it into `docs/_build/html`, which opens from disk."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

# Examples and tables make samples; they go where nothing of the user's is.
_CACHE = tempfile.mkdtemp(prefix="deblur-zoo-docs-")
atexit.register(shutil.rmtree, _CACHE, ignore_errors=True)
os.environ["DEBLUR_ZOO_CACHE"] = _CACHE
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
# Tables that commands print keep all their columns; a page lets them scroll.
os.environ["COLUMNS"] = "170"

project = "deblur-zoo"
author = "the deblur-zoo authors"
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
    "extensions.cards",
    "extensions.generated",
    "extensions.mathml",
]
exclude_patterns = ["_build", "examples", "extensions"]
default_role = "code"
# Quotation marks are often those of Python.
smartquotes = False
highlight_language = "none"
nitpicky = False

autodoc_member_order = "groupwise"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_title = "deblur-zoo"
html_math_renderer = "mathml"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_show_copyright = False
html_copy_source = False
# A page from disk may not read others, so summaries of what was found would stay empty.
html_show_search_summary = False

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "plot_gallery": "True",
    "capture_repr": (),
    "show_signature": False,
    "show_memory": False,
    "min_reported_time": 1e9,
    "write_computation_times": False,
    "remove_config_comments": True,
    "within_subsection_order": "extensions.order.Order",
}
