//! A vehicle and an asset pass from one member to another, through the decisions and folds of two nodes.

use std::collections::BTreeSet;

use xietong_proto::crypto::SecretKey;
use xietong_proto::manifest::Member;

use super::*;
use crate::systems::handover::{NotHandedOver, Stage, Step, list};
use crate::systems::vehicles::rules::VehicleRules;
use crate::systems::{Standing, digest, page, query};

struct World {
    rows: [Overlay<'static>; 2],
    position: u64,
    /// Whether the second has left the agreement.
    has_left: bool,
}

fn member(place: usize) -> MemberCode {
    ["230000", "220000"][place].parse().expect("a member code")
}

/// What the first member knows.
fn circle(place: usize) -> Circle {
    let standing = Standing {
        agreement: AGREEMENT,
        members: [member(0), member(1)].into(),
        scope: Kind::ALL.into(),
        valid_from: Millis(0),
        valid_until: Millis(u64::MAX),
        open: Kind::ALL.into(),
        left: BTreeSet::new(),
    };
    Circle {
        me: member(place),
        rules: Rules::shipped().into(),
        members: Default::default(),
        agreements: vec![standing],
    }
}

/// A member as a manifest names it.
fn named(place: usize) -> Member {
    let text = String::new;
    let (name, uscc, seal_key) = (text(), text(), SecretKey::from_bytes(&[1; 32]).public());
    Member { code: member(place), name, uscc, seal_key, card: CardId([0; 32]) }
}

impl World {
    /// The first member lists a vehicle and an asset.
    fn new() -> Self {
        let rows = [Overlay::new(&Nothing), Overlay::new(&Nothing)];
        let mut world = Self { rows, position: 0, has_left: false };
        for place in 0..2 {
            world.import(place, Kind::Institutions, INSTITUTION);
        }
        world.import(0, Kind::Vehicles, VEHICLE);
        world.import(0, Kind::Assets, ASSET);
        world
    }

    fn import(&mut self, place: usize, kind: Kind, text: &str) {
        let file = Box::new(Cursor::new(text.as_bytes().to_vec()));
        let mut sheet =
            open_sheet(kind, file, &HeaderMap::default(), ROWS_MAX, TODAY).expect("a file in order");
        while let Some((lines, quarantined)) = sheet.next_lines(10).expect("to its end") {
            assert!(quarantined.is_empty(), "{quarantined:?}");
            self.give(place, Command::Import { lines, dry_run: false }).expect("imports are not refused");
        }
    }

    /// Decides, folds at both what is said to both, and brings listings in line.
    fn give(&mut self, place: usize, command: Command) -> Result<(), Refusal> {
        let mut circle = circle(place);
        if self.has_left {
            circle.agreements[0].left.insert(member(1));
        }
        let decision = decide(&self.rows[place], NOW, &circle, command)?;
        let system = decision.kind.system();
        let (local, shared) =
            (Stream::local(member(place), system), Stream::shared(AGREEMENT, member(place), system));
        for (_, record) in decision.said {
            self.fold(shared, &[record], &[0, 1]);
        }
        self.fold(local, &decision.local, &[place]);
        let diff = disclose(&self.rows[place], TODAY, &shared, Which::Keys(&decision.keys));
        self.fold(local, &diff.local, &[place]);
        self.fold(shared, &diff.shared, &[0, 1]);
        Ok(())
    }

    fn fold(&mut self, stream: Stream, records: &[Record], places: &[usize]) {
        self.position += 1;
        let (position, epoch, time) =
            (Position(self.position), Epoch(1 + u32::from(self.has_left)), Millis(0));
        let members: Vec<Member> = (0..2 - usize::from(self.has_left)).map(named).collect();
        for place in places {
            for (index, record) in (0..).zip(records) {
                let origin = Origin { stream, position, index, epoch, time, members: &members };
                apply(&mut self.rows[*place], &origin, record);
            }
        }
    }

    fn step(&mut self, place: usize, kind: Kind, id: &str, step: Step) -> Result<(), NotHandedOver> {
        let id = id.to_owned();
        self.give(place, Command::HandOver { kind, id, step }).map_err(|refusal| match refusal {
            Refusal::HandOver { reason, .. } => reason,
            other => panic!("{other:?}"),
        })
    }

    /// Listing numbers that both see, and the stages of all handovers; both members say the same.
    fn seen(&self, kind: Kind) -> (Vec<String>, Vec<Stage>) {
        let prefix = |rows: &Overlay| {
            let asked = page::List { owner: page::Owner::All, of: None, filters: Vec::new(), after: None };
            let page = query::list(rows, kind, member(0), &asked).expect("a list");
            let ids: BTreeSet<String> =
                page.items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).collect();
            let rules = VehicleRules::shipped().registration;
            let stages: Vec<Stage> = list(rows, kind, &rules).iter().map(|handover| handover.state).collect();
            (ids.into_iter().collect::<Vec<_>>(), stages)
        };
        let [one, other] = [prefix(&self.rows[0]), prefix(&self.rows[1])];
        assert_eq!(one, other);
        assert_eq!(digest(&self.rows[0], AGREEMENT), digest(&self.rows[1], AGREEMENT));
        one
    }
}

const ID: &str = "230000-V-000001";

fn out() -> Step {
    Step::Out { to: member(1), plate_surrendered: Some(TODAY) }
}

#[test]
fn a_vehicle_goes_over_and_is_listed_by_its_new_owner() {
    let mut world = World::new();
    assert_eq!(world.seen(Kind::Vehicles), (vec![ID.to_owned()], vec![]));
    world.step(0, Kind::Vehicles, ID, out()).expect("it is listed");
    assert_eq!(world.seen(Kind::Vehicles), (vec![], vec![Stage::Out]), "what is out is not listed");
    let take = || Step::In { own: "LSVNA418XR0000001".to_owned() };
    let early = world.step(1, Kind::Vehicles, ID, take());
    assert_eq!(
        early,
        Err(NotHandedOver::NoRow { id: "LSVNA418XR0000001".to_owned() }),
        "no row of its own yet"
    );
    world.import(1, Kind::Vehicles, &VEHICLE.replace("黑A12345", "吉A12345"));
    let news = "220000-V-000001".to_owned();
    world.step(1, Kind::Vehicles, ID, take()).expect("it is on its way");
    assert_eq!(world.seen(Kind::Vehicles), (vec![news], vec![Stage::In]));
    assert_eq!(world.step(1, Kind::Vehicles, ID, take()), Err(NotHandedOver::NotOnItsWay));
    world.import(0, Kind::Vehicles, &VEHICLE.replace("1000", "1001"));
    assert_eq!(world.seen(Kind::Vehicles).0.len(), 1, "its first owner does not list it again");
    assert_eq!(world.step(0, Kind::Vehicles, ID, out()), Err(NotHandedOver::OutAlready));
    assert_eq!(world.step(0, Kind::Vehicles, ID, Step::Reclaim), Err(NotHandedOver::NotDeclined));
}

#[test]
fn a_vehicle_that_comes_back_has_the_number_that_it_had() {
    let mut world = World::new();
    let take = || Step::In { own: "LSVNA418XR0000001".to_owned() };
    world.step(0, Kind::Vehicles, ID, out()).expect("it is listed");
    world.import(1, Kind::Vehicles, VEHICLE);
    world.step(1, Kind::Vehicles, ID, take()).expect("it is on its way");
    let there = "220000-V-000001";
    let back = || Step::Out { to: member(0), plate_surrendered: None };
    world.step(1, Kind::Vehicles, there, back()).expect("it came in here");
    world.step(0, Kind::Vehicles, there, take()).expect("it comes back");
    assert_eq!(world.seen(Kind::Vehicles), (vec![ID.to_owned()], vec![Stage::In, Stage::In]));
    world.step(0, Kind::Vehicles, ID, out()).expect("and may go again");
}

#[test]
fn one_row_stands_for_one_thing() {
    let mut world = World::new();
    let second = "LSVAA2184N2100001";
    let other = with(VEHICLE, &[("vin", second), ("plate_no", "黑A12346")]);
    world.import(0, Kind::Vehicles, &other);
    world.step(0, Kind::Vehicles, ID, out()).expect("it is listed");
    world.step(0, Kind::Vehicles, second, out()).expect("it is listed too");
    world.import(1, Kind::Vehicles, VEHICLE);
    let take = || Step::In { own: "LSVNA418XR0000001".to_owned() };
    world.step(1, Kind::Vehicles, ID, take()).expect("it is on its way");
    let taken = NotHandedOver::RowTaken { id: "LSVNA418XR0000001".to_owned() };
    assert_eq!(world.step(1, Kind::Vehicles, "230000-V-000002", take()), Err(taken));
}

#[test]
fn what_nobody_can_answer_any_more_is_taken_back() {
    let mut world = World::new();
    world.step(0, Kind::Vehicles, ID, out()).expect("it is listed");
    assert_eq!(world.step(0, Kind::Vehicles, ID, Step::Reclaim), Err(NotHandedOver::NotDeclined));
    world.has_left = true;
    world.step(0, Kind::Vehicles, ID, Step::Reclaim).expect("its addressee has left");
    assert_eq!(world.seen(Kind::Vehicles), (vec![ID.to_owned()], vec![Stage::Reclaimed]));
    world.has_left = false;
    world.import(1, Kind::Vehicles, VEHICLE);
    let late = world.step(1, Kind::Vehicles, ID, Step::In { own: "LSVNA418XR0000001".to_owned() });
    assert_eq!(late, Err(NotHandedOver::NotOnItsWay), "who comes again has no say in it");
}

#[test]
fn an_asset_is_declined_and_taken_back() {
    let mut world = World::new();
    let id = "230000-A-000001";
    let step = |world: &mut World, place, step| world.step(place, Kind::Assets, id, step);
    step(&mut world, 0, Step::Out { to: member(1), plate_surrendered: None }).expect("it is listed");
    assert_eq!(step(&mut world, 0, Step::Reclaim), Err(NotHandedOver::NotDeclined));
    step(&mut world, 1, Step::Decline { reason: "缺件".to_owned() }).expect("it is on its way");
    assert_eq!(
        world.seen(Kind::Assets),
        (vec![], vec![Stage::Declined]),
        "not to be shown before it is back"
    );
    step(&mut world, 0, Step::Reclaim).expect("it was declined");
    assert_eq!(world.seen(Kind::Assets), (vec![id.to_owned()], vec![Stage::Reclaimed]));
}

#[test]
fn what_may_not_be_handed_over_is_refused_by_name() {
    let tomorrow = TODAY.tomorrow().expect("a day");
    let to = "210000".parse().expect("a member code");
    let table: Vec<(usize, Kind, &str, Step, NotHandedOver)> = vec![
        (0, Kind::Energy, ID, out(), NotHandedOver::NoSuchKind),
        (0, Kind::Vehicles, "V9", out(), NotHandedOver::NotListedTo { to: member(1) }),
        (0, Kind::Vehicles, ID, Step::Out { to, plate_surrendered: None }, NotHandedOver::NotListedTo { to }),
        (
            0,
            Kind::Vehicles,
            ID,
            Step::Out { to: member(1), plate_surrendered: Some(tomorrow) },
            NotHandedOver::DayInFuture { on: tomorrow },
        ),
        (1, Kind::Vehicles, ID, Step::Decline { reason: String::new() }, NotHandedOver::NotOnItsWay),
        (0, Kind::Vehicles, ID, Step::Reclaim, NotHandedOver::NotDeclined),
    ];
    for (place, kind, id, step, reason) in table {
        assert_eq!(World::new().step(place, kind, id, step), Err(reason));
    }
}

#[test]
fn what_the_register_keeps_of_others_and_what_is_not_registered_anew_is_found() {
    use crate::systems::vehicles::finding::Breach;
    use crate::systems::vehicles::ownership::findings;
    let mut world = World::new();
    world.step(0, Kind::Vehicles, ID, out()).expect("it is listed");
    world.import(1, Kind::Vehicles, VEHICLE);
    let own = "LSVNA418XR0000001".to_owned();
    world.step(1, Kind::Vehicles, ID, Step::In { own }).expect("it is on its way");
    let rules = VehicleRules::shipped().registration;
    let found = |world: &World, place: usize, days: i64| -> Vec<Breach> {
        let day = TODAY.checked_add(jiff::Span::new().days(days)).expect("a day");
        let found = findings(&world.rows[place], member(place), &rules, day);
        found.into_iter().map(|finding| finding.breach).collect()
    };
    let kept = Breach::KeptAfterHandover { by: member(1), number: "220000-V-000001".to_owned() };
    assert_eq!(found(&world, 0, 0), [kept]);
    assert_eq!(found(&world, 1, 30), [], "the temporary plate holds for thirty days");
    let until = TODAY.checked_add(jiff::Span::new().days(30)).expect("a day");
    assert_eq!(found(&world, 1, 31), [Breach::TemporaryPlateOver { until }]);
    world.import(1, Kind::Vehicles, &VEHICLE.replace("黑A12345", "吉A12345"));
    assert_eq!(found(&world, 1, 31), []);
}

#[test]
fn what_was_taken_in_by_an_out_that_counts_no_more_is_found() {
    use crate::systems::vehicles::finding::Breach;
    use crate::systems::vehicles::ownership::findings;
    let mut world = World::new();
    world.step(0, Kind::Vehicles, ID, out()).expect("it is listed");
    world.import(1, Kind::Vehicles, VEHICLE);
    let own = "LSVNA418XR0000001".to_owned();
    world.step(1, Kind::Vehicles, ID, Step::In { own }).expect("it is on its way");
    let found = |world: &World| -> Vec<Breach> {
        let found = findings(&world.rows[1], member(1), &VehicleRules::shipped().registration, TODAY);
        found.into_iter().map(|finding| finding.breach).collect()
    };
    assert_eq!(found(&world), []);
    // As where a version cuts it away: nothing that its owner said counts any more.
    let stream = Stream::shared(AGREEMENT, member(0), System::VEHICLES);
    crate::systems::forget(&mut world.rows[1], &stream);
    assert_eq!(found(&world), [Breach::TakenInVoid { from: member(0) }]);
}

#[test]
fn what_is_taken_back_of_a_pair_stream_leaves_handovers_alone() {
    let mut world = World::new();
    world.step(0, Kind::Vehicles, ID, out()).expect("it is listed");
    let pair = Stream::pair(AGREEMENT, member(0), member(1), System::VEHICLES);
    crate::systems::forget(&mut world.rows[0], &pair);
    assert_eq!(world.seen(Kind::Vehicles), (vec![], vec![Stage::Out]));
}
