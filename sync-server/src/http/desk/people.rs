//! Accounts: who holds which post for which areas; adding, changing, ending one. What each role may do.

use askama::Template;
use axum::extract::{Form, Query};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use ironfeet_core::model::{PersonId, Role, UtcMillis};
use ironfeet_core::rules::{self, Act};

use super::super::error::{Error, off};
use super::frame::{Desk, Frame, Refusal, Said, relink};
use super::rights::Right;
use crate::people::{self, PersonError};
use crate::review::ReviewError;
use crate::store::{self, DeviceStatus, PersonRow, Register, Session, StoreError};

/// Accounts on a page.
const PAGE: usize = 50;

/// What a link may ask.
#[derive(Clone, Deserialize, Default)]
pub(super) struct Asked {
    /// What the account begins with.
    #[serde(default)]
    q: String,
    /// A role.
    #[serde(default)]
    post: String,
    /// The account the page before ended with.
    #[serde(default)]
    after: String,
    #[serde(default)]
    said: String,
}

/// An account as it is shown.
struct Line {
    person: PersonRow,
    /// Areas by name, where the register knows them.
    areas: Vec<String>,
    phones: usize,
    retired_at: Option<UtcMillis>,
    own: bool,
}

/// What was filled in.
#[derive(Clone, Deserialize, Default)]
pub(super) struct Filled {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    post: String,
    #[serde(default)]
    areas: String,
    #[serde(default)]
    department: String,
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    f: Frame,
    asked: Asked,
    people: Vec<Line>,
    total: usize,
    more: String,
    posts: Vec<(Role, String)>,
    departments: Vec<(String, String)>,
    filled: Filled,
}

impl PeoplePage {
    fn only(&self, post: &str) -> String {
        let own = [("q", &self.asked.q), ("post", &self.asked.post)];
        relink("/console/people", &own, "post", post)
    }

    /// What a role may do: kinds of record with the acts on them, as the table of rights says.
    fn rights(&self, role: &Role) -> Vec<(String, String)> {
        let may = |field: &rules::Field| {
            let done =
                Act::ALL.iter().filter(|act| rules::may(*role, **act, field.kind, field.container));
            (field.to_string(), done.map(|act| act.as_str()).collect::<Vec<_>>().join(" · "))
        };
        rules::FIELDS.iter().map(may).filter(|(_, acts)| !acts.is_empty()).collect()
    }
}

fn titles(s: &dyn Session, areas: &[String]) -> Result<Vec<String>, StoreError> {
    let title = |area: &String| {
        let known = s.registered(Register::Area, area)?;
        Ok(known.map_or_else(|| area.clone(), |row| format!("{} {area}", row.title)))
    };
    areas.iter().map(title).collect()
}

fn lines(desk: &Desk, asked: &Asked) -> Result<(Vec<Line>, usize, bool), StoreError> {
    store::view(&*desk.app.store, |s| {
        let devices = s.devices()?;
        let fits = |p: &PersonRow| {
            p.id.as_str().starts_with(asked.q.trim())
                && (asked.post.is_empty() || p.post.as_str() == asked.post)
        };
        let all: Vec<PersonRow> = s.people()?.into_iter().filter(fits).collect();
        let total = all.len();
        let mut rest = all.into_iter().filter(|p| p.id.as_str() > asked.after.as_str());
        let mut lines = Vec::new();
        for person in rest.by_ref().take(PAGE) {
            let theirs =
                |d: &&store::DeviceRow| d.person == person.id && d.status == DeviceStatus::Active;
            lines.push(Line {
                areas: titles(s, &person.areas)?,
                phones: devices.iter().filter(theirs).count(),
                retired_at: s.person_retired(&person.id)?,
                own: person.id.as_str() == desk.by.actor,
                person,
            });
        }
        Ok((lines, total, rest.next().is_some()))
    })
}

async fn show(
    desk: Desk,
    asked: Asked,
    filled: Filled,
    said: Option<Said>,
) -> Result<Response, Refusal> {
    let mut f = desk.frame(Right::People).await?;
    f.said = said;
    let (desk, asked, (people, total, goes_on)) = off(move || {
        let found = lines(&desk, &asked)?;
        Ok((desk, asked, found))
    })
    .await?;
    let last = people.last().filter(|_| goes_on).map(|line| line.person.id.to_string());
    let own = [("q", &asked.q), ("post", &asked.post)];
    let more = last.map_or_else(String::new, |id| relink("/console/people", &own, "after", &id));
    let roles = Role::ALL.into_iter().filter(|role| *role != Role::Server);
    let posts = roles.map(|role| (role, f.by(&role).to_owned())).collect();
    let known = f.content.words().departments.keys();
    let departments =
        known.map(|code| (code.to_string(), f.department(code.to_string()))).collect();
    desk.show(&PeoplePage { f, asked, people, total, more, posts, departments, filled })
}

/// The list.
pub(super) async fn page(desk: Desk, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    desk.may(Right::People)?;
    let good = match asked.said.as_str() {
        "kept" => Some(desk.lang.t(
            "已保存。本人下一次打开页面或同步时生效。",
            "Saved. It counts from this person's next page or sync.",
        )),
        "retired" => Some(desk.lang.t(
            "已停用：不能再登录，手机已注销，未交的内容进入待接受。",
            "Ended: no signing in any more; the phones are revoked, what they still bring waits for review.",
        )),
        _ => None,
    };
    let said = good.map(|text| Said::plain(text, true));
    show(desk, asked, Filled::default(), said).await
}

fn row(filled: &Filled, now: UtcMillis) -> Result<PersonRow, &'static str> {
    let areas = filled.areas.split([' ', ',', '，', '\n', '\r']).filter(|t| !t.is_empty());
    let department = match filled.department.trim() {
        "" => None,
        code => Some(code.parse().map_err(|_| "department")?),
    };
    Ok(PersonRow {
        id: filled.id.trim().parse().map_err(|_| "id")?,
        post: filled.post.parse().map_err(|_| "post")?,
        areas: areas.map(str::to_owned).collect(),
        department,
        added_at: now,
    })
}

/// Adds an account, or gives it another post.
pub(super) async fn keep(desk: Desk, Form(filled): Form<Filled>) -> Result<Response, Refusal> {
    desk.may_act(Right::People, &filled.csrf)?;
    let t = |zh: &str, en: &str| desk.lang.t(zh, en).to_owned();
    let checked = match row(&filled, desk.now) {
        Err("id") => Err(t("账号名不合规则", "This is no account name")),
        Err("department") => Err(t("没有这个部门代码", "There is no such department code")),
        Err(_) => Err(t(PersonError::Post.zh(), &PersonError::Post.to_string())),
        Ok(row) if row.id.as_str() == desk.by.actor => {
            Err(t("不能改自己的岗位", "Nobody changes their own post"))
        }
        Ok(row) => match people::check(&row) {
            Err(wrong) => Err(t(wrong.zh(), &wrong.to_string())),
            Ok(()) => Ok(row),
        },
    };
    let row = match checked {
        Ok(row) => row,
        Err(text) => {
            let said = Some(Said::plain(text, false));
            return show(desk, Asked::default(), filled, said).await;
        }
    };
    let (by, now) = (desk.by.actor.clone(), desk.now);
    let done = super::act(&desk.app, move |s, _| Ok(people::put(s, &row, &by, now)?)).await?;
    done.map_err(|_| desk.missing())?;
    Ok(Redirect::to("/console/people?said=kept").into_response())
}

/// Whose account ends.
#[derive(Deserialize)]
pub(super) struct Ended {
    csrf: String,
    id: String,
}

/// Ends an account; its phones lose trust.
pub(super) async fn retire(desk: Desk, Form(form): Form<Ended>) -> Result<Response, Refusal> {
    desk.may_act(Right::People, &form.csrf)?;
    let id: PersonId = form.id.parse().map_err(|_| Error::Parameter)?;
    if id.as_str() == desk.by.actor {
        return Err(Refusal::Failed(Error::Parameter));
    }
    let (by, now) = (desk.by.actor.clone(), desk.now);
    let done = super::act(&desk.app, move |s, _| {
        people::retire(s, &id, &by, now)?.map(|_| ()).ok_or(ReviewError::Settled)
    })
    .await?;
    done.map_err(|_| desk.missing())?;
    Ok(Redirect::to("/console/people?said=retired").into_response())
}
