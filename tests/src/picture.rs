//! Pictures: noise for tests, which no format makes much smaller, and drawn corridors for the demo city.

use image::{ImageFormat, Rgb, RgbImage};
use rand::{Rng, RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Width and height of a drawn corridor.
const SCENE: (u32, u32) = (640, 480);

/// A square picture as a PNG file; another one for each seed.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn noise(side: u32, seed: u64) -> Vec<u8> {
    let mut pixels = vec![0; side as usize * side as usize * 3];
    ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut pixels);
    png(&RgbImage::from_raw(side, side, pixels).expect("three bytes a pixel"))
}

/// A corridor with things left in it, as a PNG file: what a worker might have photographed, and plainly no photo.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn corridor(seed: u64) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (width, height) = SCENE;
    let wall: [u8; 3] = [rng.random_range(150..215), rng.random_range(150..210), 170];
    let ground = height * 2 / 3;
    let mut picture = RgbImage::from_fn(width, height, |x, y| {
        let side = x.abs_diff(width / 2) / 8;
        let dark = if y < ground { side } else { 60 + (height - y) / 6 };
        Rgb(wall.map(|c| c.saturating_sub(u8::try_from(dark).unwrap_or(u8::MAX))))
    });
    let door = [90, 62, 48];
    fill(&mut picture, (width / 2 - 55, ground - 190), (110, 190), door);
    fill(&mut picture, (width / 2 + 35, ground - 95), (8, 14), [214, 186, 90]);
    for _ in 0..rng.random_range(2..7) {
        let size = (rng.random_range(50..150), rng.random_range(40..140));
        let from = (rng.random_range(0..width - size.0), height - 20 - size.1);
        let shade = rng.random_range(0..70);
        fill(&mut picture, from, size, [196 - shade, 150 - shade, 98 - shade]);
        fill(&mut picture, (from.0, from.1 + size.1 / 2), (size.0, 5), [232, 220, 190]);
    }
    png(&picture)
}

fn fill(picture: &mut RgbImage, from: (u32, u32), size: (u32, u32), colour: [u8; 3]) {
    for y in from.1..(from.1 + size.1).min(picture.height()) {
        for x in from.0..(from.0 + size.0).min(picture.width()) {
            picture.put_pixel(x, y, Rgb(colour));
        }
    }
}

fn png(picture: &RgbImage) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).expect("memory takes it");
    file.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corridor_is_a_picture_and_another_one_for_each_seed() {
        let size = |bytes: &[u8]| {
            let read = image::load_from_memory(bytes).expect("a picture");
            (read.width(), read.height())
        };
        let (one, other) = (corridor(1), corridor(2));
        assert_eq!(size(&one), SCENE);
        assert_ne!(one, other);
        assert_eq!(one, corridor(1));
    }
}
