"""Seeded draws. Built on `random()` alone, the one method whose sequence Python promises to keep."""

import math
import random


class Draws:
    """A source of draws of its own for each name, so that a change in one part leaves the others as they are."""

    def __init__(self, *name):
        self._random = random.Random("/".join(name)).random

    def between(self, low, high):
        """A whole number, both ends included."""
        return low + int(self._random() * (high - low + 1))

    def pick(self, things):
        return things[self.between(0, len(things) - 1)]

    def weighted(self, weights):
        """A key of a table of weights that sum to 1."""
        left = self._random()
        for thing, weight in weights.items():
            left -= weight
            if left < 0:
                return thing
        return thing

    def chance(self, share):
        return self._random() < share

    def shuffled(self, things):
        rest = list(things)
        return [rest.pop(self.between(0, len(rest) - 1)) for _ in things]

    def digits(self, count):
        return "".join(str(self.between(0, 9)) for _ in range(count))

    def spread(self, sigma):
        """A log-normal factor with mean 1; the normal is a sum of twelve uniforms, so it has no far outliers."""
        normal = sum(self._random() for _ in range(12)) - 6
        return math.exp(sigma * normal - sigma * sigma / 2)
