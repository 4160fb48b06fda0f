//! Every command of both programs run: the keys of its JSON as docs/commands.md promises them, and the five exit
//! codes. (`command_page` compares the page with what can be typed.)

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use ironfeet_tests::picture::noise;
use ironfeet_tests::served::Served;
use ironfeet_tests::terminal::{Inspector, Terminal, text};
use ironfeet_tests::tidy::root;
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ironfeet-phone");
const SERVER: &str = env!("CARGO_BIN_EXE_ironfeet-server-here");
const GRID: &str = "329901001012001";
const OTHER: &str = "329901001012002";

/// That a value has these keys, and where it is a list, that its first one has.
#[track_caller]
fn has(value: &Value, keys: &str) {
    let one = value.as_array().map_or(value, |list| list.first().expect("a list with a row"));
    let missing: Vec<&str> = keys.split(' ').filter(|key| one.get(key).is_none()).collect();
    assert!(missing.is_empty(), "{missing:?} missing in {one}");
}

fn path(file: &Path) -> &str {
    file.to_str().expect("a plain path")
}

/// A file with this text; its path.
fn file(dir: &Path, name: &str, text: &str) -> String {
    let at = dir.join(name);
    std::fs::write(&at, text).expect("a file");
    path(&at).to_owned()
}

struct Asked<'t> {
    phone: &'t Terminal,
    seen: BTreeSet<String>,
}

impl Asked<'_> {
    /// Runs a command of the phone; its first words are noted as asked.
    #[track_caller]
    fn ask(&mut self, args: &[&str], keys: &str) -> Value {
        self.seen.insert(name(args));
        let value = self.phone.json(args);
        if !keys.is_empty() {
            has(&value, keys);
        }
        value
    }
}

/// Commands whose second word is part of their name.
const SECOND: [&str; 8] =
    ["place", "visit", "photo", "rescue", "admin", "import", "quarantine", "audit"];
/// Commands of `admin` whose third word is part of their name.
const THIRD: [&str; 8] =
    ["person", "device", "place", "org", "department", "post", "role", "api-token"];

/// The words of a command that are its name.
fn name(words: &[&str]) -> String {
    let words: Vec<&str> =
        words.iter().copied().take_while(|word| !word.starts_with(['-', '['])).collect();
    let length = match words[..] {
        ["admin", "login", "reset", ..] => 3,
        ["admin", second, _, ..] if THIRD.contains(&second) => 3,
        [first, _, ..] if SECOND.contains(&first) => 2,
        _ => 1,
    };
    words[..length].join(" ")
}

/// The commands of a program's table in docs/commands.md.
fn promised(program: &str) -> BTreeSet<String> {
    let page = std::fs::read_to_string(root().join("docs/commands.md")).expect("the page");
    let part = page.split("\n## ").find(|part| part.starts_with(program)).expect("its part");
    let rows = part.lines().filter(|line| line.starts_with("| `"));
    let first = |row: &str| row.split('|').nth(1).expect("a cell").to_owned();
    let mut names = BTreeSet::new();
    for part in rows
        .map(first)
        .flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
    {
        let words: Vec<&str> = part.split(' ').collect();
        if words[0].starts_with(char::is_lowercase) {
            names.insert(name(&words));
        }
    }
    names
}

/// A visit from its beginning to its end; gives it.
fn visit(asked: &mut Asked<'_>, place: &str, dir: &Path) -> String {
    let begun = asked.ask(&["visit", "start", place, "household"], "id");
    let visit = text(&begun["id"]).to_owned();
    asked.ask(&["visit", "questions", &visit], "item type question choices required answer");
    asked.ask(&["visit", "answer", &visit, "V-05", "午后"], "change");
    asked.ask(&["visit", "note", &visit, "楼道灯不亮"], "change");
    asked.ask(&["visit", "drafts"], "");
    let photo = dir.join("photo.png");
    std::fs::write(&photo, noise(40, 1)).expect("a file");
    asked.ask(&["photo", "add", &visit, path(&photo)], "sha256 bytes sent state reason");
    asked.ask(&["photo", "list"], "sha256 bytes sent state reason");
    asked.ask(&["photo", "retry"], "");
    let filled = asked.phone.feed(&["--json", "visit", "fill", &visit], "V-05 傍晚\n");
    assert_eq!(filled.code, Some(0), "{}{}", filled.out, filled.err);
    asked.seen.insert("visit fill".to_owned());
    // `visit ask` is for people; at the end of its input it stops.
    let stopped = asked.phone.feed(&["visit", "ask", &visit], "q\n");
    assert_eq!(stopped.code, Some(0), "{}{}", stopped.out, stopped.err);
    asked.seen.insert("visit ask".to_owned());
    asked.phone.answer_all(&visit, &mut Inspector::new(4, 1.0));
    asked.ask(&["visit", "finish", &visit], "answers notes findings conflicts");
    asked.ask(&["visit", "show", &visit], "answers carried notes findings missing conflicts");
    visit
}

#[test]
fn every_command_of_the_phone_answers_with_the_keys_it_promises() {
    let dirs = tempfile::tempdir().expect("a folder");
    let server = Served::start(SERVER, &dirs.path().join("server"));
    let phone = Terminal::new(PROGRAM, &dirs.path().join("li"), 1, "zh");
    let mut asked = Asked { phone: &phone, seen: BTreeSet::new() };
    asked.ask(&["init", "--person", "li.ming", "--grid", GRID], "install_id");
    let code = server.enrol_code("li.ming", GRID);
    asked.ask(&["enrol", &server.url(), &code], "device_id grids");
    let kind = ["place", "add", "--kind", "dwelling", "--address", "平川路 8 号"];
    let made = asked.ask(&[&kind[..], &["--lat", "33.61", "--lon", "119.02"]].concat(), "id");
    let place = text(&made["id"]).to_owned();
    asked.ask(&["today"], "place why due");
    asked.ask(&["place", "show", &place], "facts conflicts visits");
    asked.ask(&["place", "search", "平川"], "");
    asked.ask(&["place", "near", "33.61,119.02"], "metres");
    asked.ask(&["place", "set", &place, "building_type", "塔楼"], "change");
    asked.ask(&["place", "note", &place, "铁门朝北"], "change");
    let visit = visit(&mut asked, &place, dirs.path());
    let found = asked.ask(&["findings"], "");
    if let Some(finding) = found.as_array().and_then(|list| list.first()) {
        let reason = ["photo", "reason", &visit, text(&finding["code"]), "无法拍摄"];
        // A finished visit may still say why there is no photo, or refuse to.
        let ran = phone.run(&[&["--json"], &reason[..]].concat());
        assert!(matches!(ran.code, Some(0 | 3)), "{}{}", ran.out, ran.err);
    }
    asked.seen.insert("photo reason".to_owned());
    let synced = "pushed pulled refused quarantined bytes_up bytes_down requests ms";
    asked.ask(&["sync"], synced);
    let photos = phone.json(&["photo", "list"]);
    let sha = text(&photos[0]["sha256"]).to_owned();
    asked.ask(&["photo", "get", &sha, path(&dirs.path().join("got.jpg"))], "sha256 bytes thumb");
    quarrel(&mut asked, &server, &place, dirs.path());
    asked.ask(&["notices"], "");
    let stands =
        "pending refused waiting_for_review cursors last_success last_failure photos_waiting";
    asked.ask(&["status"], stands);
    asked.ask(&["verify"], "documents changes ok");
    let rescue = dirs.path().join("rescue");
    asked.ask(&["place", "note", &place, "未上传"], "change");
    assert_eq!(asked.ask(&["rescue", "export", path(&rescue)], "changes")["changes"], 1);
    asked.ask(&["rescue", "import", path(&rescue)], "changes");
    assert_eq!(
        asked.seen,
        promised("ironfeet-phone"),
        "asked here, and promised by docs/commands.md"
    );
}

/// Another phone states another value: a conflict as both see it, and its end.
fn quarrel(asked: &mut Asked<'_>, server: &Served, place: &str, dir: &Path) {
    let wang = Terminal::new(PROGRAM, &dir.join("wang"), 2, "en");
    let _ = wang.json(&["enrol", &server.url(), &server.enrol_code("wang.fang", GRID)]);
    let _ = wang.json(&["sync"]);
    let _ = wang.json(&["place", "set", place, "storeys", "5"]);
    let _ = asked.phone.json(&["place", "set", place, "storeys", "3"]);
    let _ = wang.json(&["sync"]);
    let _ = asked.phone.json(&["sync"]);
    let open = asked.ask(&["conflicts"], "doc field values");
    has(&open[0]["values"], "value author at change");
    let (doc, change) = (text(&open[0]["doc"]), text(&open[0]["values"][0]["change"]));
    asked.ask(&["settle", doc, "storeys", change], "change");
    let _ = asked.phone.json(&["sync"]);
}

#[test]
fn every_command_of_the_server_answers_with_the_keys_it_promises() {
    let dirs = tempfile::tempdir().expect("a folder");
    let mut server = Served::start(SERVER, &dirs.path().join("server"));
    let seen = RefCell::new(BTreeSet::from(["serve".to_owned()]));
    let ask = |server: &Served, args: &[&str], keys: &str| {
        seen.borrow_mut().insert(name(args));
        let value = server.json(args);
        if !keys.is_empty() {
            has(&value, keys);
        }
        value
    };
    let person = ["admin", "person", "add", "--id", "sun.li", "--post", "supervisor"];
    ask(&server, &[&person[..], &["--area", "329901"]].concat(), "id post areas department");
    let people = dirs.path().join("people.csv");
    std::fs::write(&people, "id,post,areas,department\nzhou.yu,handler,329901,FIRE\n")
        .expect("a file");
    ask(&server, &["admin", "person", "import", path(&people)], "id");
    ask(&server, &["admin", "person", "list"], "id post areas department");
    registers(dirs.path(), &|args, keys| ask(&server, args, keys));
    let code = ask(
        &server,
        &["admin", "enrol-code", "--person", "li.ming", "--grid", GRID, "--grid", OTHER],
        "code qr expires_at",
    );
    let li = Terminal::new(PROGRAM, &dirs.path().join("li"), 1, "en");
    let enrolled = li.json(&["enrol", &server.url(), text(&code["code"])]);
    let kind = ["place", "add", "--kind", "dwelling", "--address", "Peace Road 8"];
    let place =
        li.id(&[&kind[..], &["--lat", "33.61", "--lon", "119.02", "--grid", GRID]].concat());
    let _ = li.json(&["sync"]);
    ask(&server, &["admin", "device", "list"], "id person status last_seen app");
    ask(&server, &["admin", "place", "share", &place, "--to", "FIRE@329901"], "seq records");
    ask(&server, &["admin", "place", "unshare", &place, "--from", "FIRE@329901"], "seq records");
    ask(&server, &["admin", "place", "move", &place, "--to", OTHER], "seq moved");
    ask(&server, &["admin", "archive"], "archived");
    ask(&server, &["admin", "console-code"], "code");
    let places = dirs.path().join("places.csv");
    let row = format!("key,kind,address,grid,lat,lon\nK1,dwelling,平川路 9 号,{GRID},33.6,119.0\n");
    std::fs::write(&places, row).expect("a file");
    ask(&server, &["import", "places", path(&places)], "added changed same");
    let lists = dirs.path().join("lists.yaml");
    let text_of = ask(&server, &["checklists"], "yaml");
    std::fs::write(&lists, text(&text_of["yaml"])).expect("a file");
    let same =
        ask(&server, &["import", "checklists", path(&lists)], "version changes published same");
    assert_eq!((&same["published"], &same["same"]), (&false.into(), &true.into()), "{same}");
    late(&li, (&place, text(&enrolled["device_id"])), &|args, keys| ask(&server, args, keys));
    let copy = dirs.path().join("copy.db");
    ask(&server, &["backup", path(&copy)], "ok bytes documents changes durable");
    ask(&server, &["verify"], "ok documents changes partitions entries audit photos problems");
    ask(&server, &["audit", "verify"], "ok rows");
    ask(&server, &["audit", "export"], "ok rows");
    ask(&server, &["rebuild-projections"], "ok documents");
    // These need the folder for themselves.
    for args in [&["restore", path(&copy)][..], &["bump-epoch"]] {
        let (code, told) = server.ended(args);
        assert_eq!((code, text(&told["refused"]["code"])), (Some(3), "running"));
    }
    server.kill();
    let restored = ask(&server, &["restore", path(&copy)], "ok epoch documents changes kept");
    let bumped = ask(&server, &["bump-epoch"], "ok epoch");
    assert_eq!(bumped["epoch"].as_u64(), restored["epoch"].as_u64().map(|epoch| epoch + 1));
    assert_eq!(server.json(&["verify"])["ok"], true);
    assert_eq!(server.json(&["audit", "verify"])["ok"], true);
    assert_eq!(
        *seen.borrow(),
        promised("ironfeet-server"),
        "asked here, and promised by docs/commands.md"
    );
}

/// Late work of a revoked phone waits, and is decided on.
fn late(li: &Terminal, (place, device): (&str, &str), ask: &dyn Fn(&[&str], &str) -> Value) {
    let _ = li.json(&["place", "note", place, "one"]);
    let _ = li.json(&["place", "set", place, "storeys", "3"]);
    ask(&["admin", "device", "revoke", device], "id status");
    let _ = li.json(&["sync"]);
    let tickets = ask(&["quarantine", "list"], "ticket doc reason device changes");
    for (n, act) in ["accept", "discard"].iter().enumerate() {
        let ticket = tickets[n]["ticket"].to_string();
        ask(&["quarantine", act, &ticket], "ticket decision");
    }
}

/// What a city's own people keep: areas, departments, posts, accounts, programs, outlines.
fn registers(dir: &Path, ask: &dyn Fn(&[&str], &str) -> Value) {
    let entry = "id title retired_at";
    let areas = file(dir, "areas.csv", "id,title\n329900,平川市\n329901,城中区\n");
    ask(&["admin", "org", "import", &areas], "added");
    ask(&["admin", "org", "add", "--id", "329902", "--title", "城北区"], entry);
    ask(&["admin", "org", "list"], entry);
    ask(&["admin", "org", "retire", "--id", "329902"], "id retired_at");
    let departments = file(dir, "departments.csv", "id,title\nFIRE,消防救援\nWATER,水务局\n");
    ask(&["admin", "department", "import", &departments], "added");
    ask(&["admin", "department", "add", "--id", "PARKS", "--title", "园林局"], entry);
    ask(&["admin", "department", "list"], entry);
    ask(&["admin", "department", "retire", "--id", "PARKS"], "id retired_at");
    let post = ["admin", "post", "add", "--id", "P1", "--title", "第一网格员"];
    let held = "id title role areas department retired_at";
    ask(&[&post[..], &["--role", "inspector", "--area", "329901"]].concat(), held);
    ask(&["admin", "post", "list"], held);
    ask(&["admin", "post", "retire", "--id", "P1"], "id retired_at");
    ask(&["admin", "role", "list"], "role may");
    ask(&["admin", "login", "reset", "--person", "sun.li"], "person one_time_password");
    let token = ["admin", "api-token", "add", "--name", "probe", "--scope", "export"];
    ask(&[&token[..], &["--days", "30"]].concat(), "name token");
    ask(&["admin", "api-token", "list"], "name scopes made_at expires_at revoked_at");
    ask(&["admin", "api-token", "revoke", "--name", "probe"], "name revoked_at");
    let ring = "[[[119.0,33.6],[119.1,33.6],[119.1,33.7],[119.0,33.6]]]";
    let feature = format!(
        r#"{{"type":"Feature","properties":{{"grid":"{GRID}"}},"geometry":{{"type":"Polygon","coordinates":{ring}}}}}"#
    );
    let outlines = format!(r#"{{"type":"FeatureCollection","features":[{feature}]}}"#);
    let borders = file(dir, "borders.geojson", &outlines);
    ask(&["import", "borders", &borders], "");
    ask(&["admin", "person", "retire", "--id", "zhou.yu"], "id phones_revoked");
}

#[test]
fn exit_codes_are_done_failed_usage_refused_and_damaged() {
    let dirs = tempfile::tempdir().expect("a folder");
    let mut server = Served::start(SERVER, &dirs.path().join("server"));
    let li = Terminal::new(PROGRAM, &dirs.path().join("li"), 1, "en");
    assert_eq!(li.run(&["status"]).code, Some(1), "no store yet");
    assert_eq!(li.run(&["status", "--nonsense"]).code, Some(2));
    let _ = li.json(&["enrol", &server.url(), &server.enrol_code("li.ming", GRID)]);
    assert_eq!(li.run(&["status"]).code, Some(0));
    let init = ["init", "--person", "li.ming", "--grid", GRID];
    has(&li.refused(&init), "code text");
    let copy = dirs.path().join("copy.db");
    assert_eq!(server.ended(&["backup", path(&copy)]).0, Some(0));
    assert_eq!(server.ended(&["backup", path(&copy)]).0, Some(3), "it exists");
    assert_eq!(server.ended(&["backup"]).0, Some(2));
    assert_eq!(server.ended(&["import", "places", "nowhere.csv"]).0, Some(1));
    server.kill();
    assert_eq!(li.run(&["sync"]).code, Some(1), "no server");
    // Run alone it moves everything from the write-ahead log into the file.
    assert_eq!(server.ended(&["verify"]).0, Some(0));
    let database = dirs.path().join("server/ironfeet.db");
    let mut bytes = std::fs::read(&database).expect("the database");
    bytes[..64].fill(0x55);
    std::fs::write(&database, bytes).expect("the database");
    assert_eq!(server.ended(&["verify"]).0, Some(4), "no database any more");
}
