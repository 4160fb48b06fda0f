//! What is done with bytes from anywhere: read as every message, as a proof's parts, as a checklist. Shared by
//! the fuzz targets and the bounded test.

use ironfeet_core::checklist::Content;
use ironfeet_core::sync::bundle::{BundleChunk, BundleHeader, FrameReader};
use ironfeet_core::sync::message::{
    Answer, HealRequest, HealResponse, LocateRequest, LocateResponse, SyncRequest, SyncResponse,
};
use ironfeet_core::sync::{chunk, frame, key};

/// Reads bytes as each frame; what is read must be written and read again as the same.
pub(crate) fn frame(bytes: &[u8]) {
    if let Ok(request) = frame::decode::<SyncRequest>(bytes) {
        let again = frame::decode::<SyncRequest>(&frame::encode(&request));
        assert!(again.is_ok_and(|again| again == request), "a request changed on its way");
        for item in request.push.iter().flat_map(|manifest| &manifest.items) {
            let (raw, _) = chunk::rebuild(&item.body);
            // Refused or read; never a panic.
            let _ = ironfeet_core::document::parse_change(&raw);
        }
    }
    let _ = frame::decode::<SyncResponse>(bytes);
    let _ = frame::decode::<Answer>(bytes);
    let _ = frame::decode::<LocateRequest>(bytes);
    let _ = frame::decode::<LocateResponse>(bytes);
    let _ = frame::decode::<HealRequest>(bytes);
    let _ = frame::decode::<HealResponse>(bytes);
    let _ = frame::decode::<BundleHeader>(bytes);
    let _ = frame::decode::<BundleChunk>(bytes);
    let mut reader = FrameReader::from_byte(0);
    reader.push(bytes);
    while let Ok(Some(_)) = reader.next_frame() {}
    let middle = bytes.len() / 2;
    let _ = key::verify(&bytes[..middle], b"message", &bytes[middle..]);
}

/// Reads a text as checklists.
pub(crate) fn checklist(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Content::load(text);
    }
}
