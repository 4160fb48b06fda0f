//! A partition for phones that start empty: a file of frames, each checked and used on its own.
//!
//! `length (u32, big-endian) frame` again and again; the first frame is the
//! [`BundleHeader`], the rest are [`BundleChunk`]s of about a megabyte of
//! changes. A phone that was cut off asks for the file from the byte where the
//! last whole frame ended. The digest of the header proves the whole.

use minicbor::{Decode, Encode};

use crate::limits;
use crate::model::{Pid, UtcMillis};

use super::frame::{self, FrameError};
use super::message::HealDoc;

/// Bytes of changes that go into one chunk before the next begins.
pub const CHUNK_BYTES: usize = 1024 * 1024;

/// What a bundle stands for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BundleHeader {
    /// The partition.
    #[n(0)]
    pub pid: Pid,
    /// The history it was built from.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub history: [u8; 16],
    /// It holds the log up to this entry.
    #[n(2)]
    pub upto_seq: u64,
    /// Chain at that entry.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub chain: [u8; 32],
    /// Digest over its documents, all 32 bytes.
    #[n(4)]
    #[cbor(with = "minicbor::bytes")]
    pub digest: [u8; 32],
    /// Number of documents.
    #[n(5)]
    pub count: u32,
    /// The server's stamp at `upto_seq`.
    #[n(6)]
    #[cbor(with = "minicbor::bytes")]
    pub stamp: [u8; 16],
    /// Least schema a reader needs.
    #[n(7)]
    pub schema: u32,
    /// When it was built.
    #[n(8)]
    pub made_at: UtcMillis,
    /// Off-host backup reaches to here.
    #[n(9)]
    pub durable_seq: u64,
}

/// Some documents of a bundle, whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map, context_bound = "super::row::InRow")]
pub struct BundleChunk {
    /// The documents.
    #[n(0)]
    pub docs: Vec<HealDoc>,
}

/// Appends a frame with its length.
pub fn put_frame(out: &mut Vec<u8>, frame: &[u8]) {
    let length = u32::try_from(frame.len()).expect("frames are bounded");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(frame);
}

/// Gathers documents into chunks and hands out whole frames.
#[derive(Default)]
pub struct ChunkWriter {
    chunk: BundleChunk,
    bytes: usize,
}

impl ChunkWriter {
    /// Takes a document; gives the bytes of a finished chunk when one is full.
    pub fn push(&mut self, doc: HealDoc) -> Option<Vec<u8>> {
        self.bytes += doc.bodies.iter().map(|b| b.0.len() + 16).sum::<usize>() + 32;
        self.chunk.docs.push(doc);
        if self.bytes >= CHUNK_BYTES { self.finish() } else { None }
    }

    /// The bytes of what is left, if anything.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        if self.chunk.docs.is_empty() {
            return None;
        }
        self.bytes = 0;
        let chunk = std::mem::take(&mut self.chunk);
        let mut out = Vec::new();
        put_frame(&mut out, &frame::encode(&chunk));
        Some(out)
    }
}

/// Takes bytes as they arrive and gives whole frames.
#[derive(Default)]
pub struct FrameReader {
    buffer: Vec<u8>,
    /// Bytes of the file that were given out as whole frames: where to go on after a cut.
    pub taken: u64,
}

impl FrameReader {
    /// A reader that goes on at a byte where a frame begins.
    #[must_use]
    pub fn from_byte(taken: u64) -> Self {
        Self { buffer: Vec::new(), taken }
    }

    /// More bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame, or nothing until more bytes came.
    ///
    /// # Errors
    /// [`FrameError::TooLarge`] when the length is beyond the limit.
    pub fn next_frame(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        let Some(head) = self.buffer.first_chunk::<4>() else { return Ok(None) };
        let length =
            usize::try_from(u32::from_be_bytes(*head)).map_err(|_| FrameError::TooLarge)?;
        if length > limits::FRAME_BYTES_MAX {
            return Err(FrameError::TooLarge);
        }
        if self.buffer.len() < 4 + length {
            return Ok(None);
        }
        let frame = self.buffer[4..4 + length].to_vec();
        self.buffer.drain(..4 + length);
        self.taken += 4 + length as u64;
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DocId;
    use crate::sync::message::Body;

    #[test]
    fn a_bundle_survives_any_cut_and_any_chunking() {
        let mut writer = ChunkWriter::default();
        let mut file = Vec::new();
        for n in 0..40u8 {
            let bodies = vec![Body(vec![n; 40_000])];
            let doc = HealDoc { doc: DocId([n; 16]), move_gen: 0, frozen: false, bodies };
            file.extend(writer.push(doc).unwrap_or_default());
        }
        file.extend(writer.finish().unwrap_or_default());
        for step in [1_000, 333_333, file.len()] {
            let mut reader = FrameReader::default();
            let mut docs = Vec::new();
            let mut at = 0;
            while at < file.len() {
                let end = (at + step).min(file.len());
                reader.push(&file[at..end]);
                at = end;
                while let Some(frame) = reader.next_frame().unwrap() {
                    docs.extend(frame::decode::<BundleChunk>(&frame).unwrap().docs);
                    // Cut off here: a new reader goes on from the last whole frame.
                    at = usize::try_from(reader.taken).unwrap();
                    reader = FrameReader::from_byte(reader.taken);
                }
            }
            assert_eq!(docs.len(), 40, "pieces of {step} bytes");
        }
        assert!(FrameReader { buffer: vec![0xff; 8], taken: 0 }.next_frame().is_err());
    }
}
