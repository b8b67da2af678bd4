//! The records of `publish` from a node that holds them to an empty one: verified and durable there, and what both
//! take. Nothing is folded, so what is measured is the exchange and the log.

use std::time::Instant;

use tempfile::TempDir;
use xietong::cli::demo::province::{Province, Transport};
use xietong::home::Home;
use xietong::keys::NodeKeys;
use xietong::papers::agreement::AgreementFile;
use xietong::store::disk::Disk;
use xietong_proto::entry::Authority;
use xietong_proto::id::*;
use xietong_proto::stream::Stream;

use super::figure::Figure;
use super::limits::Limits;
use super::pair::{AGREEMENT, EXCHANGE, MEMORY, Pair, await_it, listed, peak_mib, starts};
use super::publish::append;

/// Beside how fast others catch up.
pub const CATCH_UP: &str = "catch-up, verified and durable";

pub fn catch_up(folder: TempDir, records: usize, limits: &Limits) -> Vec<Figure> {
    let Pair { folder, mut author, mut reader } = Pair::agreed(folder, Transport::Quic);
    author.start().expect("it starts");
    author.give(&["agreement", "join", AGREEMENT]).expect("it joins");
    author.give(&["stop"]).expect("it stops");
    let paper = std::fs::read_to_string(folder.path().join(AGREEMENT)).expect("a paper");
    let to = fill(&author, &AgreementFile::read(&paper).expect("an agreement"), records);
    author.start().expect("it starts");
    reader.start().expect("it starts");

    let begun = Instant::now();
    reader.give(&["agreement", "join", AGREEMENT]).expect("it joins");
    await_it(|| listed(&reader).0 == to);
    let rate = records as f64 / begun.elapsed().as_secs_f64();
    let caught_up = Figure::new(CATCH_UP, rate, "records/s").at_least(500_000.0, EXCHANGE);
    let mut figures = vec![caught_up.limit("hashes", limits.hashes)];
    for (who, province) in [("log alone, author", &mut author), ("log alone, reader", &mut reader)] {
        let peak = Figure::new(format!("{who}: peak memory"), peak_mib(province), "MiB");
        figures.push(peak.at_most(256.0, MEMORY));
        figures.extend(starts(who, province));
    }
    figures
}

/// Puts records into the log of a node that does not run, as it would; the last position.
fn fill(author: &Province, agreement: &AgreementFile, records: usize) -> Position {
    let (home, manifest) = (Home::from(author.home.clone()), agreement.manifest());
    let keys = NodeKeys::read(&home.keys()).expect("keys");
    let its = agreement.cards.iter().find(|card| card.fields.code == author.code());
    let card = its.expect("it is a member").fields.number;
    let authority = Authority { epoch: manifest.fields.epoch, manifest: manifest.id(), card };
    let stream = Stream::shared(manifest.id().into(), author.code(), System::ASSETS);
    let mut store = Disk::open(home.path(), author.code()).expect("a home").store;
    let to = append(&mut store, stream, authority, &keys.entry, records);
    store.close().expect("it closes");
    to
}
