"""One library for everything that is tested from outside."""
