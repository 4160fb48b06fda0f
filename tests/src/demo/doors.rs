//! Console logins of the demo, one for each role that works at a desk. All have the same password and the
//! same second factor, both made anew for each city; the demo tells the factor's code of the moment.

use ironfeet_core::model::{Lang, PersonId, Role};
use ironfeet_server::store::{self, PersonRow, StoreError};
use ironfeet_server::{account, enrol, words};
use serde_json::{Value, json};

use super::town::Town;
use crate::bench::station::StationError;
use crate::city::City;

/// Roles that work at the console, in the order in which they are told.
const DESKS: [Role; 9] = [
    Role::Supervisor,
    Role::Dispatcher,
    Role::Acceptor,
    Role::Checker,
    Role::Handler,
    Role::Evaluator,
    Role::Auditor,
    Role::PrivacyOfficer,
    Role::SystemAdministrator,
];
/// The factor is set up this long before now, so that the code of now is still unused.
const BEFORE_MS: i64 = 120_000;

/// Logins that work.
pub struct Doors {
    /// Accounts and their roles.
    pub accounts: Vec<(PersonId, Role)>,
    /// Password of each.
    pub password: String,
    secret: Vec<u8>,
}

fn failed(error: &StoreError) -> StationError {
    StationError::Setting(format!("logins: {error}"))
}

impl Doors {
    /// Gives one account of each role a password and a second factor; makes the account where the city has none.
    ///
    /// # Errors
    /// Of the store.
    pub fn open(town: &Town, city: &City) -> Result<Self, StationError> {
        let app = &town.app;
        let password = format!("Demo-{}", enrol::secret(&*app.entropy).to_lowercase());
        let hash = account::hashed(&password, &*app.entropy);
        let secret = account::factor_secret(&*app.entropy);
        let (now, before) = (app.clock.now(), app.clock.now().plus_ms(-BEFORE_MS));
        let accounts = DESKS.map(|role| (holder(city, role), role)).to_vec();
        let made = Self { accounts, password, secret };
        store::transact(&*app.store, |s| {
            for (id, role) in &made.accounts {
                if s.person(id)?.is_none() {
                    let areas = city.counties().iter().map(|(code, _)| code.clone()).collect();
                    let (id, department) = (id.clone(), None);
                    s.person_put(&PersonRow { id, post: *role, areas, department, added_at: now })?;
                }
                // What it gives is replaced in the same transaction.
                let _one_time = account::reset(s, id, &*app.entropy, before)?;
                account::change(s, id, (true, &hash), before)?;
                let code = made.code(before.0);
                account::set_factor(s, id, &made.secret, &code, before)?;
            }
            Ok(())
        })
        .map_err(|e: StoreError| failed(&e))?;
        Ok(made)
    }

    /// The first supervisor's account.
    ///
    /// # Panics
    /// Never: the first of the desks is the supervisor's.
    #[must_use]
    pub fn supervisor(&self) -> &PersonId {
        &self.accounts.first().expect("desks").0
    }

    /// The second factor's code at a time, in ms since 1970; good for half a minute or more.
    #[must_use]
    pub fn code(&self, now_ms: i64) -> String {
        let seconds = u64::try_from(now_ms / 1000).unwrap_or(0);
        let factor = account::factor("demo", &self.secret);
        factor.map_or_else(String::new, |factor| factor.generate(seconds).to_string())
    }

    /// As told on a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let line = |(id, role): &(PersonId, Role)| {
            let (zh, en) = (words::post(*role, Lang::Zh), words::post(*role, Lang::En));
            format!("  {:<22} {zh} {en}", id.as_str())
        };
        let lines: Vec<String> = self.accounts.iter().map(line).collect();
        lines.join("\n")
    }

    /// As told to programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let accounts = self.accounts.iter().map(|(id, role)| json!({ "id": id, "role": role }));
        json!({
            "accounts": accounts.collect::<Vec<_>>(), "password": self.password,
            "factor": hex::encode(&self.secret),
        })
    }
}

/// The first of the city's people with this role, else an account named after it.
fn holder(city: &City, role: Role) -> PersonId {
    let found = city.people().skip(city.field_count()).find(|person| person.role == role);
    let named = || role.as_str().replace('_', "-").parse().expect("letters and a dash");
    found.map_or_else(named, |person| person.id)
}
