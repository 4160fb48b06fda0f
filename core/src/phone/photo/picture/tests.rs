//! What leaves the phone is the picture and nothing else, and what is no picture is refused with what to do.

use std::io::Write;

use super::*;

/// A picture whose left half is red and right half is blue.
fn halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| {
        image::Rgb(if x < width / 2 { [220, 20, 20] } else { [20, 20, 220] })
    })
}

fn encoded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    DynamicImage::from(picture.clone()).write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// A segment of a JPEG file.
fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker][..], &length, body].concat()
}

/// What a camera writes about itself: how it was held, its serial number, and where it was.
fn exif(orientation: u16) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08".to_vec();
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value].concat()
    };
    let [high, low] = orientation.to_be_bytes();
    let (serial_at, gps_at, latitude_at) = (8 + 2 + 3 * 12 + 4, 70, 70 + 2 + 2 * 12 + 4);
    let at = |offset: u32| offset.to_be_bytes();
    tiff.extend(3_u16.to_be_bytes());
    tiff.extend(entry(0x0112, 3, 1, [high, low, 0, 0]));
    tiff.extend(entry(0xa431, 2, 12, at(serial_at)));
    tiff.extend(entry(0x8825, 4, 1, at(gps_at)));
    tiff.extend(at(0));
    tiff.write_all(b"SN-88442211\0").unwrap();
    tiff.resize(gps_at as usize, 0);
    tiff.extend(2_u16.to_be_bytes());
    tiff.extend(entry(1, 2, 2, *b"N\0\0\0"));
    tiff.extend(entry(2, 5, 3, at(latitude_at)));
    tiff.extend(at(0));
    for part in [33_u32, 36, 5_123] {
        tiff.extend(part.to_be_bytes());
        tiff.extend(1_u32.to_be_bytes());
    }
    [&b"Exif\0\0"[..], &tiff].concat()
}

/// A JPEG as a phone's camera writes it.
fn camera(picture: &RgbImage, orientation: u16) -> Vec<u8> {
    let plain = encoded(picture, ImageFormat::Jpeg);
    let xmp =
        b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><exif:GPSLatitude>33,36.5</exif:GPSLatitude>";
    [
        &plain[..2],
        &segment(0xe1, &exif(orientation)),
        &segment(0xe1, xmp),
        &segment(0xed, b"Photoshop 3.0\0IPTC City=Huaian"),
        &segment(0xfe, b"comment: Apartment 12"),
        &plain[2..],
        b"a trailer after the picture: MotionPhoto",
    ]
    .concat()
}

fn markers(jpeg: &[u8]) -> Vec<u8> {
    let (mut found, mut at) = (Vec::new(), 2);
    while let [0xff, marker, high, low, ..] = jpeg[at..] {
        found.push(marker);
        if marker == 0xda {
            break;
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
    found
}

fn words(error: &PhoneError) -> (String, String) {
    match error {
        PhoneError::Invalid { message, .. } => (message.zh.clone(), message.en.clone()),
        other => panic!("{other:?}"),
    }
}

fn dimensions(jpeg: &[u8]) -> (u32, u32) {
    read(jpeg).unwrap().dimensions()
}

#[test]
fn nothing_but_the_picture_leaves_the_phone() {
    let file = camera(&halves(64, 32), 1);
    let secret = [&b"Exif"[..], b"GPS", b"SN-88442211", b"adobe", b"IPTC", b"Apartment", b"Motion"];
    let has = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|w| w == what);
    for what in secret {
        assert!(has(&file, what), "the sample lacks {}", String::from_utf8_lossy(what));
    }
    let made = take(&file).unwrap();
    for what in secret {
        assert!(!has(&made.jpeg, what), "{} is still there", String::from_utf8_lossy(what));
    }
    // Of the parts of a JPEG only those that hold the picture; the first one names the format.
    let markers = markers(&made.jpeg);
    assert_eq!(markers[0], 0xe0);
    assert!(markers[1..].iter().all(|m| matches!(m, 0xc0 | 0xc4 | 0xda | 0xdb)), "{markers:02x?}");
    assert!(made.jpeg.ends_with(&[0xff, 0xd9]));
    assert_eq!(made.original.0, <[u8; 32]>::from(Sha256::digest(&file)));
    assert!(read(&file).is_ok_and(|picture| picture.dimensions() == (64, 32)));
}

#[test]
fn a_picture_stands_upright_however_the_phone_was_held() {
    for (orientation, size, red_at) in [
        (1, (64, 32), (4, 16)),
        (3, (64, 32), (60, 16)),
        (6, (32, 64), (16, 4)),
        (8, (32, 64), (16, 60)),
    ] {
        let made = take(&camera(&halves(64, 32), orientation)).unwrap();
        let picture = read(&made.jpeg).unwrap();
        assert_eq!(picture.dimensions(), size, "held {orientation}");
        let image::Rgb([red, _, blue]) = *picture.get_pixel(red_at.0, red_at.1);
        assert!(red > 150 && blue < 100, "held {orientation}: {red} {blue}");
    }
}

#[test]
fn a_large_picture_is_made_smaller_and_a_small_one_stays() {
    for (from, to) in [
        ((4_000, 3_000), (2_048, 1_536)),
        ((300, 4_096), (150, 2_048)),
        ((2_048, 10), (2_048, 10)),
        ((4_096, 1), (2_048, 1)),
        ((1, 1), (1, 1)),
    ] {
        let made = take(&encoded(&halves(from.0, from.1), ImageFormat::Png)).unwrap();
        assert_eq!(dimensions(&made.jpeg), to, "{from:?}");
        let small = dimensions(&thumb(&made.jpeg).unwrap());
        assert!(small.0 <= PHOTO_THUMB_PX_MAX && small.1 <= PHOTO_THUMB_PX_MAX, "{small:?}");
    }
}

#[test]
fn each_format_becomes_the_same_kind_of_file_every_time() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let file = encoded(&halves(40, 30), format);
        let made = take(&file).unwrap();
        assert_eq!(&made.jpeg[..3], [0xff, 0xd8, 0xff]);
        assert_eq!(made.jpeg, take(&file).unwrap().jpeg, "{format:?}");
    }
}

#[test]
fn what_cannot_be_read_is_told_with_what_to_do() {
    let heic = [&b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], &[0; 500]].concat();
    for brand in [b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif"] {
        let mut file = heic.clone();
        file[8..12].copy_from_slice(brand);
        let (zh, en) = words(&take(&file).err().unwrap());
        assert!(zh.contains("JPEG") && en.contains("hand in JPEG"), "{zh} {en}");
    }
    for nothing in [&b""[..], b"text", b"GIF89a", b"%PDF-1.7"] {
        assert!(words(&take(nothing).err().unwrap()).1.contains("no picture"));
    }
    let whole = camera(&halves(64, 32), 1);
    for cut in [3, 20, whole.len() / 4] {
        assert!(words(&take(&whole[..cut]).err().unwrap()).1.contains("damaged"), "cut at {cut}");
    }
    let large = vec![0xff; PHOTO_BYTES_MAX + 1];
    assert!(words(&take(&large).err().unwrap()).0.contains("20 MiB"));
}

#[test]
fn a_few_bytes_that_claim_a_huge_picture_take_no_memory() {
    // A PNG of 30,000 x 30,000 pixels, by its head alone.
    let mut file = encoded(&halves(2, 2), ImageFormat::Png);
    file[16..20].copy_from_slice(&30_000_u32.to_be_bytes());
    file[20..24].copy_from_slice(&30_000_u32.to_be_bytes());
    let sum = crc(&file[12..29]);
    file[29..33].copy_from_slice(&sum.to_be_bytes());
    assert!(words(&take(&file).err().unwrap()).0.contains("6400 万像素"));
}

/// CRC-32 of PNG.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| {
            if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 }
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}
