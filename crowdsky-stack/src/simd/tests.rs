//! All lanes give the same bits.

use super::*;
use crate::matching::tests::random;

/// Everything a kernel does, to numbers from `seed`.
struct Everything {
    seed: u64,
}

impl Kernel for Everything {
    type Output = Vec<u32>;

    #[inline(always)]
    fn run<L: Lanes>(self) -> Vec<u32> {
        let mut r = random(self.seed);
        let mut floats = || -> [f32; LANES] { std::array::from_fn(|_| (200.0 * r() - 100.0) as f32) };
        let (x, y) = (floats(), floats());
        let (a, b) = (L::load(&x), L::load(&y));
        let values: Vec<f32> = (0..101).map(|i| i as f32 * 1.37).collect();
        let sites: [u16; 16] = std::array::from_fn(|i| (i * 4099) as u16);
        let index = L::index(a, 9);
        let place = L::at(index, L::index(b, 9), 10);
        // SAFETY: at most 9 * 10 + 9.
        let gathered = unsafe { L::gather(&values, place) };
        let mut cells: Vec<Cell> = (0..100).map(|o| std::array::from_fn(|i| (o * i) as f32 * 0.1)).collect();
        let small = |v: L::F| L::mul(v, L::splat(0.005));
        for bits in [0xff, 0b1011_0010] {
            let samples = Samples { gx: small(a), gy: small(b), wr: b, wrr: L::mul(a, b) };
            L::add_moments(&mut cells, place, &samples, 0.7 + x[1] / 1000.0, bits);
        }
        let sixteen: [f32; 16] = std::array::from_fn(|i| x[i % 8] * i as f32);
        let [even, odd] = L::pairs(&sixteen);
        assert!(
            (0..LANES).all(|i| L::store(even)[i] == sixteen[2 * i] && L::store(odd)[i] == sixteen[2 * i + 1])
        );
        let seconds = L::index(L::load(&std::array::from_fn(|i| (3 + 2 * i) as f32 + 0.5)), 15);
        // The last lane is clamped from 17.
        assert_eq!(L::every_second(seconds, 3), 0x7f);
        let vectors = [
            L::splat(x[0]),
            L::add(a, b),
            L::sub(a, b),
            L::mul(a, b),
            L::min(a, b),
            L::max(a, b),
            L::keep(a, 0b1010_0110),
            L::to_float(index),
            L::photosites(&sites, false),
            L::photosites(&sites, true),
            gathered,
        ];
        let mut out: Vec<u32> = vectors.iter().flat_map(|&v| L::store(v)).map(f32::to_bits).collect();
        out.extend(L::store_index(place).map(|i| i as u32));
        out.extend([L::le(a, b), L::lt(a, b), L::le(a, a), L::lt(a, a)]);
        out.extend(cells.iter().flatten().map(|v| v.to_bits()));
        out
    }
}

#[test]
fn every_level_gives_the_bits_of_plain_rust() {
    for seed in 0..200 {
        let plain = dispatch(Level::Portable, Everything { seed });
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx2") {
                assert_eq!(dispatch(Level::Avx2, Everything { seed }), plain, "AVX2, seed {seed}");
            }
            if Level::best() == Level::Avx512 {
                assert_eq!(dispatch(Level::Avx512, Everything { seed }), plain, "AVX-512, seed {seed}");
            }
        }
        assert!(plain.len() > 100);
    }
}
