"""How Sphinx builds these pages: Markdown, one theme, nothing from the network. `make docs` lets no warning pass."""

project = "freehold"
author = "the freehold contributors"
project_copyright = "the freehold contributors"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "freehold"
html_show_sphinx = False
html_copy_source = False
