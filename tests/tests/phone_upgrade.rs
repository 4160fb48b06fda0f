//! A store of an older version opens, keeps its work, takes new work, and is saved when it is damaged.
//!
//! The stores are files as those versions wrote them (`mobile-bindings/fixtures`, with the key they
//! were made with); the build that reads them has SQLCipher.
#![cfg(feature = "sqlcipher")]
#![expect(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ironfeet_core::model::VisitId;
use ironfeet_core::phone::{OpenOptions, Phone};
use ironfeet_tests::simulation::{SeededEntropy, VirtualClock};

const MORNING: i64 = 1_795_395_600_000;

/// Fixtures of older versions, each copied into a folder of its own.
fn olds(folder: &Path) -> Vec<PathBuf> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mobile-bindings/fixtures");
    let mut olds = Vec::new();
    for entry in fs::read_dir(fixtures).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.starts_with("store-v") {
            continue;
        }
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../mobile-bindings/fixtures")
            .join(&name)
            .join("person-li");
        let to = folder.join(name);
        fs::create_dir(&to).unwrap();
        for file in ["phone.db", "install"] {
            fs::copy(from.join(file), to.join(file)).unwrap();
        }
        olds.push(to);
    }
    assert!(!olds.is_empty());
    olds
}

fn open(dir: &Path, seed: u64) -> Phone {
    let options = OpenOptions {
        dir: dir.to_owned(),
        key: [0x2a; 32],
        clock: Arc::new(VirtualClock::at(MORNING)),
        entropy: Arc::new(SeededEntropy::new(seed)),
        content: None,
        keystore: None,
    };
    Phone::open(options).unwrap()
}

/// The draft of the fixture, as `old-store` left it.
fn draft(phone: &Phone) -> VisitId {
    let drafts = phone.visit_drafts().unwrap();
    assert_eq!(drafts.len(), 1);
    let visit = phone.visit_show(drafts[0].id).unwrap();
    assert_eq!(visit.answers.len(), 3);
    drafts[0].id
}

#[test]
fn a_store_of_an_older_version_keeps_its_work_and_takes_more() {
    let folder = tempfile::tempdir().unwrap();
    for dir in olds(folder.path()) {
        let phone = open(&dir, 1);
        assert_eq!(phone.recovered(), None);
        let pending = phone.status().unwrap().pending;
        let visit = draft(&phone);
        assert!(phone.verify().unwrap().ok);
        phone.visit_answer(visit, "V-05", "continued").unwrap();
        drop(phone);
        let phone = open(&dir, 2);
        assert_eq!(phone.status().unwrap().pending, pending + 1);
        assert_eq!(phone.visit_show(visit).unwrap().answers.len(), 4);
        assert!(phone.verify().unwrap().ok);
    }
}

#[test]
fn a_damaged_store_of_an_older_version_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    for dir in olds(folder.path()) {
        assert_saved(&dir);
    }
}

#[test]
fn a_store_that_was_brought_to_this_version_is_saved_when_it_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    for dir in olds(folder.path()) {
        drop(open(&dir, 1));
        assert_saved(&dir);
    }
}

/// Breaks the first page: the tables are then found as a new file lays them out, or page by page.
fn assert_saved(dir: &Path) {
    let mut bytes = fs::read(dir.join("phone.db")).unwrap();
    bytes[..4096].fill(0xa5);
    fs::write(dir.join("phone.db"), &bytes).unwrap();
    let phone = open(dir, 3);
    let saved = phone.recovered().unwrap();
    assert_eq!(fs::read(saved.moved_to).unwrap(), bytes);
    draft(&phone);
    assert!(phone.verify().unwrap().ok);
}
