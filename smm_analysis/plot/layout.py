"""Where to draw the people of a network (네트워크 배치)."""

from __future__ import annotations

import numpy as np


def positions(source: np.ndarray, target: np.ndarray, n: int, *, seed: int = 0, rounds: int = 150) -> np.ndarray:
    """Return a place for each of n people, shape (n, 2): linked ones near each other (Fruchterman, Reingold 1991).

    Everybody pushes everybody away, links pull, and steps shorten as the layout cools; a weak pull to the middle keeps
    the unlinked in the picture. A few hundred people take a fraction of a second.
    """
    place = np.random.default_rng(seed).uniform(-1, 1, (n, 2))
    ideal = 1.4 / np.sqrt(max(n, 1))
    for heat in np.linspace(0.15, 0.004, rounds):
        apart = place[:, None] - place[None]
        distance = np.maximum(np.hypot(apart[..., 0], apart[..., 1]), 1e-3)
        force = (apart * (ideal / distance)[..., None] ** 2).sum(axis=1)
        along = place[target] - place[source]
        pull = along * np.hypot(along[:, 0], along[:, 1])[:, None] / ideal
        np.add.at(force, source, pull)
        np.add.at(force, target, -pull)
        force -= 0.8 * place
        length = np.maximum(np.hypot(force[:, 0], force[:, 1]), 1e-9)
        place = place + force * (np.minimum(length, heat) / length)[:, None]
    return _drawn_in(place)


def _drawn_in(place: np.ndarray, share: float = 0.95) -> np.ndarray:
    """Bring those far out back to the rim within which `share` of all are, keeping their direction."""
    place = place - np.median(place, axis=0)
    radius = np.maximum(np.hypot(place[:, 0], place[:, 1]), 1e-9)
    rim = np.quantile(radius, share)
    beyond = np.maximum(radius / rim - 1, 0)
    return place * (np.where(beyond > 0, rim * (1 + 0.15 * np.tanh(beyond)), radius) / radius)[:, None]
