"""A rotation, a scale and a shift, with the attributes of scikit-image's SimilarityTransform."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_Reals = npt.NDArray[np.float64]


class SimilarityTransform:
    """Maps (x, y) of one frame to (x, y) of another: `params` is the 3 x 3 matrix."""

    def __init__(self, matrix: npt.ArrayLike):
        self.params: _Reals = np.vstack([np.asarray(matrix, float)[:2], [0.0, 0.0, 1.0]])

    @property
    def rotation(self) -> float:
        """From x towards y, radians."""
        return float(np.arctan2(self.params[1, 0], self.params[1, 1]))

    @property
    def scale(self) -> float:
        """Linear scale."""
        return float(np.sqrt(abs(np.linalg.det(self.params[:2, :2]))))

    @property
    def translation(self) -> _Reals:
        """Where the origin comes to, px."""
        return self.params[:2, 2]

    @property
    def inverse(self) -> SimilarityTransform:
        """The way back."""
        return SimilarityTransform(np.linalg.inv(self.params))

    def __call__(self, coords: npt.ArrayLike) -> _Reals:
        """The images of points, (points, 2)."""
        images: _Reals = np.atleast_2d(np.asarray(coords, float)) @ self.params[:2, :2].T + self.translation
        return images

    def residuals(self, src: npt.ArrayLike, dst: npt.ArrayLike) -> _Reals:
        """How far the images of `src` are from `dst`, px."""
        distances: _Reals = np.hypot(*(self(src) - np.asarray(dst, float)).T)
        return distances

    def __repr__(self) -> str:
        return f"<SimilarityTransform(matrix=\n{np.array2string(self.params, prefix='    ')})>"
