//! Drawings to pixels.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use super::pack;

/// The states of the tray's icon.
const STATES: [&str; 4] = ["running", "paused", "attention", "stopped"];

/// Pixels of a tray icon; panels make it smaller.
const TRAY: u32 = 48;

/// Pixels of a template on macOS: 22 points, twice as fine.
const TEMPLATE: u32 = 44;

/// The colours that the drawings of the tray have: ink and rim.
const DRAWN: [&str; 2] = ["#010101", "#fefefe"];

/// One size of a drawing.
pub(super) struct Picture {
    pub size: u32,
    pub png: Vec<u8>,
    /// Straight RGBA, top row first.
    pub rgba: Vec<u8>,
}

pub(super) fn all(folder: &Path) -> Result<()> {
    let app = read(&folder.join("app.svg"))?;
    for (name, size) in [("32x32.png", 32), ("128x128.png", 128), ("128x128@2x.png", 256), ("icon.png", 512)]
    {
        fs::write(folder.join(name), picture(&app, size)?.png)?;
    }
    let sizes = |sizes: &[u32]| sizes.iter().map(|size| picture(&app, *size)).collect::<Result<Vec<_>>>();
    fs::write(folder.join("icon.ico"), pack::ico(&sizes(&[16, 24, 32, 48, 64, 256])?)?)?;
    fs::write(folder.join("icon.icns"), pack::icns(&sizes(&[32, 64, 128, 256, 512, 1024])?)?)?;

    let tray = folder.join("tray");
    for state in STATES {
        let drawing = read(&tray.join(format!("{state}.svg")))?;
        for (panel, ink, rim, size) in [
            ("dark", "#ffffff", "#101322", TRAY),
            ("light", "#171a2e", "#ffffff", TRAY),
            ("template", "#000000", "none", TEMPLATE),
        ] {
            let coloured = drawing.replace(DRAWN[0], ink).replace(DRAWN[1], rim);
            fs::write(tray.join(format!("{state}-{panel}.png")), picture(&coloured, size)?.png)?;
        }
    }
    eprintln!("    icons in {}", folder.display());
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn picture(drawing: &str, size: u32) -> Result<Picture> {
    let tree = Tree::from_str(drawing, &Options::default())?;
    let mut pixels = Pixmap::new(size, size).context("no picture has no size")?;
    let scale = size as f32 / tree.size().width();
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    let straight = pixels.pixels().iter().flat_map(|pixel| {
        let colour = pixel.demultiply();
        [colour.red(), colour.green(), colour.blue(), colour.alpha()]
    });
    Ok(Picture { size, rgba: straight.collect(), png: pixels.encode_png()? })
}
