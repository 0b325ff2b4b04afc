//! Which pixels belong to which source.

/// Fewest pixels of a source.
const MIN_PIXELS: usize = 5;
/// Two peaks in one island are two stars if the lower stands this far above the saddle, in thresholds, ...
const SADDLE: f32 = 0.6;
/// ... and this share of its own height: noise on a bright star's slope does not.
const SADDLE_SHARE: f32 = 0.1;

/// The 3 x 3 filter 1 2 1, 2 4 2, 1 2 1 over 16; NaN stays where the pixel itself has no data, and counts as sky beside it.
pub(super) fn filter(image: &[f32], width: usize, height: usize) -> Vec<f32> {
    let row = |y: usize| &image[y * width..(y + 1) * width];
    let rows = crate::parallel::map(height, |y| {
        let (above, here, below) = (row(y.saturating_sub(1)), row(y), row((y + 1).min(height - 1)));
        let down: Vec<f32> = (0..width)
            .map(|x| {
                let known = |v: f32| if v.is_finite() { v } else { 0.0 };
                0.25 * (known(above[x]) + known(below[x])) + 0.5 * known(here[x])
            })
            .collect();
        (0..width)
            .map(|x| {
                if here[x].is_finite() {
                    0.25 * (down[x.saturating_sub(1)] + down[(x + 1).min(width - 1)]) + 0.5 * down[x]
                } else {
                    f32::NAN
                }
            })
            .collect::<Vec<f32>>()
    });
    rows.concat()
}

/// The pixels of one source.
pub(super) struct Island {
    pub(super) pixels: Vec<u32>,
    pub(super) split: bool,
}

/// Connected pixels above the threshold, split at saddles: pixels join in order of falling height, each to the basin of its
/// neighbours; where two basins meet, the lower one joins the higher unless it stands clear of the saddle.
pub(super) fn label(
    image: &[f32],
    width: usize,
    cut: impl Fn(usize) -> f32 + Sync + Send,
    threshold: f32,
) -> Vec<Island> {
    let height = image.len() / width;
    let above = crate::parallel::map(height, |y| {
        let row = y * width..(y + 1) * width;
        row.filter(|&i| image[i] > cut(i)).map(|i| i as u32).collect::<Vec<u32>>()
    });
    let mut order = above.concat();
    order.sort_unstable_by(|&a, &b| image[b as usize].total_cmp(&image[a as usize]).then(a.cmp(&b)));
    const NONE: u32 = u32::MAX;
    let mut basin_of = vec![NONE; image.len()];
    // By basin: the basin it joined (itself if none), its peak, and whether it touches another that it did not join.
    let mut parent: Vec<u32> = Vec::new();
    let mut peak: Vec<f32> = Vec::new();
    let mut split: Vec<bool> = Vec::new();
    fn root(parent: &mut [u32], mut i: u32) -> u32 {
        while parent[i as usize] != i {
            parent[i as usize] = parent[parent[i as usize] as usize];
            i = parent[i as usize];
        }
        i
    }
    for &p in &order {
        let (x, y) = (p as usize % width, p as usize / width);
        let value = image[p as usize];
        let mut home = NONE;
        for v in y.saturating_sub(1)..(y + 2).min(height) {
            for u in x.saturating_sub(1)..(x + 2).min(width) {
                let b = basin_of[v * width + u];
                if b == NONE {
                    continue;
                }
                let b = root(&mut parent, b);
                if home == NONE || home == b {
                    home = b;
                    continue;
                }
                let (high, low) = if peak[b as usize] > peak[home as usize] { (b, home) } else { (home, b) };
                let rise = peak[low as usize] - value;
                if rise > SADDLE * threshold && rise > SADDLE_SHARE * peak[low as usize] {
                    split[high as usize] = true;
                    split[low as usize] = true;
                } else {
                    parent[low as usize] = high;
                    split[high as usize] |= split[low as usize];
                }
                home = high;
            }
        }
        if home == NONE {
            home = parent.len() as u32;
            parent.push(home);
            peak.push(value);
            split.push(false);
        }
        basin_of[p as usize] = home;
    }
    let mut islands: Vec<Island> = split.iter().map(|&split| Island { pixels: Vec::new(), split }).collect();
    for &p in &order {
        let r = root(&mut parent, basin_of[p as usize]);
        islands[r as usize].pixels.push(p);
    }
    islands.retain(|i| i.pixels.len() >= MIN_PIXELS);
    islands
}
