//! Same options, same bytes: in the run, alone, in any order, on any number of threads.

use crowdsky_sim::{Night, NightOptions};

fn small() -> NightOptions {
    NightOptions::default().frames(6).size(120, 90).stars(60).cloudy(0.3).trails(0.5).dither(8.0)
}

#[test]
fn same_seed_same_night() {
    let (a, b) = (Night::new(small()).unwrap(), Night::new(small()).unwrap());
    assert_eq!(a.truth(), b.truth());
    for k in 0..6 {
        assert_eq!(a.frame(k).unwrap(), b.frame(k).unwrap());
    }
}

#[test]
fn another_seed_is_another_night() {
    let (a, b) = (Night::new(small()).unwrap(), Night::new(small().seed(2)).unwrap());
    assert_ne!(a.truth().stars[0], b.truth().stars[0]);
    assert_ne!(a.truth().hot_pixels[0], b.truth().hot_pixels[0]);
    assert_ne!(a.frame(3).unwrap().pixels, b.frame(3).unwrap().pixels);
}

#[test]
fn a_frame_alone_is_the_frame_of_the_run() {
    let forwards = Night::new(small()).unwrap();
    let run: Vec<_> = (0..6).map(|k| forwards.frame(k).unwrap()).collect();
    for k in (0..6).rev() {
        assert_eq!(Night::new(small()).unwrap().frame(k).unwrap(), run[k], "frame {k}");
    }
}

#[test]
fn frames_rendered_at_the_same_time_do_not_disturb_each_other() {
    let night = Night::new(small()).unwrap();
    let run: Vec<_> = (0..6).map(|k| night.frame(k).unwrap()).collect();
    let night = &night;
    let together: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|k| scope.spawn(move || night.frame(k).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(run, together);
}

#[test]
fn noise_differs_from_frame_to_frame() {
    // Nothing moves or changes: only the noise is left to tell the frames apart.
    let night = Night::new(small().quiet().rotation(0.0).drift(0.0).dither(0.0)).unwrap();
    let (a, b) = (night.frame(0).unwrap().pixels, night.frame(1).unwrap().pixels);
    let same = a.iter().zip(&b).filter(|(a, b)| a == b).count();
    assert!(same < a.len() / 20, "{same} of {} pixels are the same", a.len());
}

#[test]
fn clouds_do_not_change_what_else_happens() {
    let (clear, cloudy) =
        (Night::new(small().cloudy(0.0)).unwrap(), Night::new(small().cloudy(1.0)).unwrap());
    for (a, b) in clear.truth().frames.iter().zip(&cloudy.truth().frames) {
        assert_eq!((a.shift, a.rotation, a.fwhm, &a.trail), (b.shift, b.rotation, b.fwhm, &b.trail));
        assert_eq!(a.cosmic_rays, b.cosmic_rays);
    }
}
