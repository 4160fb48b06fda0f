//! Photos: how they arrive over lines that are cut, who may see them, what is said of those that are missing.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use ironfeet_core::document::{Edit, VisitEdit};
use ironfeet_core::limits::PHOTO_BYTES_MAX;
use ironfeet_core::model::{DocId, HashText, PhotoRef};
use ironfeet_server::{photo, store};

use super::world::{GRID, Keys, OTHER, Phone, World, body};

const PIECE: &str = "application/offset+octet-stream";

/// The same bytes for the same seed.
fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut random = Random(seed);
    (0..len).map(|_| random.next() as u8).collect()
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 16
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }
}

fn sha(file: &[u8]) -> HashText {
    HashText(Sha256::digest(file).into())
}

fn jpeg(shade: u8) -> Vec<u8> {
    let picture = image::RgbImage::from_pixel(640, 480, image::Rgb([shade, 90, 30]));
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, image::ImageFormat::Jpeg).unwrap();
    file.into_inner()
}

struct Said {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Said {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn code(&self) -> String {
        let json: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        json["refused"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

async fn call(
    world: &World,
    keys: &Keys,
    (method, path): (&str, &str),
    headers: &[(&str, String)],
    content: Body,
) -> Said {
    let mut request = keys.show(Request::builder().method(method).uri(path), method, path);
    if !headers.iter().any(|(name, _)| *name == "tus-resumable") {
        request = request.header("tus-resumable", "1.0.0");
    }
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, value);
    }
    let response = world.send(request.body(content).unwrap()).await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Said { status, headers, body: body(response).await }
}

fn metadata(sha256: &str, doc: &str, media: &str) -> String {
    let (a, b, c) = (STANDARD.encode(sha256), STANDARD.encode(doc), STANDARD.encode(media));
    format!("sha256 {a},document {b},media {c}")
}

async fn announce(world: &World, keys: &Keys, file: &[u8], doc: DocId) -> Said {
    let told = metadata(&sha(file).to_string(), &doc.to_string(), "image/jpeg");
    let headers = [("upload-length", file.len().to_string()), ("upload-metadata", told)];
    call(world, keys, ("POST", "/v1/files"), &headers, Body::empty()).await
}

async fn begin(world: &World, keys: &Keys, file: &[u8], doc: DocId) -> String {
    let said = announce(world, keys, file, doc).await;
    assert_eq!(said.status, 201, "{}", said.code());
    said.header("location").to_owned()
}

fn piece_headers(offset: usize, checksum: &str) -> [(&'static str, String); 3] {
    let checksum = checksum.to_owned();
    [
        ("content-type", PIECE.to_owned()),
        ("upload-offset", offset.to_string()),
        ("upload-checksum", checksum),
    ]
}

async fn add(world: &World, keys: &Keys, path: &str, offset: usize, piece: &[u8]) -> Said {
    let headers = piece_headers(offset, "");
    call(world, keys, ("PATCH", path), &headers, Body::from(piece.to_vec())).await
}

async fn offset(world: &World, keys: &Keys, path: &str) -> usize {
    let said = call(world, keys, ("HEAD", path), &[], Body::empty()).await;
    assert_eq!((said.status, said.header("cache-control")), (200, "no-store"));
    said.header("upload-offset").parse().unwrap()
}

/// A body whose line is cut after these bytes.
fn cut(pieces: &[&[u8]]) -> Body {
    let mut all: Vec<Result<Bytes, std::io::Error>> =
        pieces.iter().map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    all.push(Err(std::io::ErrorKind::ConnectionReset.into()));
    Body::from_stream(futures_util::stream::iter(all))
}

/// A visit that shows a photo, known to the server.
async fn visit_with(world: &World, phone: &mut Phone, files: &[&[u8]]) -> DocId {
    let (place, born) = world.place(phone, "平川路1号");
    let (mut visit, begun) = world.visit(phone, place.id());
    let mut items = vec![phone.item(place.id(), &born, GRID), phone.item(visit.id(), &begun, GRID)];
    for file in files {
        let photo = PhotoRef {
            sha256: sha(file),
            bytes: file.len() as u64,
            media: "image/jpeg".to_owned(),
            finding: None,
            at: ironfeet_core::ground::Clock::now(&*world.clock),
            original: None,
        };
        let edit = Edit::Visit(VisitEdit::Photo(photo));
        let made =
            visit.edit(&edit, &world.by(phone), ironfeet_core::ground::Clock::now(&*world.clock));
        items.push(phone.item(visit.id(), &made.unwrap().unwrap(), GRID));
    }
    phone.sync(world, items).await;
    visit.id()
}

fn missing(world: &World) -> u64 {
    store::view(&*world.app.store, |s| s.photos_missing()).unwrap()
}

#[tokio::test]
async fn what_is_spoken_is_told() {
    let world = World::new();
    let phone = world.phone("W1", &[GRID]);
    let said = call(&world, &phone.keys, ("OPTIONS", "/v1/files"), &[], Body::empty()).await;
    assert_eq!(said.status, 204);
    assert_eq!(said.header("tus-version"), "1.0.0");
    assert_eq!(said.header("tus-resumable"), "1.0.0");
    assert_eq!(said.header("tus-extension"), "creation,checksum,expiration");
    assert_eq!(said.header("tus-max-size"), PHOTO_BYTES_MAX.to_string());
    assert_eq!(said.header("tus-checksum-algorithm"), "sha256,sha1");
}

#[tokio::test]
async fn announcements_are_taken_or_refused_with_a_status_and_a_code() {
    let world = World::with(|config| config.photos.open_max = 2);
    let mut phone = world.phone("W1", &[GRID]);
    let stranger = world.phone("W2", &[OTHER]);
    let file = bytes(1, 100);
    let doc = visit_with(&world, &mut phone, &[&file]).await;
    let hash = sha(&file).to_string();
    let good = metadata(&hash, &doc.to_string(), "image/jpeg");
    let other_photo = metadata(&"cd".repeat(32), &doc.to_string(), "image/jpeg");
    let over = (PHOTO_BYTES_MAX + 1).to_string();
    let cases = [
        (&phone, "100", good.clone(), "0.2.2", 412, "tus_version"),
        (&phone, "100", good.clone(), "", 412, "tus_version"),
        (&phone, over.as_str(), good.clone(), "1.0.0", 413, "too_large"),
        (&phone, "100", String::new(), "1.0.0", 400, "metadata"),
        (&phone, "x", good.clone(), "1.0.0", 400, "metadata"),
        (&phone, "100", metadata(&hash, &doc.to_string(), "text/html"), "1.0.0", 400, "metadata"),
        (&stranger, "100", other_photo, "1.0.0", 403, "forbidden"),
        (&phone, "100", good.clone(), "1.0.0", 201, ""),
        // The record asks for this very photo: it moved, or was somebody else's phone's.
        (&stranger, "100", good.clone(), "1.0.0", 201, ""),
        (&phone, "99", good, "1.0.0", 400, "metadata"),
    ];
    for (who, length, told, version, status, code) in cases {
        let headers = [
            ("tus-resumable", version.to_owned()),
            ("upload-length", length.to_owned()),
            ("upload-metadata", told),
        ];
        let said = call(&world, &who.keys, ("POST", "/v1/files"), &headers, Body::empty()).await;
        assert_eq!((said.status, said.code().as_str()), (status, code), "{length} {version}");
        if status == 412 {
            assert_eq!(said.header("tus-version"), "1.0.0");
        }
    }
    assert_eq!(announce(&world, &phone.keys, &bytes(2, 10), world.id()).await.status, 201);
    let said = announce(&world, &phone.keys, &bytes(3, 10), world.id()).await;
    assert_eq!((said.status, said.code().as_str()), (429, "too_many"));
    let again = begin(&world, &phone.keys, &file, doc).await;
    assert_eq!(again, begin(&world, &phone.keys, &file, doc).await, "the one begun before");
}

#[tokio::test]
async fn pieces_are_taken_or_refused_with_a_status_and_a_code() {
    let world = World::new();
    let (phone, other) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let file = bytes(1, 1_000);
    let path = begin(&world, &phone.keys, &file, world.id()).await;
    let sum256 = |piece: &[u8]| format!("sha256 {}", STANDARD.encode(Sha256::digest(piece)));
    let sum1 = |piece: &[u8]| format!("sha1 {}", STANDARD.encode(Sha1::digest(piece)));
    let cases = [
        (0, sum256(&file[..100]), file[..100].to_vec(), 204, "", 100),
        (100, sum256(&file[..100]), file[100..200].to_vec(), 460, "checksum", 100),
        (100, sum1(&file[100..200]), file[100..200].to_vec(), 204, "", 200),
        (200, "md5 AAAA".to_owned(), file[200..300].to_vec(), 400, "algorithm", 200),
        (100, String::new(), file[200..300].to_vec(), 409, "offset", 200),
        (300, String::new(), file[300..].to_vec(), 409, "offset", 200),
        (200, String::new(), vec![0; 801], 413, "too_large", 200),
        (200, String::new(), Vec::new(), 204, "", 200),
        (200, String::new(), file[200..300].to_vec(), 204, "", 300),
    ];
    for (at, checksum, piece, status, code, stands) in cases {
        let headers = piece_headers(at, &checksum);
        let said = call(&world, &phone.keys, ("PATCH", &path), &headers, Body::from(piece)).await;
        assert_eq!((said.status, said.code().as_str()), (status, code), "at {at}");
        assert_eq!(offset(&world, &phone.keys, &path).await, stands, "after {at} {code}");
    }
    let wrong = [("content-type", "image/jpeg".to_owned()), ("upload-offset", "300".to_owned())];
    let said = call(&world, &phone.keys, ("PATCH", &path), &wrong, Body::from("x")).await;
    assert_eq!((said.status, said.code().as_str()), (415, "content_type"));
    let none = [("content-type", PIECE.to_owned())];
    let said = call(&world, &phone.keys, ("PATCH", &path), &none, Body::from("x")).await;
    assert_eq!((said.status, said.code().as_str()), (400, "parameter"));
    assert_eq!(add(&world, &other.keys, &path, 300, b"x").await.status, 404, "somebody else's");
    assert_eq!(add(&world, &phone.keys, "/v1/files/abc", 300, b"x").await.status, 404);
    let mut instead = piece_headers(300, "").to_vec();
    instead.push(("x-http-method-override", "PATCH".to_owned()));
    let said =
        call(&world, &phone.keys, ("POST", &path), &instead, Body::from(file[300..].to_vec()))
            .await;
    assert_eq!((said.status, said.header("upload-offset")), (204, "1000"));
    let head = [("x-http-method-override", "HEAD".to_owned())];
    let said = call(&world, &phone.keys, ("POST", &path), &head, Body::empty()).await;
    assert_eq!((said.status, said.header("upload-length")), (200, "1000"));
}

#[tokio::test]
async fn an_upload_cut_anywhere_goes_on_and_ends_whole() {
    let world = World::with(|config| config.limits.device_per_minute = 0);
    let phone = world.phone("W1", &[GRID]);
    for seed in 0..12_u64 {
        let mut random = Random(seed);
        let file = bytes(seed ^ 0xf00d, 1 + random.below(60_000));
        let path = begin(&world, &phone.keys, &file, world.id()).await;
        let mut stands = 0;
        for _ in 0..10_000 {
            if stands == file.len() {
                break;
            }
            let rest = &file[stands..];
            let (end, tail) = (random.below(rest.len() + 1), random.below(2));
            let (a, b) = rest[..end].split_at(random.below(end + 1));
            let checked = random.below(3) == 0;
            let checksum = format!("sha256 {}", STANDARD.encode(Sha256::digest(rest)));
            let headers = piece_headers(stands, if checked { &checksum } else { "" });
            let content = if tail == 0 { cut(&[a, b]) } else { Body::from(rest[..end].to_vec()) };
            call(&world, &phone.keys, ("PATCH", &path), &headers, content).await;
            let now = offset(&world, &phone.keys, &path).await;
            // With a checksum of the rest a part of it is not kept; without one, all that came is.
            let kept = if checked && end < rest.len() { stands } else { stands + end };
            assert_eq!(now, kept, "seed {seed} at {stands} of {}", file.len());
            stands = now;
        }
        assert_eq!(stands, file.len(), "seed {seed} came to an end");
        let row = store::view(&*world.app.store, |s| s.file(&sha(&file))).unwrap().unwrap();
        assert_eq!(row.bytes, file.len() as u64, "seed {seed}");
        let kept = world.app.photos.read(&sha(&file), photo::Size::Whole, None).await.unwrap();
        assert_eq!(kept.bytes().await.unwrap(), file, "seed {seed}");
    }
    assert_eq!(photo::missing(&*world.app.store, &world.app.photos).unwrap(), (vec![], 12));
    assert_eq!(std::fs::read_dir(world.dir.path().join("photos/partial")).unwrap().count(), 0);
}

#[tokio::test]
async fn bytes_of_another_file_are_thrown_away_and_sent_anew() {
    let world = World::new();
    let phone = world.phone("W1", &[GRID]);
    let file = bytes(1, 500);
    let path = begin(&world, &phone.keys, &file, world.id()).await;
    let said = add(&world, &phone.keys, &path, 0, &bytes(2, 500)).await;
    assert_eq!((said.status, said.code().as_str()), (460, "checksum"));
    assert_eq!(offset(&world, &phone.keys, &path).await, 0);
    assert_eq!(add(&world, &phone.keys, &path, 0, &file).await.status, 204);
    assert_eq!(offset(&world, &phone.keys, &path).await, 500);
}

#[tokio::test]
async fn a_file_that_is_here_is_not_sent_again_by_those_who_may() {
    let world = World::new();
    let (phone, other) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let file = bytes(1, 500);
    let first = begin(&world, &phone.keys, &file, world.id()).await;
    let second = begin(&world, &other.keys, &file, world.id()).await;
    assert_ne!(first, second);
    assert_eq!(add(&world, &phone.keys, &first, 0, &file).await.status, 204);
    assert_eq!(offset(&world, &other.keys, &second).await, 500, "brought by another phone");
    let third = world.phone("W3", &[GRID]);
    let path = begin(&world, &third.keys, &file, world.id()).await;
    assert_eq!(offset(&world, &third.keys, &path).await, 500);
    let short = metadata(&sha(&file).to_string(), &world.id().to_string(), "image/jpeg");
    let headers = [("upload-length", "499".to_owned()), ("upload-metadata", short)];
    let said = call(&world, &third.keys, ("POST", "/v1/files"), &headers, Body::empty()).await;
    assert_eq!((said.status, said.code().as_str()), (400, "metadata"), "another length");
}

#[tokio::test]
async fn uploads_that_nobody_goes_on_with_are_forgotten() {
    let world = World::with(|config| config.photos.upload_days = 2);
    let mut phone = world.phone("W1", &[GRID]);
    let file = bytes(1, 500);
    let said = announce(&world, &phone.keys, &file, world.id()).await;
    let path = said.header("location").to_owned();
    assert_eq!(said.header("upload-expires"), "Fri, 20 Nov 2026 11:06:40 GMT");
    add(&world, &phone.keys, &path, 0, &file[..100]).await;
    assert_eq!(photo::sweep(&world.app).unwrap(), 0);
    world.pass_days(2);
    phone.keys.token = world
        .app
        .passes
        .token(phone.device, ironfeet_core::ground::Clock::now(&*world.clock), 60)
        .0;
    let said = add(&world, &phone.keys, &path, 100, &file[100..]).await;
    assert_eq!((said.status, said.code().as_str()), (410, "gone"));
    assert_eq!(photo::sweep(&world.app).unwrap(), 1);
    assert_eq!(std::fs::read_dir(world.dir.path().join("photos/partial")).unwrap().count(), 0);
    let said = call(&world, &phone.keys, ("HEAD", &path), &[], Body::empty()).await;
    assert_eq!(said.status, 404);
    let anew = begin(&world, &phone.keys, &file, world.id()).await;
    assert_eq!(offset(&world, &phone.keys, &anew).await, 0);
}

#[tokio::test]
async fn photos_are_shown_to_those_whose_records_show_them() {
    let world = World::new();
    let (mut phone, other) = (world.phone("W1", &[GRID]), world.phone("W2", &[OTHER]));
    let (file, later) = (jpeg(200), jpeg(10));
    let path = format!("/v1/photos/{}", sha(&file));
    let get = async |keys: &Keys, headers: &[(&str, String)], query: &str| {
        call(&world, keys, ("GET", &format!("{path}{query}")), headers, Body::empty()).await
    };
    let upload = begin(&world, &phone.keys, &file, world.id()).await;
    assert_eq!(add(&world, &phone.keys, &upload, 0, &file).await.status, 204);
    assert_eq!(get(&phone.keys, &[], "").await.status, 404, "kept, but no record shows it yet");
    assert_eq!(missing(&world), 0);
    visit_with(&world, &mut phone, &[&file, &later]).await;
    assert_eq!(missing(&world), 1, "the other one");
    let said = get(&phone.keys, &[], "").await;
    assert_eq!((said.status, &said.body), (200, &file));
    assert_eq!(said.header("content-type"), "image/jpeg");
    assert_eq!(said.header("x-content-type-options"), "nosniff");
    assert_eq!(
        said.header("cache-control"),
        "private, no-cache",
        "the next person at a desk may see less"
    );
    let tag = said.header("etag").to_owned();
    assert_eq!(get(&phone.keys, &[("if-none-match", tag)], "").await.status, 304);
    let said = get(&phone.keys, &[("range", "bytes=10-19".to_owned())], "").await;
    assert_eq!((said.status, said.body.as_slice()), (206, &file[10..20]));
    let total = file.len();
    assert_eq!(said.header("content-range"), format!("bytes 10-19/{total}"));
    let said = get(&phone.keys, &[("range", "bytes=999999-".to_owned())], "").await;
    assert_eq!(said.status, 416);
    let small = get(&phone.keys, &[], "?size=thumb").await;
    let picture = image::load_from_memory(&small.body).unwrap();
    assert_eq!((small.status, picture.width(), picture.height()), (200, 320, 240));
    assert_eq!(get(&phone.keys, &[], "?size=huge").await.status, 400);
    assert_eq!(get(&other.keys, &[], "").await.status, 404, "of another area");
    let upload = begin(&world, &phone.keys, &later, world.id()).await;
    add(&world, &phone.keys, &upload, 0, &later).await;
    assert_eq!(missing(&world), 0);
    world.verify();
}

#[tokio::test]
async fn verify_lists_photos_whose_bytes_are_gone_or_others() {
    let world = World::new();
    let phone = world.phone("W1", &[GRID]);
    let files = [bytes(1, 50), bytes(2, 50), bytes(3, 50)];
    for file in &files {
        let path = begin(&world, &phone.keys, file, world.id()).await;
        assert_eq!(add(&world, &phone.keys, &path, 0, file).await.status, 204);
    }
    let found = world.run(ironfeet_server::command::Command::Verify).unwrap();
    assert_eq!((found.exit, found.json["photos"].as_u64()), (0, Some(3)));
    let lies = |file: &[u8]| {
        let name = sha(file).to_string();
        world.dir.path().join("photos/whole").join(&name[..2]).join(name)
    };
    std::fs::remove_file(lies(&files[0])).unwrap();
    std::fs::write(lies(&files[1]), b"others").unwrap();
    let found = world.run(ironfeet_server::command::Command::Verify).unwrap();
    assert_eq!(found.exit, 4);
    for (file, what) in [(&files[0], "not there"), (&files[1], "others")] {
        let line = found.text.lines().find(|line| line.contains(&sha(file).to_string()));
        assert!(line.is_some_and(|line| line.contains(what)), "{}", found.text);
    }
}
