//! Which vehicles are free, asked of a node that knows of a hundred thousand bookings.

use std::path::Path;
use std::time::Instant;

use prost::Message;
use xietong::replica::io::Writes;
use xietong::store::Store;
use xietong::store::disk::Disk;
use xietong::systems::group::record;
use xietong::systems::register::record::LIST;
use xietong::systems::requests::record::{OFFER, REQUEST};
use xietong::systems::rows::Overlay;
use xietong::systems::trips::search::{Wish, search};
use xietong::systems::{self, Origin};
use xietong_proto::crypto::SecretKey;
use xietong_proto::id::*;
use xietong_proto::stream::Stream;
use xietong_proto::wire::requests::{Offer, Request};
use xietong_proto::wire::vehicles::VehicleListing;

use super::figure::Figure;

const OWNERS: [&str; 10] =
    ["110000", "120000", "130000", "140000", "150000", "210000", "220000", "310000", "320000", "330000"];
const ASKER: &str = "230000";
/// Vehicles that each owner lists.
const VEHICLES: u64 = 100;
/// Bookings of each vehicle, one every three days, for two days each.
const BOOKINGS: u64 = 100;
/// How often it is asked, each time for other days.
const SEARCHES: u64 = 101;
const DAY_MS: u64 = 86_400_000;
/// 2026-06-01.
const START_MS: u64 = 1_780_272_000_000;
/// What nobody takes for waiting.
const AIM_MS: f64 = 100.0;
const WHY: &str = "each listing is read, and what it is held for; it would take an index by days";

pub fn figures(folder: &Path) -> Vec<Figure> {
    let me: MemberCode = ASKER.parse().expect("a member code");
    let mut store = Disk::open(folder, me).expect("a home").store;
    for (place, owner) in (0..).zip(OWNERS) {
        book_all(&mut store, me, owner.parse().expect("a member code"), place * VEHICLES * BOOKINGS);
    }
    let mut found = 0;
    let mut times_ms: Vec<f64> = (0..SEARCHES)
        .map(|number| {
            let from = START_MS + number % (3 * BOOKINGS) * DAY_MS;
            let wish = Wish {
                seats: 7,
                near: "220100".to_owned(),
                from: Millis(from),
                until: Millis(from + DAY_MS),
                vehicle_type: None,
            };
            let begun = Instant::now();
            found += search(store.rows(), me, &wish).expect("a wish that can be served").len();
            begun.elapsed().as_secs_f64() * 1_000.0
        })
        .collect();
    assert!(found > 0, "some are free on some days");
    times_ms.sort_by(f64::total_cmp);
    let bookings = OWNERS.len() as u64 * VEHICLES * BOOKINGS;
    let name = format!("vehicle search, {bookings} bookings, p50");
    vec![Figure::new(name, times_ms[times_ms.len() / 2], "ms").at_most(AIM_MS, WHY)]
}

/// An owner lists its vehicles, and one that asks is promised each of them again and again.
fn book_all(store: &mut Disk, requester: MemberCode, owner: MemberCode, requests_before: u64) {
    let agreement = AgreementId([7; 32]);
    let system = System::VEHICLES;
    let key = SecretKey::from_bytes(&[1; 32]);
    for number in 1..=VEHICLES {
        let mut said = vec![(owner, LIST, listing(number).encode_to_vec())];
        for at in 0..BOOKINGS {
            let request = Request {
                requester: requester.to_string(),
                number: requests_before + (number - 1) * BOOKINGS + at + 1,
                owner: owner.to_string(),
                ..request(number, at)
            };
            let offer = Offer {
                requester: request.requester.clone(),
                number: request.number,
                listing: number,
                from_ms: request.from_ms,
                until_ms: request.until_ms,
                confirm_by_ms: request.answer_by_ms,
                ..Offer::default()
            };
            said.push((requester, REQUEST, request.encode_to_vec()));
            said.push((owner, OFFER, offer.encode_to_vec()));
        }
        let mut rows = Overlay::new(store.rows());
        for (at, (author, low, body)) in said.into_iter().enumerate() {
            let origin = Origin {
                stream: Stream::shared(agreement, author, system),
                position: Position(number),
                index: u32::try_from(at).expect("an entry holds fewer"),
                epoch: Epoch(1),
                time: Millis(START_MS),
                members: &[],
            };
            systems::apply(&mut rows, &origin, &record(system, low, body));
        }
        let rows = rows.into_changes();
        store.commit(Writes { rows, ..Writes::default() }.sign(&key)).expect("a disk");
    }
}

fn listing(number: u64) -> VehicleListing {
    VehicleListing {
        number,
        city: "220100".to_owned(),
        vehicle_type: "mpv".to_owned(),
        seats: if number.is_multiple_of(2) { 7 } else { 5 },
        fuel_type: "petrol".to_owned(),
        free: true,
        market_rate_ref: 30_000,
    }
}

fn request(listing: u64, at: u64) -> Request {
    let from_ms = START_MS + (3 * at + listing % 3) * DAY_MS;
    Request {
        listing,
        from_ms,
        until_ms: from_ms + 2 * DAY_MS,
        answer_by_ms: from_ms,
        purpose: "inspection".to_owned(),
        count: 5,
        place: "220100".to_owned(),
        ..Request::default()
    }
}
