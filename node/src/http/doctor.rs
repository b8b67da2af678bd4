//! What a doctor asks of a running node: how it stands, and who reaches whom – each member is dialled, and asked
//! to dial back. Changes nothing, and judges nothing.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::{Extension, Json};
use futures::future::{join, join_all};
use serde::{Deserialize, Serialize};
use xietong_proto::id::*;
use xietong_proto::reach::Dialled;

use super::Desk;
use super::answer::Problem;
use super::door::Asked;
use super::node::NodeStatus;
use crate::replica::status::PeerStatus;

/// Everything that a running node can say of its health: `GET /v1/doctor`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Examined {
    /// How it stands.
    pub node: NodeStatus,
    /// One for each node of another member, whatever the agreement.
    pub reach: Vec<Reach>,
}

/// Whether two nodes reach each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// Whose node.
    pub member: MemberCode,
    /// Its transport key.
    pub peer: PeerId,
    /// Whether this node and it exchange under any agreement.
    pub is_linked: bool,
    /// What became of dialling it.
    pub out: Vec<Dialled>,
    /// What it says became of dialling this node; none if it did not answer.
    pub back: Option<Vec<Dialled>>,
    /// What program it says it runs; empty if it has not.
    pub program: String,
}

pub(super) async fn examine(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
) -> Result<Json<Examined>, Problem> {
    let status = desk.status(&asked).await?;
    let mut nodes: BTreeMap<PeerId, (&PeerStatus, bool)> = BTreeMap::new();
    for peer in status.agreements.iter().flat_map(|held| &held.peers) {
        for key in peer.nodes.keys() {
            let (_, is_linked) = nodes.entry(*key).or_insert((peer, false));
            *is_linked |= peer.is_linked;
        }
    }
    let reach = nodes.into_iter().map(|(peer, (of, is_linked))| {
        let both = join(desk.scout.dial(peer, of.nodes[&peer].clone()), desk.scout.dialled_by(peer));
        let (member, program) = (of.member, of.program.clone());
        async move {
            let (out, back) = both.await;
            Reach { member, peer, is_linked, out, back, program }
        }
    });
    let reach = join_all(reach).await;
    Ok(Json(Examined { node: NodeStatus { status, surroundings: (desk.surroundings)() }, reach }))
}
