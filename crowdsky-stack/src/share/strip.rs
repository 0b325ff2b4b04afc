//! Some rows of a picture whose colours are shared: the steps, and their working memory.

use super::blur::stride;
use super::{Blurs, Input, kernel};
use std::ops::Range;

/// Rows with their halo, in lines that are padded. Where a band has no data, and in the padding, all is 0 and its noise 1.
#[derive(Default)]
pub(super) struct Strip {
    stride: usize,
    /// Rows of the picture that are here.
    rows: Range<usize>,
    /// 1 where all bands have data, else 0.
    pub(super) mask: Vec<f32>,
    low: [Vec<f32>; 3],
    pub(super) detail: [Vec<f32>; 3],
    /// Variance of the detail's noise.
    pub(super) noise: [Vec<f32>; 3],
    /// How much of a window has data.
    weight: Vec<f32>,
    common: Vec<f32>,
    /// Variance of the noise of `common`, and its covariance with any band's.
    common_noise: Vec<f32>,
    power: Vec<f32>,
    ratio: Vec<f32>,
    product: Vec<f32>,
    blurred: Vec<f32>,
    line: Vec<f32>,
}

impl Strip {
    /// Low part and detail of rows `inner` of `input` and of `around` rows more on both sides; noise of `scale` times the
    /// variances.
    pub(super) fn split(
        &mut self,
        input: &Input<'_>,
        blurs: &Blurs,
        scale: [f32; 3],
        inner: &Range<usize>,
        around: usize,
    ) {
        let halo = around + blurs.smooth.radius();
        self.rows = inner.start.saturating_sub(halo)..(inner.end + halo).min(input.height);
        self.stride = stride(input.width);
        self.make_room();
        for y in self.rows.clone() {
            self.load(input, scale, y);
        }
        let rows = self.within(inner, around);
        blurs.smooth.run(&self.mask, self.stride, rows.clone(), &mut self.line, &mut self.weight);
        let part = self.part(&rows);
        let (weight, mask) = (&self.weight[part.clone()], &self.mask[part.clone()]);
        for (low, detail) in self.low.iter_mut().zip(&mut self.detail) {
            // Until here `detail` is the picture itself, as it stays in rows further out, where nobody looks.
            blurs.smooth.run(detail, self.stride, rows.clone(), &mut self.line, low);
            kernel::split(&mut low[part.clone()], &mut detail[part.clone()], weight, mask);
        }
    }

    fn make_room(&mut self) {
        let n = self.rows.len() * self.stride;
        let bands = [&mut self.low, &mut self.detail, &mut self.noise].into_iter().flatten();
        let all = [&mut self.mask, &mut self.weight, &mut self.common, &mut self.common_noise];
        let more = [&mut self.power, &mut self.ratio, &mut self.product, &mut self.blurred];
        for plane in bands.chain(all).chain(more) {
            plane.resize(n, 0.0);
        }
    }

    /// Row `y` of the picture.
    fn load(&mut self, input: &Input<'_>, scale: [f32; 3], y: usize) {
        let here = y * input.width..(y + 1) * input.width;
        let at = self.place(0, y);
        let (data, padding) = (at..at + input.width, at + input.width..at + self.stride);
        let variance = |b: usize| input.variance[b].get(here.clone());
        let mask = &mut self.mask[data.clone()];
        mask.fill(1.0);
        for b in 0..3 {
            kernel::look(mask, &input.planes[b][here.clone()], f32::MIN);
            if let Some(variance) = variance(b) {
                kernel::look(mask, variance, 0.0);
            }
        }
        for (b, &scale) in scale.iter().enumerate() {
            kernel::take(&mut self.detail[b][data.clone()], &input.planes[b][here.clone()], mask, (1.0, 0.0));
            let noise = &mut self.noise[b][data.clone()];
            match variance(b) {
                Some(variance) => kernel::take(noise, variance, mask, (scale, 1.0)),
                None => noise.fill(scale),
            }
            self.detail[b][padding.clone()].fill(0.0);
            self.noise[b][padding.clone()].fill(1.0);
        }
        self.mask[padding].fill(0.0);
    }

    /// Rows `inner`, and `halo` more on both sides as far as there are any, counted from the first one here.
    fn within(&self, inner: &Range<usize>, halo: usize) -> Range<usize> {
        let first = self.rows.start;
        inner.start.saturating_sub(halo).max(first) - first..(inner.end + halo).min(self.rows.end) - first
    }

    fn part(&self, rows: &Range<usize>) -> Range<usize> {
        rows.start * self.stride..rows.end * self.stride
    }

    /// Where column `x` of row `y` of the picture lies.
    pub(super) fn place(&self, x: usize, y: usize) -> usize {
        (y - self.rows.start) * self.stride + x
    }

    /// Rows `inner` with their colours shared, into `out`.
    pub(super) fn run(
        &mut self,
        input: &Input<'_>,
        blurs: &Blurs,
        scale: [f32; 3],
        inner: &Range<usize>,
        out: [&mut [f32]; 3],
    ) {
        let reach = blurs.window.radius();
        self.split(input, blurs, scale, inner, 2 * reach);
        let wide = self.part(&self.within(inner, 2 * reach));
        let (modelled, own) = (self.within(inner, reach), self.within(inner, 0));
        let near = self.part(&modelled);
        let Strip { stride, mask, low, detail, noise, .. } = self;
        let Strip { weight, common, common_noise, power, ratio, product, blurred, line, .. } = self;
        let window = |image: &[f32], rows: &Range<usize>, line: &mut Vec<f32>, out: &mut [f32]| {
            blurs.window.run(image, *stride, rows.clone(), line, out);
        };
        kernel::common(
            detail.each_ref().map(|v| &v[wide.clone()]),
            noise.each_ref().map(|v| &v[wide.clone()]),
            &mut common[wide.clone()],
            &mut common_noise[wide.clone()],
            &mut product[wide.clone()],
        );
        window(mask, &modelled, line, weight);
        window(product, &modelled, line, power);
        for (b, out) in out.into_iter().enumerate() {
            kernel::multiply(&detail[b][wide.clone()], &common[wide.clone()], &mut product[wide.clone()]);
            window(product, &modelled, line, blurred);
            let model = kernel::Model {
                detail: &detail[b][near.clone()],
                noise: &noise[b][near.clone()],
                common: &common[near.clone()],
                common_noise: &common_noise[near.clone()],
                weight: &weight[near.clone()],
                window: &blurred[near.clone()],
            };
            let (ratio_here, rest) = (&mut ratio[near.clone()], &mut product[near.clone()]);
            kernel::ratio(&model, &power[near.clone()], ratio_here, rest);
            window(product, &own, line, blurred);
            for (j, out) in out.chunks_exact_mut(input.width).enumerate() {
                let at = (own.start + j) * *stride;
                let row = at..at + input.width;
                let model = kernel::Model {
                    detail: &detail[b][row.clone()],
                    noise: &noise[b][row.clone()],
                    common: &common[row.clone()],
                    common_noise: &common_noise[row.clone()],
                    weight: &weight[row.clone()],
                    window: &blurred[row.clone()],
                };
                // What is not shared stays what it was: nothing, or the data of one band alone.
                let first = (inner.start + j) * input.width;
                out.copy_from_slice(&input.planes[b][first..first + input.width]);
                kernel::join(&model, &ratio[row.clone()], &low[b][row.clone()], &mask[row], out);
            }
        }
    }
}
