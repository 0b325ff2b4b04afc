"""What is true of a simulated night, from the truth.json that `crowdsky simulate` writes."""

import json
import pathlib

import numpy as np


class Night:
    """Positions are (n, 2) arrays of x and y; pixel centres are whole numbers, row 0 is the first of the file."""

    def __init__(self, folder):
        truth = json.loads((pathlib.Path(folder) / "truth.json").read_text())
        options, frames = truth["options"], truth["frames"]
        if "Moffat" not in options["psf"]:
            raise ValueError(f"{folder}: the scorer knows Moffat stars only, this night has {options['psf']}")
        self.beta = options["psf"]["Moffat"]["beta"]
        self.gain = options["electrons_per_adu"]
        self.read_noise = options["read_noise"]
        self.green_sky = options["sky_colour"][1]
        self.size = truth["width"], truth["height"]
        self.centre = (np.array(self.size) - 1) / 2
        self.reference = truth["reference"]
        self.stars = np.array([[s["x"], s["y"]] for s in truth["stars"]]).reshape(-1, 2)
        self.flux = np.array([s["flux"] for s in truth["stars"]]).reshape(-1, 3)
        self.hot = np.array([[p["x"], p["y"]] for p in truth["hot_pixels"]]).reshape(-1, 2)
        self.names = [f["file_name"] for f in frames]
        self.rotation = np.array([f["rotation"] for f in frames])
        self.shift = np.array([f["shift"] for f in frames])
        self.transparency = np.array([f["transparency"] for f in frames])
        self.sky = np.array([f["sky"] for f in frames])
        self.fwhm = np.array([f["fwhm"] for f in frames])
        self.trails = {k: f["trail"] for k, f in enumerate(frames) if f["trail"]}

    def to_frame(self, k, sky):
        """Where positions of the sky, in pixels from the centre of the reference frame, fall on frame k."""
        c, s = np.cos(self.rotation[k]), np.sin(self.rotation[k])
        x, y = sky[:, 0], sky[:, 1]
        return np.stack([c * x - s * y, s * x + c * y], 1) + self.centre + self.shift[k]

    def to_sky(self, k, pixels):
        """The inverse of `to_frame`."""
        c, s = np.cos(self.rotation[k]), np.sin(self.rotation[k])
        x, y = (pixels - self.centre - self.shift[k]).T
        return np.stack([c * x + s * y, c * y - s * x], 1)

    def inside(self, pixels, margin):
        """Which positions lie on a frame, `margin` pixels from its rim or more."""
        return ((pixels >= margin) & (pixels <= np.array(self.size) - 1 - margin)).all(1)

    def trail_points(self, k):
        """The trail of frame k as positions on the sky, a pixel from one to the next."""
        trail = self.trails[k]
        along = np.arange(-sum(self.size), sum(self.size), 1.0)[:, None]
        points = [trail["x"], trail["y"]] + along * [np.cos(trail["angle"]), np.sin(trail["angle"])]
        return self.to_sky(k, points[self.inside(points, 5)])

    def precision(self):
        """Sum over the frames of transparency squared over the variance of a green photosite, in 1/ADU^2: what a
        stack with the best weights knows of a pixel if every photosite were green."""
        variance = self.sky * self.green_sky / self.gain + (self.read_noise / self.gain) ** 2
        return np.sum(self.transparency**2 / variance)

    def point_spread(self, half, sub=5):
        """The light of a star of median width in the middle of a pixel, integrated over (2 half + 1)^2 pixels."""
        radius = np.median(self.fwhm) / (2 * np.sqrt(2 ** (1 / self.beta) - 1))
        fine = (np.arange((2 * half + 1) * sub) + 0.5) / sub - half - 0.5
        light = (1 + (fine[:, None] ** 2 + fine[None, :] ** 2) / radius**2) ** -self.beta
        pixels = light.reshape(2 * half + 1, sub, 2 * half + 1, sub).sum((1, 3))
        return pixels / pixels.sum()
