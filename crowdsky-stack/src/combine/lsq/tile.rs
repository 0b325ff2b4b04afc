//! The tile that is solved at once, and what is kept of it.

use crate::simd::Cell;

/// Output pixels along a side.
pub(super) const TILE: usize = 96;
/// Nodes beyond them on every side: what a solution is influenced by falls tenfold in two nodes.
pub(super) const HALO: usize = 3;
/// Nodes along a side.
pub(super) const SIDE: usize = TILE + 2 * HALO;
/// Nodes.
pub(super) const AREA: usize = SIDE * SIDE;
/// Rows of a tile that all frames are swept over before the next: their cells, 52 kB, stay in the first-level cache, while a
/// whole tile's pass through it once for every frame.
pub(super) const STRIP: usize = 8;

/// One band of a tile. With 16 floats a cell it takes 1 MB, most of it in a second-level cache.
pub(super) struct Tile {
    /// The output pixel that node (0, 0) is.
    pub(super) origin: (i64, i64),
    /// The prior: the robust start.
    pub(super) start: Vec<f32>,
    /// The best picture so far.
    pub(super) model: Vec<f32>,
    /// `model - start`, what is solved for.
    pub(super) delta: Vec<f32>,
    /// Per cell between nodes (x, y) and (x + 1, y + 1): moments of the accepted samples, see `moments`.
    pub(super) cells: Vec<Cell>,
    /// Per cell: square of how far a sample may lie from the model for the sake of the picture's own steepness, ADU².
    pub(super) allowance: Vec<f32>,
    /// Per cell: samples rejected in the first sweep.
    pub(super) rejects: Vec<u16>,
    pub(super) scratch: [Vec<f32>; 2],
}

impl Tile {
    pub(super) fn new() -> Tile {
        let nodes = || vec![0.0; AREA];
        Tile {
            origin: (0, 0),
            start: nodes(),
            model: nodes(),
            delta: nodes(),
            cells: vec![[0.0; 16]; AREA],
            allowance: nodes(),
            rejects: vec![0; AREA],
            scratch: [nodes(), nodes()],
        }
    }

    /// Empties it for another band or place; the start is set apart.
    pub(super) fn reset(&mut self) {
        self.model.copy_from_slice(&self.start);
        self.delta.fill(0.0);
        self.cells.fill([0.0; 16]);
        self.rejects.fill(0);
    }
}
