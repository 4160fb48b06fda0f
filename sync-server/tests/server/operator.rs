//! What an operator types.

use ironfeet_core::model::GridCode;
use ironfeet_server::command::{Admin, AuditCommand, Command, CommandError, ImportWhat};
use ironfeet_server::store;

use super::world::{GRID, OTHER, World, grid, pid};

fn import(world: &World, name: &str, text: &str) -> Result<serde_json::Value, CommandError> {
    let file = world.dir.path().join(name);
    std::fs::write(&file, text).unwrap();
    world.run(Command::Import { what: ImportWhat::Places { file } }).map(|report| report.json)
}

fn places(world: &World) -> u64 {
    let row = store::view(&*world.app.store, |s| s.partition(&pid(GRID))).unwrap();
    row.map_or(0, |row| row.count)
}

#[test]
fn places_are_imported_once_and_changed_where_the_file_changed() {
    let world = World::new();
    let file = |use_: &str| {
        format!(
            "编号,类型,地址,网格,lat,lon,use\nA1,small_premises,平川路1号,{GRID},33.1,119.1,{use_}\n,dwelling,平川路2号,{GRID},33.2,119.2,\n"
        )
    };
    let done = |json: &serde_json::Value| {
        ["added", "changed", "same"].map(|key| json[key].as_u64().unwrap())
    };
    assert_eq!(done(&import(&world, "a.csv", &file("shop")).unwrap()), [2, 0, 0]);
    assert_eq!(done(&import(&world, "a.csv", &file("shop")).unwrap()), [0, 0, 2]);
    assert_eq!(done(&import(&world, "a.csv", &file("store")).unwrap()), [0, 1, 1]);
    let json = format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","geometry":{{"type":"Point","coordinates":[119.3,33.3]}},"properties":{{"kind":"workshop","address":"平川路3号","grid":"{GRID}"}}}}]}}"#
    );
    assert_eq!(done(&import(&world, "b.geojson", &json).unwrap()), [1, 0, 0]);
    assert_eq!(done(&import(&world, "b.geojson", &json).unwrap()), [0, 0, 1]);
    assert_eq!(places(&world), 3);
    world.verify();
}

#[test]
fn a_file_with_one_bad_line_is_refused_whole_with_line_and_column_but_no_value() {
    let world = World::new();
    let file = format!(
        "kind,address,grid,lat,lon,name\ndwelling,甲,{GRID},33,119,\ncastle,乙,{GRID},33,119,\ndwelling,丙,12,93,119,张三 13812345678\n"
    );
    let refused = import(&world, "a.csv", &file).unwrap_err().to_string();
    for told in ["line 3 kind", "line 4 grid", "line 4 lat", "line 4 name"] {
        assert!(refused.contains(told), "{refused}");
    }
    assert!(!refused.contains("castle") && !refused.contains("138") && !refused.contains("张三"));
    assert_eq!(places(&world), 0);
    let twice = format!(
        "key,kind,address,grid,lat,lon\nA,dwelling,甲,{GRID},33,119\nA,dwelling,乙,{GRID},33,119\n"
    );
    assert!(import(&world, "b.csv", &twice).unwrap_err().to_string().contains("line 3 key"));
}

#[test]
fn columns_about_people_refuse_the_file() {
    let world = World::new();
    for column in ["身份证号", "民族", "重点人员", "phone", "ID card", "Income"] {
        let file =
            format!("kind,address,grid,lat,lon,{column}\ndwelling,甲,{GRID},33,119,SECRET-VALUE\n");
        let report = import(&world, "a.csv", &file).unwrap_err().report();
        assert_eq!(report.exit, 3);
        assert_eq!(report.json["refused"]["code"], "personal_columns", "{column}");
        assert!(!report.text.contains("SECRET"), "no value is shown");
    }
    assert_eq!(places(&world), 0);
}

#[test]
fn the_trail_shows_what_was_done_and_tampering_is_found() {
    let world = World::new();
    world.phone("W1", &[GRID]);
    import(&world, "a.csv", &format!("kind,address,grid,lat,lon\ndwelling,甲,{GRID},33,119\n"))
        .unwrap();
    let id = store::view(&*world.app.store, |s| s.doc_ids(None, 1)).unwrap()[0];
    let to: GridCode = grid(OTHER);
    let place = ironfeet_core::model::PlaceId(id);
    let act = Admin::Place { act: ironfeet_server::command::Place::Move { id: place, to } };
    let moved = world.run(Command::Admin { act }).unwrap();
    assert_eq!(moved.json["seq"], 1);
    let exported = world.run(Command::Audit { act: AuditCommand::Export }).unwrap();
    let actions: Vec<_> = exported.json["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["action"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        actions,
        ["person.add", "enrol.code", "device.enrol", "import.places", "place.move"]
    );
    let verified = world.run(Command::Audit { act: AuditCommand::Verify }).unwrap();
    assert_eq!(
        (verified.exit, verified.json["rows"].as_u64()),
        (0, Some(6)),
        "taking it out is an act, too"
    );
    world.run(Command::Verify).unwrap();
    let file = world.dir.path().join(ironfeet_server::command::DATABASE);
    let database = rusqlite::Connection::open(file).unwrap();
    database.execute("UPDATE audit SET actor = 'nobody' WHERE n = 3", []).unwrap();
    database.execute("UPDATE plog SET body_hash = zeroblob(32) WHERE seq = 1", []).unwrap();
    drop(database);
    let found = world.run(Command::Audit { act: AuditCommand::Verify }).unwrap();
    assert_eq!((found.exit, found.json["row"].as_u64()), (4, Some(3)));
    let whole = world.run(Command::Verify).unwrap();
    assert_eq!((whole.exit, whole.json["ok"].as_bool()), (4, Some(false)));
}

#[test]
fn a_backup_is_never_written_over_and_no_other_file_is_restored() {
    let world = World::new();
    let file = world.dir.path().join("copy.db");
    let backup = || world.run(Command::Backup { file: file.clone(), durable: true });
    assert_eq!(backup().unwrap().json["ok"], true);
    assert_eq!(backup().unwrap_err().report().json["refused"]["code"], "exists");
    let strange = world.dir.path().join("strange.db");
    std::fs::write(&strange, vec![1; 5_000]).unwrap();
    let refused = world.run(Command::Restore { file: strange }).unwrap_err().report();
    assert_eq!(refused.exit, 4);
    let (serving, lock) = world.ground().serving().unwrap();
    let running = world.run(Command::Restore { file }).unwrap_err().report();
    assert_eq!(running.json["refused"]["code"], "running");
    drop((serving, lock));
}

#[test]
fn outlines_of_grids_are_imported_once_and_refused_whole_with_the_feature_and_the_column() {
    let world = World::new();
    let import = |text: String| {
        let file = world.dir.path().join("grids.geojson");
        std::fs::write(&file, text).unwrap();
        world.run(Command::Import { what: ImportWhat::Borders { file } }).map(|report| report.json)
    };
    let feature = |grid: &str, kind: &str, coordinates: &str| {
        format!(
            r#"{{"type":"Feature","properties":{{"grid":"{grid}","负责人":"张三"}},"geometry":{{"type":"{kind}","coordinates":{coordinates}}}}}"#
        )
    };
    let file = |features: &[String]| {
        format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
    };
    let square = "[[[119,33],[119.1,33],[119.1,33.123456789],[119,33]]]";
    let moved = "[[[119,33],[119.2,33],[119.1,33.1],[119,33]]]";
    let done = |json: serde_json::Value| ["added", "changed", "same"].map(|key| json[key].clone());
    let one = feature(GRID, "Polygon", square);
    assert_eq!(
        done(import(file(std::slice::from_ref(&one))).unwrap()),
        [1, 0, 0].map(serde_json::Value::from)
    );
    assert_eq!(done(import(file(&[one])).unwrap()), [0, 0, 1].map(serde_json::Value::from));
    let kept = store::view(&*world.app.store, |s| s.border(&grid(GRID))).unwrap().unwrap();
    assert_eq!(kept, "[[[[119.0,33.0],[119.1,33.0],[119.1,33.12346],[119.0,33.0]]]]");
    let both =
        [feature(GRID, "MultiPolygon", &format!("[{moved}]")), feature(OTHER, "Polygon", square)];
    assert_eq!(done(import(file(&both)).unwrap()), [1, 1, 0].map(serde_json::Value::from));

    let bad = [
        feature("12", "Polygon", square),
        feature(GRID, "Point", "[119,33]"),
        feature(GRID, "Polygon", "[[[119,33],[119.1,33],[119.1,33.1],[119,33.2]]]"),
        feature(GRID, "Polygon", "[[[119,133],[119.1,33],[119.1,33.1],[119,133]]]"),
        feature(GRID, "Polygon", square),
        feature(GRID, "Polygon", square),
    ];
    let refused = import(file(&bad)).unwrap_err().to_string();
    for told in
        ["line 1 grid", "line 2 geometry", "line 3 geometry", "line 4 geometry", "line 6 grid"]
    {
        assert!(refused.contains(told), "{told}: {refused}");
    }
    assert!(!refused.contains("line 5") && !refused.contains("张三"), "{refused}");
    world.verify();
}

#[test]
fn checklists_are_checked_then_published_and_a_running_server_takes_them_up() {
    let world = World::new();
    let file = world.dir.path().join("ours.yaml");
    let import = |yaml: &str, check: bool| {
        std::fs::write(&file, yaml).unwrap();
        world.run(Command::Import { what: ImportWhat::Checklists { file: file.clone(), check } })
    };
    let in_use = world.run(Command::Checklists).unwrap().json;
    let own = in_use["yaml"].as_str().unwrap();
    assert_eq!(import(own, false).unwrap().json["same"], true);
    let other = own.replacen("content_version: '2026.1'", "content_version: '2026.2'", 1);
    let version = || world.app.checklists.get().version().to_owned();

    let checked = import(&other, true).unwrap().json;
    assert_eq!((&checked["version"], &checked["published"]), (&"2026.2".into(), &false.into()));
    let spoilt = import(&other.replacen("severity: S1", "severity: S9", 1), false);
    let spoilt = spoilt.unwrap_err().report();
    assert_eq!((spoilt.exit, &spoilt.json["refused"]["code"]), (3, &"mistakes".into()));
    assert!(spoilt.text.contains("line "), "{}", spoilt.text);
    world.app.checklists.look(&*world.app.store).unwrap();
    assert_eq!(version(), "2026.1", "nothing was published");

    assert_eq!(import(&other, false).unwrap().json["published"], true);
    assert_eq!(version(), "2026.1");
    world.app.checklists.look(&*world.app.store).unwrap();
    assert_eq!(version(), "2026.2");
    assert_eq!(import(&other, false).unwrap().json["same"], true);
    let taken = other.replacen("severity: S1", "severity: S2", 1);
    assert_eq!(import(&taken, false).unwrap_err().report().json["refused"]["code"], "version");
    world.verify();
}
