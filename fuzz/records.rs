//! What members say in signed entries, as a node takes it in: the bodies of records. Any bytes may stand in them, for
//! nobody but their author looks at them before they are signed.

use std::sync::{Arc, LazyLock};

use xietong::calendar;
use xietong::systems::energy::release::coefficients::SetId;
use xietong::systems::energy::release_act;
use xietong::systems::page::{List, Owner};
use xietong::systems::query;
use xietong::systems::records::read;
use xietong::systems::requests::query as requests;
use xietong::systems::requests::{Act, Command as Request, due};
use xietong::systems::rows::{Overlay, RowIter, Rows};
use xietong::systems::rules::Rules;
use xietong::systems::trips::net;
use xietong::systems::vehicles::{indicators, supervision};
use xietong::systems::{Circle, Command, Kind, Origin};
use xietong::systems::{apply, decide, digest, forget, group, handover, summary};
use xietong_proto::crypto::SecretKey;
use xietong_proto::entry::Record;
use xietong_proto::id::*;
use xietong_proto::manifest::Member;
use xietong_proto::stream::Stream;

/// This member, and one that says what it likes.
static MEMBERS: LazyLock<[Member; 2]> = LazyLock::new(|| ["230000", "220000"].map(member));
/// Where this member stands.
pub static CIRCLE: LazyLock<Circle> = LazyLock::new(|| {
    let rules = Arc::new(Rules::shipped());
    Circle { me: MEMBERS[0].code, rules, members: Default::default(), agreements: Vec::new() }
});
/// In the middle of a day, after everything that was found in the corpus.
pub const NOW: Millis = Millis(1_795_492_800_000);
const AGREEMENT: AgreementId = AgreementId([7; 32]);
const RECORDS_MAX: usize = 32;

/// People look at what came of records; whoever spoke first, and whether a stream was taken back and folded again (P36),
/// it comes to the same.
pub fn record(bytes: &[u8]) {
    let said: Vec<(Stream, Record)> = Said(bytes).take(RECORDS_MAX).collect();
    said.iter().for_each(|(stream, record)| drop(read(stream.author, record)));
    let mut rows = Overlay::new(&Nothing);
    fold(&mut rows, &said, |_| true);
    look(&rows);
    let first = all(&rows);
    said.iter().for_each(|(stream, _)| forget(&mut rows, stream));
    MEMBERS.iter().rev().for_each(|member| fold(&mut rows, &said, |stream| stream.author == member.code));
    assert_eq!(all(&rows), first);
}

/// Who says it to whom, the system and the kind, a byte each; the length of the body, two bytes; the body.
struct Said<'a>(&'a [u8]);

impl Iterator for Said<'_> {
    type Item = (Stream, Record);

    fn next(&mut self) -> Option<Self::Item> {
        let ([side, system, low, length @ ..], rest) = self.0.split_first_chunk::<5>()?;
        let system = System((*system).into());
        let (body, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        self.0 = rest;
        let [me, other] = [&MEMBERS[0], &MEMBERS[1]].map(|member| member.code);
        let stream = match side % 4 {
            0 => Stream::shared(AGREEMENT, me, system),
            1 => Stream::shared(AGREEMENT, other, system),
            2 => Stream::pair(AGREEMENT, me, other, system),
            _ => Stream::pair(AGREEMENT, other, me, system),
        };
        Some((stream, group::record(system, (*low).into(), body.to_vec())))
    }
}

fn fold(rows: &mut Overlay, said: &[(Stream, Record)], is_meant: impl Fn(&Stream) -> bool) {
    for (at, (stream, record)) in (1..).zip(said).filter(|(_, (stream, _))| is_meant(stream)) {
        let (stream, position, time) = (*stream, Position(at), Millis(NOW.0 + at));
        apply(
            rows,
            &Origin { stream, position, index: 0, epoch: Epoch(1), time, members: &*MEMBERS },
            record,
        );
    }
}

/// All that is looked up of what members said, and what a node does by itself on it.
fn look(rows: &dyn Rows) {
    let (me, today) = (CIRCLE.me, calendar::date(NOW));
    for kind in Kind::ALL {
        let list = List { owner: Owner::All, of: None, filters: Vec::new(), after: None };
        let page = query::list(rows, kind, me, &list).expect("there is no filter");
        for id in page.items.iter().filter_map(|item| item["id"].as_str()) {
            query::show(rows, kind, me, today, id);
            query::places(rows, me, id);
        }
        handover::list(rows, kind, &CIRCLE.rules.vehicles.registration);
    }
    summary::vehicles(rows);
    summary::assets(rows);
    for view in requests::list(rows, me, Millis(0)) {
        for act in [Act::Wait, Act::Confirm, Act::NoShow, Act::Bill, Act::Settle] {
            let step = Command::Request(Request::Act { about: view.id, act });
            // Refusing it is an answer like any other.
            let _ = decide(rows, NOW, &CIRCLE, step);
        }
    }
    due(rows, NOW, me);
    net::of_month(rows, me, "2026-11");
    indicators::indicators(rows, &CIRCLE.rules.vehicles, today);
    supervision::supervise(rows, me, &CIRCLE.rules, today, today);
    // Most months show nothing.
    let _ = release_act::regional(rows, "2025-03", SetId::NationalGasUpper);
    digest(rows, AGREEMENT);
}

fn all(rows: &Overlay) -> Vec<(Vec<u8>, Vec<u8>)> {
    rows.scan(&[], &[]).collect()
}

fn member(code: &str) -> Member {
    let seal_key = SecretKey::from_bytes(&[1; 32]).public();
    let (code, card) = (code.parse().expect("a member code"), CardId([1; 32]));
    Member { code, name: "x".to_owned(), uscc: String::new(), seal_key, card }
}

/// A store with nothing in it.
pub struct Nothing;

impl Rows for Nothing {
    fn get(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn scan<'a>(&'a self, _: &[u8], _: &[u8]) -> RowIter<'a> {
        Box::new(std::iter::empty())
    }
}
