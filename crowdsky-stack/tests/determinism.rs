//! Same frames, same options, same bytes.

use crate::support::{frames, night, options};
use crowdsky_stack::files::{Layout, encode};
use crowdsky_stack::{StackOptions, stack};

#[test]
fn one_two_and_five_threads_give_the_same_file() {
    let n = night(options().cloudy(0.2).trails(0.3));
    let all = frames(&n);
    let bytes = |threads: usize, layout: Layout| {
        let s = stack(&all, &StackOptions::default().threads(threads), &()).expect("a stack");
        let mut out = Vec::new();
        encode(&s, &mut out, layout).expect("FITS in memory");
        out
    };
    let one = bytes(1, Layout::Rgb);
    assert!(one.len() > 480 * 640 * 16);
    for threads in [2, 5] {
        assert!(bytes(threads, Layout::Rgb) == one, "{threads} threads differ from one");
    }
    assert!(bytes(1, Layout::Cube) == bytes(2, Layout::Cube));
}
