//! A device of the bench: reads commands as JSON lines, drives one [`Station`], answers with `@@ {json}`.
//! The protocol is the peers' (`create`, `load`, `edit`, `connect`, `sync0`, `digest`, `w4`, `exit`).

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::PathBuf;

use ironfeet_core::model::Scalar;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::plan::{Expect, Workload};
use super::record;
use super::station::{Station, StationError};
use super::watch::epoch_ms;

/// What the orchestrator tells a device through its environment.
pub struct DeviceSetting {
    /// Folder of the phone's store.
    pub dir: PathBuf,
    /// `host:port` of the server or of the counting proxy before it; empty for a phone alone.
    pub address: String,
    /// How many records.
    pub docs: usize,
    /// Folder of the record files.
    pub inputs: PathBuf,
    /// File with the record ids, written by `create`.
    pub index: PathBuf,
    /// Plan file.
    pub plan: PathBuf,
}

struct Device {
    station: Station,
    work: Workload,
    index: PathBuf,
    /// The answers of each record as the phone reads them now.
    contents: Vec<BTreeMap<String, Scalar>>,
    /// What is right for each record at the beginning, and for those that somebody edits in the end; reckoned
    /// before the clock runs, as the peers' texts are.
    base: Vec<Answers>,
    last: BTreeMap<usize, Answers>,
}

/// The contents that are right for a record.
type Answers = Vec<BTreeMap<String, Scalar>>;

/// Runs a device until `exit` or the end of input.
///
/// # Errors
/// When the store cannot be opened or input and output break.
pub fn run(
    setting: &DeviceSetting,
    input: impl BufRead,
    output: impl Write,
) -> Result<(), StationError> {
    let ids = match std::fs::read(&setting.index) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(_) => Vec::new(),
    };
    let station = match setting.address.as_str() {
        "" => Station::alone(&setting.dir)?,
        address => Station::open(&setting.dir, address, ids)?,
    };
    serve(setting, station, input, output)
}

fn serve(
    setting: &DeviceSetting,
    station: Station,
    input: impl BufRead,
    mut output: impl Write,
) -> Result<(), StationError> {
    let work = Workload::read(&setting.inputs, setting.docs, Some(&setting.plan))?;
    let index = setting.index.clone();
    let base: Vec<_> = (0..work.records.len()).map(|i| work.wanted(Expect::Base, i)).collect();
    let last = (0..work.records.len()).map(|i| (i, work.wanted(Expect::Final, i)));
    let last = last.filter(|(i, want)| *want != base[*i]).collect();
    let mut device = Device { station, work, index, contents: Vec::new(), base, last };
    say(&mut output, &json!({"ready": true}))?;
    for line in input.lines() {
        let question: Value = serde_json::from_str(&line?)?;
        let mut answer = match device.answer(&question) {
            Ok(answer) => answer,
            Err(error) => json!({"error": format!("{error:?}")}),
        };
        answer["id"] = question["id"].clone();
        say(&mut output, &answer)?;
        if question["cmd"] == "exit" {
            break;
        }
    }
    Ok(())
}

fn say(output: &mut impl Write, value: &Value) -> Result<(), StationError> {
    writeln!(output, "@@ {value}")?;
    Ok(output.flush()?)
}

impl Device {
    fn answer(&mut self, question: &Value) -> Result<Value, StationError> {
        match question["cmd"].as_str().unwrap_or_default() {
            "create" => self.create(),
            "load" => self.load(),
            "edit" => self.edit(number(&question["device"], 0)),
            "connect" => self.connect(question["expect"] == "final"),
            "sync0" => self.sync_nothing(),
            "digest" => self.digest(),
            "w4" => self.write_rate(number(&question["n"], 500)),
            "progress" | "exit" => Ok(json!({})),
            other => Ok(json!({"error": format!("unknown command {other}")})),
        }
    }

    fn create(&mut self) -> Result<Value, StationError> {
        self.station.create(&self.work.records)?;
        std::fs::write(&self.index, serde_json::to_vec(self.station.ids())?)?;
        Ok(json!({}))
    }

    /// Opens every document from disk, as a screen would that shows them all.
    fn load(&mut self) -> Result<Value, StationError> {
        let start = epoch_ms();
        self.contents = self.station.read_all()?;
        Ok(json!({"load_ms": epoch_ms() - start}))
    }

    fn edit(&mut self, device: usize) -> Result<Value, StationError> {
        let edits = self.work.edits(device);
        let start = epoch_ms();
        for (record, put) in edits {
            self.station.put(record, put)?;
            self.contents[record] = self.station.read(record)?;
        }
        Ok(json!({"edit_ms": epoch_ms() - start}))
    }

    /// Syncs until every record reads as expected; what sync has applied is on disk already.
    fn connect(&mut self, to_the_end: bool) -> Result<Value, StationError> {
        let start = epoch_ms();
        loop {
            let report = self.station.sync()?;
            if self.contents.is_empty() {
                self.contents = self.station.read_all()?;
            }
            // As the peers: a record that reads as expected is not looked at again.
            let mut waiting = 0;
            for (record, base) in self.base.iter().enumerate() {
                let last = self.last.get(&record).filter(|_| to_the_end);
                let want = last.unwrap_or(base);
                if !want.contains(&self.contents[record]) {
                    self.contents[record] = self.station.read(record)?;
                    waiting += usize::from(!want.contains(&self.contents[record]));
                }
            }
            if waiting == 0 {
                break;
            }
            if !report.unfinished {
                self.station.wait()?;
            }
        }
        let end = epoch_ms();
        Ok(json!({"t0": start, "t_match": end, "t_flush": end}))
    }

    fn sync_nothing(&mut self) -> Result<Value, StationError> {
        let start = epoch_ms();
        self.station.sync()?;
        let end = epoch_ms();
        Ok(json!({"t0": start, "t_match": end, "t_flush": end}))
    }

    fn digest(&mut self) -> Result<Value, StationError> {
        let mut hash = Sha256::new();
        for answers in self.station.read_all()? {
            hash.update(record::canon_of(&answers).as_bytes());
            hash.update(b"\n");
        }
        Ok(json!({"digest": hex::encode(&hash.finalize()[..12])}))
    }

    /// One field of one record at a time; the clock stops when the phone says that it is on disk.
    fn write_rate(&mut self, n: usize) -> Result<Value, StationError> {
        let records = self.work.records.len();
        let mut each_ms = Vec::with_capacity(n);
        let start = epoch_ms();
        for i in 0..n {
            let put = vec![("status".to_owned(), Scalar::Str(format!("w4-{i}")))];
            let before = epoch_ms();
            self.station.put((i * 37) % records, put)?;
            each_ms.push(epoch_ms() - before);
        }
        let total_s = (epoch_ms() - start) / 1000.0;
        each_ms.sort_by(f64::total_cmp);
        let at = |share: f64| each_ms[((n as f64 * share) as usize).min(n - 1)];
        Ok(json!({
            "n": n, "per_s": n as f64 / total_s,
            "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0),
        }))
    }
}

fn number(value: &Value, otherwise: usize) -> usize {
    value.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two records as the generator writes them, and a plan with one edit of the second.
    fn inputs(dir: &std::path::Path) -> DeviceSetting {
        let record = |n: u8| {
            json!({"id": format!("insp-{n}"), "status": "open", "answers": {"q02": 1.5, "q04": true},
                   "findings": [{"code": "F-1", "action": "a b"}], "notes": "wall"})
        };
        let write = |name: &str, value: &Value| {
            std::fs::write(dir.join(name), value.to_string()).unwrap();
        };
        write("records-2.json", &json!([record(0), record(1)]));
        let ops = json!([{"path": ["status"], "value": "st-0-0"},
                         {"path": ["findings", 0, "action"], "value": "c"},
                         {"path": ["notes"], "append": " +roof"}]);
        write("plan.json", &json!({"byDevice": [[{"doc": 1, "ops": ops}]], "allowed": {}}));
        DeviceSetting {
            dir: dir.join("phone"),
            address: "127.0.0.1:9".to_owned(),
            docs: 2,
            inputs: dir.to_owned(),
            index: dir.join("index.json"),
            plan: dir.join("plan.json"),
        }
    }

    #[test]
    fn a_device_answers_the_protocol_without_a_server() {
        let dir = tempfile::tempdir().unwrap();
        let setting = inputs(dir.path());
        let lines = r#"{"id":1,"cmd":"create"}
{"id":2,"cmd":"load"}
{"id":3,"cmd":"digest"}
{"id":4,"cmd":"edit","device":0}
{"id":5,"cmd":"digest"}
{"id":6,"cmd":"w4","n":20}
{"id":7,"cmd":"nonsense"}
{"id":8,"cmd":"exit"}
"#;
        let mut said = Vec::new();
        let station = Station::alone(&setting.dir).unwrap();
        serve(&setting, station, lines.as_bytes(), &mut said).unwrap();
        let said = String::from_utf8(said).unwrap();
        let answers: Vec<Value> = said
            .lines()
            .map(|line| serde_json::from_str(line.strip_prefix("@@ ").unwrap()).unwrap())
            .collect();
        assert_eq!(answers[0], json!({"ready": true}));
        assert_eq!(answers.len(), 9, "{said}");
        assert_ne!(answers[3]["digest"], answers[5]["digest"]);
        assert_eq!(answers[6]["n"], 20);
        assert!(answers[7]["error"].is_string());
        let ids: Vec<String> =
            serde_json::from_slice(&std::fs::read(&setting.index).unwrap()).unwrap();
        assert_eq!(ids.len(), 2);
    }
}
