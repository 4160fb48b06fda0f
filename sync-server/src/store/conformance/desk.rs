//! What every backend must do for the console's questions.

use ironfeet_core::model::UtcMillis;

use super::{doc_id, pid, read, write};
use crate::store::{DocumentRows, PlaceRow, Store};

pub(super) fn outlines_are_replaced(store: &dyn Store) {
    let grid = "329901001012001".parse().expect("a grid code");
    assert_eq!(read(store, |s| s.border(&grid)), None);
    for outline in ["[1]", "[2]"] {
        write(store, |s| s.border_put(&grid, outline));
        assert_eq!(read(store, |s| s.border(&grid)).as_deref(), Some(outline));
    }
}

pub(super) fn grids_are_reckoned_when_their_places_changed(store: &dyn Store) {
    let place = |n: u8, grid: u32, lat: f64| DocumentRows {
        place: Some(PlaceRow {
            doc: doc_id(n),
            pid: pid(grid),
            kind: Some("dwelling".to_owned()),
            address: format!("No. {n}"),
            name: String::new(),
            position: Some((lat, 123.5)),
            generation: 1,
        }),
        ..DocumentRows::default()
    };
    let since = UtcMillis(1_000);
    let due = || read(store, |s| s.grids_due(since, 10));
    let lines = || read(store, |s| s.grids(&[String::new()]));
    let reckon = || write(store, |s| due().iter().try_for_each(|grid| s.grid_reckon(grid, since)));
    assert!(due().is_empty(), "nothing there");
    write(store, |s| {
        s.rows_put(&doc_id(1), &place(1, 1, 33.25))?;
        s.rows_put(&doc_id(2), &place(2, 1, 33.75))?;
        s.rows_put(&doc_id(3), &place(3, 2, 33.0))
    });
    assert_eq!(due(), [pid(1), pid(2)]);
    reckon();
    assert!(due().is_empty(), "reckoned");
    let first = &lines()[0];
    assert_eq!((first.places, first.fresh, first.never, first.worst), (2, 0, 2, [0; 4]));
    assert_eq!(first.extent, Some([33.25, 123.5, 33.75, 123.5]));
    assert_eq!(read(store, |s| s.grids(&["329901001012002".to_owned()])).len(), 1, "a scope");
    write(store, |s| s.rows_put(&doc_id(3), &place(3, 1, 33.0)));
    assert_eq!(due(), [pid(1), pid(2)], "moved: both");
    reckon();
    assert_eq!(lines().iter().map(|line| line.places).collect::<Vec<_>>(), [3], "no empty grid");
}
