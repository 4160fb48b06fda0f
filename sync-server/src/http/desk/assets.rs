//! Style sheet, scripts and vendored libraries, built into the program.

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::super::error::Error;

macro_rules! files {
    ($($name:literal => $kind:literal,)+) => {
        const FILES: &[(&str, &str, &[u8])] = &[
            $(($name, $kind, include_bytes!(concat!("../../../console/assets/", $name))),)+
        ];
    };
}

files! {
    "console.css" => "text/css; charset=utf-8",
    "console.js" => "text/javascript; charset=utf-8",
    "ground.js" => "text/javascript; charset=utf-8",
    "import.js" => "text/javascript; charset=utf-8",
    "pair.js" => "text/javascript; charset=utf-8",
    "map.js" => "text/javascript; charset=utf-8",
    "vendor/maplibre-gl.css" => "text/css; charset=utf-8",
    "vendor/maplibre-gl.mjs" => "text/javascript; charset=utf-8",
    "vendor/maplibre-gl-worker.mjs" => "text/javascript; charset=utf-8",
    "vendor/htmx.min.js" => "text/javascript; charset=utf-8",
    "vendor/sse.min.js" => "text/javascript; charset=utf-8",
}

/// One of our files.
pub(super) async fn file(Path(name): Path<String>) -> Result<Response, Error> {
    let (_, kind, bytes) =
        FILES.iter().find(|(known, ..)| *known == name).ok_or(Error::NotFound)?;
    let kept = "public, max-age=3600";
    Ok(([(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, kept)], *bytes).into_response())
}
