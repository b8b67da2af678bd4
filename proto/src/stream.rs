//! Streams: one writer's chain of entries in one agreement, audience, system and generation (P5), and who may
//! hold it (P19).

use crate::bytes::Reader;
use crate::crypto::{Tag, tagged_hash};
use crate::id::*;

/// Bytes of a stream's name.
pub const STREAM_NAME_BYTES: usize = 56;

/// Who may hold a stream (P19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// Its author alone; never offered to anybody.
    Local,
    /// All members of the agreement.
    Agreement,
    /// One member of the agreement, which never passes it on.
    Pair(MemberCode),
}

/// The name of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream {
    /// Zero for local streams.
    pub agreement: AgreementId,
    /// Who may hold it.
    pub audience: Audience,
    /// The only writer.
    pub author: MemberCode,
    /// The system whose records it carries.
    pub system: System,
    /// From 1.
    pub generation: Generation,
}

impl Stream {
    /// The author's own register stream of a system.
    pub fn local(author: MemberCode, system: System) -> Self {
        let agreement = AgreementId::ZERO;
        Self { agreement, audience: Audience::Local, author, system, generation: Generation(1) }
    }

    /// What the author tells all members of an agreement in a system.
    pub fn shared(agreement: AgreementId, author: MemberCode, system: System) -> Self {
        Self { agreement, audience: Audience::Agreement, author, system, generation: Generation(1) }
    }

    /// What the author tells one member of an agreement in a system.
    pub fn pair(agreement: AgreementId, author: MemberCode, peer: MemberCode, system: System) -> Self {
        Self { audience: Audience::Pair(peer), ..Self::shared(agreement, author, system) }
    }

    /// The fixed layout, part of every header (P1).
    pub fn name(&self) -> [u8; STREAM_NAME_BYTES] {
        let (kind, peer) = match self.audience {
            Audience::Local => (0, MemberCode::NONE),
            Audience::Agreement => (1, MemberCode::NONE),
            Audience::Pair(peer) => (2, peer),
        };
        let mut to = Vec::with_capacity(STREAM_NAME_BYTES);
        to.extend(self.agreement.0);
        to.push(kind);
        to.extend(peer.bytes());
        to.push(0);
        to.extend(self.author.bytes());
        to.extend(self.system.0.to_be_bytes());
        to.extend(self.generation.0.to_be_bytes());
        to.try_into().expect("the parts of a name have fixed lengths that sum to STREAM_NAME_BYTES")
    }

    /// Reads a name; each stream has exactly one.
    pub fn from_name(bytes: &[u8; STREAM_NAME_BYTES]) -> Result<Self, BadForm> {
        let mut from = Reader(bytes);
        let agreement = AgreementId(from.take());
        let [kind] = from.take();
        let peer: [u8; 8] = from.take();
        let [reserved] = from.take();
        let audience = match (kind, peer) {
            (0, [0, ..]) if peer == [0; 8] && agreement == AgreementId::ZERO => Audience::Local,
            (1, [0, ..]) if peer == [0; 8] => Audience::Agreement,
            (2, _) => Audience::Pair(MemberCode::from_bytes(peer)?),
            (_, _) => return Err(BadForm),
        };
        let author = MemberCode::from_bytes(from.take())?;
        let stream = Self {
            agreement,
            audience,
            author,
            system: System(from.u16()),
            generation: Generation(from.u32()),
        };
        let names_agreement = audience == Audience::Local || agreement != AgreementId::ZERO;
        let is_with_itself = audience == Audience::Pair(author);
        let well_formed = names_agreement && !is_with_itself && reserved == 0 && stream.generation.0 > 0;
        well_formed.then_some(stream).ok_or(BadForm)
    }

    /// Where the stream stands before its first entry (P5).
    pub fn origin(&self) -> Head {
        Head { position: Position(0), id: EntryId(tagged_hash(Tag::Stream, &self.name())) }
    }

    /// Whether `member` may hold the stream (P19).
    pub fn is_for(&self, member: MemberCode) -> bool {
        match self.audience {
            Audience::Local => member == self.author,
            Audience::Agreement => true,
            Audience::Pair(peer) => member == self.author || member == peer,
        }
    }
}

/// The newest entry of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// 0 before the first entry.
    pub position: Position,
    /// Its id, or the origin of the stream.
    pub id: EntryId,
}
