//! Several sizes in one file, as Windows and macOS want them.

use anyhow::{Context, Result, bail};

use super::draw::Picture;

/// Bytes of the header of a bitmap.
const BITMAP_HEADER: u32 = 40;

/// An `.ico`: bitmaps, and PNG from 256 pixels on, where older readers expect it.
pub(super) fn ico(pictures: &[Picture]) -> Result<Vec<u8>> {
    let images: Vec<Vec<u8>> = pictures
        .iter()
        .map(|picture| if picture.size >= 256 { picture.png.clone() } else { bitmap(picture) })
        .collect();
    let count = u16::try_from(images.len())?;
    let mut file = Vec::new();
    // Reserved, kind (icon), number of images.
    for word in [0, 1, count] {
        file.extend(word.to_le_bytes());
    }
    let mut offset = 6 + 16 * u32::from(count);
    for (picture, image) in pictures.iter().zip(&images) {
        // 0 stands for 256.
        let side = u8::try_from(picture.size % 256)?;
        let length = u32::try_from(image.len())?;
        // Width, height, colours of a palette, reserved; planes, bits a pixel.
        file.extend([side, side, 0, 0, 1, 0, 32, 0]);
        file.extend(length.to_le_bytes());
        file.extend(offset.to_le_bytes());
        offset += length;
    }
    file.extend(images.concat());
    Ok(file)
}

/// A bitmap without a file header, bottom row first, with an empty mask: its alpha says what is seen.
fn bitmap(picture: &Picture) -> Vec<u8> {
    let side = picture.size;
    let mut image = Vec::new();
    // The height counts the mask too.
    for word in [BITMAP_HEADER, side, side * 2] {
        image.extend(word.to_le_bytes());
    }
    // Planes, bits a pixel; then no compression and nothing else.
    image.extend([1, 0, 32, 0]);
    image.extend([0; 24]);
    let row = side as usize * 4;
    for pixels in picture.rgba.chunks_exact(row).rev() {
        for pixel in pixels.chunks_exact(4) {
            image.extend([pixel[2], pixel[1], pixel[0], pixel[3]]);
        }
    }
    let mask_row = side.div_ceil(32) as usize * 4;
    image.resize(image.len() + mask_row * side as usize, 0);
    image
}

/// An `.icns`: PNG of each size, where there is one also as the finer one of half its points.
pub(super) fn icns(pictures: &[Picture]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    for picture in pictures {
        let kinds: &[&[u8; 4]] = match picture.size {
            32 => &[b"ic11"],
            64 => &[b"ic12"],
            128 => &[b"ic07"],
            256 => &[b"ic08", b"ic13"],
            512 => &[b"ic09", b"ic14"],
            1024 => &[b"ic10"],
            size => bail!("macOS has no icons of {size} pixels"),
        };
        for kind in kinds {
            body.extend(*kind);
            body.extend(u32::try_from(picture.png.len() + 8)?.to_be_bytes());
            body.extend(&picture.png);
        }
    }
    let length = u32::try_from(body.len() + 8).context("the icon is too large")?;
    Ok([b"icns".as_slice(), length.to_be_bytes().as_slice(), &body].concat())
}
