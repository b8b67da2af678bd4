//! What is known of an agreement, in exact bytes: its versions with what was said of each, and its members' cards. The same in an
//! agreement file and on the socket; hexadecimal text.

use serde::{Deserialize, Serialize};
use xietong_proto::card::Card;
use xietong_proto::epochs::Epochs;
use xietong_proto::id::*;
use xietong_proto::manifest::Manifest;
use xietong_proto::opinion::{Opinion, Stance};

use super::{PaperRefusal, bytes, lawful};

/// Versions, opinions and cards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exact {
    /// Cards of those whom the versions name.
    pub cards: Vec<String>,
    /// Each version after its predecessor.
    pub signings: Vec<Signing>,
}

/// A manifest and what was said of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signing {
    /// Its bytes.
    pub manifest: String,
    /// The opinions.
    pub opinions: Vec<Stated>,
}

/// One opinion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// What it says.
    pub stance: Stance,
    /// Body and signature.
    pub opinion: String,
}

/// The same, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// All versions and opinions.
    pub epochs: Epochs,
    /// All cards.
    pub cards: Vec<Card>,
    /// The version that stands last.
    pub last: ManifestId,
}

impl Exact {
    /// Of these manifests in their order, with all that is said of them.
    pub fn of<'a>(
        epochs: &Epochs,
        manifests: impl Iterator<Item = &'a Manifest>,
        cards: impl Iterator<Item = &'a Card>,
    ) -> Self {
        let signing = |manifest: &Manifest| Signing {
            manifest: hex::encode(manifest.bytes()),
            opinions: epochs.opinions(manifest.id()).map(Stated::of).collect(),
        };
        let cards = cards.map(|card| hex::encode(card.bytes())).collect();
        Self { cards, signings: manifests.map(signing).collect() }
    }

    /// Each manifest has to follow those before it, each opinion and each card to hold.
    pub fn open(&self) -> Result<Known, PaperRefusal> {
        let mut known: Option<(Epochs, ManifestId)> = None;
        for (at, signing) in self.signings.iter().enumerate() {
            let part = format!("exact.signings[{at}].manifest");
            let manifest = lawful(&part, Manifest::open(&bytes(&part, &signing.manifest)?))?;
            let id = manifest.id();
            let mut epochs = match known.take() {
                None => lawful(&part, Epochs::new(manifest))?,
                Some((mut epochs, _)) => {
                    lawful(&part, epochs.check(&manifest))?;
                    epochs.learn(vec![manifest], Vec::new());
                    epochs
                }
            };
            let open = |(place, said): (usize, &Stated)| {
                let part = format!("exact.signings[{at}].opinions[{place}]");
                lawful(&part, epochs.open(said.stance, &bytes(&part, &said.opinion)?))
            };
            let opinions: Vec<Opinion> =
                signing.opinions.iter().enumerate().map(open).collect::<Result<_, _>>()?;
            epochs.learn(Vec::new(), opinions);
            known = Some((epochs, id));
        }
        let (epochs, last) = known.ok_or(PaperRefusal::NoManifest)?;
        let open = |(at, text): (usize, &String)| {
            let part = format!("exact.cards[{at}]");
            lawful(&part, Card::open(&bytes(&part, text)?))
        };
        let cards = self.cards.iter().enumerate().map(open).collect::<Result<_, _>>()?;
        Ok(Known { epochs, cards, last })
    }
}

impl Stated {
    /// As it travels.
    pub fn of(opinion: &Opinion) -> Self {
        Self { stance: opinion.fields.stance, opinion: hex::encode(opinion.bytes()) }
    }
}
