//! Requests about an agreement's versions: its papers, what is said of them, and joining with them. Bytes are
//! hexadecimal text.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use xietong_proto::card::Card;
use xietong_proto::epochs::Epochs;
use xietong_proto::id::*;
use xietong_proto::manifest::Manifest;
use xietong_proto::opinion::Stance;
use xietong_proto::reject::Reject;
use xietong_proto::stream::{Head, Stream};

use super::Desk;
use super::answer::Problem;
use super::door::Asked;
use super::node::{Joined, unexpected};
use crate::machine::{self, Answer, Command};
use crate::replica::agreement::Agreement;
use crate::replica::epochs as replica;

/// All papers of an agreement: `GET /v1/agreements/{id}/papers`, and the body of `POST /v1/agreements/papers`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Papers {
    /// Each manifest after its predecessor, with the opinions on it.
    pub signings: Vec<Signing>,
    /// All cards of those whom they name.
    pub cards: Vec<String>,
    /// How far the node holds the members' streams: what a manifest would end them at.
    #[serde(default)]
    pub held: Vec<Held>,
}

/// A manifest and what was said of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signing {
    /// Its bytes.
    pub manifest: String,
    /// The opinions.
    pub opinions: Vec<Stated>,
}

/// One opinion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stated {
    /// What it says.
    pub stance: Stance,
    /// Body and signature.
    pub opinion: String,
}

/// How far one stream is held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Its author.
    pub author: MemberCode,
    /// Its system.
    pub system: System,
    /// Its generation.
    pub generation: Generation,
    /// The newest position.
    pub position: Position,
    /// The entry there.
    pub entry: EntryId,
}

/// `POST /v1/agreements/{id}/say`: a proposal with its cards, or opinions on a manifest that is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// A manifest that is not known yet.
    #[serde(default)]
    pub manifest: Option<String>,
    /// Cards that it names.
    #[serde(default)]
    pub cards: Vec<String>,
    /// What is said.
    #[serde(default)]
    pub opinions: Vec<Stated>,
}

/// Answer to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Newest {
    /// The manifest in force now.
    pub newest: ManifestId,
}

pub(super) async fn papers(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Path(id): Path<AgreementId>,
) -> Result<Json<Papers>, Problem> {
    match desk.ask(&asked, Command::Papers { agreement: id }).await.ok_or(Problem::Stopping)? {
        Answer::Papers(papers) => Ok(Json(Papers::of(*papers))),
        other => Err(unexpected(other)),
    }
}

pub(super) async fn say(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Path(agreement): Path<AgreementId>,
    Json(said): Json<Said>,
) -> Result<Json<Newest>, Problem> {
    let said = Box::new(said.open().map_err(unlawful)?);
    let asked = asked.about(agreement);
    match desk.ask(&asked, Command::Say { agreement, said }).await.ok_or(Problem::Stopping)? {
        Answer::Said { newest } => Ok(Json(Newest { newest })),
        other => Err(unexpected(other)),
    }
}

pub(super) async fn join(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Json(papers): Json<Papers>,
) -> Result<Json<Joined>, Problem> {
    let (epochs, cards) = papers.open().map_err(unlawful)?;
    let agreement = Agreement::new(epochs, cards).map_err(|reason| Problem::NotInForce { reason })?;
    let asked = asked.about(agreement.id());
    match desk.ask(&asked, Command::Join(Box::new(agreement))).await.ok_or(Problem::Stopping)? {
        Answer::Joined { agreement } => Ok(Json(Joined { agreement })),
        other => Err(unexpected(other)),
    }
}

impl Papers {
    fn of(papers: machine::Papers) -> Self {
        let signing = |signing: &xietong_proto::sync::Signing| Signing {
            manifest: hex::encode(&signing.manifest),
            opinions: signing.opinions.iter().map(Stated::of).collect(),
        };
        Self {
            signings: papers.signings.iter().map(signing).collect(),
            cards: papers.cards.iter().map(|card| hex::encode(card.bytes())).collect(),
            held: papers.held.iter().map(Held::of).collect(),
        }
    }

    /// Each manifest has to follow those before it, and each opinion to hold.
    fn open(&self) -> Result<(Epochs, Vec<Card>), Reject> {
        let mut epochs: Option<Epochs> = None;
        for signing in &self.signings {
            let manifest = Manifest::open(&bytes(&signing.manifest)?)?;
            match &mut epochs {
                None => epochs = Some(Epochs::new(manifest)?),
                Some(epochs) if epochs.manifest(manifest.id()).is_some() => {}
                Some(epochs) => {
                    epochs.check(&manifest)?;
                    epochs.learn(vec![manifest], Vec::new());
                }
            }
            let Some(epochs) = &mut epochs else { continue };
            let open = |said: &Stated| epochs.open(said.stance, &bytes(&said.opinion)?);
            let opinions = signing.opinions.iter().map(open).collect::<Result<_, _>>()?;
            epochs.learn(Vec::new(), opinions);
        }
        Ok((epochs.ok_or(Reject::Malformed)?, cards(&self.cards)?))
    }
}

impl Said {
    fn open(&self) -> Result<replica::Said, Reject> {
        let manifest = self.manifest.as_ref().map(|text| Manifest::open(&bytes(text)?)).transpose()?;
        let opinion = |said: &Stated| Ok((said.stance, bytes(&said.opinion)?));
        let opinions = self.opinions.iter().map(opinion).collect::<Result<_, Reject>>()?;
        Ok(replica::Said { manifest, cards: cards(&self.cards)?, opinions })
    }
}

impl Stated {
    fn of((stance, bytes): &(Stance, Vec<u8>)) -> Self {
        Self { stance: *stance, opinion: hex::encode(bytes) }
    }
}

impl Held {
    fn of((stream, head): (&Stream, &Head)) -> Self {
        let Stream { author, system, generation, .. } = *stream;
        Self { author, system, generation, position: head.position, entry: head.id }
    }
}

fn cards(texts: &[String]) -> Result<Vec<Card>, Reject> {
    texts.iter().map(|text| Card::open(&bytes(text)?)).collect()
}

fn bytes(text: &str) -> Result<Vec<u8>, Reject> {
    hex::decode(text).map_err(|_| Reject::Malformed)
}

fn unlawful(reject: Reject) -> Problem {
    let reason = replica::Unsaid::Unlawful { reject };
    machine::Refusal::Unsaid { reason }.into()
}
