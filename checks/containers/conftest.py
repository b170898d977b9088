"""Checkouts of the work tree, and the lottery of one in containers."""

from lottery.checkouts import checkout, repository, stand_in  # noqa: F401
from lottery.containers import engine, project, tree  # noqa: F401
