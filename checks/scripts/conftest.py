"""Checkouts of the work tree."""

from lottery.checkouts import checkout, repository, stand_in  # noqa: F401
