//! The server as phones, supervisors and operators meet it, in one process with a clock in our hands.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails by panicking, too")]

#[path = "server/account.rs"]
mod account;
#[path = "server/acts.rs"]
mod acts;
#[path = "server/console.rs"]
mod console;
#[path = "server/desk.rs"]
mod desk;
#[path = "server/inbox.rs"]
mod inbox;
#[path = "server/intake.rs"]
mod intake;
#[path = "server/lease.rs"]
mod lease;
#[path = "server/life.rs"]
mod life;
#[path = "server/limits.rs"]
mod limits;
#[path = "server/operator.rs"]
mod operator;
#[path = "server/people.rs"]
mod people;
#[path = "server/photos.rs"]
mod photos;
#[path = "server/quarantine.rs"]
mod quarantine;
#[path = "server/queue.rs"]
mod queue;
#[path = "server/quiet.rs"]
mod quiet;
#[path = "server/reseed.rs"]
mod reseed;
#[path = "server/routes.rs"]
mod routes;
#[path = "server/rubbish.rs"]
mod rubbish;
#[path = "server/wire.rs"]
mod wire;
#[path = "server/world.rs"]
mod world;
