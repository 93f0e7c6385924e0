"""The platform's web pages: what a person does here, with the same actions as programs.

`routes` has the pages, `with_pages` lets forms reach actions, and `problem` says what went wrong. Pages are HTML from
the server; `assets/app.js` adds live lines, and everything else works without it.
"""

from examples.coding_agents.web.form import with_pages
from examples.coding_agents.web.page import problem
from examples.coding_agents.web.route import routes

__all__ = ["problem", "routes", "with_pages"]
