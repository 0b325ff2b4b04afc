//! Doors to single stages, for the benchmarks alone (feature `stages`). Nothing is promised about them: they follow the code
//! behind.

use crate::background::SkyMesh;
use crate::centroid::{Width, fit_star};
use crate::debayer::ColourBox;
use crate::defects::Defects;
use crate::mosaic::Mosaic;
use crate::reject::{Rejector, TileSamples};
use crate::stars::Star;
use crate::transform::Transform;
use crate::warp::{Line, sample_line};
use crate::window::Window;

/// Pixels that the bicubic sampling takes beyond the place itself.
const MARGIN: i64 = 2;

/// Fits every star of `stars` again, from its rounded place; how many converge.
pub fn centroids(mosaic: &Mosaic, sky: &SkyMesh, stars: &[Star]) -> usize {
    let fitted = |s: &&Star| fit_star(mosaic, sky, s.x.round(), s.y.round(), 1.4, 5, Width::Free).is_some();
    stars.iter().filter(fitted).count()
}

/// A rectangle of a frame in full colour, and one output line of it.
#[derive(Debug, Default)]
pub struct Colours {
    colours: ColourBox,
    line: Vec<[f32; 4]>,
}

impl Colours {
    /// Debayers `rows` rows of all columns, beginning with row `y`.
    pub fn debayer(&mut self, mosaic: &Mosaic, y: usize, rows: usize) {
        let (y0, y1) = (y as i64 - MARGIN, (y + rows) as i64 + MARGIN);
        let columns = (-MARGIN, mosaic.width() as i64 + MARGIN);
        self.colours.fill(&Window::whole(mosaic), &Defects::none(), columns, (y0, y1));
    }

    /// Samples as many lines as were debayered, turned by `to_frame`; places outside are clamped. The last line's first value.
    pub fn warp(&mut self, to_frame: &Transform) -> f32 {
        let columns = self.colours.width - 2 * MARGIN as usize;
        self.line.resize(columns, [0.0; 4]);
        for row in 0..self.colours.height - 2 * MARGIN as usize {
            let (u, v) = to_frame.apply(0.0, row as f64);
            let (next_u, next_v) = to_frame.apply(1.0, row as f64);
            let margin = MARGIN as f64;
            let (du, dv) = ((next_u - u) as f32, (next_v - v) as f32);
            let line = Line { u: (u + margin) as f32, v: (v + margin) as f32, du, dv };
            sample_line(&self.colours, line, &mut self.line);
        }
        self.line[0][0]
    }
}

/// The samples of one tile, and who judges them.
#[derive(Debug, Default)]
pub struct Tile {
    samples: TileSamples,
    rejector: Rejector,
}

impl Tile {
    /// A tile of `width` x `height` pixels of `frames` frames: `value` of frame, band and pixel, each with `noise`.
    pub fn new(
        (width, height): (usize, usize),
        frames: usize,
        noise: f32,
        mut value: impl FnMut(usize, usize, usize) -> f32,
    ) -> Tile {
        let area = width * height;
        let values = (0..3 * frames * area).map(|i| value(i / (3 * area), i / area % 3, i % area)).collect();
        let samples = TileSamples { width, height, values, noise: vec![[noise; 3]; frames] };
        Tile { samples, rejector: Rejector::default() }
    }

    /// Holds the samples against each other; the robust centre of the first pixel.
    pub fn reject(&mut self, sigma: f32, sky: [f32; 3]) -> f32 {
        self.rejector.run(&self.samples, sigma, sky);
        self.rejector.centre[0][0]
    }
}
