"""The directive `generated`, which puts a table in its place that is made at every build.

`.. generated:: recipe_costs` is replaced by what that function of `extensions.tables`, `numbers` or `planning`
returns.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from extensions import numbers, planning, tables

MADE = {**tables.MADE, **numbers.MADE, **planning.MADE}
"""Name in the directive -> what makes its text."""


class Generated(SphinxDirective):
    """One generated table."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The nodes of the text; an unknown name is an error at its line."""
        name = self.arguments[0]
        if name not in MADE:
            raise self.error(f"nothing makes {name!r}; choose from {', '.join(MADE)}")
        return self.parse_text_to_nodes(MADE[name]())


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the directive."""
    app.add_directive("generated", Generated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
