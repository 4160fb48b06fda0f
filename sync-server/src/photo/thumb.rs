//! Small pictures for lists. Bounds in pixels and memory: a small file can state an enormous picture.
//!
//! Pure: bytes in, bytes out.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageReader, Limits};

/// Longest side of a small picture, in pixels.
const SIDE_PX: u32 = 320;
/// Longest side of a photo that is read, in pixels.
const SIDE_PX_MAX: u32 = 16_384;
/// Pixels of a photo that is read.
const PIXELS_MAX: u64 = 64 * 1000 * 1000;
/// Memory for reading it, in bytes.
const ALLOC_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// JPEG quality of 100.
const QUALITY: u8 = 80;

/// A small JPEG of a photo; `None` when the file is no picture that is read here, or too large a one.
pub(super) fn make(file: &[u8]) -> Option<Vec<u8>> {
    let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_PX_MAX);
    limits.max_image_height = Some(SIDE_PX_MAX);
    limits.max_alloc = Some(ALLOC_BYTES_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS_MAX || decoder.total_bytes() > ALLOC_BYTES_MAX
    {
        return None;
    }
    // Without a readable note of how the camera was held, the picture stays as it is.
    let held = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut small = DynamicImage::from_decoder(decoder).ok()?.thumbnail(SIDE_PX, SIDE_PX);
    small.apply_orientation(held);
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    small.into_rgb8().write_with_encoder(encoder).ok()?;
    Some(jpeg)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut file = Vec::new();
        let picture = image::RgbImage::from_pixel(width, height, image::Rgb([200, 30, 30]));
        picture.write_to(&mut Cursor::new(&mut file), image::ImageFormat::Png).unwrap();
        file
    }

    #[test]
    fn a_picture_becomes_small_and_keeps_its_shape() {
        let small = image::load_from_memory(&make(&png(1_280, 640)).unwrap()).unwrap();
        assert_eq!((small.width(), small.height()), (320, 160));
    }

    #[test]
    fn what_is_no_picture_or_claims_to_be_enormous_is_refused() {
        assert_eq!(make(b"no picture"), None);
        let mut bomb = png(8, 8);
        // The head of a PNG states the size; its checksum is made right again.
        bomb[16..20].copy_from_slice(&16_000_u32.to_be_bytes());
        bomb[20..24].copy_from_slice(&16_000_u32.to_be_bytes());
        let crc = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(make(&bomb), None);
        let cut = png(64, 64);
        assert_eq!(make(&cut[..40]), None);
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |c, _| {
                if c & 1 == 1 { (c >> 1) ^ 0xedb8_8320 } else { c >> 1 }
            })
        })
    }
}
