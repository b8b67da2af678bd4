//! What must hold in every world, by name.

use std::collections::BTreeMap;

use xietong::machine::Work;
use xietong::replica::confirm::Unconfirmed;
use xietong::replica::evidence::NoEvidence;
use xietong::replica::io::NetEvent;
use xietong::replica::logs::Past;
use xietong::store::Store;
use xietong::systems::requests::About;
use xietong::systems::vehicles::Vehicles;
use xietong::systems::{self, Kind, Which, register};
use xietong_proto::entry::Entry;
use xietong_proto::epochs::{Standing, Tally};
use xietong_proto::id::*;
use xietong_proto::manifest::Manifest;
use xietong_proto::presentation::Presentation;
use xietong_proto::stream::{Audience, Head, Stream};
use xietong_proto::sync::{Frame, Heads};

use super::network::Place;
use super::node::Node;
use super::proof::proven;
use super::world::{World, agreements_of};

/// An invariant that does not hold.
#[derive(Debug)]
#[allow(dead_code, reason = "read through Debug, in the message of a failure")]
pub enum Violation {
    /// Once healed, members hold unequal heads or digests.
    Converged { agreement: AgreementId, members: [MemberCode; 2] },
    /// Once healed, members go by different versions, or none is in force.
    OneEpoch { agreement: AgreementId, member: MemberCode, standing: Box<Standing> },
    /// What all honest members have approved does not come into force.
    Wedged { agreement: AgreementId, manifest: ManifestId, tally: Box<Option<Tally>> },
    /// Once healed, a node still does not author under an agreement.
    Unconfirmed { agreement: AgreementId, member: MemberCode, lacking: Option<Unconfirmed> },
    /// Once healed, a node still has its clock for doubtful.
    Doubtful { agreement: AgreementId, member: MemberCode, ahead_ms: i64 },
    /// What more than half of the others have signed for does not count with somebody.
    Undone { member: MemberCode, stream: Stream, at: Position },
    /// A member that ran only once has two entries at one place.
    OwnFork { holder: MemberCode, stream: Stream },
    /// A member has signed that it holds what it does not hold.
    Receipted { member: MemberCode, stream: Stream, at: Position },
    /// A node works on and on without getting anywhere.
    Busy { member: MemberCode, work: Option<Work>, due_ms: Option<u64> },
    /// Nodes say far more to each other than the work takes.
    Chatter { steps: u64 },
    /// A member that has done nothing wrong is not let in.
    Wronged { by: MemberCode, peer: MemberCode },
    /// An entry that a stolen key has signed behind the end of what that key says counts with somebody.
    Stolen { holder: MemberCode, stream: Stream, at: Position },
    /// What a node holds it cannot prove.
    Unproven { member: MemberCode, stream: Stream, because: NoEvidence },
    /// What was acknowledged is gone.
    Durable { member: MemberCode, id: String },
    /// A byte of a stream went to somebody it is not for.
    Audience { to: MemberCode, stream: Stream },
    /// An agreement was presented to whom it does not concern, or who left was told more than what ended it.
    Presented { to: MemberCode, agreement: AgreementId },
    /// What an agreement shows is not what the register says should be shown.
    Disclosed { member: MemberCode, agreement: AgreementId },
    /// One vehicle is promised twice for the same time.
    DoubleBooked { owner: MemberCode, requests: [About; 2] },
    /// Somebody promised what is another's.
    NotTheOwner { author: MemberCode, request: About },
    /// A vehicle has several owners, or none.
    NotOneOwner { vin: String, owners: Vec<MemberCode> },
    /// What was on its way to who has left cannot be taken back.
    Stranded { owner: MemberCode, id: String },
    /// Somebody lists what it has handed over.
    ListedWhenGone { owner: MemberCode, id: String },
    /// Two see a request, or what it costs, differently although both hold all that was said.
    Settled { request: About, members: [MemberCode; 2] },
}

/// Heads and digests are equal among the members of each agreement.
pub fn converged(world: &World) -> Result<(), Violation> {
    for agreement in &world.agreements {
        let id = agreement.id();
        let newest = newest(world, id).unwrap_or_else(|| agreement.manifest().clone());
        let is_member = |node: &&Node| newest.member(node.me.code()).is_some();
        let members: Vec<&Node> = honest(world).filter(is_member).collect();
        for node in &members {
            one_epoch(world, node, id, &newest)?;
        }
        let state = |node: &Node| {
            let logs = node.machine.as_ref().map(|machine| machine.replica().logs());
            let heads = logs
                .into_iter()
                .flat_map(|logs| logs.heads().map(|(stream, head)| (*stream, *head, logs.forked_at(stream))));
            let is_shared =
                |stream: &Stream| stream.agreement == id && stream.audience == Audience::Agreement;
            let shared: Vec<_> = heads.filter(|(stream, ..)| is_shared(stream)).collect();
            (shared, (!node.forgets_outs()).then(|| systems::digest(node.store.rows(), id)))
        };
        let replicas =
            members.iter().filter_map(|node| node.machine.as_ref()).map(|machine| machine.replica());
        // Alone there is nobody to compare with.
        let are_alone = world.nodes.iter().filter(|node| node.machine.is_some()).filter(is_member);
        let are_alone = are_alone.count() < 2;
        let waits = replicas.into_iter().find(|replica| replica.unconfirmed(id).is_some() && !are_alone);
        if let Some(waits) = waits {
            let (member, lacking) = (waits.me().code(), waits.unconfirmed(id));
            return Err(Violation::Unconfirmed { agreement: id, member, lacking });
        }
        members.iter().try_for_each(|node| clock_trusted(world, node, id))?;
        members.iter().try_for_each(|node| all_receipted(world, node, id, &newest))?;
        members.iter().try_for_each(|node| not_undone(world, node))?;
        members.iter().try_for_each(|node| proven(node, id))?;
        for pair in members.windows(2) {
            if state(pair[0]) != state(pair[1]) {
                let members = [pair[0].me.code(), pair[1].me.code()];
                return Err(Violation::Converged { agreement: id, members });
            }
        }
    }
    paired(world)
}

/// Clocks that are right are not doubted, whatever they were.
fn clock_trusted(world: &World, node: &Node, id: AgreementId) -> Result<(), Violation> {
    let replica = node.machine.as_ref().map(|machine| machine.replica());
    match replica.and_then(|replica| replica.clock_doubt(id, node.now(world.now_ms))) {
        Some(ahead_ms) => Err(Violation::Doubtful { agreement: id, member: node.me.code(), ahead_ms }),
        None => Ok(()),
    }
}

/// What two tell each other alone is with both of them in full, and with nobody else.
fn paired(world: &World) -> Result<(), Violation> {
    for one in honest(world) {
        let Some(machine) = &one.machine else { continue };
        let me = one.me.code();
        for (stream, head) in machine.replica().logs().heads() {
            let Audience::Pair(peer) = stream.audience else { continue };
            if !stream.is_for(me) {
                return Err(Violation::Audience { to: me, stream: *stream });
            }
            let other = if stream.author == me { peer } else { stream.author };
            let Some(other) = honest(world).find(|node| node.me.code() == other) else { continue };
            // Who has left is told nothing any more.
            if [me, other.me.code()].into_iter().any(|member| has_left(world, stream.agreement, member)) {
                continue;
            }
            let theirs = other.machine.as_ref().map(|machine| machine.replica().logs().head(stream));
            if theirs.is_some_and(|theirs| theirs != *head) && !may_fork(world, stream.author) {
                let members = [me, other.me.code()];
                return Err(Violation::Converged { agreement: stream.agreement, members });
            }
        }
    }
    Ok(())
}

/// The newest version that is in force with any honest node.
pub fn newest(world: &World, id: AgreementId) -> Option<Manifest> {
    let held = honest(world).filter_map(|node| node.machine.as_ref());
    let held = held.flat_map(|machine| machine.replica().agreements()).filter(|held| held.id() == id);
    held.map(|held| held.manifest().clone()).max_by_key(|manifest| manifest.fields.epoch)
}

/// Whether an agreement named a member that is none by its newest version.
pub(super) fn has_left(world: &World, id: AgreementId, member: MemberCode) -> bool {
    let is_none = |newest: Manifest| newest.member(member).is_none();
    agreements_of(world, member).contains(&id) && newest(world, id).is_some_and(is_none)
}

/// A member goes by the same version as everybody else, and it is in force.
fn one_epoch(world: &World, node: &Node, id: AgreementId, newest: &Manifest) -> Result<(), Violation> {
    let Some(machine) = &node.machine else { return Ok(()) };
    let held = machine.replica().agreements().find(|held| held.id() == id);
    let Some(held) = held.filter(|held| !held.is_open() || held.manifest() != newest) else { return Ok(()) };
    let may_be_split = world.council.as_ref().is_some_and(|council| !council.is_concluded);
    match held.epochs().standing() {
        Standing::Closed { .. } => return Ok(()),
        Standing::Split { .. } if may_be_split => return Ok(()),
        Standing::Split { .. } | Standing::InForce(_) | Standing::Proposed => {}
    }
    let standing = Box::new(held.epochs().standing().clone());
    Err(Violation::OneEpoch { agreement: id, member: node.me.code(), standing })
}

/// Where a stream ends, as a node knows.
fn cut(node: &Node, stream: &Stream) -> Option<Head> {
    let replica = node.machine.as_ref().map(|machine| machine.replica())?;
    replica.agreements().find(|held| held.id() == stream.agreement)?.epochs().cut(stream)
}

/// Nothing goes to a member that is not for it: no entry, and no mention of a stream.
pub fn audience(world: &World, from: Place, to: Place, frame: &Frame) -> Result<(), Violation> {
    let to = world.nodes[to].me.code();
    let named = agreements_of(world, to);
    // By what the sender knows: whoever has heard that a member was removed sends it nothing more.
    let is_member = |stream: &Stream| {
        let replica = world.nodes[from].machine.as_ref().map(|machine| machine.replica());
        let held = replica.and_then(|of| of.agreements().find(|held| held.id() == stream.agreement));
        held.is_none_or(|held| held.manifest().member(to).is_some())
    };
    let may = |stream: &Stream| stream.is_for(to) && named.contains(&stream.agreement) && is_member(stream);
    let told: Vec<Stream> = match frame {
        Frame::Range(range) => streams_in(&range.entries),
        Frame::Fork(pair) => pair.iter().map(|head| head.header().stream).collect(),
        Frame::Trace(trace) => vec![trace.stream],
        Frame::Traced(traced) => vec![traced.stream],
        Frame::Receipted(told) => told.lines.keys().copied().collect(),
        Frame::Push(push) => streams_in(&[&push.head[..], &push.payload].concat()),
        Frame::Heads(Heads::All(lines) | Heads::Changed(lines)) => {
            lines.iter().map(|line| line.stream).collect()
        }
        Frame::Rival(_)
        | Frame::Signing(_)
        | Frame::Heads(Heads::Digest(_))
        | Frame::Hello(_)
        | Frame::Cards(_)
        | Frame::Want(_) => Vec::new(),
    };
    match told.into_iter().find(|stream| !may(stream)) {
        Some(stream) => Err(Violation::Audience { to, stream }),
        None => Ok(()),
    }
}

/// An agreement is presented to its members alone; who has left, as far as the sender knows, is told nothing behind what
/// ended that, and no card.
pub fn presented(world: &World, from: Place, to: Place, shown: &Presentation) -> Result<(), Violation> {
    let (to, agreement) = (world.nodes[to].me.code(), shown.hello.agreement);
    let replica = world.nodes[from].machine.as_ref().map(|machine| machine.replica());
    let held = replica.and_then(|of| of.agreements().find(|held| held.id() == agreement));
    let is_member = held.is_some_and(|held| held.manifest().member(to).is_some());
    let names = |id: ManifestId| {
        let manifest = held.and_then(|held| held.epochs().manifest(id));
        manifest.is_some_and(|manifest| manifest.member(to).is_some())
    };
    let manifests = shown.signings.iter().filter_map(|signing| Manifest::open(&signing.manifest).ok());
    let is_told_more =
        manifests.into_iter().any(|of| !names(of.id()) && !of.fields.predecessor.is_some_and(names));
    let is_wrong = !agreements_of(world, to).contains(&agreement)
        || (!is_member && (is_told_more || !shown.cards.is_empty()));
    if is_wrong { Err(Violation::Presented { to, agreement }) } else { Ok(()) }
}

/// The nodes of members that run, run once and do no mischief.
pub(super) fn honest(world: &World) -> impl Iterator<Item = &Node> {
    world.nodes.iter().filter(|node| is_honest(world, node.me.code()))
}

/// Whether a member does so.
pub(super) fn is_honest(world: &World, member: MemberCode) -> bool {
    let rogue = world.rogue.as_ref().map(|rogue| world.nodes[rogue.place].me.code());
    let absent = world.absent.map(|place| world.nodes[place].me.code());
    let double = world.council.as_ref().filter(|council| council.has_double_signer);
    let double = double.map(|_| world.nodes[0].me.code());
    let is_suspect = [rogue, absent, double].contains(&Some(member));
    !is_suspect && !is_twins(world, member)
}

/// Whether a member may have signed two entries for one place: it ran twice, or goes on from an older state.
pub(super) fn may_fork(world: &World, member: MemberCode) -> bool {
    let restored = world.restored.as_ref().map(|backup| world.nodes[backup.place].me.code());
    let stolen = world.victim().map(|place| world.keys[place].code());
    [restored, stolen].contains(&Some(member)) || is_twins(world, member)
}

/// Who is busy at a time.
pub fn busy(world: &World, now_ms: u64) -> Violation {
    let is_busy = |node: &&Node| !node.is_settled() || node.due_ms().is_some_and(|due_ms| due_ms <= now_ms);
    let node =
        world.nodes.iter().filter(|node| node.machine.is_some()).find(is_busy).unwrap_or(&world.nodes[0]);
    let work = node.machine.as_ref().and_then(|machine| machine.work());
    Violation::Busy { member: node.me.code(), work, due_ms: node.due_ms() }
}

/// Only who offends is shut out.
pub fn shut_out(world: &World, by: Place, peer: PeerId) -> Result<(), Violation> {
    let by = world.nodes[by].me.code();
    match honest(world).find(|node| node.me.peer == peer).filter(|_| is_honest(world, by)) {
        Some(node) => Err(Violation::Wronged { by, peer: node.me.code() }),
        None => Ok(()),
    }
}

fn is_twins(world: &World, member: MemberCode) -> bool {
    world.twins.is_some_and(|twins| twins.code == member)
}

/// Remembers how far more than half of the others have signed for the streams of the member that runs twice.
pub fn settle(world: &mut World) {
    let Some(twins) = world.twins else { return };
    let mut signed: BTreeMap<Stream, Vec<(usize, Head)>> = BTreeMap::new();
    for (place, node) in world.nodes.iter().enumerate().filter(|(place, _)| !twins.has(*place)) {
        let receipts = node.machine.iter().flat_map(|machine| machine.replica().newest_receipts());
        for (_, lines) in receipts.filter(|(fields, _)| fields.member == node.me.code()) {
            let of_twins = lines.iter().filter(|(stream, _)| stream.author == twins.code);
            of_twins.for_each(|(stream, head)| signed.entry(*stream).or_default().push((place, *head)));
        }
    }
    for (stream, heads) in signed {
        let agreement = world.agreements.iter().find(|held| held.id() == stream.agreement);
        let others = agreement.map_or(0, |held| held.manifest().fields.members.len() - 1);
        let leads = |place: usize, far: &Head, to: &Head| {
            far.position >= to.position && world.nodes[place].store.id_at(stream, to.position) == Some(to.id)
        };
        for (_, to) in &heads {
            let holders = heads.iter().filter(|(place, far)| leads(*place, far, to)).count();
            let known = world.settled.get(&stream).map_or(Position(0), |known| known.position);
            if 2 * holders > others && to.position > known {
                world.settled.insert(stream, *to);
            }
        }
    }
}

/// What was settled at any time counts with everybody.
fn not_undone(world: &World, node: &Node) -> Result<(), Violation> {
    let named = agreements_of(world, node.me.code());
    let settled = world.settled.iter().filter(|(stream, _)| named.contains(&stream.agreement));
    for (stream, head) in settled {
        if node.store.id_at(*stream, head.position) != Some(head.id) {
            return Err(Violation::Undone { member: node.me.code(), stream: *stream, at: head.position });
        }
    }
    Ok(())
}

/// Nobody ever holds two entries of one place, but of a member that runs twice: none goes on from an older state.
pub fn unforked(world: &World, place: Place) -> Result<(), Violation> {
    let node = &world.nodes[place];
    let Some(machine) = &node.machine else { return Ok(()) };
    let logs = machine.replica().logs();
    let is_forked = |stream: &Stream| logs.forked_at(stream).is_some() && !may_fork(world, stream.author);
    match logs.heads().find(|(stream, _)| is_forked(stream)) {
        Some((stream, _)) => Err(Violation::OwnFork { holder: node.me.code(), stream: *stream }),
        None => Ok(()),
    }
}

/// What a member has signed for, it durably holds: looked up in its own store, wherever the receipt is known.
pub fn receipted(world: &World, place: Place) -> Result<(), Violation> {
    let Some(machine) = &world.nodes[place].machine else { return Ok(()) };
    for (fields, lines) in machine
        .replica()
        .newest_receipts()
        .filter(|(by, _)| is_honest(world, by.member) && !may_fork(world, by.member))
    {
        let lines = lines.iter().filter(|(stream, _)| !may_fork(world, stream.author));
        // One that is down cannot say what was cut since; it is looked at when it is up again.
        let is_signer = |node: &&Node| node.me.code() == fields.member && node.machine.is_some();
        let Some(signer) = world.nodes.iter().find(is_signer) else { continue };
        let lacks = |(stream, head): &(&Stream, &Head)| {
            cut(signer, stream).is_none() && signer.store.id_at(**stream, head.position) != Some(head.id)
        };
        if let Some((stream, head)) = lines.into_iter().find(lacks) {
            return Err(Violation::Receipted { member: fields.member, stream: *stream, at: head.position });
        }
    }
    Ok(())
}

/// Everybody has everybody's receipt for everything, in the end.
fn all_receipted(world: &World, node: &Node, id: AgreementId, newest: &Manifest) -> Result<(), Violation> {
    let Some(machine) = &node.machine else { return Ok(()) };
    let replica = machine.replica();
    let heads = replica.logs().heads();
    let is_shared = |stream: &Stream| stream.agreement == id && stream.audience == Audience::Agreement;
    let judged = heads.filter(|(stream, _)| is_shared(stream) && !may_fork(world, stream.author));
    for (stream, head) in judged {
        let signed = replica.receipted(stream);
        let readers = newest.fields.members.iter().map(|member| member.code);
        let readers = readers.filter(|member| is_honest(world, *member));
        for member in readers.filter(|member| *member != stream.author) {
            // What was signed for before a cut stands.
            let is_cut = cut(node, stream).is_some();
            let has_signed = signed
                .get(&member)
                .is_some_and(|signed| *signed == head.position || (is_cut && *signed > head.position));
            if !has_signed {
                return Err(Violation::Receipted { member, stream: *stream, at: head.position });
            }
        }
    }
    Ok(())
}

/// What the operator was told is done stands in the register.
pub fn durable(node: &Node) -> Result<(), Violation> {
    if !node.is_settled() {
        return Ok(());
    }
    for (id, body) in &node.acknowledged {
        let stored = register::get::<Vehicles>(node.store.rows(), id).map(|(stored, _)| stored.body);
        if stored != *body {
            return Err(Violation::Durable { member: node.me.code(), id: id.clone() });
        }
    }
    Ok(())
}

/// A settled node has nothing left to disclose or take back.
pub fn disclosed(node: &Node, now_ms: u64) -> Result<(), Violation> {
    let Some(machine) = node.machine.as_ref().filter(|_| node.is_settled()) else { return Ok(()) };
    if machine.replica().short_for_own().is_some() || node.forgets_outs() {
        return Ok(());
    }
    let today = xietong::calendar::date(node.now(now_ms).wall);
    let replica = machine.replica();
    let now = node.now(now_ms);
    let may =
        |id: &AgreementId| replica.unconfirmed(*id).is_none() && replica.clock_doubt(*id, now).is_none();
    let me = node.me.code();
    for held in replica.agreements().filter(|held| may(&held.id())) {
        let agreement = held.id();
        let members = held.manifest().fields.members.iter().map(|member| member.code);
        let peers = members.filter(|code| *code != me && replica.has_compared(agreement, *code));
        let pairs = peers.map(|peer| Stream::pair(agreement, me, peer, System::VEHICLES));
        let shared = Kind::ALL.map(|kind| replica.own_stream(agreement, kind.system()));
        let takes_part = |own: &Stream| replica.takes_part(held, own.system);
        for own in shared
            .into_iter()
            .chain(pairs)
            .filter(takes_part)
            .filter(|own| replica.logs().forked_at(own).is_none())
            // Who has forked what all hear says nothing more to one alone either.
            .filter(|own| replica.logs().forked_at(&replica.own_stream(agreement, own.system)).is_none())
        {
            let which = Which::From { key: "", rows_max: 1_000 };
            if !systems::disclose(node.store.rows(), today, &own, which).shared.is_empty() {
                return Err(Violation::Disclosed { member: me, agreement });
            }
        }
    }
    Ok(())
}

/// How everybody stands with forked streams, for whoever looks at a failure.
pub fn show(world: &World) {
    for node in &world.nodes {
        let Some(machine) = &node.machine else { continue };
        let (replica, me) = (machine.replica(), node.me.code());
        for (stream, at) in replica.logs().forked() {
            println!("{me}: {stream:?} forked at {at}, counts to {:?}", replica.logs().head(stream));
            for (fields, lines) in replica.newest_receipts().filter(|(_, lines)| lines.contains_key(stream)) {
                println!("    {} signed {}: {:?}", fields.member, fields.number, lines[stream]);
            }
        }
    }
}

/// A short name for the trace.
pub fn name(event: &NetEvent) -> String {
    match event {
        NetEvent::Connected { .. } => "connected".to_owned(),
        NetEvent::Runs { .. } => "runs".to_owned(),
        NetEvent::Disconnected { .. } => "disconnected".to_owned(),
        NetEvent::Stranger { .. } => "stranger".to_owned(),
        NetEvent::Unexpected { .. } => "unexpected".to_owned(),
        NetEvent::Guest { .. } => "guest".to_owned(),
        NetEvent::Presented { shown, .. } => format!("presented {:?}", shown.hello.agreement),
        NetEvent::Opened { link } => format!("opened {link:?}"),
        NetEvent::Accepted { link, .. } => format!("accepted {link:?}"),
        NetEvent::Frame { link, frame } => format!("frame on {link:?}: {frame:?}"),
        NetEvent::Entries { link, entries, refused, .. } => {
            let heads: Vec<_> =
                entries.iter().map(|entry| (entry.header().stream.author, entry.head())).collect();
            format!("entries on {link:?}: {heads:?} {refused:?}")
        }
        NetEvent::Announced { link, head, .. } => format!("announced on {link:?}: {head:?}"),
        NetEvent::Forked { link, proof } => {
            format!("forked on {link:?}: {} at {}", proof.stream().author, proof.at())
        }
        NetEvent::Traced { link, heads, .. } => format!("traced on {link:?}: {} heads", heads.len()),
        NetEvent::Refused { link, reject } => format!("refused on {link:?}: {reject:?}"),
        NetEvent::Closed { link } => format!("closed {link:?}"),
    }
}

fn streams_in(mut bytes: &[u8]) -> Vec<Stream> {
    let mut streams = Vec::new();
    while let Ok((entry, rest)) = Entry::split_first(bytes) {
        streams.push(entry.header().stream);
        bytes = rest;
    }
    streams
}
