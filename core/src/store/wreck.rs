//! Reads the rows of a wrecked file, in three ways, each further than the one before.
//!
//! In order until the first bad page, then from the other end; by every
//! identity known from rows and indexes; and where still something is missing,
//! each page by itself as if it were the whole table, so that a lost root costs
//! nothing and a lost page only what stood on it. What does not fit the tables is
//! left out when it is written to the new file.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::StoreError;
use super::install::Owner;
use super::meta;

/// A table as it is read: name, columns, the columns of its key.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
    key: &'static [&'static str],
    /// What a row of it looks like, for tables whose pages are read one by one when it is torn.
    shape: Option<&'static str>,
}

/// What is saved; views are rebuilt.
pub(super) const TABLES: &[Table] = &[
    Table { name: "meta", columns: &["name", "value"], key: &["name"], shape: None },
    Table {
        name: "part",
        columns: &["pid", "history_id", "seq", "chain", "digest", "count", "durable_seq", "stamp"],
        key: &["pid"],
        shape: None,
    },
    Table {
        name: "checkpoint",
        columns: &["pid", "seq", "chain"],
        key: &["pid", "seq"],
        shape: None,
    },
    Table {
        name: "doc",
        columns: &[
            "n",
            "doc_id",
            "pid",
            "move_gen",
            "kind",
            "state",
            "unsent",
            "acked_heads",
            "local_heads",
            "heads_k",
        ],
        key: &["n"],
        shape: Some(
            "typeof(n) = 'integer' AND typeof(doc_id) = 'blob' AND length(doc_id) = 16\
             AND typeof(pid) = 'text' AND typeof(local_heads) = 'blob' AND typeof(unsent) = 'integer'",
        ),
    },
    Table {
        name: "change",
        columns: &["doc_id", "k", "hash", "raw", "status", "seq"],
        key: &["doc_id", "k"],
        shape: Some(
            "typeof(doc_id) = 'blob' AND length(doc_id) = 16 AND typeof(k) = 'integer'\
             AND typeof(hash) = 'blob' AND length(hash) = 32 AND typeof(raw) = 'blob'\
             AND typeof(status) = 'integer'",
        ),
    },
    Table {
        name: "archive",
        columns: &["doc_id", "hash", "raw", "status", "reason"],
        key: &["doc_id", "hash"],
        shape: Some(
            "typeof(doc_id) = 'blob' AND length(doc_id) = 16 AND typeof(hash) = 'blob'\
             AND length(hash) = 32 AND typeof(raw) = 'blob' AND typeof(reason) = 'text'",
        ),
    },
    Table {
        name: "kept",
        columns: &["doc_id", "hash", "raw", "status", "pid", "move_gen"],
        key: &["doc_id", "hash"],
        shape: Some(
            "typeof(doc_id) = 'blob' AND length(doc_id) = 16 AND typeof(hash) = 'blob'\
             AND length(hash) = 32 AND typeof(raw) = 'blob' AND typeof(pid) = 'text'\
             AND typeof(move_gen) = 'integer'",
        ),
    },
    Table {
        name: "claim",
        columns: &["doc_id", "hash", "pid", "seq"],
        key: &["doc_id", "hash"],
        shape: None,
    },
    Table {
        name: "blob",
        columns: &[
            "sha256",
            "bytes",
            "media",
            "added_at",
            "sent",
            "state",
            "reason",
            "document",
            "upload",
            "tries",
            "not_before",
        ],
        key: &["sha256"],
        shape: Some(
            "typeof(sha256) = 'blob' AND length(sha256) = 32 AND typeof(media) = 'text'\
             AND typeof(sent) = 'integer' AND typeof(state) = 'text'",
        ),
    },
    Table {
        name: "inbox",
        columns: &["id", "doc_id", "hash", "code", "text", "created", "resolved"],
        key: &["id"],
        shape: None,
    },
    Table {
        name: "member",
        columns: &["pid", "doc_id", "heads", "frozen", "move_gen"],
        key: &["pid", "doc_id"],
        shape: None,
    },
    Table {
        name: "entry",
        columns: &["pid", "seq", "doc_id", "hash", "body"],
        key: &["pid", "seq"],
        shape: None,
    },
    Table {
        name: "stamped",
        columns: &["pid", "seq", "chain", "stamp"],
        key: &["pid", "seq"],
        shape: None,
    },
    Table { name: "offer", columns: &["pid", "after", "upto"], key: &["pid"], shape: None },
    Table {
        name: "checklist",
        columns: &["n", "sha256", "yaml"],
        key: &["n"],
        shape: Some("typeof(sha256) = 'blob' AND length(sha256) = 32 AND typeof(yaml) = 'text'"),
    },
    Table { name: "bundle", columns: &["pid", "n", "header", "byte"], key: &["pid"], shape: None },
];

/// What only means something together: a cursor, and what was read up to it. Where anything is torn
/// these are left out, and the sync begins again from the start.
const CURSOR: &[&str] = &["part", "checkpoint", "member", "entry", "stamped", "offer", "bundle"];

pub(super) type Row = Vec<Value>;

/// An open wreck. After one page that cannot be decrypted SQLCipher refuses every further read of that
/// connection, so the next question goes to a new one.
pub(super) struct Wreck<'a> {
    db: Connection,
    again: &'a dyn Fn() -> Result<Connection, StoreError>,
    spent: bool,
}

impl<'a> Wreck<'a> {
    /// A wreck, and how to open it once more.
    pub(super) fn new(
        db: Connection,
        again: &'a dyn Fn() -> Result<Connection, StoreError>,
    ) -> Self {
        Self { db, again, spent: false }
    }

    fn db(&mut self) -> &Connection {
        if self.spent
            && let Ok(db) = (self.again)()
        {
            self.db = db;
            self.spent = false;
        }
        &self.db
    }

    /// Reads until the end or the first error; says whether it came to the end.
    fn read(&mut self, sql: &str, fill: &[Value], table: &Table, found: &mut Found) -> bool {
        let whole = read_rows(self.db(), sql, fill, table, found);
        self.spent |= !whole;
        whole
    }
}

/// Everything that could be read.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) tables: BTreeMap<&'static str, Vec<Row>>,
    pub(super) torn: Vec<String>,
    pub(super) owner: Option<Owner>,
}

/// Reads every table; never fails. In a `grafted` file the tables of later versions stand nowhere.
pub(super) fn read_all(wreck: Option<Wreck<'_>>, grafted: bool) -> Rows {
    let mut rows = Rows::default();
    let Some(mut wreck) = wreck else {
        rows.torn = TABLES.iter().map(|t| t.name.to_owned()).collect();
        return rows;
    };
    let ids = known_ids(&mut wreck);
    let mut found: BTreeMap<&'static str, Found> = BTreeMap::new();
    for table in TABLES {
        let rows_of = found.entry(table.name).or_default();
        if !read_table(&mut wreck, table, &ids, rows_of) {
            rows.torn.push(table.name.to_owned());
        }
    }
    rows.owner = meta::owner(wreck.db()).ok().flatten();
    for table in TABLES.iter().filter(|t| rows.torn.iter().any(|name| name == t.name)) {
        if let Some(shape) = table.shape {
            // What fails here was lost before.
            let _lost = read_pages(&mut wreck, table, shape, found.entry(table.name).or_default());
        }
    }
    if grafted || !rows.torn.is_empty() {
        found.retain(|name, _| !CURSOR.contains(name));
    }
    rows.tables =
        found.into_iter().map(|(name, rows)| (name, rows.into_values().collect())).collect();
    rows
}

/// Rows by key.
type Found = BTreeMap<String, Row>;

/// Reads each page of the file as if it were the whole table. Pages of other tables give rows of
/// another shape, which the new file refuses.
fn read_pages(
    wreck: &mut Wreck<'_>,
    table: &Table,
    shape: &str,
    found: &mut Found,
) -> Result<(), StoreError> {
    let db = wreck.db();
    let pages: i64 = db.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    let root: i64 =
        db.query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", [table.name], |row| {
            row.get(0)
        })?;
    let mut version: i64 = db.query_row("PRAGMA schema_version", [], |row| row.get(0))?;
    let mut point_at = |db: &Connection, page: i64| -> Result<(), StoreError> {
        db.execute("UPDATE sqlite_schema SET rootpage = ?1 WHERE name = ?2", (page, table.name))?;
        version += 1;
        Ok(db.pragma_update(None, "schema_version", version)?)
    };
    let sql = format!(
        "SELECT {} FROM {} NOT INDEXED WHERE {shape}",
        table.columns.join(", "),
        table.name
    );
    for page in 2..=pages {
        point_at(wreck.db(), page)?;
        let mut here = Found::new();
        wreck.read(&sql, &[], table, &mut here);
        for (key, row) in here {
            found.entry(key).or_insert(row);
        }
    }
    point_at(wreck.db(), root)
}

/// Identities of documents, from the rows and from the index over them.
fn known_ids(wreck: &mut Wreck<'_>) -> BTreeSet<Vec<u8>> {
    let mut ids = BTreeSet::new();
    for sql in [
        "SELECT doc_id FROM doc INDEXED BY sqlite_autoindex_doc_1 ORDER BY doc_id",
        "SELECT doc_id FROM doc INDEXED BY sqlite_autoindex_doc_1 ORDER BY doc_id DESC",
        "SELECT doc_id FROM doc NOT INDEXED ORDER BY n",
        "SELECT doc_id FROM doc NOT INDEXED ORDER BY n DESC",
        "SELECT DISTINCT doc_id FROM change ORDER BY doc_id",
        "SELECT DISTINCT doc_id FROM change ORDER BY doc_id DESC",
    ] {
        wreck.spent |= read_ids(wreck.db(), sql, &mut ids).is_err();
    }
    ids
}

/// Adds the identities that a question gives until its end or the first error.
fn read_ids(db: &Connection, sql: &str, ids: &mut BTreeSet<Vec<u8>>) -> Result<(), StoreError> {
    let mut list = db.prepare(sql)?;
    let mut rows = list.query([])?;
    while let Some(row) = rows.next()? {
        if let Ok(id) = row.get::<_, Vec<u8>>(0) {
            ids.insert(id);
        }
    }
    Ok(())
}

/// Every row that can be read in order or by identity; says whether nothing was in the way.
fn read_table(
    wreck: &mut Wreck<'_>,
    table: &Table,
    ids: &BTreeSet<Vec<u8>>,
    found: &mut Found,
) -> bool {
    let columns = table.columns.join(", ");
    let order =
        |way: &str| table.key.iter().map(|k| format!("{k} {way}")).collect::<Vec<_>>().join(", ");
    let sql = format!("SELECT {columns} FROM {}", table.name);
    if wreck.read(&format!("{sql} ORDER BY {}", order("")), &[], table, found) {
        return true;
    }
    wreck.read(&format!("{sql} ORDER BY {}", order("DESC")), &[], table, found);
    if table.columns.contains(&"doc_id") {
        let by_id = format!("{sql} WHERE doc_id = ?1 ORDER BY {}", order(""));
        for id in ids {
            wreck.read(&by_id, &[Value::Blob(id.clone())], table, found);
        }
    }
    false
}

fn read_rows(db: &Connection, sql: &str, fill: &[Value], table: &Table, found: &mut Found) -> bool {
    let Ok(mut list) = db.prepare_cached(sql) else { return false };
    let Ok(mut rows) = list.query(params_from_iter(fill)) else { return false };
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return true,
            Err(_) => return false,
        };
        let values: Result<Row, _> = (0..table.columns.len()).map(|i| row.get(i)).collect();
        let Ok(values) = values else { continue };
        let key = values.iter().zip(table.columns).filter(|(_, c)| table.key.contains(c));
        let key = key.map(|(v, _)| format!("{v:?}")).collect::<Vec<_>>().join("|");
        found.insert(key, values);
    }
}
