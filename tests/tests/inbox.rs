//! A department's inbox with real programs: its people see the places they were shown, write what their post may,
//! see what is begun there later, and see nothing any more when it is over.

use ironfeet_tests::served::Served;
use ironfeet_tests::terminal::{Inspector, Terminal, text};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ironfeet-phone");
const SERVER: &str = env!("CARGO_BIN_EXE_ironfeet-server-here");
const GRID: &str = "329901001012001";
const COUNTY: &str = "329901";

struct World {
    dirs: tempfile::TempDir,
    server: Served,
    li: Terminal,
    place: String,
    visit: String,
}

/// Li visited a place and handed it in.
fn world() -> World {
    let dirs = tempfile::tempdir().expect("a folder");
    let server = Served::start(SERVER, &dirs.path().join("server"));
    let li = Terminal::new(PROGRAM, &dirs.path().join("li"), 1, "en");
    let _ = li.json(&["enrol", &server.url(), &server.enrol_code("li.ming", GRID)]);
    let kind = ["place", "add", "--kind", "dwelling", "--address", "平川路 8 号"];
    let place = li.id(&[&kind[..], &["--lat", "33.61", "--lon", "119.02"]].concat());
    let visit = li.id(&["visit", "start", &place, "household"]);
    li.answer_all(&visit, &mut Inspector::new(21, 0.4));
    let _ = li.json(&["visit", "finish", &visit]);
    let _ = li.json(&["sync"]);
    World { dirs, server, li, place, visit }
}

impl World {
    /// A phone of somebody who handles what a department is shown.
    fn handler(&self, person: &str, department: &str, key: u8) -> Terminal {
        let post = ["admin", "person", "add", "--id", person, "--post", "handler"];
        let where_ = ["--area", COUNTY, "--department", department];
        let _ = self.server.json(&[&post[..], &where_].concat());
        let code = self.server.json(&["admin", "enrol-code", "--person", person]);
        let phone = Terminal::new(PROGRAM, &self.dirs.path().join(person), key, "zh");
        let enrolled = phone.json(&["enrol", &self.server.url(), text(&code["code"])]);
        assert_eq!(enrolled["grids"], serde_json::json!([]), "no grid is theirs");
        phone
    }

    fn share(&self, act: &str, way: &str, inbox: &str) -> serde_json::Value {
        self.server.json(&["admin", "place", act, &self.place, way, inbox])
    }

    fn sees(&self, phone: &Terminal) -> bool {
        phone.run(&["place", "show", &self.place]).code == Some(0)
    }

    fn refused(&self, args: &[&str]) -> String {
        let (code, told) = self.server.ended(args);
        assert_eq!(code, Some(3), "{args:?}: {told}");
        text(&told["refused"]["code"]).to_owned()
    }

    fn whole(&self, phones: &[&Terminal]) {
        for phone in phones {
            assert_eq!(phone.json(&["verify"])["ok"], true);
        }
        assert_eq!(self.server.json(&["verify"])["ok"], true);
    }
}

#[test]
fn a_department_works_on_what_it_is_shown_and_loses_it_when_that_is_over() {
    let world = world();
    let fire = world.handler("chen.jie", "FIRE", 2);
    let police = world.handler("zhao.lei", "POLICE", 3);
    // The very first sync hears of the inbox and reads it.
    let first = fire.json(&["sync"]);
    assert_eq!(first["requests"], 2, "{first}");
    assert!(!world.sees(&fire));

    let shown = world.share("share", "--to", "FIRE@329901");
    assert_eq!((&shown["seq"], &shown["records"]), (&1.into(), &2.into()), "{shown}");
    for phone in [&fire, &police] {
        let _ = phone.json(&["sync"]);
    }
    assert!(!world.sees(&police), "it was shown to another department");
    let theirs = fire.json(&["place", "show", &world.place]);
    let own = world.li.json(&["place", "show", &world.place]);
    for part in ["facts", "visits", "findings"] {
        assert_eq!(theirs[part], own[part], "{part}");
    }
    let read = fire.json(&["visit", "show", &world.visit]);
    assert_eq!(read["answers"], world.li.json(&["visit", "show", &world.visit])["answers"]);

    // What a handler may: remarks. What not: facts.
    let _ = fire.json(&["place", "note", &world.place, "已到场处置"]);
    let no = fire.refused(&["place", "set", &world.place, "storeys", "9"]);
    assert_eq!(no["code"], "not_your_right");
    let report = fire.json(&["sync"]);
    assert_eq!((&report["pushed"], &report["quarantined"]), (&1.into(), &0.into()), "{report}");
    assert_eq!(fire.json(&["sync"])["requests"], 1);
    // Li begins another visit there meanwhile: the department has it with its next sync.
    let _ = world.li.json(&["sync"]);
    let again = world.li.id(&["visit", "start", &world.place, "household", "--quick"]);
    let _ = world.li.json(&["visit", "note", &again, "复查"]);
    let _ = world.li.json(&["sync"]);
    let seen = world.li.json(&["place", "show", &world.place]);
    assert_eq!(seen["remarks"][0]["text"], "已到场处置");
    let _ = fire.json(&["sync"]);
    assert_eq!(fire.json(&["visit", "show", &again])["notes"][0]["text"], "复查");
    world.whole(&[&world.li, &fire, &police]);

    let over = world.share("unshare", "--from", "FIRE@329901");
    assert_eq!(over["records"], 3, "{over}");
    let _ = fire.json(&["sync"]);
    assert!(!world.sees(&fire));
    assert_eq!(fire.run(&["visit", "show", &again]).code, Some(1));
    assert!(world.sees(&world.li), "its home is not touched");
    world.whole(&[&world.li, &fire, &police]);
}

#[test]
fn a_remark_written_without_network_is_taken_though_the_place_was_withdrawn_meanwhile() {
    let world = world();
    let fire = world.handler("chen.jie", "FIRE", 2);
    let _ = world.share("share", "--to", "FIRE@329901");
    let _ = fire.json(&["sync"]);
    let _ = fire.json(&["place", "note", &world.place, "阀门已关"]);
    let _ = world.share("unshare", "--from", "FIRE@329901");
    let report = fire.json(&["sync"]);
    assert_eq!((&report["pushed"], &report["refused"]), (&1.into(), &0.into()), "{report}");
    assert!(!world.sees(&fire));
    let _ = world.li.json(&["sync"]);
    assert_eq!(world.li.json(&["place", "show", &world.place])["remarks"][0]["text"], "阀门已关");
    world.whole(&[&world.li, &fire]);
}

#[test]
fn a_place_is_shown_once_where_it_lies_and_only_to_an_inbox() {
    let world = world();
    let share =
        |to| ["admin", "place", "share", world.place.as_str(), "--to", to].map(str::to_owned);
    let no = |args: &[String]| world.refused(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(no(&share("FIRE@329902")), "outside");
    let never = ["admin", "place", "unshare", &world.place, "--from", "FIRE@329901"];
    assert_eq!(world.refused(&never), "not_there");
    let _ = world.share("share", "--to", "FIRE@329901");
    assert_eq!(no(&share("FIRE@329901")), "same_grid");
    let visit = ["admin", "place", "share", &world.visit, "--to", "FIRE@329901"];
    assert_eq!(world.refused(&visit), "not_a_place");
    // A department that there is not: its inbox would be read by nobody.
    let (code, told) =
        world.server.ended(&["admin", "place", "share", &world.place, "--to", "FIER@329901"]);
    assert_eq!((code, text(&told["refused"]["code"])), (Some(3), "unknown_department"));
    assert!(text(&told["refused"]["text"]).contains(" FIRE "), "it names those there are: {told}");
    let person = ["admin", "person", "add", "--id", "chen.jie", "--post", "handler"];
    let misspelt = [&person[..], &["--area", COUNTY, "--department", "FIER"]].concat();
    assert_eq!(world.refused(&misspelt), "person");
    let _ = world.server.json(&["admin", "department", "add", "--id", "FIER", "--title", "新部门"]);
    let _ = world.server.json(&misspelt);
    // No inbox at all is a slip of the keyboard.
    let (code, _) = world.server.ended(&["admin", "place", "share", &world.place, "--to", "FIRE"]);
    assert_eq!(code, Some(2));
}
