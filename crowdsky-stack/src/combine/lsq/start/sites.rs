//! The photosites of a frame nearest to the nodes of the half-resolution picture.

use crate::combine::{Plan, Registered};
use crate::window::Window;
use crowdsky_core::{Band, BayerPattern};
use std::ops::Range;

/// A frame's photosites near output pixels.
pub(super) struct Sites<'a> {
    window: Window<'a>,
    frame: &'a Registered<'a>,
    /// Column and row parity of red; blue has the others.
    red: (usize, usize),
    sky: [f32; 3],
    /// Nodes in a row of the whole picture.
    width: usize,
    /// Nodes whose nearest photosite of a colour is a defect: row, column, photosite; in order of rows.
    holes: Vec<(usize, usize, (usize, usize))>,
}

/// The four photosites of a node: columns and rows, by parity.
#[derive(Clone, Copy, PartialEq)]
struct Nearest {
    columns: [usize; 2],
    rows: [usize; 2],
}

impl<'a> Sites<'a> {
    /// For nodes in these columns and rows.
    pub(super) fn new(
        frame: &'a Registered<'a>,
        window: Window<'a>,
        plan: &Plan<'_>,
        nodes: [Range<usize>; 2],
    ) -> Sites<'a> {
        let red = match window.pattern() {
            BayerPattern::Rggb => (0, 0),
            BayerPattern::Grbg => (1, 0),
            BayerPattern::Gbrg => (0, 1),
            BayerPattern::Bggr => (1, 1),
        };
        let width = plan.size.0.div_ceil(2);
        let mut sites = Sites { window, frame, red, sky: plan.sky, width, holes: Vec::new() };
        if let Some(to_output) = frame.to_frame.invert() {
            for (x, y) in frame.defects.iter() {
                let (u, v) = to_output.apply(x as f64, y as f64);
                let (i, j) = (
                    crate::combine::lsq::model::half_place(u).round() as i64,
                    crate::combine::lsq::model::half_place(v).round() as i64,
                );
                for (i, j) in (-2..=2).flat_map(|b| (-2..=2).map(move |a| (i + a, j + b))) {
                    let here = |i: i64, within: &Range<usize>| i >= 0 && within.contains(&(i as usize));
                    if here(i, &nodes[0])
                        && here(j, &nodes[1])
                        && sites.at(i as usize, j as usize).is_some_and(|n| n.has((x, y)))
                    {
                        sites.holes.push((j as usize, i as usize, (x, y)));
                    }
                }
            }
        }
        sites.holes.sort_unstable();
        sites
    }

    /// Place of node (`i`, `j`) in the frame.
    fn place(&self, i: f64, j: f64) -> (f64, f64) {
        self.frame.to_frame.apply(2.0 * i + 0.5, 2.0 * j + 0.5)
    }

    /// The nearest photosites of a node, `None` beyond the frame's rim.
    fn at(&self, i: usize, j: usize) -> Option<Nearest> {
        self.line(j).at(i)
    }

    /// Row `j` of nodes.
    fn line(&self, j: usize) -> Line {
        let (u, v) = self.place(0.0, j as f64);
        let [[a, ..], [d, ..]] = self.frame.to_frame.rows;
        let [u, v, du, dv] = [u, v, 2.0 * a, 2.0 * d].map(|p| (p * Line::ONE as f64).round() as i64);
        Line { u, v, du, dv, size: (self.window.width(), self.window.height()) }
    }

    /// Values of nodes `columns` of row `j` relative to the sky, by band; NaN where there is none.
    pub(super) fn fill(&self, j: usize, columns: Range<usize>, out: [&mut [f32]; 3]) {
        let [red, green, blue] = out;
        let (start, n, left) = (columns.start, columns.len(), self.window.first_column());
        let gain = 1.0 / self.frame.transparency;
        // The level along an output row is a parabola: three points tell it.
        let last = (self.width - 1).max(2) as f64;
        let levels = [0.0, 0.5 * last, last].map(|i| {
            let (u, v) = self.place(i, j as f64);
            self.frame.difference.at(u, v).map(|d| d * gain)
        });
        let parabola: [[f32; 3]; 3] = std::array::from_fn(|b| {
            let (p, q, r) = (levels[0][b], levels[1][b], levels[2][b]);
            let bend = 2.0 * (p - 2.0 * q + r) / (last * last);
            [(p + f64::from(self.sky[b])) as f32, ((r - p) / last - bend * last) as f32, bend as f32]
        });
        let gain = gain as f32;
        let (line, (x, y)) = (self.line(j), self.red);
        let near = |i: usize| line.at(start + i);
        let mut i = 0;
        while i < n {
            let Some(first) = near(i) else {
                (red[i], green[i], blue[i]) = (f32::NAN, f32::NAN, f32::NAN);
                i += 1;
                continue;
            };
            let run = run_length(n - i, |k| near(i + k) == Some(first.right(k)));
            let (p, q) = (first.columns[x] - left, first.columns[1 - x] - left);
            let pairs = p.min(q)..p.min(q) + 2 * run;
            let with_red = &self.window.row(first.rows[y])[pairs.clone()];
            let with_blue = &self.window.row(first.rows[1 - y])[pairs];
            let part = i..i + run;
            let out = [&mut red[part.clone()], &mut green[part.clone()], &mut blue[part]];
            let levels = kernel::Levels { parabola, first: (start + i) as f32, gain };
            if p < q {
                kernel::red_first(with_red, with_blue, &levels, out);
            } else {
                kernel::red_second(with_red, with_blue, &levels, out);
            }
            i += run;
        }
        let from = self.holes.partition_point(|h| h.0 < j);
        for &(_, node, (column, row)) in self.holes[from..].iter().take_while(|h| h.0 == j) {
            if !columns.contains(&node) {
                continue;
            }
            let (i, step) = (node - start, node as f32);
            let level =
                |band: usize| parabola[band][0] + step * (parabola[band][1] + step * parabola[band][2]);
            match self.window.pattern().band(column, row) {
                Band::Red => red[i] = f32::NAN,
                Band::Blue => blue[i] = f32::NAN,
                Band::Green => {
                    // The other green alone, unless it is a defect too.
                    let Some(near) = self.at(node, j) else { continue };
                    let other = (near.columns[(column + 1) % 2], near.rows[(row + 1) % 2]);
                    let bad = self.frame.defects.in_row(other.1, other.0, other.0 + 1).next().is_some();
                    green[i] = if bad {
                        f32::NAN
                    } else {
                        f32::from(self.window.at(other.0, other.1)) * gain - level(1)
                    };
                }
            }
        }
    }
}

/// A row of nodes in a frame, in whole numbers: of 2^-32 px, so that the nodes that take neighbouring photosites are the same
/// ones wherever the work on the row begins.
#[derive(Clone, Copy)]
struct Line {
    u: i64,
    v: i64,
    du: i64,
    dv: i64,
    size: (usize, usize),
}

impl Line {
    /// A pixel.
    const ONE: i64 = 1 << 32;

    #[inline(always)]
    fn at(&self, i: usize) -> Option<Nearest> {
        let along = |start: i64, step: i64| start + i as i64 * step;
        let (u, v) = (along(self.u, self.du), along(self.v, self.dv));
        let inside = |p: i64, n: usize| (-Self::ONE / 2..=n as i64 * Self::ONE - Self::ONE / 2).contains(&p);
        if !inside(u, self.size.0) || !inside(v, self.size.1) {
            return None;
        }
        // The last column or row of each parity.
        let last = |n: usize, parity: usize| n - 1 - ((n - 1) ^ parity) % 2;
        let even = |p: i64, n: usize| (((p + Self::ONE) >> 33) as usize * 2).min(last(n, 0));
        let odd = |p: i64, n: usize| ((p.max(0) >> 33) as usize * 2 + 1).min(last(n, 1));
        let both = |p: i64, n: usize| [even(p, n), odd(p, n)];
        Some(Nearest { columns: both(u, self.size.0), rows: both(v, self.size.1) })
    }
}

impl Nearest {
    /// So many cells to the right.
    #[inline(always)]
    fn right(mut self, cells: usize) -> Nearest {
        self.columns = self.columns.map(|column| column + 2 * cells);
        self
    }

    fn has(&self, (x, y): (usize, usize)) -> bool {
        self.columns[x % 2] == x && self.rows[y % 2] == y
    }
}

/// How many of `most` nodes from one on take the photosites beside its own: those up to the first for which `same` does not
/// hold. A frame that is turned by one degree steps to the next row after 57 nodes.
#[inline(always)]
fn run_length(most: usize, same: impl Fn(usize) -> bool) -> usize {
    // `same` holds at `good` and everywhere before it.
    let (mut good, mut bad) = (0, most);
    let mut step = 16;
    while good + step < bad {
        if same(good + step) {
            good += step;
            step *= 2;
        } else {
            bad = good + step;
        }
    }
    while good + 1 < bad {
        let middle = (good + bad) / 2;
        if same(middle) { good = middle } else { bad = middle }
    }
    good + 1
}

#[allow(unsafe_code)] // The macro's call of a function compiled for more, behind its run-time check.
mod kernel {
    /// The level that is taken off values: a parabola along the row, by band; first the factor of the raw values.
    pub(super) struct Levels {
        pub(super) parabola: [[f32; 3]; 3],
        /// Number of the first node.
        pub(super) first: f32,
        pub(super) gain: f32,
    }

    /// The values of a run of nodes, of which each takes the next pair of photosites of a row with red and of one with blue; in
    /// `RED` pairs the photosite of red, and of green above blue, comes first.
    #[inline(always)]
    fn values_of<const RED: bool>(
        with_red: &[u16],
        with_blue: &[u16],
        levels: &Levels,
        out: [&mut [f32]; 3],
    ) {
        let [red, green, blue] = out;
        let n = red.len();
        let (with_red, with_blue) = (&with_red[..2 * n], &with_blue[..2 * n]);
        let (green, blue) = (&mut green[..n], &mut blue[..n]);
        let (p, q) = if RED { (0, 1) } else { (1, 0) };
        let Levels { parabola: [a, b, c], first, gain } = *levels;
        for i in 0..n {
            let step = first + i as i32 as f32;
            let level = |l: [f32; 3]| l[0] + step * (l[1] + step * l[2]);
            let (r, g) = (f32::from(with_red[2 * i + p]), f32::from(with_red[2 * i + q]));
            let (h, s) = (f32::from(with_blue[2 * i + p]), f32::from(with_blue[2 * i + q]));
            red[i] = r * gain - level(a);
            green[i] = 0.5 * (g + h) * gain - level(b);
            blue[i] = s * gain - level(c);
        }
    }

    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn red_first(with_red: &[u16], with_blue: &[u16], levels: &Levels, out: [&mut [f32]; 3]) {
        values_of::<true>(with_red, with_blue, levels, out);
    }

    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn red_second(with_red: &[u16], with_blue: &[u16], levels: &Levels, out: [&mut [f32]; 3]) {
        values_of::<false>(with_red, with_blue, levels, out);
    }
}
