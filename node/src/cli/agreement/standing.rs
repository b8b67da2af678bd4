//! How an agreement stands and how it came to that: what a version changes, who has said what, who is missing, and which
//! versions were in force before.

use serde::Serialize;
use xietong_proto::epochs::Stage;
use xietong_proto::id::AgreementId;

use super::super::Answer;
use super::super::context::Context;
use super::chosen::{Agreed, Chosen, Which};
use crate::failure::Failure;
use crate::papers::amendment::Amendment;
use crate::papers::standing::VersionStanding;
use crate::replica::status::AgreementState;
use crate::text;

/// The stable shape of an agreement's versions for programs.
#[derive(Serialize)]
struct Standing {
    agreement: AgreementId,
    title: String,
    state: AgreementState,
    versions: Vec<VersionStanding>,
}

/// What a version changes in the one before it.
pub fn diff(context: &Context, chosen: &Chosen) -> Result<Answer, Failure> {
    let file = chosen.waiting(context, None)?.file;
    let amendment = Amendment::of(&file.epochs, file.manifest(), &file.cards);
    Ok(Answer::new(amendment, text::version(context.lang, &file, context.now)))
}

/// What is in force and what waits, each with who has said what.
pub fn status(context: &Context, which: &Which) -> Result<Answer, Failure> {
    let all: Vec<Standing> = which.all(context)?.iter().map(|agreed| current(Standing::of(agreed))).collect();
    let shown = |of: &Standing| text::standing(context.lang, &of.title, &of.state, &of.versions);
    let text: Vec<String> = all.iter().map(shown).collect();
    Ok(Answer::new(all, text.join("\n\n")))
}

/// All versions, from the first on.
pub fn history(context: &Context, which: &Which) -> Result<Answer, Failure> {
    let all: Vec<Standing> = which.all(context)?.iter().map(Standing::of).collect();
    let shown = |of: &Standing| text::history(context.lang, &of.title, &of.versions);
    let text: Vec<String> = all.iter().map(shown).collect();
    Ok(Answer::new(all, text.join("\n\n")))
}

impl Standing {
    fn of(Agreed { status, ground }: &Agreed) -> Self {
        Self {
            agreement: status.agreement,
            title: status.title.clone(),
            state: status.state.clone(),
            versions: VersionStanding::all(&ground.epochs, &ground.cards),
        }
    }
}

/// What is in force, and whatever would follow it or stood against it.
fn current(mut of: Standing) -> Standing {
    let in_force = of.versions.iter().filter(|version| version.stage == Stage::InForce);
    let newest = in_force.map(|version| version.epoch).max();
    of.versions.retain(|version| Some(version.epoch) >= newest);
    of
}
