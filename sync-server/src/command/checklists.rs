//! `import checklists` and `checklists`: the city's own questions, from and to a file.

use std::path::Path;

use serde_json::json;

use ironfeet_core::checklist::{Content, diff};

use super::{CommandError, Ground, Report};
use crate::checklists::{self, PublishError};
use crate::store;

/// Publishes a file, or with `check` only tells its mistakes or differences. A file that is in use already
/// changes nothing.
pub(super) fn import(ground: &Ground, file: &Path, check: bool) -> Result<Report, CommandError> {
    let yaml = std::fs::read_to_string(file)
        .map_err(|error| CommandError::File(file.to_owned(), error))?;
    let content = Content::load(&yaml).map_err(|errors| {
        let lines: Vec<String> = errors.0.iter().map(|error| error.text(ground.lang)).collect();
        CommandError::refused("mistakes", lines.join("\n"))
    })?;
    let app = ground.app()?;
    let same = store::view(&*app.store, checklists::yaml)? == yaml;
    let changes = diff(&app.checklists.get(), &content);
    if !check && !same {
        let now = app.clock.now();
        store::transact(&*app.store, |s| {
            checklists::publish(s, &yaml, &content, "admin", now).map(|_| ())
        })
        .map_err(|error| refused(ground, error))?;
    }
    let published = !check && !same;
    let told = changes.iter().flat_map(|change| change.lines(ground.lang));
    let mut text: Vec<String> = told.collect();
    text.push(
        match (published, same) {
            (true, _) => ground.say(
                "已发布，手机下次同步时生效",
                "published: phones take it with their next sync",
            ),
            (false, true) => ground.say("与现用的相同", "the same as in use"),
            (false, false) => ground.say("没有错误，尚未发布", "no mistakes; not published"),
        }
        .to_owned(),
    );
    let json = json!({
        "version": content.version(), "changes": changes.len(), "published": published, "same": same,
    });
    Ok(Report::done(json, text.join("\n")))
}

fn refused(ground: &Ground, error: PublishError) -> CommandError {
    let (code, text) = match error {
        PublishError::Store(error) => return CommandError::Store(error),
        PublishError::Content(_) => ("mistakes", ground.say("文件有错误", "the file has mistakes")),
        PublishError::Version => (
            "version",
            ground.say(
                "这个 content_version 已发布过，请换一个",
                "this content_version was published before; give the file another one",
            ),
        ),
        PublishError::List(list) => {
            let text = ground.say(
                "检查表问题有变，请把它的 version 加一：",
                "asks otherwise under the same version; raise its version: ",
            );
            return CommandError::refused("list", format!("{text}{list}"));
        }
    };
    CommandError::refused(code, text)
}

/// The file in use, to change it and bring it back.
pub(super) fn show(ground: &Ground) -> Result<Report, CommandError> {
    let app = ground.app()?;
    let yaml = store::view(&*app.store, checklists::yaml)?;
    let json = json!({ "version": app.checklists.get().version(), "yaml": yaml });
    Ok(Report::done(json, yaml.trim_end()))
}
