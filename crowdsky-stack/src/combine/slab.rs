//! The parts of the output that are filled at once.

/// A block of the output or some of its rows, to be filled.
pub(super) struct Slab<'a> {
    /// Column and row of the output that it begins with.
    pub(super) x: usize,
    pub(super) y: usize,
    /// Its columns.
    pub(super) width: usize,
    pub(super) planes: [&'a mut [f32]; 3],
    /// Empty where the method does not tell.
    pub(super) variance: [&'a mut [f32]; 3],
    pub(super) footprint: &'a mut [u16],
    pub(super) rejected: &'a mut [u16],
}

/// A rectangle of the output, to be filled: row by row.
pub(super) struct Piece<'a> {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) columns: usize,
    pub(super) planes: [Vec<&'a mut [f32]>; 3],
    pub(super) variance: [Vec<&'a mut [f32]>; 3],
    pub(super) footprint: Vec<&'a mut [u16]>,
    pub(super) rejected: Vec<&'a mut [u16]>,
}

impl Piece<'_> {
    pub(super) fn rows(&self) -> usize {
        self.footprint.len()
    }
}

impl<'a> Slab<'a> {
    pub(super) fn rows(&self) -> usize {
        self.footprint.len() / self.width
    }

    /// The same rows in pieces of `height`, the last one of what is left.
    pub(super) fn split(self, height: usize) -> Vec<Slab<'a>> {
        let part = self.width * height;
        let [red, green, blue] = self.planes;
        let planes = red.chunks_mut(part).zip(green.chunks_mut(part)).zip(blue.chunks_mut(part));
        let counters = self.footprint.chunks_mut(part).zip(self.rejected.chunks_mut(part));
        planes
            .zip(counters)
            .enumerate()
            .map(|(i, (((r, g), b), (footprint, rejected)))| Slab {
                x: self.x,
                y: self.y + i * height,
                width: self.width,
                planes: [r, g, b],
                variance: Default::default(),
                footprint,
                rejected,
            })
            .collect()
    }

    /// The same rows in squares of `side`, those at the rims smaller.
    pub(super) fn tiles(self, side: usize) -> Vec<Piece<'a>> {
        let (width, rows) = (self.width, self.rows());
        let columns = width.div_ceil(side);
        let mut pieces: Vec<Piece<'a>> = (0..columns * rows.div_ceil(side))
            .map(|i| Piece {
                x: self.x + i % columns * side,
                y: self.y + i / columns * side,
                columns: side.min(width - i % columns * side),
                planes: Default::default(),
                variance: Default::default(),
                footprint: Vec::new(),
                rejected: Vec::new(),
            })
            .collect();
        fn deal<'a, T>(
            plane: &'a mut [T],
            width: usize,
            side: usize,
            mut to: impl FnMut(usize, &'a mut [T]),
        ) {
            for (j, row) in plane.chunks_mut(width).enumerate() {
                for (i, part) in row.chunks_mut(side).enumerate() {
                    to(j / side * width.div_ceil(side) + i, part);
                }
            }
        }
        for (b, plane) in self.planes.into_iter().enumerate() {
            deal(plane, width, side, |at, part| pieces[at].planes[b].push(part));
        }
        for (b, plane) in self.variance.into_iter().enumerate() {
            deal(plane, width, side, |at, part| pieces[at].variance[b].push(part));
        }
        deal(self.footprint, width, side, |at, part| pieces[at].footprint.push(part));
        deal(self.rejected, width, side, |at, part| pieces[at].rejected.push(part));
        pieces
    }
}
