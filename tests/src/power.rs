//! A disk that loses power: what a file may look like when unsynced writes reach it in part or not at all.
//!
//! [`record`] keeps a journal of everything SQLite does to the files of a folder, through a layer
//! between SQLite and the operating system (`layer`). [`Recording::image`] replays that journal up to
//! any moment and gives a folder as it may stand after the power went then: what was synced is there;
//! of what was not, every sector is the old one, the new one, or zeros where the file grew. Names
//! made or removed come back in their order, up to some moment after the folder was last synced.
//!
//! [`narrow`] makes a folder's disk full after so many writes of SQLite, until there is room again.
//!
//! Must not know what the files mean.

mod layer;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::{Rng, RngExt};

/// The least a disk writes whole.
const SECTOR: usize = 512;

/// What happened to a file; a number stands for it, since a name may pass to another.
#[derive(Clone, Debug)]
enum Event {
    Make { file: usize, name: String },
    Remove { name: String, durable: bool },
    Write { file: usize, at: usize, bytes: Vec<u8> },
    Cut { file: usize, size: usize },
    Sync { file: usize },
}

/// What is known of a folder.
#[derive(Debug, Default)]
struct Journal {
    /// Files when the recording began, all of them on disk.
    begun: BTreeMap<String, Vec<u8>>,
    /// The number of the file that has a name now.
    named: BTreeMap<String, usize>,
    files: usize,
    events: Vec<Event>,
    /// Nothing is kept of what happens; only the room counts.
    counts_only: bool,
    /// Writes for which there is room; `None` for no end.
    room: Option<u64>,
    written: u64,
    refused: u64,
}

type Shared = Arc<Mutex<Journal>>;

fn locked(journal: &Shared) -> MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Journal {
    fn of(dir: &Path) -> io::Result<Self> {
        let mut journal = Self::default();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            if let Some(name) = entry.file_name().to_str()
                && entry.file_type()?.is_file()
            {
                journal.begun.insert(name.to_owned(), fs::read(entry.path())?);
                journal.named.insert(name.to_owned(), journal.files);
                journal.files += 1;
            }
        }
        Ok(journal)
    }

    /// The number of a file that is opened, made if there is none.
    fn open(&mut self, name: &str) -> usize {
        if let Some(file) = self.named.get(name) {
            return *file;
        }
        let file = self.files;
        self.files += 1;
        self.named.insert(name.to_owned(), file);
        self.events.push(Event::Make { file, name: name.to_owned() });
        file
    }

    /// Whether there is room for one more write.
    fn takes(&mut self) -> bool {
        if self.room == Some(0) {
            self.refused += 1;
            return false;
        }
        self.room = self.room.map(|room| room - 1);
        self.written += 1;
        true
    }

    fn remove(&mut self, name: &str, durable: bool) {
        if self.named.remove(name).is_some() {
            self.events.push(Event::Remove { name: name.to_owned(), durable });
        }
    }
}

/// A folder on a disk that can be full, until this is dropped.
pub struct Narrow {
    dir: PathBuf,
    journal: Shared,
}

/// Puts a folder on a disk that can be full. What is opened in it from now on is bound by that; there is room
/// until [`Narrow::fill`].
///
/// # Errors
/// When there is no such folder.
pub fn narrow(dir: &Path) -> io::Result<Narrow> {
    let dir = dir.canonicalize()?;
    let journal = Arc::new(Mutex::new(Journal { counts_only: true, ..Journal::default() }));
    layer::watch(&dir, &journal);
    Ok(Narrow { dir, journal })
}

impl Narrow {
    /// After so many more writes the disk is full.
    pub fn fill(&self, room: u64) {
        locked(&self.journal).room = Some(room);
    }

    /// There is room again.
    pub fn free(&self) {
        let mut journal = locked(&self.journal);
        (journal.room, journal.refused) = (None, 0);
    }

    /// Whether a write was refused since there was room.
    #[must_use]
    pub fn was_full(&self) -> bool {
        locked(&self.journal).refused > 0
    }

    /// Writes so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        locked(&self.journal).written
    }
}

impl Drop for Narrow {
    fn drop(&mut self) {
        layer::forget(&self.dir);
    }
}

/// A folder whose SQLite files are watched until this is dropped.
pub struct Recording {
    dir: PathBuf,
    journal: Shared,
}

/// Watches what SQLite does in a folder from now on. Nothing in it may be open.
///
/// # Errors
/// When the folder cannot be read.
pub fn record(dir: &Path) -> io::Result<Recording> {
    let dir = dir.canonicalize()?;
    let journal = Arc::new(Mutex::new(Journal::of(&dir)?));
    layer::watch(&dir, &journal);
    Ok(Recording { dir, journal })
}

impl Drop for Recording {
    fn drop(&mut self) {
        layer::forget(&self.dir);
    }
}

impl Recording {
    /// How much has happened.
    #[must_use]
    pub fn moment(&self) -> usize {
        locked(&self.journal).events.len()
    }

    /// Writes into an empty folder what may be left when power went at a moment. Files that SQLite
    /// never touched are taken as they are.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn image(&self, moment: usize, chance: &mut impl Rng, into: &Path) -> io::Result<()> {
        let journal = locked(&self.journal);
        let mut disk = Disk::begin(&journal);
        for event in &journal.events[..moment] {
            disk.happens(event);
        }
        for (name, bytes) in disk.left(chance) {
            fs::write(into.join(name), bytes)?;
        }
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let touched = entry.file_name().to_str().is_some_and(|name| {
                journal.begun.contains_key(name) || journal.named.contains_key(name)
            });
            if entry.file_type()?.is_file() && !touched {
                fs::copy(entry.path(), into.join(entry.file_name()))?;
            }
        }
        Ok(())
    }
}

/// A file: what is on disk for certain, and what is on its way.
#[derive(Clone, Default)]
struct File<'a> {
    sure: Vec<u8>,
    on_its_way: Vec<&'a Event>,
}

/// The disk while the journal is replayed.
struct Disk<'a> {
    files: BTreeMap<usize, File<'a>>,
    names: BTreeMap<String, usize>,
    names_on_their_way: Vec<&'a Event>,
}

impl<'a> Disk<'a> {
    fn begin(journal: &Journal) -> Self {
        // Numbers were given in the order of the names.
        let files = journal.begun.values().enumerate();
        Self {
            files: files
                .map(|(n, bytes)| (n, File { sure: bytes.clone(), on_its_way: Vec::new() }))
                .collect(),
            names: journal.begun.keys().cloned().zip(0..).collect(),
            names_on_their_way: Vec::new(),
        }
    }

    fn happens(&mut self, event: &'a Event) {
        match event {
            Event::Make { .. } => self.names_on_their_way.push(event),
            Event::Remove { durable, .. } => {
                self.names_on_their_way.push(event);
                if *durable {
                    self.settle_names();
                }
            }
            Event::Write { file, .. } | Event::Cut { file, .. } => {
                self.files.entry(*file).or_default().on_its_way.push(event);
            }
            Event::Sync { file } => {
                let it = self.files.entry(*file).or_default();
                for event in std::mem::take(&mut it.on_its_way) {
                    apply(&mut it.sure, event, &mut |_| Fate::New);
                }
                let new = |e: &&Event| matches!(e, Event::Make { file: made, .. } if made == file);
                if self.names_on_their_way.iter().any(new) {
                    self.settle_names();
                }
            }
        }
    }

    fn settle_names(&mut self) {
        for event in std::mem::take(&mut self.names_on_their_way) {
            rename(&mut self.names, event);
        }
    }

    fn left(mut self, chance: &mut impl Rng) -> Vec<(String, Vec<u8>)> {
        let kept = chance.random_range(0..=self.names_on_their_way.len());
        for event in &self.names_on_their_way[..kept] {
            rename(&mut self.names, event);
        }
        // One disk loses nearly everything that was on its way, another nearly nothing.
        let lost = chance.random_range(0.0..=1.0);
        let mut left = Vec::new();
        for (name, file) in self.names {
            let mut file = self.files.remove(&file).unwrap_or_default();
            for event in std::mem::take(&mut file.on_its_way) {
                apply(&mut file.sure, event, &mut |grown| {
                    let old = chance.random_bool(lost);
                    match old {
                        true if grown && chance.random_bool(0.5) => Fate::Zeros,
                        true => Fate::Old,
                        false => Fate::New,
                    }
                });
            }
            left.push((name, file.sure));
        }
        left
    }
}

fn rename(names: &mut BTreeMap<String, usize>, event: &Event) {
    match event {
        Event::Make { file, name } => {
            names.insert(name.clone(), *file);
        }
        Event::Remove { name, .. } => {
            names.remove(name);
        }
        _ => {}
    }
}

/// What became of a sector.
enum Fate {
    Old,
    New,
    Zeros,
}

/// Writes as much of an event as its sectors' fates allow; a fate is told whether the file grows there.
fn apply(bytes: &mut Vec<u8>, event: &Event, fate: &mut impl FnMut(bool) -> Fate) {
    match event {
        Event::Write { at, bytes: new, .. } => {
            let mut from = 0;
            while from < new.len() {
                let to = new.len().min(from + SECTOR - (at + from) % SECTOR);
                let grown = at + to > bytes.len();
                let piece = match fate(grown) {
                    Fate::Old => None,
                    Fate::New => Some(&new[from..to]),
                    Fate::Zeros => Some(&[0; SECTOR][..to - from]),
                };
                if let Some(piece) = piece {
                    if grown {
                        bytes.resize(at + to, 0);
                    }
                    bytes[at + from..at + to].copy_from_slice(piece);
                }
                from = to;
            }
        }
        Event::Cut { size, .. } => {
            if matches!(fate(false), Fate::New) {
                bytes.resize(*size, 0);
            }
        }
        _ => {}
    }
}
