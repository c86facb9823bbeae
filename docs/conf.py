"""How the site is built: `python -m sphinx -W --keep-going -b html docs docs/_build/html`."""

import sys
from pathlib import Path

import microtensor

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "_ext")]

project = "microtensor"
author = "the microtensor developers"
project_copyright = author
release = version = microtensor.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.linkcode", "sphinx_copybutton",
              "cells", "docstrings", "examples", "mathml", "pictures_shown", "quiz_pages",
              "reference", "sources"]  # fmt: skip
exclude_patterns = ["_build", "_notebooks", "**/.ipynb_checkpoints"]
nitpicky = True
highlight_language = "none"
default_role = "py:obj"

autodoc_typehints = "none"  # docstrings tell shapes and types
autodoc_preserve_defaults = True

myst_enable_extensions = ["dollarmath", "deflist", "colon_fence", "attrs_inline"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True

html_theme = "furo"
html_title = "microtensor"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_copy_source = False
html_show_search_summary = False  # it would be fetched, which pages from a disk may not
modindex_common_prefix = ["microtensor."]
html_show_sphinx = False
