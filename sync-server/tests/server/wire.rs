//! HTTP: who is let in, what is refused and how, files, waiting, a real socket.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};

use ironfeet_core::limits;
use ironfeet_core::sync::frame;
use ironfeet_core::sync::key::{Signer as _, SoftwareSigner};
use ironfeet_core::sync::message::{HealItem, HealRequest, HealResponse};

use super::world::{GRID, Keys, OTHER, World, body, pid};

async fn get(world: &World, path: &str, keys: &Keys, range: Option<&str>) -> (u16, Vec<u8>) {
    let mut request = keys.show(Request::get(path), "GET", path);
    if let Some(range) = range {
        request = request.header("range", range);
    }
    let response = world.send(request.body(Body::empty()).unwrap()).await;
    (response.status().as_u16(), body(response).await)
}

fn code(bytes: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
    json["refused"]["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn refusals_have_a_status_and_a_stable_code() {
    let world = World::new();
    let (phone, other) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let good = frame::encode(&phone.request(vec![], vec![]));
    let bomb = [&[frame::VERSION_ZSTD][..], &zstd_zeros(limits::FRAME_BYTES_MAX + 1)].concat();
    let nobody = Keys { token: "nobody's".to_owned(), ..phone.keys.clone() };
    let cases = [
        (&nobody, good.clone(), 401, "token"),
        (&phone.keys, b"\x01rubbish".to_vec(), 400, "frame"),
        (&phone.keys, vec![9], 426, "frame"),
        (&phone.keys, bomb, 413, "frame"),
        (&phone.keys, vec![0; limits::BODY_BYTES_MAX + 1], 413, "limit"),
        (&other.keys, good, 403, "device"),
    ];
    for (token, bytes, status, expected) in cases {
        let (got, answer) = world.frame("/v1/sync", token, bytes).await;
        assert_eq!((got, code(&answer).as_str()), (status, expected));
    }
    let (status, answer) = get(&world, "/nowhere", &phone.keys, None).await;
    assert_eq!((status, code(&answer).as_str()), (404, "not_found"));
}

/// A stream of zeros that grows beyond the limit, made without the library: raw blocks of one repeated byte.
fn zstd_zeros(bytes: usize) -> Vec<u8> {
    // Magic, frame header (no size, window 8 MiB), then RLE blocks of at most 128 KiB.
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68];
    let block = 128 * 1024;
    let count = bytes.div_ceil(block);
    for n in 0..count {
        let last = u32::from(n + 1 == count);
        let header = (u32::try_from(block).unwrap() << 3) | (1 << 1) | last;
        out.extend_from_slice(&header.to_le_bytes()[..3]);
        out.push(0);
    }
    out
}

/// What a phone asks with that has this pseudonym and this key.
fn asks(code: &str, author: u8, key: u8) -> String {
    serde_json::json!({
        "code": code, "install_id": hex::encode([author; 16]), "author": hex::encode([author; 16]),
        "public_key": hex::encode(SoftwareSigner::new(&[key; 32]).public_key()), "app": "1", "schema": 1,
    })
    .to_string()
}

#[tokio::test]
async fn a_phone_whose_key_is_lost_comes_back_for_its_own_person_only() {
    let world = World::new();
    let invite = |person: &str| {
        let grid = vec![super::world::grid(GRID)];
        let act =
            ironfeet_server::command::Admin::EnrolCode { person: person.parse().unwrap(), grid };
        let made = world.run(ironfeet_server::command::Command::Admin { act }).unwrap().json;
        made["code"].as_str().unwrap().to_owned()
    };
    let post = async |json: String| {
        let response = world.send(Request::post("/v1/enrol").body(Body::from(json)).unwrap()).await;
        (response.status().as_u16(), body(response).await)
    };
    assert_eq!(post(asks(&invite("W1"), 1, 1)).await.0, 200);
    assert_eq!(post(asks(&invite("W1"), 1, 2)).await.0, 200, "the same person, a new key");
    let other = invite("W2");
    assert_eq!(
        code(&post(asks(&other, 1, 3)).await.1),
        "already_enrolled",
        "a stranger's pseudonym"
    );
    assert_eq!(post(asks(&other, 4, 3)).await.0, 200, "the code was not used up by that");
}

#[tokio::test]
async fn a_code_enrols_one_phone() {
    let world = World::new();
    let act = ironfeet_server::command::Admin::EnrolCode {
        person: "W1".parse().unwrap(),
        grid: vec![super::world::grid(GRID)],
    };
    let made = world.run(ironfeet_server::command::Command::Admin { act }).unwrap().json;
    let ask = |code: &str, n: u8| asks(code, n, n);
    let post = async |json: String| {
        let request = Request::post("/v1/enrol").body(Body::from(json)).unwrap();
        let response = world.send(request).await;
        (response.status().as_u16(), body(response).await)
    };
    let typed = made["code"].as_str().unwrap().to_lowercase().replace('-', " ");
    assert_eq!(code(&post(ask("AAAA-AAAA-AAAA-AAAA", 1)).await.1), "enrol_code");
    let (status, answer) = post(ask(&typed, 1)).await;
    let json: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(
        (status, json["grids"][0].as_str(), json["role"].as_str()),
        (200, Some(GRID), Some("inspector"))
    );
    assert_eq!(code(&post(ask(&typed, 2)).await.1), "enrol_code", "used up");
    // Its answer was lost: the same phone hears the same again. Another code, or another installation, does not.
    let again: serde_json::Value = serde_json::from_slice(&post(ask(&typed, 1)).await.1).unwrap();
    for key in ["device_id", "person", "role", "grids"] {
        assert_eq!(again[key], json[key]);
    }
    let elsewhere = ask(&typed, 1).replace(&hex::encode([1; 16]), &hex::encode([9; 16]));
    for other in [elsewhere, ask("AAAA-AAAA-AAAA-AAAA", 1)] {
        assert_eq!(code(&post(other).await.1), "already_enrolled");
    }
    world.pass_days(3);
    assert_eq!(code(&post(ask(&typed, 1)).await.1), "already_enrolled", "its time is over");
    for _ in 0..40 {
        post(ask("AAAA-AAAA-AAAA-AAAA", 3)).await;
    }
    assert_eq!(post(ask(&typed, 3)).await.0, 429, "nobody guesses codes");
}

#[tokio::test]
async fn bundles_come_in_ranges_to_those_who_may_read() {
    let world = World::new();
    let (mut phone, other) = (world.phone("W1", &[GRID]), world.phone("W2", &[OTHER]));
    let (place, made) = world.place(&phone, "甲");
    phone.sync(&world, vec![phone.item(place.id(), &made, GRID)]).await;
    let bundle = world.app.bundles.fresh(&world.app, &pid(GRID)).unwrap().unwrap();
    let path = format!("/v1/bundle/g{GRID}/{}", bundle.n);
    let (status, whole) = get(&world, &path, &phone.keys, None).await;
    assert_eq!((status, whole.len() as u64), (200, bundle.bytes));
    let (status, rest) = get(&world, &path, &phone.keys, Some("bytes=10-")).await;
    assert_eq!((status, rest.as_slice()), (206, &whole[10..]));
    assert_eq!(get(&world, &path, &phone.keys, Some("bytes=99999999-")).await.0, 416);
    assert_eq!(get(&world, &path, &other.keys, None).await.0, 403);
    assert_eq!(get(&world, &format!("/v1/bundle/g{GRID}/77"), &phone.keys, None).await.0, 404);
}

#[tokio::test]
async fn healing_names_what_differs_and_nothing_else() {
    let world = World::new();
    let mut phone = world.phone("W1", &[GRID]);
    let (same, a) = world.place(&phone, "甲");
    let (differs, b) = world.place(&phone, "乙");
    let items = vec![phone.item(same.id(), &a, GRID), phone.item(differs.id(), &b, GRID)];
    phone.sync(&world, items).await;
    let mut items: Vec<HealItem> = phone
        .replica
        .members
        .iter()
        .map(|((_, doc), member)| HealItem {
            doc: *doc,
            item: member.item(doc)[..8].try_into().unwrap(),
        })
        .collect();
    for item in items.iter_mut().filter(|item| item.doc == differs.id()) {
        item.item[0] ^= 1;
    }
    let ghost = world.id();
    items.push(HealItem { doc: ghost, item: [0; 8] });
    let request = HealRequest { pid: pid(GRID), seq: 2, items };
    let (_, bytes) = world.frame("/v1/heal", &phone.keys, frame::encode(&request)).await;
    let answer: HealResponse = frame::decode(&bytes).unwrap();
    assert_eq!(answer.take.iter().map(|doc| doc.doc).collect::<Vec<_>>(), [differs.id()]);
    assert_eq!((answer.drop, answer.more, answer.seq), (vec![ghost], false, 2));
}

#[tokio::test]
async fn whoever_waits_is_woken_by_growth() {
    let world = std::sync::Arc::new(World::new());
    let (mut one, two) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let (inner, token) = (world.clone(), two.keys.clone());
    let waiting = tokio::spawn(async move {
        get(&inner, &format!("/v1/wait?pids=g{GRID}:0"), &token, None).await
    });
    let (place, made) = world.place(&one, "甲");
    one.sync(&world, vec![one.item(place.id(), &made, GRID)]).await;
    assert_eq!(waiting.await.unwrap().0, 200);
    assert_eq!(get(&world, &format!("/v1/wait?pids=g{GRID}:0"), &two.keys, None).await.0, 200);
    assert_eq!(get(&world, &format!("/v1/wait?pids=g{OTHER}"), &two.keys, None).await.0, 403);
}

/// Serves `world` while `client` talks to it on another thread.
async fn served<T: Send + 'static>(
    world: &World,
    client: impl FnOnce(std::net::TcpStream) -> T + Send + 'static,
) -> T {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(ironfeet_server::run(listener, world.app.clone(), async {
        stopped.await.ok();
    }));
    let connect = move || client(std::net::TcpStream::connect(address).unwrap());
    let said = tokio::task::spawn_blocking(connect).await.unwrap();
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
    said
}

const GET_METRICS: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_socket_answers_and_ends_in_peace() {
    let world = World::with(|config| config.metrics.loopback = true);
    let mut phone = world.phone("W1", &[GRID]);
    let (place, made) = world.place(&phone, "甲");
    let honest = phone.item(place.id(), &made, GRID);
    let mut bent = honest.clone();
    *bent.body.last_mut().unwrap() ^= 1;
    let items = vec![bent, honest];
    phone.sync(&world, items).await;
    world.app.bundles.fresh(&world.app, &pid(GRID)).unwrap().unwrap();
    let answer = served(&world, |mut socket| {
        socket.write_all(GET_METRICS).unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).unwrap();
        text
    })
    .await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for line in [
        r#"ironfeet_pushed_changes_total{status="accepted"} 1"#,
        r#"ironfeet_pushed_changes_total{status="rejected"} 1"#,
        r#"ironfeet_refusals_total{code=""#,
        "ironfeet_log_entries 1",
        "ironfeet_partitions 1",
        "ironfeet_conflicts_open 0",
        "ironfeet_quarantine_open 0",
        "ironfeet_phones 1",
        "ironfeet_phones_silent ",
        "ironfeet_photos_missing 0",
        "ironfeet_bundle_age_seconds ",
        "ironfeet_request_seconds_bucket{",
        r#"route="/v1/sync""#,
    ] {
        assert!(answer.contains(line), "{line} in {answer}");
    }
}

#[tokio::test]
async fn counters_are_for_programs_with_their_scope_and_for_the_host_where_it_is_set() {
    for (loopback, address, expected) in [
        (false, Some("127.0.0.1:1"), 401),
        (true, Some("127.0.0.1:1"), 200),
        (true, Some("[::1]:1"), 200),
        (true, Some("192.0.2.1:1"), 401),
        (true, None, 401),
    ] {
        let world = World::with(|config| config.metrics.loopback = loopback);
        let mut request = Request::get("/metrics").body(Body::empty()).unwrap();
        if let Some(address) = address {
            let address: std::net::SocketAddr = address.parse().unwrap();
            request.extensions_mut().insert(axum::extract::ConnectInfo(address));
        }
        assert_eq!(world.send(request).await.status().as_u16(), expected, "{loopback} {address:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_sends_a_head_for_ever_is_put_out() {
    let world = World::with(|config| config.sync.head_timeout_ms = 50);
    let rest = served(&world, |mut socket| {
        socket.write_all(b"GET /metrics HTTP/1.1\r\nHost: ").unwrap();
        let mut bytes = Vec::new();
        // Ends when the server closes; a reset is an end, too.
        let _ = socket.read_to_end(&mut bytes);
        bytes
    })
    .await;
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_sends_a_body_for_ever_is_put_out() {
    let world = World::with(|config| config.sync.request_timeout_ms = 50);
    let rest = served(&world, |mut socket| {
        let head = b"POST /v1/enrol HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n{\"co";
        socket.write_all(head).unwrap();
        let mut bytes = Vec::new();
        let _ = socket.read_to_end(&mut bytes);
        bytes
    })
    .await;
    assert!(rest.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&rest));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_without_end_is_refused() {
    let rest = served(&World::new(), |mut socket| {
        socket.write_all(b"GET /v1/hello HTTP/1.1\r\nHost: x\r\nX-Long: ").unwrap();
        let piece = [b'x'; 8 * 1024];
        // The server may close while we still write.
        while socket.write_all(&piece).is_ok() {}
        let mut bytes = Vec::new();
        let _ = socket.read_to_end(&mut bytes);
        bytes
    })
    .await;
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 431"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_more_than_there_are_places_is_closed() {
    let world = World::with(|config| config.limits.connections = 1);
    let hello = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let said = served(&world, move |mut first| {
        let address = first.peer_addr().unwrap();
        first.write_all(hello).unwrap();
        let mut head = [0; 12];
        first.read_exact(&mut head).unwrap();
        let mut second = std::net::TcpStream::connect(address).unwrap();
        let _ = second.write_all(hello);
        let mut refused = Vec::new();
        let _ = second.read_to_end(&mut refused);
        (head, refused)
    })
    .await;
    assert_eq!(&said.0, b"HTTP/1.1 200");
    assert!(said.1.is_empty(), "closed before it was spoken to");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_served_from_certificate_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/tls");
    let certificate = folder.join("certificate.pem");
    let trusted = CertificateDer::from_pem_file(&certificate).unwrap();
    let world = World::with(|config| {
        config.metrics.loopback = true;
        config.tls.certificate = certificate;
        config.tls.key = folder.join("key.pem");
    });
    let answer = served(&world, |mut socket| {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(trusted).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let mut tls = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = rustls::Stream::new(&mut tls, &mut socket);
        stream.write_all(GET_METRICS).unwrap();
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        bytes
    })
    .await;
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn a_phone_or_an_address_that_asks_too_often_waits_and_others_do_not() {
    let world = World::with(|config| {
        config.limits.device_per_minute = 3;
        config.limits.address_per_minute = 5;
    });
    let (one, two) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let good = |phone: &super::world::Phone| frame::encode(&phone.request(vec![], vec![]));
    for expected in [200, 200, 200, 429] {
        assert_eq!(world.frame("/v1/sync", &one.keys, good(&one)).await.0, expected);
    }
    assert_eq!(world.frame("/v1/sync", &two.keys, good(&two)).await.0, 200);
    let from = async |address: &str| {
        let address: std::net::SocketAddr = address.parse().unwrap();
        let mut request = Request::get("/v1/hello").body(Body::empty()).unwrap();
        request.extensions_mut().insert(axum::extract::ConnectInfo(address));
        let answer = world.send(request).await;
        let after = answer.headers().get("retry-after").map(|v| v.to_str().unwrap().to_owned());
        (answer.status().as_u16(), after)
    };
    for _ in 0..5 {
        assert_eq!(from("192.0.2.1:1").await.0, 200);
    }
    assert_eq!(from("192.0.2.1:2").await, (429, Some("13".to_owned())));
    assert_eq!(from("192.0.2.2:1").await.0, 200);
    for _ in 0..9 {
        assert_eq!(from("127.0.0.1:1").await.0, 200, "a proxy on this host");
    }
}
