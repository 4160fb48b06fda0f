//! A bad line to a real server: cut after so many bytes, dribbling, or swallowing the answer. By count, never by time.
//!
//! Must not know what travels on it.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What the line does to the connections made from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// Nothing.
    Clean,
    /// Both ends are cut once so many bytes went to the server.
    CutUp(u64),
    /// Both ends are cut once so many bytes of answers went to the phone. The server did its work.
    CutDown(u64),
    /// Every byte travels alone.
    Dribble,
    /// Connections are refused.
    Dead,
}

struct Shared {
    habit: Mutex<Habit>,
    up: AtomicU64,
    down: AtomicU64,
    connections: AtomicU64,
    over: AtomicBool,
}

impl Shared {
    fn habit(&self) -> MutexGuard<'_, Habit> {
        self.habit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line; it ends when this is dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// A clean line to a server on this host.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            habit: Mutex::new(Habit::Clean),
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            over: AtomicBool::new(false),
        });
        let inner = shared.clone();
        thread::spawn(move || accept(&listener, server, &inner));
        Self { address, shared }
    }

    /// `http://ADDR` of the line.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What happens to connections from now on; counts begin anew.
    pub fn set(&self, habit: Habit) {
        *self.shared.habit() = habit;
        for count in [&self.shared.up, &self.shared.down, &self.shared.connections] {
            count.store(0, Ordering::SeqCst);
        }
    }

    /// Bytes to the server, bytes to phones and connections since [`Proxy::set`].
    #[must_use]
    pub fn passed(&self) -> (u64, u64, u64) {
        let of = |count: &AtomicU64| count.load(Ordering::SeqCst);
        (of(&self.shared.up), of(&self.shared.down), of(&self.shared.connections))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, server: SocketAddr, shared: &Arc<Shared>) {
    for phone in listener.incoming() {
        if shared.over.load(Ordering::SeqCst) {
            return;
        }
        let habit = *shared.habit();
        let Ok(phone) = phone else { continue };
        if habit == Habit::Dead {
            continue;
        }
        let Ok(server) = TcpStream::connect(server) else { continue };
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let (Ok(phone_again), Ok(server_again)) = (phone.try_clone(), server.try_clone()) else {
            continue;
        };
        let up = if let Habit::CutUp(bytes) = habit { Some(bytes) } else { None };
        let down = if let Habit::CutDown(bytes) = habit { Some(bytes) } else { None };
        let alone = habit == Habit::Dribble;
        let (one, other) = (shared.clone(), shared.clone());
        thread::spawn(move || carry(phone, server, &one.up, (up, alone)));
        thread::spawn(move || carry(server_again, phone_again, &other.down, (down, alone)));
    }
}

/// Carries bytes one way until the end, or until the cut.
fn carry(
    mut from: TcpStream,
    mut to: TcpStream,
    count: &AtomicU64,
    (cut, alone): (Option<u64>, bool),
) {
    let mut bytes = [0; 4096];
    let mut left = cut;
    // A small packet must not wait for the next.
    let _ = to.set_nodelay(true);
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        let fits = left.map_or(read, |left| usize::try_from(left).unwrap_or(read).min(read));
        let step = if alone { 1 } else { fits.max(1) };
        if bytes[..fits].chunks(step).any(|piece| to.write_all(piece).is_err()) {
            break;
        }
        count.fetch_add(fits as u64, Ordering::SeqCst);
        left = left.map(|left| left - fits as u64);
        if fits < read || left == Some(0) && cut != Some(0) {
            break;
        }
    }
    let (way, back) = if cut.is_some() {
        (Shutdown::Both, Shutdown::Both)
    } else {
        (Shutdown::Write, Shutdown::Read)
    };
    // Ends that are gone already need no closing.
    let _ = to.shutdown(way);
    let _ = from.shutdown(back);
}
