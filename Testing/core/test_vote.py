"""Labels put on another grid: the empty part of a volume changes nothing and costs nothing."""

import numpy as np

from GuideGenLib.core.resample import _vote, vote, vote_again, weights


def test_what_is_empty_changes_nothing() -> None:
    random = np.random.default_rng(0)
    for old, new in ((3.0, 2.0), (1.0, 2.5), (2.0, 2.0)):
        source = np.zeros((40, 30, 50), np.uint8)
        source[13:22, 8:19, 30:41] = random.integers(0, 4, (9, 11, 11))
        matrices = [weights(n, old, round(n * old / new), new) for n in source.shape]
        assert np.array_equal(vote(source, matrices), _vote(source, matrices))
        assert not vote(source * 0, matrices).any()


def test_where_nothing_changed_nothing_is_voted_anew() -> None:
    random = np.random.default_rng(1)
    for old, new in ((3.0, 2.0), (1.5, 2.0), (1.0, 2.5)):
        source = random.integers(0, 4, (30, 24, 28)).astype(np.uint8)
        matrices = [weights(n, old, round(n * old / new), new) for n in source.shape]
        before = vote(source, matrices)
        box = (slice(11, 15), slice(0, 3), slice(20, 28))
        source[box] = random.integers(0, 5, source[box].shape)
        assert np.array_equal(vote_again(before, source, box, matrices), vote(source, matrices))
        assert not np.array_equal(before, vote(source, matrices))
