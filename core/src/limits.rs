//! Every maximum of the system, in one place; units last in the name.
//!
//! The server returns these in `/v1/hello`; phone and server check the same
//! numbers. Source: protocol page, section 4.8.

/// One Automerge change, uncompressed, in bytes.
pub const CHANGE_BYTES_MAX: usize = 64 * 1024;
/// Operations in one change.
pub const CHANGE_OPS_MAX: usize = 10_000;
/// Dependencies of one change.
pub const CHANGE_DEPS_MAX: usize = 64;
/// An actor id is exactly this many bytes.
pub const ACTOR_BYTES: usize = 16;
/// One saved document, uncompressed, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;
/// Changes in one document.
pub const DOCUMENT_CHANGES_MAX: usize = 5_000;
/// Actors in one document.
pub const DOCUMENT_ACTORS_MAX: usize = 500;
/// One push: total bytes of its changes.
pub const PUSH_BYTES_MAX: usize = 1024 * 1024;
/// One push: number of changes.
pub const PUSH_CHANGES_MAX: usize = 500;
/// One response: total bytes of its entries (the default a phone asks for).
pub const RESPONSE_BYTES_MAX: usize = 1024 * 1024;
/// One frame after decompression, in bytes.
pub const FRAME_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Changes in one frame.
pub const FRAME_BODIES_MAX: usize = 65_536;
/// One request body as it arrives, compressed, in bytes.
pub const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Cursors (partitions) in one request.
pub const CURSORS_MAX: usize = 64;
/// Free text of one remark, note or text answer, in characters.
pub const TEXT_CHARS_MAX: usize = 2_000;
/// A field key or item id, in bytes.
pub const KEY_BYTES_MAX: usize = 64;
/// Checklist file, in bytes.
pub const CHECKLIST_BYTES_MAX: usize = 4 * 1024 * 1024;
/// One text value inside a document (a remark with its frame, escaped), in bytes.
pub const VALUE_BYTES_MAX: usize = 16 * 1024;
/// One photo as it is added on a phone, in bytes.
pub const PHOTO_BYTES_MAX: usize = 20 * 1024 * 1024;
