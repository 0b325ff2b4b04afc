"""A rotation, a scale and a shift, with the attributes of scikit-image's SimilarityTransform."""

from __future__ import annotations

import numpy as np


class SimilarityTransform:
    """Maps (x, y) of one frame to (x, y) of another: `params` is the 3 x 3 matrix."""

    def __init__(self, matrix: np.ndarray):
        self.params = np.vstack([np.asarray(matrix, float)[:2], [0.0, 0.0, 1.0]])

    @property
    def rotation(self) -> float:
        """From x towards y, radians."""
        return float(np.arctan2(self.params[1, 0], self.params[1, 1]))

    @property
    def scale(self) -> float:
        """Linear scale."""
        return float(np.sqrt(abs(np.linalg.det(self.params[:2, :2]))))

    @property
    def translation(self) -> np.ndarray:
        """Where the origin comes to, px."""
        return self.params[:2, 2]

    @property
    def inverse(self) -> SimilarityTransform:
        """The way back."""
        return SimilarityTransform(np.linalg.inv(self.params))

    def __call__(self, coords: np.ndarray) -> np.ndarray:
        """The images of points, (points, 2)."""
        return np.atleast_2d(coords) @ self.params[:2, :2].T + self.translation

    def __repr__(self) -> str:
        return f"SimilarityTransform(rotation={self.rotation:.6f}, translation={self.translation.round(3).tolist()})"
