//! The simulator: a world of a few nodes whose clocks, network and disks are data. One seed, one run, one
//! trace. After every step named invariants are checked; a failure prints the command that replays it.

mod bookings;
mod council;
mod deeds;
mod following;
mod handovers;
mod invariants;
pub mod members;
mod mischief;
pub mod network;
mod node;
mod parting;
mod proof;
mod returning;
mod said;
mod thief;
mod twins;
pub mod workload;
mod world;

use std::fmt;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use invariants::Violation;
use world::World;

/// What a run is made of; everything else follows from the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The real thing.
    None,
    /// A store that answers before it syncs.
    AcknowledgesBeforeSync,
    /// A node that serves whatever is asked for.
    SkipsAudienceCheck,
    /// A fold whose rows depend on the order of arrival.
    FoldsByArrival,
    /// Rows of entries that do not count any more stay.
    KeepsRowsOfForks,
    /// A node that forgets what it has promised.
    LosesHolds,
    /// A node that has forgotten after a crash what it handed over.
    LosesOuts,
    /// A node that tells nobody of a fork and takes no notice of one that it is told of.
    HidesForks,
    /// A node that passes on no manifest and no opinion.
    HidesSignings,
}

/// A run that broke an invariant.
pub struct Failure {
    seed: u64,
    step: u64,
    violation: Box<Violation>,
    trade: Trade,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, step, violation, trade } = self;
        let world = if *trade == Trade::Bookings { " --world bookings" } else { "" };
        write!(f, "seed {seed}, step {step}: {violation:?}; replay: scripts/sim {seed} --trace{world}")
    }
}

/// What a clean run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Events handled by nodes.
    pub steps: u64,
    /// Entries in all logs at the end.
    pub entries: u64,
    /// Crashes that were survived.
    pub crashes: u64,
    /// Frames that the network lost.
    pub lost: u64,
    /// Versions of agreements that came into force after the first, with everybody in the end.
    pub epochs: u64,
    /// Entries that came in bundles.
    pub carried: u64,
    /// How often a peer that offended was shut out.
    pub shut_out: u64,
    /// Requests that were made, offers that were refused because the vehicle was taken, statements that were settled.
    pub requests: u64,
    /// See `requests`.
    pub taken: u64,
    /// See `requests`.
    pub settled: u64,
    /// Vehicles that passed from one member to another.
    pub passed: u64,
    /// Vehicles that were taken back from a member that had left.
    pub taken_back: u64,
    /// Receipts that were reported for entries that nobody wrote.
    pub unwritten: u64,
    /// Keys that members changed, and entries that a stolen one signed.
    pub renewed: u64,
    /// See `renewed`.
    pub stolen: u64,
    /// A hash over everything that happened.
    pub trace: u64,
}

/// What the operators of a world do besides keeping their registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trade {
    /// Nothing.
    None,
    /// They book each other's vehicles, more of them than there are.
    Bookings,
}

/// Runs one seed.
pub fn run(seed: u64, fault: Fault, shows_trace: bool) -> Result<Figures, Failure> {
    run_with(Trade::None, seed, fault, shows_trace)
}

/// Runs one seed of a world.
fn run_with(trade: Trade, seed: u64, fault: Fault, shows_trace: bool) -> Result<Figures, Failure> {
    let mut world = World::new(seed, trade, fault, shows_trace);
    let ended = world.run();
    if ended.is_err() && shows_trace {
        invariants::show(&world);
    }
    let step = world.figures().steps;
    ended.map_err(|violation| Failure { seed, step, violation: Box::new(violation), trade })
}

/// Storms behind the first twenty that once broke an invariant.
const MENDED_STORMS: [u64; 11] = [180, 240, 390, 490, 504, 622, 642, 654, 1046, 1776, 3748];

#[test]
fn twenty_storms_of_bookings_promise_nothing_twice_and_settle_the_same() {
    let ended = (0..20).chain(MENDED_STORMS).map(|seed| run_with(Trade::Bookings, seed, Fault::None, false));
    let (good, bad): (Vec<_>, Vec<_>) = ended.partition(Result::is_ok);
    let failures: Vec<String> = bad.into_iter().filter_map(|ended| Some(ended.err()?.to_string())).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let sum = good.into_iter().flatten().fold(Figures::default(), |mut sum, figures| {
        sum.add(figures);
        sum
    });
    // The storm is one: much is asked, much is refused for being taken, and some get as far as paying.
    assert!(sum.requests > 100 && sum.taken > 5 && sum.settled > 0 && sum.passed > 5, "{sum:?}");
}

#[test]
fn an_owner_that_forgets_what_it_handed_over_makes_two_owners_of_one_vehicle() {
    let has_two = |of: &Violation| matches!(of, Violation::NotOneOwner { owners, .. } if owners.len() > 1);
    assert!(is_found(Fault::LosesOuts, has_two));
}

#[test]
fn an_owner_that_forgets_its_promises_promises_twice() {
    assert!(is_found(Fault::LosesHolds, |of| matches!(of, Violation::DoubleBooked { .. })));
}

/// Whether a planted fault breaks what it has to within a hundred storms of bookings.
fn is_found(fault: Fault, breaks: impl Fn(&Violation) -> bool) -> bool {
    let mut ended = (0..100).map(|seed| run_with(Trade::Bookings, seed, fault, false));
    ended.any(|ended| ended.is_err_and(|failure| breaks(&failure.violation)))
}

/// Seeds behind the first three hundred that once broke an invariant.
const MENDED: [u64; 6] = [300, 330, 384, 618, 828, 912];

#[test]
fn three_hundred_seeds_and_those_that_once_did_break_no_invariant() {
    let failures = (0..300).chain(MENDED).filter_map(|seed| run(seed, Fault::None, false).err());
    let failures: Vec<String> = failures.map(|failure| failure.to_string()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_seed_always_gives_the_same_trace() {
    for seed in 0..10 {
        let figures = || run(seed, Fault::None, false).ok();
        assert_eq!(figures(), figures(), "seed {seed}");
    }
}

#[test]
fn the_world_really_loses_frames_and_crashes_nodes() {
    let all: Vec<Figures> = (0..60).filter_map(|seed| run(seed, Fault::None, false).ok()).collect();
    assert!(all.iter().map(|figures| figures.lost).sum::<u64>() > 100);
    assert!(all.iter().map(|figures| figures.crashes).sum::<u64>() > 20);
    assert!(all.iter().map(|figures| figures.shut_out).sum::<u64>() > 2);
    assert!(all.iter().map(|figures| figures.unwritten).sum::<u64>() > 0);
    assert!(all.iter().map(|figures| figures.carried).sum::<u64>() > 5);
    assert!(all.iter().map(|figures| figures.epochs).sum::<u64>() > 10);
    assert!(all.iter().map(|figures| figures.renewed).sum::<u64>() > 5);
    assert!(all.iter().map(|figures| figures.stolen).sum::<u64>() > 0);
    assert!(all.iter().all(|figures| figures.entries > 2));
}

#[test]
fn every_planted_fault_is_found_within_a_hundred_seeds_of_its_kind() {
    let faults = [
        Fault::AcknowledgesBeforeSync,
        Fault::SkipsAudienceCheck,
        Fault::FoldsByArrival,
        Fault::KeepsRowsOfForks,
        Fault::HidesForks,
        Fault::HidesSignings,
    ];
    for fault in faults {
        // A hundred worlds of each kind; every third has forks.
        assert!((0..300).any(|seed| run(seed, fault, false).is_err()), "{fault:?} was not found");
    }
}

/// `scripts/sim FROM TO` and `scripts/sim SEED --trace` come in through `XIETONG_SIM`.
#[test]
fn the_seeds_asked_for_break_no_invariant() {
    let Ok(asked) = std::env::var("XIETONG_SIM") else { return };
    let words: Vec<&str> = asked.split_whitespace().collect();
    let shows_trace = words.contains(&"--trace");
    let trade = if words.contains(&"bookings") { Trade::Bookings } else { Trade::None };
    let numbers: Vec<u64> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let (from, to) = match numbers[..] {
        [seed] => (seed, seed + 1),
        [from, to] => (from, to),
        _ => panic!("XIETONG_SIM: give one seed, or the first and the one after the last"),
    };
    let (sum, failures) = run_all(trade, from..to, shows_trace);
    let Figures { steps, entries, crashes, lost, carried, shut_out, epochs, renewed, stolen, .. } = sum;
    let Figures { requests, taken, settled, passed, taken_back, .. } = sum;
    println!(
        "{} seeds, {} failed: {steps} steps, {entries} entries, {crashes} crashes, {lost} frames lost, {carried} entries carried in bundles, {shut_out} peers shut out, {epochs} epochs, {renewed} changes of keys, {stolen} entries of a thief",
        to - from,
        failures.len()
    );
    if trade == Trade::Bookings {
        println!(
            "{requests} requests, {taken} refused for being taken, {settled} statements settled, {passed} vehicles handed over, {taken_back} taken back from who had left"
        );
    }
    assert!(failures.is_empty());
}

/// On all processors; the figures of all that broke nothing, and the failures in order.
fn run_all(trade: Trade, seeds: Range<u64>, shows_trace: bool) -> (Figures, Vec<Failure>) {
    let next = AtomicU64::new(seeds.start);
    let found = Mutex::new((Figures::default(), Vec::new()));
    let work = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= seeds.end {
            return;
        }
        let ended = run_with(trade, seed, Fault::None, shows_trace);
        let mut found = found.lock().expect("nobody panics while it is held");
        match ended {
            Ok(figures) => found.0.add(figures),
            Err(failure) => {
                println!("{failure}");
                found.1.push(failure);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, |count| count.get()) {
            scope.spawn(work);
        }
    });
    found.into_inner().expect("nobody panicked while it was held")
}

impl Figures {
    fn add(&mut self, other: Self) {
        self.steps += other.steps;
        self.entries += other.entries;
        self.crashes += other.crashes;
        self.lost += other.lost;
        self.carried += other.carried;
        self.shut_out += other.shut_out;
        self.requests += other.requests;
        self.taken += other.taken;
        self.settled += other.settled;
        self.passed += other.passed;
        self.taken_back += other.taken_back;
        self.epochs += other.epochs;
        self.renewed += other.renewed;
        self.stolen += other.stolen;
    }
}
