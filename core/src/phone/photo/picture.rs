//! A photo as it leaves the phone: upright, not larger than needed, and nothing in it but the picture.
//!
//! What a camera hides in a file (place, time, serial number, a small copy of what was cropped away)
//! goes because only pixels are written again. Pure: bytes in, bytes out. Must not know visits, disks
//! or the server.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage,
};
use sha2::{Digest, Sha256};

use crate::limits::{
    PHOTO_BYTES_MAX, PHOTO_PIXELS_MAX, PHOTO_QUALITY_PERCENT, PHOTO_SIDE_PX_MAX, PHOTO_THUMB_PX_MAX,
};
use crate::model::HashText;
use crate::phone::PhoneError;

/// Media type of every photo that this version sends.
pub(super) const MEDIA: &str = "image/jpeg";
/// Bytes of one pixel while a picture is read, at most.
const PIXEL_BYTES_MAX: u64 = 8;
/// Longest side that any of the three formats can state and that a phone would take.
const SIDE_PX_MAX: u32 = 32_768;

/// A photo ready to be kept and sent.
pub(super) struct Picture {
    /// A JPEG file.
    pub(super) jpeg: Vec<u8>,
    /// SHA-256 of the file it was made from.
    pub(super) original: HashText,
}

/// Makes a photo of the file a camera or a gallery gave.
pub(super) fn take(file: &[u8]) -> Result<Picture, PhoneError> {
    check_size(file.len() as u64)?;
    let small = shrink(read(file)?, PHOTO_SIDE_PX_MAX);
    Ok(Picture { jpeg: jpeg(&small)?, original: HashText(Sha256::digest(file).into()) })
}

/// The small picture of a photo, for lists.
pub(super) fn thumb(file: &[u8]) -> Result<Vec<u8>, PhoneError> {
    jpeg(&shrink(read(file)?, PHOTO_THUMB_PX_MAX))
}

/// Refuses a file by its size, before anybody reads it.
pub(super) fn check_size(bytes: u64) -> Result<(), PhoneError> {
    if bytes > PHOTO_BYTES_MAX as u64 {
        let mib = PHOTO_BYTES_MAX / (1024 * 1024);
        return Err(refused(&format!("照片超过 {mib} MiB"), &format!("larger than {mib} MiB")));
    }
    Ok(())
}

fn refused(zh: &str, en: &str) -> PhoneError {
    PhoneError::invalid("photo", zh, en)
}

/// By the first bytes of the file, whatever its name says.
fn format(file: &[u8]) -> Result<ImageFormat, PhoneError> {
    let brand = file.get(4..12).unwrap_or_default();
    match file {
        [0xff, 0xd8, 0xff, ..] => Ok(ImageFormat::Jpeg),
        [0x89, b'P', b'N', b'G', ..] => Ok(ImageFormat::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(ImageFormat::WebP),
        // HEIF and AVIF need decoders with patents or C; every phone turns them into JPEG by itself.
        _ if brand.starts_with(b"ftyp") => Err(refused(
            "HEIC 格式无法处理，请交 JPEG（相机设置选“兼容性最佳”，或由应用先转换）",
            "HEIC cannot be read here: hand in JPEG (the camera's most compatible setting, or the app converts it)",
        )),
        _ => Err(refused("不是照片（支持 JPEG、PNG、WebP）", "no picture (JPEG, PNG or WebP)")),
    }
}

fn damaged(_: image::ImageError) -> PhoneError {
    refused("照片文件不完整或已损坏", "the picture's file is cut or damaged")
}

/// The pixels, upright.
fn read(file: &[u8]) -> Result<RgbImage, PhoneError> {
    let mut reader = ImageReader::with_format(Cursor::new(file), format(file)?);
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_PX_MAX);
    limits.max_image_height = Some(SIDE_PX_MAX);
    limits.max_alloc = Some(PHOTO_PIXELS_MAX * PIXEL_BYTES_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PHOTO_PIXELS_MAX {
        return Err(refused("照片超过 6400 万像素", "more than 64 megapixels"));
    }
    // Without a readable note of how the camera was held, the picture stays as it is.
    let held = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    picture.apply_orientation(held);
    Ok(picture.into_rgb8())
}

/// No side longer than `side`, the proportions kept.
fn shrink(picture: RgbImage, side: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let longest = width.max(height);
    if longest <= side {
        return picture;
    }
    let scaled = |length: u32| {
        let exact =
            (u64::from(length) * u64::from(side) + u64::from(longest) / 2) / u64::from(longest);
        u32::try_from(exact).unwrap_or(side).clamp(1, side)
    };
    image::imageops::thumbnail(&picture, scaled(width), scaled(height))
}

fn jpeg(picture: &RgbImage) -> Result<Vec<u8>, PhoneError> {
    let mut file = Vec::new();
    let (width, height) = picture.dimensions();
    JpegEncoder::new_with_quality(&mut file, PHOTO_QUALITY_PERCENT)
        .encode(picture.as_raw(), width, height, ExtendedColorType::Rgb8)
        .map_err(|error| PhoneError::internal("photo", error))?;
    Ok(file)
}

#[cfg(test)]
mod tests;
