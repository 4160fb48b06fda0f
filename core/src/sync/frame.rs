//! Messages as bytes: one version byte, then CBOR in one bounded zstd stream. The only room that knows bytes.
//!
//! A decoder never makes more than [`limits::FRAME_BYTES_MAX`] bytes out of
//! what a stranger sent. Small frames go without zstd (version byte 0x81):
//! its header would cost more than it saves.

use std::io::Read;

use minicbor::{Decode, Decoder, Encode, Encoder, decode as de, encode as en};

use crate::limits;
use crate::model::{Author, ChangeHash, DeviceId, DocId, InstallId, Pid, UtcMillis};

use super::row::Row;

/// First byte of a compressed frame.
pub const VERSION_ZSTD: u8 = 0x01;
/// First byte of a plain frame.
pub const VERSION_PLAIN: u8 = 0x81;
/// Media type of a frame in HTTP.
pub const MEDIA: &str = "application/x-ironfeet-frame";
/// Frames below this many bytes are not compressed.
const PLAIN_BELOW_BYTES: usize = 192;
/// zstd level: on pushes of the bench level 6 saves 3 % over level 3 at twice the time.
const LEVEL: i32 = 3;

/// Why bytes are not a frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The first byte is of another version: the app or the server must be updated.
    #[error("frame version {0:#04x} is not known here")]
    Version(u8),
    /// Empty, cut short, or not what it says it is.
    #[error("not a whole frame")]
    Broken,
    /// It would grow beyond the limit.
    #[error("frame larger than {} bytes", limits::FRAME_BYTES_MAX)]
    TooLarge,
    /// It holds more changes than a frame may.
    #[error("more than {} changes in one frame", limits::FRAME_BODIES_MAX)]
    TooMany,
}

/// A message as a frame.
#[must_use]
pub fn encode<T: Encode<Row>>(message: &T) -> Vec<u8> {
    let plain = minicbor::to_vec_with(message, &mut Row::default());
    let plain = plain.expect("writing to memory cannot fail");
    let zipped = if plain.len() < PLAIN_BELOW_BYTES {
        None
    } else {
        zstd::bulk::compress(&plain, LEVEL).ok()
    };
    let (version, content) = match zipped {
        Some(zipped) if zipped.len() < plain.len() => (VERSION_ZSTD, zipped),
        _ => (VERSION_PLAIN, plain),
    };
    let mut frame = Vec::with_capacity(content.len() + 1);
    frame.push(version);
    frame.extend_from_slice(&content);
    frame
}

/// A frame as a message.
///
/// # Errors
/// [`FrameError`]; nothing of a broken frame is used.
pub fn decode<T: for<'b> Decode<'b, Row>>(frame: &[u8]) -> Result<T, FrameError> {
    let (version, content) = frame.split_first().ok_or(FrameError::Broken)?;
    match *version {
        VERSION_PLAIN if content.len() > limits::FRAME_BYTES_MAX => Err(FrameError::TooLarge),
        VERSION_PLAIN => parse(content),
        VERSION_ZSTD => parse(&inflate(content)?),
        other => Err(FrameError::Version(other)),
    }
}

fn parse<T: for<'b> Decode<'b, Row>>(content: &[u8]) -> Result<T, FrameError> {
    let mut decoder = Decoder::new(content);
    let mut row = Row::default();
    let message = decoder.decode_with(&mut row);
    let message = message
        .map_err(|_| if row.is_full() { FrameError::TooMany } else { FrameError::Broken })?;
    if decoder.position() == content.len() { Ok(message) } else { Err(FrameError::Broken) }
}

fn inflate(content: &[u8]) -> Result<Vec<u8>, FrameError> {
    let reader = zstd::stream::read::Decoder::new(content).map_err(|_| FrameError::Broken)?;
    let mut plain = Vec::new();
    let limit = limits::FRAME_BYTES_MAX as u64 + 1;
    reader.take(limit).read_to_end(&mut plain).map_err(|_| FrameError::Broken)?;
    if plain.len() > limits::FRAME_BYTES_MAX { Err(FrameError::TooLarge) } else { Ok(plain) }
}

/// Identities are byte strings of their exact length.
macro_rules! by_bytes {
    ($($name:ident, $len:literal;)+) => {$(
        impl<C> Encode<C> for $name {
            fn encode<W: en::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), en::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }
        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, de::Error> {
                let bytes: [u8; $len] =
                    d.bytes()?.try_into().map_err(|_| de::Error::message("wrong length of an identity"))?;
                Ok(Self(bytes))
            }
        }
    )+};
}

by_bytes! {
    DocId, 16;
    DeviceId, 16;
    InstallId, 16;
    Author, 16;
    ChangeHash, 32;
}

impl<C> Encode<C> for UtcMillis {
    fn encode<W: en::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), en::Error<W::Error>> {
        e.i64(self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for UtcMillis {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, de::Error> {
        d.i64().map(Self)
    }
}

impl<C> Encode<C> for Pid {
    fn encode<W: en::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), en::Error<W::Error>> {
        e.str(&self.to_string())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Pid {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, de::Error> {
        d.str()?.parse().map_err(|_| de::Error::message("not a partition"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::message::{Cursor, Manifest, PushItem, SyncRequest, Want};
    use expect_test::expect;

    fn request() -> SyncRequest {
        SyncRequest {
            proto: 1,
            app: "0.1.0".to_owned(),
            schema: 1,
            install: InstallId([1; 16]),
            device: DeviceId([2; 16]),
            counter: 7,
            push: Vec::new(),
            cursors: vec![Cursor {
                pid: "g329901001012001".parse().unwrap(),
                history: [3; 16],
                seq: 42,
                chain: [4; 16],
                digest: [5; 16],
                count: 500,
            }],
            want: Want { max_bytes: 1_048_576, priority: Vec::new() },
            offers: Vec::new(),
            apply_failed: Vec::new(),
            claims: Vec::new(),
            etag: None,
        }
    }

    #[test]
    fn an_idle_request_is_these_bytes_for_ever() {
        let frame = encode(&request());
        expect![[r#"81ab00010165302e312e3002010350010101010101010101010101010101010450020202020202020202020202020202020507068007818670673332393930313030313031323030315003030303030303030303030303030303182a500404040404040404040404040404040450050505050505050505050505050505051901f408a2001a00100000018009800a80"#]]
            .assert_eq(&hex::encode(&frame));
        assert_eq!(decode::<SyncRequest>(&frame).unwrap(), request());
        let told: String = include_str!("../../../docs/protocol.md").split_whitespace().collect();
        assert!(told.contains(&hex::encode(&frame)), "docs/protocol.md shows this frame");
    }

    fn told(error: &FrameError) -> String {
        error.to_string()
    }

    #[test]
    fn every_limit_is_taken_and_one_over_is_refused_with_its_number() {
        let padded = |size: usize| {
            let with = |n| SyncRequest { app: "x".repeat(n), ..request() };
            let plain = |n| minicbor::to_vec_with(with(n), &mut Row::default()).unwrap().len();
            let message = with(size - plain(100_000) + 100_000);
            decode::<SyncRequest>(&encode(&message)).map(|back| assert_eq!(back, message))
        };
        let bodies = |count: usize| {
            let pid: Pid = "g329901001012001".parse().unwrap();
            let item = PushItem { doc: DocId([1; 16]), pid, move_gen: 0, body: vec![1] };
            let manifest = Manifest {
                device: DeviceId([2; 16]),
                counter: 1,
                lease: 0,
                made_at: UtcMillis(0),
                items: vec![item; count],
                sig: Vec::new(),
            };
            let message = SyncRequest { push: vec![manifest], ..request() };
            decode::<SyncRequest>(&encode(&message)).map(|back| assert_eq!(back, message))
        };
        type Probe<'p> = &'p dyn Fn(usize) -> Result<(), FrameError>;
        let rows: [(&str, Probe<'_>); 2] = [("frame_bytes", &padded), ("frame_bodies", &bodies)];
        let own: Vec<_> = limits::ALL.iter().filter(|l| l.room == limits::Room::Sync).collect();
        assert_eq!(own.iter().map(|l| l.name).collect::<Vec<_>>(), rows.map(|(name, _)| name));
        for (limit, (name, probe)) in own.into_iter().zip(rows) {
            probe(limit.max).expect(name);
            let text = told(&probe(limit.max + 1).expect_err(name));
            assert!(text.contains(&limit.max.to_string()), "{name}: {text}");
        }
    }

    #[test]
    fn no_frame_grows_beyond_the_limit_and_no_cut_frame_is_used() {
        let bomb = zstd::bulk::compress(&vec![0; limits::FRAME_BYTES_MAX + 1], 3).unwrap();
        let bomb = [&[VERSION_ZSTD][..], &bomb].concat();
        assert!(matches!(decode::<SyncRequest>(&bomb), Err(FrameError::TooLarge)));
        let mut large = request();
        large.cursors = vec![large.cursors[0].clone(); 40];
        let frame = encode(&large);
        assert_eq!(frame[0], VERSION_ZSTD);
        for cut in 0..frame.len() {
            assert!(decode::<SyncRequest>(&frame[..cut]).is_err(), "cut at {cut}");
        }
        assert!(matches!(decode::<SyncRequest>(&[9, 9]), Err(FrameError::Version(9))));
    }
}
