"""Waiting that ends: every wait of the bench has a deadline."""

import time

# Seconds between two questions.
PAUSE = 0.0005


class Failure(Exception):
    """Something that must not happen in a lottery; its text says what."""


class Deadline:
    """A moment after which nothing is waited for any more."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def left(self):
        """Seconds that are left."""
        return max(0.0, self.end - time.monotonic())

    def wait(self, condition, what, watch=lambda: None):
        """Asks until `condition` answers with something true, and returns that.

        `watch` is called meanwhile, to raise a Failure where waiting has become hopeless.
        """
        while not (answer := condition()):
            watch()
            self.check(what)
            time.sleep(PAUSE)
        return answer

    def check(self, what):
        """Raises a Failure where the time is over."""
        if not self.left():
            raise Failure(f"not within the time: {what}")
