//! Requests about an agreement's versions: its papers, and what is said of them. Bytes are hexadecimal text.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use xietong_proto::card::Card;
use xietong_proto::id::*;
use xietong_proto::manifest::Manifest;
use xietong_proto::reject::Reject;
use xietong_proto::stream::{Head, Stream};

use super::Desk;
use super::answer::Problem;
use super::door::Asked;
use super::node::unexpected;
use crate::machine::{self, Answer, Command};
use crate::papers::exact::{Exact, Stated};
use crate::papers::purge::ExactPurge;
use crate::replica::epochs as replica;

/// All papers of an agreement: `GET /v1/agreements/{id}/papers`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Papers {
    /// Each version with the opinions on it, and the cards of those whom they name.
    pub exact: Exact,
    /// How far the node holds the members' streams: what a manifest would end them at.
    pub held: Vec<Held>,
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

/// `POST /v1/agreements/{id}/purge`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GivingUp {
    /// Whose records.
    pub author: MemberCode,
}

/// Answer to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GivenUp {
    /// What was given up, signed.
    pub exact: ExactPurge,
    /// Whether it was not before.
    pub is_new: bool,
}

pub(super) async fn papers(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Path(id): Path<AgreementId>,
) -> Result<Json<Papers>, Problem> {
    match desk.ask(&asked, Command::Papers { agreement: id }).await.ok_or(Problem::Stopping)? {
        Answer::Papers(papers) => Ok(Json(Papers::of(&papers))),
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

pub(super) async fn give_up(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Path(agreement): Path<AgreementId>,
    Json(GivingUp { author }): Json<GivingUp>,
) -> Result<Json<GivenUp>, Problem> {
    let asked = asked.about(format!("{agreement} {author}"));
    match desk.ask(&asked, Command::GiveUp { agreement, author }).await.ok_or(Problem::Stopping)? {
        Answer::GivenUp { purge, card, is_new } => {
            Ok(Json(GivenUp { exact: ExactPurge::of(&purge, &card), is_new }))
        }
        other => Err(unexpected(other)),
    }
}

impl Papers {
    fn of(machine::Papers { epochs, cards, held }: &machine::Papers) -> Self {
        let exact = Exact::of(epochs, epochs.manifests(), cards.iter());
        Self { exact, held: held.iter().map(Held::of).collect() }
    }
}

impl Said {
    /// Reads what its texts say.
    pub fn open(&self) -> Result<replica::Said, Reject> {
        let manifest = self.manifest.as_ref().map(|text| Manifest::open(&bytes(text)?)).transpose()?;
        let opinion = |said: &Stated| Ok((said.stance, bytes(&said.opinion)?));
        let opinions = self.opinions.iter().map(opinion).collect::<Result<_, Reject>>()?;
        Ok(replica::Said { manifest, cards: cards(&self.cards)?, opinions })
    }
}

impl Held {
    fn of((stream, head): (&Stream, &Head)) -> Self {
        let Stream { author, system, generation, .. } = *stream;
        Self { author, system, generation, position: head.position, entry: head.id }
    }

    /// The stream of an agreement, and its end.
    pub fn end(&self, agreement: AgreementId) -> (Stream, Head) {
        let stream =
            Stream { generation: self.generation, ..Stream::shared(agreement, self.author, self.system) };
        (stream, Head { position: self.position, id: self.entry })
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
