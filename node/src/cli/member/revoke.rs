//! Keys that were stolen: new ones at once, without an overlap, and what the members have to approve so that nothing counts
//! that the old ones sign from now on.

use serde::Serialize;
use xietong_proto::card::Card;
use xietong_proto::crypto::SecretKey;
use xietong_proto::id::{CardNumber, MemberCode};
use xietong_proto::opinion::Stance;

use super::super::Answer;
use super::super::agreement::chosen::{Agreed, Which};
use super::super::agreement::opinion::propose;
use super::super::context::Context;
use super::super::seal::Seal;
use super::{card_fields, paper, sign};
use crate::failure::{Failure, Obstacle, VersionRefusal};
use crate::keys::{self, KeyName, NodeKeys};
use crate::papers::agreement::AgreementFile;
use crate::papers::card::next;
use crate::papers::proposal::Proposal;
use crate::replica::status::AgreementState;
use crate::text;

/// The stable shape of a revocation for programs.
#[derive(Serialize)]
struct Revoked {
    number: CardNumber,
    paper: String,
    /// What the members of each agreement have to approve.
    proposals: Vec<Proposed>,
}

/// What became of the proposal that ends this member's streams in one agreement.
#[derive(Serialize)]
struct Proposed {
    title: String,
    /// The version that waits; none if it could not be proposed yet.
    fingerprint: Option<String>,
    missing: Vec<MemberCode>,
    refused: Option<Failure>,
}

/// The node has to run, for it tells the others while they still know it by its old key.
pub fn revoke(context: &Context, seal: &Seal) -> Result<Answer, Failure> {
    let folder = context.home()?.keys();
    let last = context.card()?.ok_or(Obstacle::CardMissing)?;
    let agreed = match Which::default().all(context) {
        Err(Failure::Version(VersionRefusal::NoneJoined)) => Vec::new(),
        all => all?,
    };
    let secret = seal.unlock(context)?;
    for name in [KeyName::Entry, KeyName::Transport] {
        keys::create_next(&folder, name)?;
    }
    let keys = NodeKeys::read(&folder)?;
    let mut fields = card_fields(context, seal, Some(&last))?;
    fields.transport_keys = keys.next_peer().into_iter().collect();
    if let Some(entry) = &keys.next_entry {
        fields.entry_key = entry.public();
    }
    let card = match next(Some(&last), fields) {
        Some(fields) => sign(context, Some(last), fields, &secret)?,
        // A step that was cut short goes on.
        None => last,
    };
    for name in [KeyName::Entry, KeyName::Transport] {
        keys::take_next(&folder, name)?;
    }
    let open = agreed.into_iter().filter(|agreed| agreed.status.state == AgreementState::Open);
    let proposals: Vec<Proposed> = open.map(|agreed| restart(context, agreed, &card, &secret)).collect();
    let text = [text::keys_revoked(context.lang, card.fields.number)].into_iter();
    let text: Vec<String> = text.chain(proposals.iter().map(|one| one.told(context, &card))).collect();
    let number = card.fields.number;
    Ok(Answer::new(Revoked { number, paper: paper(card), proposals }, text.join("\n")))
}

impl Proposed {
    fn told(&self, context: &Context, card: &Card) -> String {
        match (&self.fingerprint, &self.refused) {
            (_, Some(failure)) => {
                let reason = text::failure(context.lang, failure);
                text::not_restarted(context.lang, &self.title, &reason, card.fields.code)
            }
            (fingerprint, None) => {
                let fingerprint = fingerprint.as_deref().unwrap_or_default();
                text::restarts(context.lang, &self.title, fingerprint, &self.missing)
            }
        }
    }
}

/// The keys are new whatever comes of it: what is refused now can be proposed later.
fn restart(context: &Context, agreed: Agreed, card: &Card, secret: &SecretKey) -> Proposed {
    let title = agreed.status.title.clone();
    match propose_restart(context, agreed, card, secret) {
        Ok(file) => {
            let fingerprint = Some(file.manifest().fingerprint());
            Proposed { title, fingerprint, missing: file.missing(), refused: None }
        }
        Err(failure) => Proposed { title, fingerprint: None, missing: Vec::new(), refused: Some(failure) },
    }
}

/// Proposes that this member's streams end where they are held and begin again under the new card.
fn propose_restart(
    context: &Context,
    Agreed { status, mut ground }: Agreed,
    card: &Card,
    secret: &SecretKey,
) -> Result<AgreementFile, Failure> {
    ground.cards.push(card.clone());
    let (before, _) = ground.before()?;
    let proposal = Proposal { restarts: vec![card.fields.code], ..Proposal::of(before) };
    let mut file = proposal.amend(&ground, Vec::new(), context.now, keys::draw())?;
    let approves = file.say(Stance::Approves, "", secret, context.now);
    let approves = approves.map_err(|refusal| VersionRefusal::VersionRefused { refusal })?;
    propose(context, status.agreement, &file, &[approves])?;
    Ok(file)
}
