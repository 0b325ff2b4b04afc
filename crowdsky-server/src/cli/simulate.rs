//! Role `simulate`: a night with known truth, as the telescope would have saved it.

use super::exit::{Failure, causes};
use super::progress::Bars;
use super::{size, terminal};
use clap::ValueEnum;
use crowdsky_core::Filter;
use crowdsky_sim::{BayerPattern, Error, Night, NightOptions, Sensor, Summary};
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;

const EXAMPLES: &str = "\
Examples:
  crowdsky simulate night
  crowdsky simulate cloudy --frames 60 --clouds 0.3 --trails 0.2 --flip --seed 7
  crowdsky simulate pro --sensor s30-pro --object 'M 31' --ra 10.68 --dec 41.27

The same options give the same bytes. OUT_DIR/truth.json holds all that is true of the night: every star, every frame's
rotation and shift, clouds, trails, hot pixels.
";

/// Simulates a night: raw frames in a folder, and the truth beside them.
///
/// The default is a quiet evening with a Seestar S50: 30 exposures of 10 seconds, 120 MB.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Folder for the frames; it is made if it does not exist.
    out_dir: PathBuf,
    /// Number of exposures.
    #[arg(long, value_name = "N", default_value_t = NightOptions::default().frames)]
    frames: usize,
    /// Everything random follows from this number.
    #[arg(long, value_name = "N", default_value_t = NightOptions::default().seed)]
    seed: u64,
    /// Telescope: size, Bayer pattern and header of the frames.
    #[arg(long, value_enum, default_value = "s50")]
    sensor: SensorName,
    /// Columns and rows of a frame, such as 1080x1920, in place of the sensor's.
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    size: Option<(usize, usize)>,
    /// Bayer pattern, in place of the sensor's: RGGB, BGGR, GRBG or GBRG.
    #[arg(long, value_name = "PATTERN")]
    bayer: Option<BayerPattern>,
    /// Stars on the disc that covers all frames; about half of them fall on any one frame.
    #[arg(long, value_name = "N", default_value_t = NightOptions::default().stars)]
    stars: usize,
    /// Width of a star at half its height, pixels.
    #[arg(long, value_name = "PX", default_value_t = NightOptions::default().fwhm)]
    fwhm: f64,
    /// Level of the sky, ADU.
    #[arg(long, value_name = "ADU", default_value_t = NightOptions::default().sky)]
    sky: f64,
    /// Field rotation over the night, degrees.
    #[arg(long, value_name = "DEG", default_value_t = NightOptions::default().rotation, allow_negative_numbers = true)]
    rotation: f64,
    /// Step of the pointing's random walk, pixels per frame.
    #[arg(long, value_name = "PX", default_value_t = NightOptions::default().drift)]
    drift: f64,
    /// Radius of the jumps of every fifth frame, pixels.
    #[arg(long, value_name = "PX", default_value_t = NightOptions::default().dither)]
    dither: f64,
    /// Turn the tube over (180 degrees) in the middle of the night.
    #[arg(long)]
    flip: bool,
    /// Share of the frames behind a cloud, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = NightOptions::default().cloudy)]
    clouds: f64,
    /// Share of the frames crossed by a satellite or an aeroplane, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = NightOptions::default().trails)]
    trails: f64,
    /// Number of hot pixels; without it 400 on an S50's area.
    #[arg(long, value_name = "N")]
    hot_pixels: Option<usize>,
    /// Mean number of cosmic rays per frame; without it 6 on an S50's area.
    #[arg(long, value_name = "N")]
    cosmic_rays: Option<f64>,
    /// Name of the target, in headers and file names.
    #[arg(long, value_name = "NAME", default_value_t = NightOptions::default().object)]
    object: String,
    /// Right ascension of the pointing, degrees.
    #[arg(long, value_name = "DEG", default_value_t = NightOptions::default().ra)]
    ra: f64,
    /// Declination of the pointing, degrees.
    #[arg(long, value_name = "DEG", default_value_t = NightOptions::default().dec, allow_negative_numbers = true)]
    dec: f64,
    /// Start of the first exposure, UTC.
    #[arg(long, value_name = "TIME", default_value_t = NightOptions::default().start)]
    start: String,
    /// Seconds of one exposure, in headers and times; the light is the same.
    #[arg(long, value_name = "S", default_value_t = NightOptions::default().exptime)]
    exptime: f64,
    /// Seconds from one start to the next; without it 1.2 more than an exposure.
    #[arg(long, value_name = "S")]
    cadence: Option<f64>,
    /// Optical filter, in headers and file names.
    #[arg(long, value_enum, default_value = "ircut")]
    filter: FilterName,
    /// Gain setting, in headers.
    #[arg(long, value_name = "N", default_value_t = NightOptions::default().gain)]
    gain: i64,
    /// Write into a folder that is not empty; frames of the same names are replaced, all else stays.
    #[arg(long)]
    overwrite: bool,
    /// Print nothing but errors.
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SensorName {
    S50,
    S30,
    S30Pro,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FilterName {
    Ircut,
    Lp,
}

impl Args {
    fn options(&self) -> NightOptions {
        let mut options = NightOptions::default()
            .frames(self.frames)
            .seed(self.seed)
            .sensor(match self.sensor {
                SensorName::S50 => Sensor::S50,
                SensorName::S30 => Sensor::S30,
                SensorName::S30Pro => Sensor::S30Pro,
            })
            .filter(match self.filter {
                FilterName::Ircut => Filter::IrCut,
                FilterName::Lp => Filter::Lp,
            })
            .stars(self.stars)
            .fwhm(self.fwhm)
            .sky(self.sky)
            .rotation(self.rotation)
            .drift(self.drift)
            .dither(self.dither)
            .meridian_flip(self.flip)
            .cloudy(self.clouds)
            .trails(self.trails)
            .object(self.object.as_str())
            .ra(self.ra)
            .dec(self.dec)
            .start(self.start.as_str())
            .exptime(self.exptime)
            .gain(self.gain);
        (options.size, options.bayer, options.cadence) = (self.size, self.bayer, self.cadence);
        (options.hot_pixels, options.cosmic_rays) = (self.hot_pixels, self.cosmic_rays);
        options
    }
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let started = Instant::now();
    let night = Night::new(args.options()).map_err(failure)?;
    let bars = Bars::new(args.quiet);
    let progress = |done, total| bars.show("simulating", done, total);
    let written = if args.overwrite {
        night.write_over(&args.out_dir, progress)
    } else {
        night.write(&args.out_dir, progress)
    };
    bars.clear();
    let summary = written.map_err(failure)?;
    let seconds = started.elapsed().as_secs_f64();
    match (args.quiet, args.json) {
        (true, _) => Ok(()),
        (_, true) => terminal::say_json(&as_json(args, &night, &summary, seconds)),
        _ => terminal::say(&as_text(args, &summary, seconds)),
    }
}

fn as_text(args: &Args, summary: &Summary, seconds: f64) -> String {
    let Summary { frames, cloudy, trails, bytes, truth, .. } = summary;
    let folder = args.out_dir.display();
    format!(
        "{frames} frames of {} in {folder}: {}, {cloudy} cloudy, {trails} with a trail ({seconds:.1} s)\n\
         the truth is in {}",
        args.object,
        size::megabytes(*bytes),
        truth.display(),
    )
}

fn as_json(args: &Args, night: &Night, summary: &Summary, seconds: f64) -> serde_json::Value {
    let (width, height) = args.options().size_px();
    let files: Vec<&str> = night.truth().frames.iter().map(|frame| frame.file_name.as_str()).collect();
    json!({
        "crowdsky": env!("CARGO_PKG_VERSION"),
        "folder": args.out_dir,
        "frames": summary.frames,
        "cloudy": summary.cloudy,
        "trails": summary.trails,
        "width": width,
        "height": height,
        "seed": args.seed,
        "bytes": summary.bytes,
        "truth": summary.truth,
        "files": files,
        "seconds": seconds,
    })
}

/// An option out of its range is wrong usage, under the name it has on the command line.
fn failure(error: Error) -> Failure {
    match error {
        Error::Option { option, value, expected } => {
            let flag = match option {
                "cloudy" => "clouds".to_owned(),
                "width" | "height" => format!("size ({option})"),
                other => other.replace('_', "-"),
            };
            Failure::Usage(format!("--{flag} is {value}: it must be {expected}"))
        }
        Error::NotEmpty { path } => Failure::Failed(format!(
            "{} is not empty: choose a new folder, or allow --overwrite",
            path.display()
        )),
        other => Failure::Failed(causes(&other)),
    }
}

fn parse_size(text: &str) -> Result<(usize, usize), String> {
    let sides =
        text.split_once(['x', 'X']).and_then(|(w, h)| Some((w.trim().parse().ok()?, h.trim().parse().ok()?)));
    sides.ok_or_else(|| "write columns x rows, such as 1080x1920".to_owned())
}
