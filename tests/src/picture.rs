//! Pictures for tests: noise by seed, which no format makes much smaller.

use image::{ImageFormat, RgbImage};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A square picture as a PNG file; another one for each seed.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn noise(side: u32, seed: u64) -> Vec<u8> {
    let mut pixels = vec![0; side as usize * side as usize * 3];
    ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut pixels);
    let picture = RgbImage::from_raw(side, side, pixels).expect("three bytes a pixel");
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).expect("memory takes it");
    file.into_inner()
}
