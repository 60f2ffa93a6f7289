"""The documentation site: ``python -m sphinx docs docs/_build/site``.

Pages are Markdown (MyST). The API reference is made from docstrings, and the command reference from
the argument parsers, each time the site is built.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / '_ext'))

import mmnoisy
import mmnoisy.components

project = 'mmnoisy'
author = 'The mmnoisy contributors'
copyright = author
release = version = mmnoisy.__version__

extensions = [
    'myst_nb',  # Markdown and notebooks
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',  # docstrings in Google's style
    'sphinx.ext.viewcode',
    'sphinx.ext.mathjax',
    'sphinx_copybutton',
    'commands',
    'root_pages',
]
exclude_patterns = ['_*', 'notebooks/.ipynb_checkpoints']

smartquotes = False  # quotes and dashes stay: they stand in commands and messages
myst_enable_extensions = ['dollarmath']
myst_dmath_allow_space = False  # $1 and $2 are amounts
myst_dmath_allow_digits = False
myst_heading_anchors = 4  # links such as page.md#a-heading, as on GitHub
nb_execution_mode = 'off'  # the tests execute them
copybutton_prompt_text = '$ '

autodoc_typehints = 'description'
autodoc_typehints_description_target = 'documented'
autodoc_member_order = 'bysource'
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # attributes once, in the description of their class
napoleon_use_rtype = False
python_use_unqualified_type_names = True
add_module_names = False

html_theme = 'furo'
html_title = 'mmnoisy'
html_static_path = ['_static']
html_css_files = ['site.css']
html_copy_source = False
html_theme_options = {
    'light_css_variables': {
        'color-brand-primary': '#0b6e4f',
        'color-brand-content': '#0b6e4f',
    },
    'dark_css_variables': {
        'color-brand-primary': '#5fd0a5',
        'color-brand-content': '#5fd0a5',
    },
}
