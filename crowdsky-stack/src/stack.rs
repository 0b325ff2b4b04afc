//! What comes out.

use crate::catalogue::StackStar;
use crate::combine::COVARIANCE_RADII;
use crate::report::StackReport;
use crate::share::share;
use crate::state::State;
use crowdsky_core::StackMeta;
use ndarray::Array2;

/// A finished stack. Planes have the shape (rows, columns) of the reference frame.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Red, green, blue: level of one exposure, ADU; NaN where no frame has a sample.
    pub planes: [Array2<f32>; 3],
    /// The noise of each plane. Method `lsq` only.
    pub noise: Option<StackNoise>,
    /// Frames that cover each pixel.
    pub footprint: Array2<u16>,
    /// Of these, how many were rejected there. Method `lsq`: samples, of which each frame has about one a pixel.
    pub rejected: Array2<u16>,
    /// The stars, in order of ascending flux.
    pub stars: Vec<StackStar>,
    /// What the stack says of itself.
    pub meta: StackMeta,
    /// What became of every frame.
    pub report: StackReport,
    /// What is needed to add frames later.
    pub state: State,
}

/// The noise of a stack's planes.
#[derive(Debug, Clone)]
pub struct StackNoise {
    /// Variance of each plane's pixels, ADU²; NaN where the plane is.
    pub variance: [Array2<f32>; 3],
    /// By plane: by how much the variance of a sum over a disc of radius 1, 2, ... 6 px is above the sum of its pixels'
    /// variances. Close to 1 for many frames, whose noise is white; the fewer frames, the more a pixel leans on its neighbours.
    pub covariance: [[f64; COVARIANCE_RADII]; 3],
}

impl Stack {
    /// The planes with their colours shared, as pictures need them: less noise in the sky, the same stars. The planes as they
    /// are if they were asked for that way.
    #[must_use]
    pub fn shared_planes(&self) -> [Array2<f32>; 3] {
        if self.report.share { self.planes.clone() } else { self.share() }
    }

    /// Shares the colours of planes that are not shared yet.
    pub(crate) fn share(&self) -> [Array2<f32>; 3] {
        let (height, width) = self.planes[0].dim();
        // Without variances: noise falls with the root of the frames that cover a pixel.
        let by_frames: Vec<f32> = match &self.noise {
            Some(_) => Vec::new(),
            None => self.footprint.iter().map(|&n| 1.0 / f32::from(n.max(1))).collect(),
        };
        let variance = match &self.noise {
            Some(noise) => noise.variance.each_ref().map(samples),
            None => [&by_frames[..]; 3],
        };
        share(self.planes.each_ref().map(samples), variance, width)
            .map(|plane| to_array(plane, (height, width), f32::NAN))
    }
}

/// Planes are made in standard layout; of any other nothing is taken.
pub(crate) fn samples<T>(plane: &Array2<T>) -> &[T] {
    plane.as_slice().unwrap_or(&[])
}

/// The vector as (rows, columns); `fill` everywhere should the count ever be wrong.
pub(crate) fn to_array<T: Clone>(values: Vec<T>, shape: (usize, usize), fill: T) -> Array2<T> {
    Array2::from_shape_vec(shape, values).unwrap_or_else(|_| Array2::from_elem(shape, fill))
}
