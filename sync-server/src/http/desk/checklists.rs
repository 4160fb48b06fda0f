//! Checklists: those in use, as the phone asks them; a new file with its mistakes or its differences.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Form, Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use ironfeet_core::checklist::{Content, diff, preview};

use super::super::error::{Error, off};
use super::frame::{Desk, Frame, Refusal, Said};
use super::rights::{Right, may};
use crate::checklists::{self, PublishError};
use crate::store;
use crate::store::desk::ChecklistRow;

/// Mistakes and differences shown at most.
const SHOWN: usize = 300;

/// A list in use.
struct Line {
    id: String,
    title: String,
    version: u32,
    questions: usize,
    findings: usize,
    minutes: u32,
    days: u32,
}

#[derive(Template)]
#[template(path = "checklists.html")]
struct ListsPage {
    f: Frame,
    version: String,
    lists: Vec<Line>,
    published: Vec<ChecklistRow>,
    publishes: bool,
}

/// What a link may ask.
#[derive(Deserialize, Default)]
pub(super) struct Asked {
    #[serde(default)]
    said: String,
}

/// The lists in use and the files published so far.
pub(super) async fn page(desk: Desk, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    desk.may(Right::Checklists)?;
    let mut f = desk.frame(Right::Checklists).await?;
    let app = desk.app.clone();
    let published = off(move || Ok(store::view(&*app.store, |s| s.checklists())?)).await?;
    let content = f.content.clone();
    let lists = content.lists().iter().map(|list| Line {
        id: list.id.clone(),
        title: list.title.get(desk.lang()).to_owned(),
        version: list.version,
        questions: list.items().count(),
        findings: list.items().map(|(_, item)| item.findings.len()).sum(),
        minutes: list.est_minutes,
        days: list.revisit_days_default,
    });
    if asked.said == "published" {
        let text = desk.lang.t("已发布。", "Published.").to_owned();
        f.said = Some(Said::plain(text, true));
    }
    let publishes = may(desk.by.post, Right::Publish);
    let (version, lists) = (content.version().to_owned(), lists.collect());
    desk.show(&ListsPage { f, version, lists, published, publishes })
}

/// A line of the preview: how deep, what kind, the text.
struct Told {
    class: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "checklist.html")]
struct PreviewPage {
    f: Frame,
    title: String,
    lines: Vec<Told>,
}

/// One list as the phone asks it.
pub(super) async fn one(desk: Desk, Path(id): Path<String>) -> Result<Response, Refusal> {
    desk.may(Right::Checklists)?;
    let f = desk.frame(Right::Checklists).await?;
    let content = f.content.clone();
    let list = content.list(&id).ok_or_else(|| desk.missing())?;
    let told = preview(&content, list).into_iter().skip(1).map(|line| {
        let text = line.get(desk.lang());
        let deep = text.len() - text.trim_start().len();
        let class = match (deep, text.trim_start().starts_with('→')) {
            (_, true) => "finds",
            (0, _) => "part",
            (1..=3, _) => "asks",
            _ => "choices",
        };
        Told { class, text: text.trim_start().trim_start_matches("→ ").to_owned() }
    });
    let (title, lines) = (list.title.get(desk.lang()).to_owned(), told.collect());
    desk.show(&PreviewPage { f, title, lines })
}

#[derive(Template)]
#[template(path = "compare.html")]
struct ComparePage {
    f: Frame,
    yaml: String,
    version: String,
    mistakes: Vec<String>,
    changes: Vec<Vec<String>>,
    count: usize,
    before: String,
}

/// The file as it is typed or chosen.
#[derive(Deserialize)]
pub(super) struct File {
    csrf: String,
    yaml: String,
    #[serde(default)]
    act: String,
}

/// Shows mistakes or differences; publishes only on the second press, after both were seen.
pub(super) async fn propose(desk: Desk, Form(file): Form<File>) -> Result<Response, Refusal> {
    desk.may_act(Right::Publish, &file.csrf)?;
    let mut f = desk.frame(Right::Checklists).await?;
    let (old, lang) = (f.content.clone(), desk.lang());
    let (file, read) = off(move || {
        let read = Content::load(&file.yaml);
        Ok((file, read))
    })
    .await?;
    let before = old.version().to_owned();
    let content = match read {
        Err(errors) => {
            let count = errors.0.len();
            let mistakes = errors.0.iter().take(SHOWN).map(|error| error.text(lang)).collect();
            let (version, changes) = (String::new(), Vec::new());
            let yaml = file.yaml;
            return desk.show(&ComparePage { f, yaml, version, mistakes, changes, count, before });
        }
        Ok(content) => content,
    };
    if file.act == "publish" {
        match publish(&desk, file.yaml.clone(), Arc::new(content.clone())).await? {
            Ok(()) => {
                desk.app.checklists.put(content, &file.yaml);
                return Ok(Redirect::to("/console/checklists?said=published").into_response());
            }
            Err(refused) => {
                let text = match refused {
                    Some(list) => desk.lang.t(
                        "检查表问题有变，版本号没变，请把它的 version 加一：",
                        "A list asks otherwise under the same version. Raise the version of: ",
                    )
                    .to_owned()
                        + &list,
                    None => desk.lang.t(
                        "这个版本号已发布过，请在文件中换一个 content_version。",
                        "This version was published before. Give the file another content_version.",
                    )
                    .to_owned(),
                };
                f.said = Some(Said::plain(text, false));
            }
        }
    }
    let changes = diff(&old, &content);
    let count = changes.len();
    let changes = changes.iter().take(SHOWN).map(|change| change.lines(lang)).collect();
    let (yaml, version) = (file.yaml, content.version().to_owned());
    desk.show(&ComparePage { f, yaml, version, mistakes: Vec::new(), changes, count, before })
}

/// The inner error: the list that needs a higher version; `None`: the file's version was published before.
async fn publish(
    desk: &Desk,
    yaml: String,
    content: Arc<Content>,
) -> Result<Result<(), Option<String>>, Error> {
    let (by, now) = (desk.by.actor.clone(), desk.now);
    let done = super::act(&desk.app, move |s, _| {
        Ok(match checklists::publish(s, &yaml, &content, &by, now) {
            Ok(_) => Ok(()),
            Err(PublishError::Store(error)) => return Err(error.into()),
            Err(PublishError::List(list)) => Err(Some(list)),
            Err(PublishError::Version | PublishError::Content(_)) => Err(None),
        })
    })
    .await?;
    Ok(done.unwrap_or(Err(None)))
}

/// One published file as it came, by its number.
pub(super) async fn version(desk: Desk, Path(n): Path<u64>) -> Result<Response, Refusal> {
    desk.may(Right::Checklists)?;
    let app = desk.app.clone();
    let all = off(move || Ok(store::view(&*app.store, |s| s.checklists())?)).await?;
    let row = all.into_iter().find(|row| row.n == n).ok_or_else(|| desk.missing())?;
    let headers = [
        ("content-type", "application/yaml; charset=utf-8".to_owned()),
        ("content-disposition", format!("attachment; filename=\"checklists-{n}.yaml\"")),
    ];
    Ok((headers, row.yaml).into_response())
}

/// The file in use, to change it and bring it back.
pub(super) async fn download(desk: Desk) -> Result<Response, Refusal> {
    desk.may(Right::Checklists)?;
    let app = desk.app.clone();
    let yaml = off(move || Ok(store::view(&*app.store, checklists::yaml)?)).await?;
    let headers = [
        ("content-type", "application/yaml; charset=utf-8"),
        ("content-disposition", "attachment; filename=\"checklists.yaml\""),
    ];
    Ok((headers, yaml).into_response())
}
