//! A real server process for journeys: started on a free port, asked over HTTP, killed at will.
//!
//! Knows only what a person knows: the commands, the printed address, the pages.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A server and its folder.
pub struct Served {
    program: PathBuf,
    dir: PathBuf,
    child: Option<Child>,
    address: String,
}

impl Served {
    /// Starts a server on an empty or used folder.
    #[must_use]
    pub fn start(program: &str, dir: &Path) -> Self {
        let mut served = Self {
            program: PathBuf::from(program),
            dir: dir.to_owned(),
            child: None,
            address: "127.0.0.1:0".to_owned(),
        };
        served.up();
        served
    }

    /// Starts it again where it was, at the same address.
    pub fn up(&mut self) {
        let mut child = self
            .command(&["serve", "--listen", &self.address])
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let told = lines.find_map(|line| {
            let line = line.expect("the server tells its address");
            line.strip_prefix("listening on ").map(str::to_owned)
        });
        self.address = told.expect("the server listens");
        self.child = Some(child);
    }

    /// kill -9.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself; then there is nothing to kill.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// `http://ADDR`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    ///
    /// # Panics
    /// When it never listened.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address.parse().expect("the server told its address")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--data").arg(&self.dir).args(["--lang", "en"]).args(args);
        // Tests of the desk have no second factor.
        command.env_clear().env("IRONFEET_CONSOLE_CODE_ALONE", "true");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// What a command that must succeed says to scripts.
    #[must_use]
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        let ran = self.command(&[&["--json"], args].concat()).output().expect("the program starts");
        let out = String::from_utf8_lossy(&ran.stdout);
        let err = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{args:?}: {out}{err}");
        serde_json::from_str(&out).expect("stdout is one JSON value")
    }

    /// The exit code of a command, and what it says to scripts (null where that is nothing).
    ///
    /// # Panics
    /// When the program does not start.
    #[must_use]
    pub fn ended(&self, args: &[&str]) -> (Option<i32>, Value) {
        let ran = self.command(&[&["--json"], args].concat()).output().expect("the program starts");
        (ran.status.code(), serde_json::from_slice(&ran.stdout).unwrap_or_default())
    }

    /// A one-time code for somebody's phone.
    #[must_use]
    pub fn enrol_code(&self, person: &str, grid: &str) -> String {
        let made = self.json(&["admin", "enrol-code", "--person", person, "--grid", grid]);
        made["code"].as_str().expect("the command answers with a code").to_owned()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A supervisor at the console's pages: follows forms as a browser without scripts would.
pub struct Supervisor {
    url: String,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    cookie: String,
}

/// A form of a page: where it goes and what it would send.
#[derive(Clone, Debug)]
pub struct PageForm {
    /// Address the form is sent to.
    pub action: String,
    /// Fields and their values.
    pub fields: Vec<(String, String)>,
    /// The row of the page it stands in, as text.
    pub row: String,
}

impl Supervisor {
    /// Signs in with a one-time code.
    #[must_use]
    pub fn sign_in(server: &Served) -> Self {
        let code =
            server.json(&["admin", "console-code"])["code"].as_str().unwrap_or_default().to_owned();
        // Another part of the process may have installed the same provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let mut supervisor = Self {
            url: server.url(),
            http: http.expect("a client without TLS settings"),
            runtime: runtime.expect("a runtime"),
            cookie: String::new(),
        };
        supervisor.post("/console/login", &[("code".to_owned(), code)]);
        assert!(!supervisor.cookie.is_empty(), "the console did not let the supervisor in");
        supervisor
    }

    /// A page.
    #[must_use]
    pub fn page(&self, path: &str) -> String {
        let ask = self.http.get(format!("{}{path}", self.url)).header("cookie", &self.cookie);
        self.runtime.block_on(async {
            let answer = ask.send().await.expect("the server answers");
            assert_eq!(answer.status().as_u16(), 200, "{path}");
            answer.text().await.expect("a page is text")
        })
    }

    /// Sends a form.
    pub fn send(&mut self, form: &PageForm) {
        self.post(&form.action, &form.fields);
    }

    fn post(&mut self, path: &str, fields: &[(String, String)]) {
        let pairs: Vec<String> =
            fields.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        let ask = self
            .http
            .post(format!("{}{path}", self.url))
            .header("cookie", &self.cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(pairs.join("&"));
        let answer = self.runtime.block_on(ask.send()).expect("the server answers");
        assert!(answer.status().is_redirection(), "{path}: {}", answer.status());
        if let Some(cookie) = answer.headers().get("set-cookie") {
            let cookie = cookie.to_str().unwrap_or_default();
            self.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        }
    }
}

/// The forms of a page that go to `action`.
#[must_use]
pub fn forms(page: &str, action: &str) -> Vec<PageForm> {
    // One article a value; its form is the first one in it.
    let sides = page.split("<article ").skip(1);
    let sides = sides.map(|side| side.split("</form>").next().unwrap_or_default());
    sides
        .filter(|side| side.contains(&format!("action=\"{action}\"")))
        .map(|side| PageForm {
            action: action.to_owned(),
            fields: side
                .split("<input ")
                .skip(1)
                .chain(side.split("<button ").skip(1))
                .map(|tag| (attribute(tag, "name"), attribute(tag, "value")))
                .collect(),
            row: side.to_owned(),
        })
        .collect()
}

fn attribute(tag: &str, name: &str) -> String {
    let after = tag.split(&format!("{name}=\"")).nth(1).unwrap_or_default();
    after.split('"').next().unwrap_or_default().to_owned()
}

/// Percent-encodes everything that is not plainly safe.
fn encode(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    text.bytes()
        .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}
