"""Branching trees that join points all over an organ to where its vessels enter it.

A spanning tree that is short as a whole and in its ways from the root (Cuntz et al., PLoS Comput Biol 2010;6:e1000877):
one point after the other is joined where it adds least, its distance plus `BALANCE` times the way back to the root.
Radii follow Murray's law: the cube of a branch's radius is the sum of the cubes of what it feeds (Murray, PNAS
1926;12:207), or another power where that was measured. Points are mm, [z, y, x].
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Points = NDArray[np.float32]
BALANCE = 0.4
"""0: the shortest tree, whose branches wind; 1: a star."""
MURRAY = 3.0
ROUNDS = 2
"""Of smoothing: points are scattered, and branches between them would have corners."""


@dataclass(frozen=True)
class Tree:
    """points float32 [n, 3]; parents int64 [n]: index of the point before, its own at a start; radii float32 [n], mm.
    Each point comes after its parent."""

    points: Points
    parents: NDArray[np.int64]
    radii: NDArray[np.float32]

    @property
    def branches(self) -> NDArray[np.int64]:
        """Indices of the points that hang on another one."""
        return np.flatnonzero(self.parents != np.arange(len(self.parents)))


def grow(starts: Points, targets: Points, tip: float, power: float = MURRAY) -> Tree:
    """A forest from `starts` [k, 3] through all targets [n, 3]; tip: radius of the last branches in mm."""
    count = len(starts)
    points = np.concatenate([starts, targets]).astype(np.float32)
    parents = np.arange(len(points))
    if not count or not len(targets):
        return Tree(points[:count], parents[:count], np.zeros(count, np.float32))
    way = np.zeros(len(points), np.float32)
    cost, joint = cKDTree(starts).query(targets)
    cost = cost.astype(np.float32)
    order = np.empty(len(targets), np.int64)
    for turn in range(len(targets)):
        target = int(cost.argmin())
        order[turn] = target
        here = count + target
        parents[here] = joint[target]
        way[here] = way[joint[target]] + np.linalg.norm(points[here] - points[joint[target]])
        other = np.sqrt(((targets - targets[target]) ** 2).sum(1)) + BALANCE * way[here]
        open_ = np.isfinite(cost)
        closer = open_ & (other < cost)
        cost[closer], joint[closer] = other[closer], here
        cost[target] = np.inf
    return _finished(points, parents, np.concatenate([np.arange(count), count + order]), tip, power)


def _finished(points: Points, parents: NDArray[np.int64], order: NDArray[np.int64], tip: float, power: float) -> Tree:
    """The tree with its points in the order in which they were joined, smooth and with radii."""
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    parents = place[parents[order]]
    return Tree(smoothed(points[order], parents), parents, radii_of(parents, tip, power))


def smoothed(points: Points, parents: NDArray[np.int64]) -> Points:
    """Each point half-way to the mean of those that it is joined to; starts and ends stay."""
    joined = np.flatnonzero(parents != np.arange(len(parents)))
    for _ in range(ROUNDS):
        total, count = np.zeros_like(points), np.zeros(len(points), np.float32)
        for one, other in ((joined, parents[joined]), (parents[joined], joined)):
            np.add.at(total, one, points[other])
            np.add.at(count, one, 1)
        inner = np.zeros(len(points), bool)
        inner[joined] = count[joined] > 1
        points = np.where(inner[:, None], 0.5 * points + 0.5 * total / np.maximum(count, 1)[:, None], points)
    return points.astype(np.float32)


def radii_of(parents: NDArray[np.int64], tip: float, power: float = MURRAY) -> NDArray[np.float32]:
    """Radii [n] in mm of points that each come after their parent, `tip` at the ends."""
    flow = np.zeros(len(parents))
    for index in range(len(parents) - 1, -1, -1):
        if flow[index] == 0:
            flow[index] = tip**power
        if parents[index] != index:
            flow[parents[index]] += flow[index]
    return (flow ** (1 / power)).astype(np.float32)
