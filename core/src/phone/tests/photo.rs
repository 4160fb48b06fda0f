//! Photos on their way, against a server in memory that speaks tus and misbehaves on demand.

mod looked;
mod queue;
mod server;

use image::{ImageFormat, RgbImage};

use super::*;
use crate::model::HashText;
use crate::phone::enrol::{DEVICE_KEY, ENROLMENT};
use crate::store::{blob, meta};

/// A picture nobody can make much smaller, and another one for each seed.
fn noise(side: u32, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let picture = RgbImage::from_fn(side, side, |_, _| {
        image::Rgb([0; 3].map(|_: u8| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_be_bytes()[0]
        }))
    });
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

/// A small picture, for tests that only need one.
pub(super) fn picture(seed: u32) -> Vec<u8> {
    noise(16, seed)
}

/// A phone that is enrolled and on a visit.
fn on_visit(world: &World) -> (Phone, VisitId) {
    let phone = world.init();
    enrol(&phone);
    let place = phone.place_add(&new_place("幸福路12号")).unwrap();
    let visit = phone.visit_start(place, "household", false).unwrap();
    (phone, visit)
}

fn enrol(phone: &Phone) {
    let enrolment = Enrolment {
        url: "https://city.example".to_owned(),
        ca: None,
        device: "00112233445566778899aabbccddeeff".parse().unwrap(),
        token: "token-1".to_owned(),
        expires_at: UtcMillis(MORNING + 365 * DAY),
        ahead_ms: 0,
    };
    let json = serde_json::to_vec(&enrolment).unwrap();
    let keep = |db: &crate::store::Db| {
        meta::put(db, DEVICE_KEY, &[3; 32])?;
        meta::put(db, ENROLMENT, &json)
    };
    phone.with(|inner| Ok(inner.store()?.write(keep)?)).unwrap();
}

fn row(phone: &Phone, sha256: &HashText) -> PhotoRow {
    phone.photo_list().unwrap().into_iter().find(|row| row.sha256 == *sha256).unwrap()
}
