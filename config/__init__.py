"""What we want: frozen, checked values. `config.load(environment)` is the one way in."""

from config.environments import ENVIRONMENTS, load

__all__ = ["ENVIRONMENTS", "load"]
