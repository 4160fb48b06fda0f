//! The checklists a phone asks by: the product's own, a city's that came with the app, or those that the city
//! published. A visit keeps to the file it was begun with.
//!
//! Parsed only when first needed: today's list and search work without them.

use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use crate::checklist::Content;
use crate::store::today::RoundDays;
use crate::store::{Db, StoreError, checklist, meta};

use super::PhoneError;

const DEFAULT: &str = include_str!("../../content/checklists.yaml");

/// The checklists in use, and those before them.
pub(super) struct Contents {
    /// A city's file that came with the app.
    with_app: Option<String>,
    /// Files the city published, oldest first. The last one is in use; without any, what came with the app is.
    published: Vec<String>,
    parsed: OnceLock<Arc<Content>>,
    parsed_before: OnceLock<Vec<Arc<Content>>>,
    rounds: Vec<RoundDays>,
}

impl Contents {
    /// A city's own file, or the product's.
    pub(super) fn install(yaml: Option<&str>) -> Result<Self, PhoneError> {
        let mut contents = Self::unread(yaml.map(str::to_owned), Vec::new());
        contents.read()?;
        Ok(contents)
    }

    fn unread(with_app: Option<String>, published: Vec<String>) -> Self {
        let (parsed, parsed_before, rounds) = (OnceLock::new(), OnceLock::new(), Vec::new());
        Self { with_app, published, parsed, parsed_before, rounds }
    }

    fn read(&mut self) -> Result<(), PhoneError> {
        let content = match self.in_use() {
            Some(yaml) => Content::load(yaml).map_err(PhoneError::Content)?,
            None => Content::default_content(),
        };
        self.rounds = rounds(&content);
        self.parsed = OnceLock::from(Arc::new(content));
        Ok(())
    }

    /// The city's file in use; `None`: the product's own.
    fn in_use(&self) -> Option<&str> {
        self.published.last().or(self.with_app.as_ref()).map(String::as_str)
    }

    /// What the store holds; says too whether it is other than last time. What the city published goes before
    /// what came with the app.
    pub(super) fn open(db: &Db, yaml: Option<&str>) -> Result<(Self, bool), PhoneError> {
        let with_app = match yaml {
            Some(yaml) => Some(yaml.to_owned()),
            None => meta::text(db, "content")?,
        };
        let mut contents = Self::unread(with_app, checklist::all(db)?);
        let same = meta::get(db, "content_sha")?.is_some_and(|sha| sha == contents.sha());
        match meta::text(db, "rounds")?.and_then(|json| parse_rounds(&json)) {
            Some(rounds) if same => {
                contents.rounds = rounds;
                Ok((contents, false))
            }
            _ => {
                contents.read()?;
                Ok((contents, true))
            }
        }
    }

    /// Keeps what came with the app, and what is told without parsing.
    pub(super) fn write(&self, db: &Db) -> Result<(), StoreError> {
        if let Some(yaml) = &self.with_app {
            meta::put(db, "content", yaml.as_bytes())?;
        }
        meta::put(db, "content_sha", &self.sha())?;
        meta::put(db, "content_version", self.get().version().as_bytes())?;
        meta::put(db, "rounds", print_rounds(&self.rounds).as_bytes())
    }

    /// Stands for all files, the product's own among them.
    fn sha(&self) -> Vec<u8> {
        let files = self.with_app.iter().chain(&self.published).map(String::as_str);
        let mut hash = Sha256::new();
        std::iter::once(DEFAULT).chain(files).for_each(|text| hash.update(Sha256::digest(text)));
        hash.finalize().to_vec()
    }

    /// The checklists in use.
    pub(super) fn get(&self) -> Arc<Content> {
        let parse = || {
            let own = self.in_use().and_then(|yaml| Content::load(yaml).ok());
            Arc::new(own.unwrap_or_else(Content::default_content))
        };
        self.parsed.get_or_init(parse).clone()
    }

    /// Whether the product's own are all there is.
    pub(super) fn are_one(&self) -> bool {
        self.in_use().is_none()
    }

    /// The checklists a visit was begun with: the oldest file with this version of its list; those in use when
    /// none has it.
    pub(super) fn of(&self, list: &str, version: u32) -> Arc<Content> {
        let has =
            |content: &&Arc<Content>| content.list(list).is_some_and(|l| l.version == version);
        let before = if self.are_one() { &[] } else { self.before() };
        before.iter().find(has).cloned().unwrap_or_else(|| self.get())
    }

    /// The product's own and every file before the one in use; what cannot be read any more is passed over.
    fn before(&self) -> &[Arc<Content>] {
        self.parsed_before.get_or_init(|| {
            let files = self.with_app.iter().chain(&self.published);
            let count = files.clone().count().saturating_sub(1);
            let read = files.take(count).filter_map(|yaml| Content::load(yaml).ok());
            // A city's own that came with the app stands in the place of the product's.
            let own = self.with_app.is_none().then(Content::default_content);
            own.into_iter().chain(read).map(Arc::new).collect()
        })
    }

    /// Days between visits by list, known without parsing.
    pub(super) fn rounds(&self) -> &[RoundDays] {
        &self.rounds
    }
}

fn rounds(content: &Content) -> Vec<RoundDays> {
    let days = |list: &crate::checklist::Checklist| RoundDays {
        list: list.id.to_string(),
        days: i64::from(list.revisit_days_default),
        days_grave: i64::from(list.revisit_days_if_open_s1_s2),
    };
    content.lists().iter().map(days).collect()
}

fn print_rounds(rounds: &[RoundDays]) -> String {
    let lines = rounds.iter().map(|r| format!("{} {} {}", r.list, r.days, r.days_grave));
    lines.collect::<Vec<_>>().join("\n")
}

fn parse_rounds(text: &str) -> Option<Vec<RoundDays>> {
    text.lines()
        .map(|line| {
            let mut parts = line.split(' ');
            let list = parts.next()?.to_owned();
            let days = parts.next()?.parse().ok()?;
            Some(RoundDays { list, days, days_grave: parts.next()?.parse().ok()? })
        })
        .collect()
}
