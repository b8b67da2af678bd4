//! Requests between members: each with rows of its own, who hear of each other when the test says so.

mod bills;
mod interleavings;
mod life;
mod refusals;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::calendar;
use crate::systems::requests::query::RequestView;
use crate::systems::requests::{
    About, Act, Ask, Command as Requests, Refusal as Refused, Report as Done, State, due, query,
};
use crate::systems::trips::Tariff;
use crate::systems::{Decision, Standing};

const SECOND: AgreementId = AgreementId([8; 32]);

fn code(text: &str) -> MemberCode {
    text.parse().expect("a member code")
}

fn at(text: &str) -> Millis {
    calendar::parse(text).expect("a time")
}

/// An entry that others may hold.
#[derive(Clone)]
struct Said {
    stream: Stream,
    position: Position,
    epoch: Epoch,
    time: Millis,
    records: Vec<Record>,
}

/// A member with its rows, its clock and what it has said.
struct Member {
    bench: Bench,
    code: MemberCode,
    now: Millis,
    agreements: Vec<Standing>,
    heads: BTreeMap<Stream, u64>,
    said: Vec<Said>,
    heard: BTreeMap<MemberCode, usize>,
}

impl Member {
    fn new(text: &str, members: &[&str]) -> Self {
        let standing = |agreement| Standing {
            agreement,
            members: members.iter().map(|text| code(text)).collect(),
            scope: [Kind::Vehicles, Kind::Assets].into(),
            valid_from: Millis(0),
            valid_until: at("2030-01-01"),
            open: Kind::ALL.into(),
            left: BTreeSet::new(),
        };
        Self {
            bench: Bench::new(),
            code: code(text),
            now: at("2026-11-24 08:00"),
            agreements: vec![standing(AGREEMENT), standing(SECOND)],
            heads: BTreeMap::new(),
            said: Vec::new(),
            heard: BTreeMap::new(),
        }
    }

    fn say(&mut self, stream: Stream, records: Vec<Record>) {
        if records.is_empty() {
            return;
        }
        let position = self.heads.entry(stream).or_default();
        *position += 1;
        let said = Said { stream, position: Position(*position), epoch: Epoch(1), time: self.now, records };
        self.fold(&said);
        if stream.audience != Audience::Local {
            self.said.push(said);
        }
    }

    fn fold(&mut self, said: &Said) {
        for (index, record) in (0..).zip(&said.records) {
            let Said { stream, position, epoch, time, .. } = *said;
            apply(
                &mut self.bench.rows,
                &Origin { stream, position, index, epoch, time, members: &[] },
                record,
            );
        }
    }

    /// Takes in all that another has said and this one may hold.
    fn hear(&mut self, other: &Member) {
        let heard = self.heard.entry(other.code).or_default();
        let news = other.said[*heard..].to_vec();
        *heard = other.said.len();
        for said in &news {
            if !said.stream.is_for(self.code) {
                continue;
            }
            self.fold(said);
        }
    }

    fn list(&mut self, kind: Kind, text: &str) {
        assert_eq!(self.bench.import(kind, text).added, 1);
        for agreement in [AGREEMENT, SECOND] {
            let stream = Stream::shared(agreement, self.code, kind.system());
            let which = Which::From { key: "", rows_max: 100 };
            let diff = disclose(&self.bench.rows, TODAY, &stream, which);
            self.say(Stream::local(self.code, kind.system()), diff.local);
            self.say(stream, diff.shared);
        }
    }

    fn ask(&mut self, command: Requests) -> Result<Done, Refused> {
        let circle = Circle {
            me: self.code,
            rules: Rules::shipped().into(),
            members: BTreeMap::new(),
            agreements: self.agreements.clone(),
        };
        let decided = decide(&self.bench.rows, self.now, &circle, Command::Request(command));
        let decision = decided.map_err(|refusal| match refusal {
            Refusal::Request { refusal } => refusal,
            other => panic!("{other:?}"),
        })?;
        let at_home: Vec<_> = decision.at_home(self.code).collect();
        let Decision { kind, said, told, keys, report, .. } = decision;
        for (agreement, record) in said {
            self.say(Stream::shared(agreement, self.code, kind.system()), vec![record]);
        }
        at_home.into_iter().for_each(|(stream, records)| self.say(stream, records));
        for (agreement, peer) in told {
            let stream = Stream::pair(agreement, self.code, peer, kind.system());
            let diff = disclose(&self.bench.rows, TODAY, &stream, Which::Keys(&keys));
            self.say(stream, diff.shared);
        }
        match report {
            Report::Request(report) => Ok(report),
            other => panic!("{other:?}"),
        }
    }

    fn act(&mut self, about: About, act: Act) -> Result<State, Refused> {
        self.ask(Requests::Act { about, act }).map(|done| match done {
            Done::Stands { state, .. } => state,
            other => panic!("{other:?}"),
        })
    }

    fn ask_for(&mut self, ask: Ask) -> Result<About, Refused> {
        self.ask(Requests::Ask(Box::new(ask))).map(|done| match done {
            Done::Stands { id, .. } => id,
            other => panic!("{other:?}"),
        })
    }

    /// What the node does by itself.
    fn look(&mut self) {
        for (agreement, kind, record) in due(&self.bench.rows, self.now, self.code).now {
            self.say(Stream::shared(agreement, self.code, kind.system()), vec![record]);
        }
    }

    fn view(&self, about: About) -> RequestView {
        query::show(&self.bench.rows, self.code, &about).expect("the request is known")
    }

    fn state(&self, about: About) -> State {
        self.view(about).state
    }
}

/// An owner that lists a vehicle and an asset and has set a tariff, and a requester that has heard of it.
fn two() -> (Member, Member) {
    let members = ["220000", "230000", "210000"];
    let mut owner = Member::new("230000", &members);
    owner.list(Kind::Vehicles, VEHICLE);
    owner.list(Kind::Assets, ASSET);
    owner.ask(Requests::Tariff(tariff())).expect("a tariff");
    let mut requester = Member::new("220000", &members);
    requester.hear(&owner);
    (owner, requester)
}

fn tariff() -> Tariff {
    Tariff {
        vehicle_type: "轿车".to_owned(),
        day_fen: 28_000,
        driver_day_fen: 15_000,
        km_fen: 120,
        included_km: 100,
        cancel_free_h: 24,
        cancel_percent: 20,
        no_show_percent: 50,
    }
}

fn ask() -> Ask {
    Ask {
        listing: "230000-V-000001".to_owned(),
        from: at("2026-12-01 08:00"),
        until: at("2026-12-03 18:00"),
        urgent: false,
        purpose: "执法".to_owned(),
        count: 4,
        place: "230100".to_owned(),
        approval_no: "吉执〔2026〕12号".to_owned(),
        key: String::new(),
        agreement: None,
        telephone: "0431-5550100".to_owned(),
        meet_at: "哈尔滨西站东广场".to_owned(),
    }
}

fn offer() -> Act {
    Act::Offer { listing: None, hold_h: None, telephone: "13900000000".to_owned() }
}

fn dispatch(at: Option<Millis>, odometer_km: i64) -> Act {
    Act::Dispatch { at, odometer_km, driver_no: String::new(), wheel_min: None }
}

fn driven(driver_no: &str, wheel_min: Option<i64>) -> Act {
    Act::Dispatch { at: None, odometer_km: 1_000, driver_no: driver_no.to_owned(), wheel_min }
}

fn returned(at: Option<Millis>, odometer_km: i64, tolls_fen: i64) -> Act {
    Act::Return { at, odometer_km, tolls_fen, wheel_min: None }
}

/// Asked and heard of.
fn asked() -> (Member, Member, About) {
    let (mut owner, mut requester) = two();
    let about = requester.ask_for(ask()).expect("nothing stands against it");
    owner.hear(&requester);
    (owner, requester, about)
}

/// Promised, confirmed, and both know it.
fn confirmed() -> (Member, Member, About) {
    let (mut owner, mut requester, about) = asked();
    owner.act(about, offer()).expect("it is free");
    requester.hear(&owner);
    requester.act(about, Act::Confirm).expect("it is offered");
    owner.hear(&requester);
    (owner, requester, about)
}

/// On the way, on the second day.
fn on_the_way() -> (Member, Member, About) {
    let (mut owner, mut requester, about) = confirmed();
    (owner.now, requester.now) = (at("2026-12-01 08:00"), at("2026-12-01 08:00"));
    owner.act(about, dispatch(None, 1_000)).expect("it is confirmed");
    requester.hear(&owner);
    (owner, requester, about)
}

/// Back, with a statement.
fn billed() -> (Member, Member, About) {
    let (mut owner, mut requester, about) = on_the_way();
    (owner.now, requester.now) = (at("2026-12-03 17:00"), at("2026-12-03 17:00"));
    owner.act(about, returned(None, 1_450, 9_550)).expect("it was out");
    owner.act(about, Act::Bill).expect("it is back");
    requester.hear(&owner);
    (owner, requester, about)
}
