"""Docker, and a repository to clone."""

from lottery.checkouts import repository  # noqa: F401
from lottery.containers import engine  # noqa: F401
