//! Every maximum of the system, in one place; units last in the name.
//!
//! The server returns [`ALL`] in `/v1/hello`; phone and server check the same numbers. Each room that
//! holds some of them has a table test: at the limit taken, one over refused. Source: protocol page, 4.8.

/// The room that refuses what is beyond a limit, and tests it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Admission and edits.
    Document,
    /// Frames.
    Sync,
    /// The reader of checklists.
    Checklist,
    /// The phone's store.
    Phone,
    /// The server's doors.
    Server,
}

/// One maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The name in `/v1/hello` and in refusals.
    pub name: &'static str,
    /// The largest value that is taken.
    pub max: usize,
    /// Who refuses what is beyond.
    pub room: Room,
}

macro_rules! limits {
    ($($(#[$doc:meta])+ $constant:ident $name:literal $room:ident = $max:expr;)+) => {
        $($(#[$doc])+ pub const $constant: usize = $max;)+

        /// All of them.
        pub const ALL: &[Limit] =
            &[$(Limit { name: $name, max: $constant, room: Room::$room }),+];
    };
}

limits! {
    /// One Automerge change, uncompressed, in bytes.
    CHANGE_BYTES_MAX "change_bytes" Document = 64 * 1024;
    /// Operations in one change.
    CHANGE_OPS_MAX "change_ops" Document = 10_000;
    /// Dependencies of one change.
    CHANGE_DEPS_MAX "change_deps" Document = 64;
    /// An actor id is exactly this many bytes.
    ACTOR_BYTES "actor_bytes" Document = 16;
    /// One saved document, uncompressed, in bytes.
    DOCUMENT_BYTES_MAX "document_bytes" Document = 1024 * 1024;
    /// Changes in one document.
    DOCUMENT_CHANGES_MAX "document_changes" Document = 5_000;
    /// Actors in one document.
    DOCUMENT_ACTORS_MAX "document_actors" Document = 500;
    /// Free text of one remark, note or text answer, in characters.
    TEXT_CHARS_MAX "text_chars" Document = 2_000;
    /// A field key or item id, in bytes.
    KEY_BYTES_MAX "key_bytes" Document = 64;
    /// One text value inside a document (a remark with its frame, escaped), in bytes.
    VALUE_BYTES_MAX "value_bytes" Document = 16 * 1024;
    /// One frame after decompression, in bytes.
    FRAME_BYTES_MAX "frame_bytes" Sync = 8 * 1024 * 1024;
    /// Changes in one frame.
    FRAME_BODIES_MAX "frame_bodies" Sync = 65_536;
    /// Checklist file, in bytes.
    CHECKLIST_BYTES_MAX "checklist_bytes" Checklist = 4 * 1024 * 1024;
    /// One photo as it is added on a phone, in bytes.
    PHOTO_BYTES_MAX "photo_bytes" Phone = 20 * 1024 * 1024;
    /// One push: total bytes of its changes.
    PUSH_BYTES_MAX "push_bytes" Server = 1024 * 1024;
    /// One push: number of changes.
    PUSH_CHANGES_MAX "push_changes" Server = 500;
    /// One manifest: number of changes.
    MANIFEST_ITEMS_MAX "manifest_items" Server = 500;
    /// Cursors (partitions) in one request.
    CURSORS_MAX "cursors" Server = 64;
    /// Changes asked about in one request, whether the server still has them.
    CLAIMS_MAX "claims" Server = 500;
    /// One response: total bytes of its entries, whatever a phone asks for.
    RESPONSE_BYTES_MAX "response_bytes" Server = 1024 * 1024;
    /// One request body with a frame as it arrives, compressed, in bytes.
    BODY_BYTES_MAX "body_bytes" Server = 2 * 1024 * 1024;
    /// One request body with JSON, in bytes.
    JSON_BYTES_MAX "json_bytes" Server = 16 * 1024;
    /// Names and values of one request's headers and its address, in bytes.
    HEAD_BYTES_MAX "head_bytes" Server = 16 * 1024;
}

/// Pixels of a photo as it is added: what a phone can hold in memory to make it smaller.
pub const PHOTO_PIXELS_MAX: u64 = 64 * 1000 * 1000;
/// Longest side of a photo as it is sent, in pixels.
pub const PHOTO_SIDE_PX_MAX: u32 = 2_048;
/// Longest side of a small picture for lists, in pixels.
pub const PHOTO_THUMB_PX_MAX: u32 = 320;
/// JPEG quality of a photo as it is sent, of 100.
pub const PHOTO_QUALITY_PERCENT: u8 = 82;
/// One piece of a photo on its way to the server, in bytes.
pub const PHOTO_CHUNK_BYTES_MAX: usize = 256 * 1024;
/// Pause after a photo failed for the first time, in ms; twice as long after each more.
pub const PHOTO_PAUSE_MS_MIN: i64 = 30 * 1000;
/// Longest pause of a photo that failed, in ms.
pub const PHOTO_PAUSE_MS_MAX: i64 = 60 * 60 * 1000;
/// Longest pause of a photo that found no way to the server, in ms.
pub const PHOTO_PAUSE_MS_WAY: i64 = 5 * 60 * 1000;
/// Photos of other phones kept on a phone that looked at them, in bytes.
pub const PHOTOS_LOOKED_BYTES_MAX: u64 = 64 * 1024 * 1024;
