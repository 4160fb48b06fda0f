//! The process ends at every SQL statement, or the disk is full at every write, on the phones and on the
//! server: what was acknowledged is there once, everything comes to rest, and every end is whole.
//!
//! `IRONFEET_STRIDE=1` tries every one; an ordinary run takes every n-th and prints n.

#![expect(clippy::print_stdout, reason = "a test tells its stride")]

use std::path::Path;
use std::sync::Mutex;

use ironfeet_core::faults::{self, Fuse, PHONE_DISK, SERVER_DISK};
use ironfeet_core::model::{ChangeHash, DocId, PlaceId};
use ironfeet_tests::power::{Narrow, narrow};
use ironfeet_tests::simulation::{Hand, block, folder, house};

/// Crashes on each side in an ordinary run.
const CRASHES: u64 = 60;
/// More entries than a phone takes without a bundle.
const ENTRIES: usize = 230;
const STEPS: usize = 17;
/// The fuses and the counter are for the whole process.
static TURN: Mutex<()> = Mutex::new(());

#[expect(clippy::disallowed_methods, reason = "a test may be told its stride")]
fn told_stride() -> Option<u64> {
    std::env::var("IRONFEET_STRIDE").ok()?.parse().ok()
}

/// One at a time, with nothing left burning by the one before.
fn turn() -> std::sync::MutexGuard<'static, ()> {
    let turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for fuse in [&PHONE_DISK, &SERVER_DISK] {
        fuse.put_out();
        fuse.lay(false);
    }
    turn
}

/// Two phones that know the same places, and a third that has yet to sync.
async fn begin(dir: &Path) -> PlaceId {
    let mut hand = Hand::open(dir, 0, 1);
    for _ in 0..3 {
        hand.enrol().await;
    }
    let place = hand.phone(0).place_add(&house(0)).expect("a place that fits");
    for n in 1..ENTRIES {
        if n % 6 == 0 {
            let _id = hand.phone(0).place_add(&house(n)).expect("a place that fits");
        } else {
            let text = format!("备注 {n}");
            let _hash = hand.phone(0).place_remark(place, &text).expect("a remark that fits");
        }
    }
    for n in [0, 1] {
        hand.rest(&[n]).await.expect("a clean line");
    }
    place
}

struct Course {
    hand: Hand,
    place: PlaceId,
    acknowledged: Vec<(DocId, ChangeHash)>,
}

impl Course {
    /// Keeps what a person was told is stored.
    fn keep(
        &mut self,
        done: Result<ChangeHash, ironfeet_core::phone::PhoneError>,
    ) -> Result<(), String> {
        let hash = done.map_err(|e| e.to_string())?;
        self.acknowledged.push((self.place.0, hash));
        Ok(())
    }

    fn fact(&mut self, n: usize, value: &str) -> Result<(), String> {
        // A person looks first whether the last try went through.
        if self.hand.shown(n, self.place)?["facts"].get("storeys").is_some() {
            return Ok(());
        }
        let done = self.hand.phone(n).place_set(self.place, "storeys", value);
        self.keep(done)
    }

    fn remark(&mut self, n: usize, text: &str) -> Result<(), String> {
        if self.hand.shown(n, self.place)?["remarks"].to_string().contains(text) {
            return Ok(());
        }
        let done = self.hand.phone(n).place_remark(self.place, text);
        self.keep(done)
    }

    fn visit(&mut self, n: usize) -> Result<(), String> {
        if self.hand.shown(n, self.place)?["visits"] != 0 {
            return Ok(());
        }
        let done = self.hand.phone(n).visit_start(self.place, "household", false);
        let id = done.map_err(|e| e.to_string())?.0;
        let heads = self.hand.phone(n).heads(id).map_err(|e| e.to_string())?;
        self.acknowledged.extend(heads.into_iter().map(|hash| (id, hash)));
        Ok(())
    }

    fn settle(&mut self, n: usize) -> Result<(), String> {
        let open = self.hand.phone(n).conflicts().map_err(|e| e.to_string())?;
        let Some(one) = open.first() else { return Ok(()) };
        let choose = one.values[0].change;
        let done = self.hand.phone(n).settle(one.doc, &one.container, &one.field, choose);
        self.keep(done)
    }

    async fn sync(&self, n: usize) -> Result<(), String> {
        self.hand.sync(n).await.map(drop).map_err(|e| format!("{e:?}"))
    }

    /// Two phones quarrel and agree, a third begins from a bundle and joins in.
    async fn step(&mut self, step: usize) -> Result<(), String> {
        match step {
            0 => self.fact(0, "3"),
            1 => self.fact(1, "5"),
            2 => self.remark(0, "甲说"),
            3 => self.remark(1, "乙说"),
            4 => self.visit(0),
            5 | 7 | 10 | 14 => self.sync(0).await,
            6 | 9 | 15 => self.sync(1).await,
            8 => self.settle(1),
            11 | 13 | 16 => self.sync(2).await,
            _ => self.remark(2, "丙说"),
        }
    }

    /// Lives through all steps; after a crash everybody begins anew and takes the step again. Gives
    /// the number of statements when there was no crash.
    async fn live(&mut self, fuse: &Fuse, end: u64) -> Result<Option<u64>, String> {
        let mut crashed = false;
        fuse.light(end);
        for step in 0..STEPS {
            let done = self.step(step).await;
            if fuse.is_burnt() {
                fuse.put_out();
                crashed = true;
                self.hand.revive();
                self.step(step).await.map_err(|why| format!("step {step} again: {why}"))?;
            } else {
                done.map_err(|why| format!("step {step}: {why}"))?;
            }
        }
        let statements = fuse.put_out();
        Ok((!crashed).then_some(statements))
    }

    async fn holds(&self) -> Result<(), String> {
        self.hand.rest(&[0, 1, 2]).await?;
        self.hand.whole(&self.acknowledged)?;
        let shown: Vec<_> =
            (0..3).map(|n| self.hand.shown(n, self.place)).collect::<Result<_, _>>()?;
        if shown[0] != shown[1] || shown[1] != shown[2] {
            return Err(format!("unlike: {shown:?}"));
        }
        let remarks = shown[0]["remarks"].to_string();
        let once = ["甲说", "乙说", "丙说"].iter().all(|text| remarks.matches(text).count() == 1);
        let settled = shown[0]["conflicts"].as_array().is_some_and(Vec::is_empty);
        if once && settled && shown[0]["visits"] == 1 {
            return Ok(());
        }
        Err(format!("lost or twice: {remarks}, {}", shown[0]["conflicts"]))
    }
}

/// Lives the course with a crash after `end` statements.
fn live(base: &Path, place: PlaceId, fuse: &Fuse, end: u64) -> Result<Option<u64>, String> {
    let dir = folder();
    block(async {
        let hand = Hand::copy_of(base, &dir.path().join("world"), 3, 7);
        let mut course = Course { hand, place, acknowledged: Vec::new() };
        let statements = course.live(fuse, end).await?;
        course.holds().await?;
        Ok(statements)
    })
}

fn crash_everywhere(side: &str, fuse: &Fuse) {
    let _turn = turn();
    let base = folder();
    let place = block(begin(base.path()));
    fuse.lay(true);
    let whole = live(base.path(), place, fuse, u64::MAX).expect("without a crash it holds");
    let whole = whole.expect("no crash");
    let stride = told_stride().unwrap_or_else(|| whole.div_ceil(CRASHES).max(1));
    println!("{side}: {whole} statements, a crash at every {stride}th");
    let mut crashes = 0_u64;
    for (turn, from) in
        (0..whole).step_by(usize::try_from(stride).expect("a small number")).enumerate()
    {
        // Not always at the same beat of a repeated pattern.
        let end = from + turn as u64 % stride;
        let lived = live(base.path(), place, fuse, end);
        match lived {
            Ok(None) => crashes += 1,
            Ok(Some(_)) => {}
            Err(why) => {
                fuse.put_out();
                fuse.lay(false);
                panic!("{side}, crash after {end} statements: {why}");
            }
        }
    }
    fuse.lay(false);
    // The number of statements is not quite the same each time: timers of the server's own.
    assert!(crashes * 10 >= whole.div_ceil(stride) * 9, "only {crashes} crashes hit");
}

#[test]
fn phones_may_end_at_any_statement() {
    crash_everywhere("phones", &PHONE_DISK);
}

#[test]
fn the_server_may_end_at_any_statement() {
    crash_everywhere("server", &SERVER_DISK);
}

/// Where the disk is full.
#[derive(Clone, Copy, Debug)]
enum Side {
    Phones,
    Server,
}

impl Side {
    fn disks(self, world: &Path) -> Vec<Narrow> {
        let names: &[&str] = match self {
            Self::Phones => &["phone-0", "phone-1", "phone-2"],
            Self::Server => &["server"],
        };
        names.iter().map(|name| narrow(&world.join(name)).expect("a folder")).collect()
    }

    /// Whether this is what a person is told when there is no room.
    fn tells(self, why: &str) -> bool {
        match self {
            Self::Phones => why.contains("no room on the disk") || why.contains("StorageFull"),
            Self::Server => why.contains("storage_full") || why.contains("507"),
        }
    }
}

impl Course {
    /// Lives through all steps on disks that are full after `room` writes each; when a step fails, room is made
    /// and the step taken again by the same processes. Gives the most that one disk took, and whether one was full.
    async fn live_narrow(
        &mut self,
        disks: &[Narrow],
        side: Side,
        room: u64,
    ) -> Result<(u64, bool), String> {
        let before: Vec<u64> = disks.iter().map(Narrow::written).collect();
        disks.iter().for_each(|disk| disk.fill(room));
        let mut full = false;
        for step in 0..STEPS {
            let done = self.step(step).await;
            let hit = disks.iter().any(Narrow::was_full);
            if !hit {
                done.map_err(|why| format!("step {step}: {why}"))?;
                continue;
            }
            full = true;
            disks.iter().for_each(Narrow::free);
            // What goes on in the background may have met it, too: then the step itself went well.
            if let Err(why) = done {
                if !side.tells(&why) {
                    return Err(format!("step {step} tells of no full disk: {why}"));
                }
                self.step(step).await.map_err(|why| format!("step {step} again: {why}"))?;
            }
        }
        disks.iter().for_each(Narrow::free);
        let most = disks.iter().zip(before).map(|(disk, before)| disk.written() - before).max();
        Ok((most.unwrap_or(0), full))
    }
}

fn live_narrow(base: &Path, place: PlaceId, side: Side, room: u64) -> Result<(u64, bool), String> {
    let dir = folder();
    block(async {
        let world = dir.path().join("world");
        drop(Hand::copy_of(base, &world, 3, 7));
        let disks = side.disks(&world);
        let hand = Hand::open(&world, 3, 8);
        let mut course = Course { hand, place, acknowledged: Vec::new() };
        let lived = course.live_narrow(&disks, side, room).await?;
        course.holds().await?;
        Ok(lived)
    })
}

fn full_everywhere(side: Side) {
    let _turn = turn();
    let base = folder();
    let place = block(begin(base.path()));
    let (whole, _) = live_narrow(base.path(), place, side, u64::MAX).expect("with room it holds");
    let stride = told_stride().unwrap_or_else(|| whole.div_ceil(CRASHES).max(1));
    println!("{side:?}: {whole} writes, full after every {stride}th");
    let mut hit = 0_u64;
    for room in (0..whole).step_by(usize::try_from(stride).expect("a small number")) {
        match live_narrow(base.path(), place, side, room) {
            Ok((_, full)) => hit += u64::from(full),
            Err(why) => panic!("{side:?}, full after {room} writes: {why}"),
        }
    }
    assert!(hit * 10 >= whole.div_ceil(stride) * 9, "only {hit} times full");
}

#[test]
fn the_disk_of_phones_may_be_full_at_any_write() {
    full_everywhere(Side::Phones);
}

#[test]
fn the_disk_of_the_server_may_be_full_at_any_write() {
    full_everywhere(Side::Server);
}

#[test]
fn a_sync_without_news_is_one_request_and_loads_no_document() {
    let _turn = turn();
    let base = folder();
    let place = block(begin(base.path()));
    block(async {
        let mut hand = Hand::open(base.path(), 3, 3);
        hand.rest(&[0, 1, 2]).await.expect("a clean line");
        // Begun anew, nothing is at hand in memory.
        hand.revive();
        let (logs, loaded) = (hand.server.logs(), faults::documents_loaded());
        for n in [0, 1, 2, 0, 1, 2] {
            let done = hand.sync(n).await.expect("a clean line");
            assert_eq!((done.requests, done.pushed, done.pulled), (1, 0, 0));
            // What was said before is kept over the restart: only the time comes.
            assert_eq!(done.bytes_down, 10);
        }
        assert_eq!(faults::documents_loaded(), loaded, "documents were loaded");
        assert_eq!(hand.server.logs(), logs);
        // The counter counts.
        let _shown = hand.shown(0, place).expect("the place is here");
        assert!(faults::documents_loaded() > loaded);
    });
}
