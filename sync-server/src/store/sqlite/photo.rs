//! Files, uploads and who shows them in SQLite.

use rusqlite::{Row, params};

use ironfeet_core::model::{DeviceId, DocId, HashText, Pid, UtcMillis};

use super::Session;
use super::convert as from;
use crate::store::{FileRow, PhotoRow, Photos, StoreError, UploadRow};

const UPLOAD: &str =
    "SELECT upload_id, device_id, sha256, doc_id, media, bytes, arrived, expires_at FROM upload";
const FILE: &str = "SELECT sha256, bytes, media, received_at, device_id FROM file";

fn upload(row: &Row<'_>) -> rusqlite::Result<UploadRow> {
    Ok(UploadRow {
        id: from::bytes(row, 0)?,
        device: from::device(row, 1)?,
        sha256: HashText(from::bytes(row, 2)?),
        doc: from::doc(row, 3)?,
        media: row.get(4)?,
        bytes: from::count(row, 5)?,
        arrived: from::count(row, 6)?,
        expires_at: from::time(row, 7)?,
    })
}

fn file(row: &Row<'_>) -> rusqlite::Result<FileRow> {
    Ok(FileRow {
        sha256: HashText(from::bytes(row, 0)?),
        bytes: from::count(row, 1)?,
        media: row.get(2)?,
        received_at: from::time(row, 3)?,
        device: from::device(row, 4)?,
    })
}

fn photo(row: &Row<'_>) -> rusqlite::Result<PhotoRow> {
    Ok(PhotoRow {
        doc: from::doc(row, 0)?,
        sha256: HashText(from::bytes(row, 1)?),
        pid: from::parsed(row, 2)?,
        finding: row.get(3)?,
        at: from::time(row, 4)?,
    })
}

impl Session<'_> {
    pub(super) fn photo_row_put(&self, row: &PhotoRow) -> Result<(), StoreError> {
        self.run(
            "INSERT OR REPLACE INTO photo_row (doc_id, sha256, pid, finding, at, here)
             VALUES (?1, ?2, ?3, ?4, ?5, EXISTS (SELECT 1 FROM file WHERE sha256 = ?2))",
            params![row.doc.0, row.sha256.0, row.pid.to_string(), row.finding, row.at.0],
        )?;
        Ok(())
    }

    pub(super) fn photo_rows(&self, doc: &DocId) -> Result<Vec<PhotoRow>, StoreError> {
        self.all(
            "SELECT doc_id, sha256, pid, finding, at FROM photo_row WHERE doc_id = ?1
             ORDER BY sha256",
            [doc.0],
            photo,
        )
    }
}

impl Photos for Session<'_> {
    fn upload_put(&self, row: &UploadRow) -> Result<(), StoreError> {
        self.run(
            "INSERT OR REPLACE INTO upload (upload_id, device_id, sha256, doc_id, media, bytes,
               arrived, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                row.id,
                row.device.0,
                row.sha256.0,
                row.doc.0,
                row.media,
                from::signed(row.bytes),
                from::signed(row.arrived),
                row.expires_at.0
            ],
        )?;
        Ok(())
    }

    fn upload(&self, id: &[u8; 16]) -> Result<Option<UploadRow>, StoreError> {
        self.first(&format!("{UPLOAD} WHERE upload_id = ?1"), [id], upload)
    }

    fn upload_of(
        &self,
        device: &DeviceId,
        sha256: &HashText,
    ) -> Result<Option<UploadRow>, StoreError> {
        let sql = format!(
            "{UPLOAD} WHERE device_id = ?1 AND sha256 = ?2 ORDER BY expires_at DESC, upload_id LIMIT 1"
        );
        self.first(&sql, params![device.0, sha256.0], upload)
    }

    fn uploads_of(&self, device: &DeviceId) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM upload WHERE device_id = ?1 AND arrived < bytes";
        Ok(self.first(sql, [device.0], |row| from::count(row, 0))?.unwrap_or(0))
    }

    fn upload_arrived(&self, id: &[u8; 16], bytes: u64) -> Result<(), StoreError> {
        self.run(
            "UPDATE upload SET arrived = ?2 WHERE upload_id = ?1",
            params![id, from::signed(bytes)],
        )?;
        Ok(())
    }

    fn uploads_expired(&self, now: UtcMillis, limit: usize) -> Result<Vec<[u8; 16]>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let sql =
            "SELECT upload_id FROM upload WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2";
        self.all(sql, params![now.0, limit], |row| from::bytes(row, 0))
    }

    fn upload_drop(&self, id: &[u8; 16]) -> Result<(), StoreError> {
        self.run("DELETE FROM upload WHERE upload_id = ?1", [id])?;
        Ok(())
    }

    fn file_put(&self, row: &FileRow) -> Result<(), StoreError> {
        self.run(
            "INSERT OR IGNORE INTO file (sha256, bytes, media, received_at, device_id)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                row.sha256.0,
                from::signed(row.bytes),
                row.media,
                row.received_at.0,
                row.device.0
            ],
        )?;
        self.run("UPDATE photo_row SET here = 1 WHERE sha256 = ?1", [row.sha256.0])?;
        Ok(())
    }

    fn file(&self, sha256: &HashText) -> Result<Option<FileRow>, StoreError> {
        self.first(&format!("{FILE} WHERE sha256 = ?1"), [sha256.0], file)
    }

    fn files(&self, after: Option<&HashText>, limit: usize) -> Result<Vec<FileRow>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let after: Vec<u8> = after.map(|hash| hash.0.to_vec()).unwrap_or_default();
        let sql = format!("{FILE} WHERE sha256 > ?1 ORDER BY sha256 LIMIT ?2");
        self.all(&sql, params![after, limit], file)
    }

    fn photo_homes(&self, sha256: &HashText) -> Result<Vec<Pid>, StoreError> {
        // Its record's home, and the inboxes where the record is shown.
        let sql = "SELECT pid FROM photo_row WHERE sha256 = ?1
             UNION SELECT p.pid FROM photo_row r JOIN presence p ON p.doc_id = r.doc_id
             WHERE r.sha256 = ?1 ORDER BY 1";
        self.all(sql, [sha256.0], |row| from::parsed(row, 0))
    }

    fn photos_missing(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM photo_row WHERE here = 0";
        Ok(self.first(sql, [], |row| from::count(row, 0))?.unwrap_or(0))
    }
}
