//! What trips say of a fleet: days used (V3), what members do for each other across provinces (V5), what is owed (V6),
//! and who was out when no office works. Sums and counts with both their terms; every finding cites its records. For
//! this member alone: only trips and duties that are recorded are seen, and no track of any vehicle is.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;
use prost::Message;
use serde::{Deserialize, Serialize};
use xietong_proto::id::*;
use xietong_proto::wire::vehicles::{Vehicle, VehicleListing};

use super::finding::{Breach, Evidence, Finding, kept};
use super::share::Share;
use super::{Vehicles, status};
use crate::calendar;
use crate::systems::kind::Kind;
use crate::systems::requests::query::{blocked, mine};
use crate::systems::requests::{About, State, Talk};
use crate::systems::row::Row;
use crate::systems::rows::Rows;
use crate::systems::rules::Rules;
use crate::systems::trips::net::{self, Net};
use crate::systems::{drivers, keys, register, trips};

/// What trips come to since a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// From this day on.
    pub since: Date,
    /// V3: days on which a vehicle was out for another member, by the days on which those in service could have been.
    pub used_days: Share,
    /// V5: what others asked of this member.
    pub given: Dealings,
    /// V5: what this member asked of others.
    pub received: Dealings,
    /// V6: one for each other member.
    pub accounts: Vec<Net>,
}

/// What came of requests for vehicles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dealings {
    /// Requests in all.
    pub requests: i64,
    /// Offers by answers.
    pub accepted: Share,
    /// Minutes from the request to its answer: half of the answered waited no longer.
    pub answer_min: Option<i64>,
    /// Trips that ended.
    pub trips: i64,
    /// What they drove.
    pub km: i64,
    /// Fen that were settled, tolls left out, by what such vehicles cost elsewhere for the same days: of settled trips for
    /// whose vehicle that is known.
    pub settled_fen: Share,
}

/// One request with the moment of its trip.
struct Trip<'a> {
    about: About,
    talk: &'a Talk,
    out: Millis,
    back: Option<Millis>,
}

/// What trips come to, from a day until today.
pub fn usage(rows: &dyn Rows, me: MemberCode, since: Date, today: Date) -> Usage {
    let (from, until) = span(since, today);
    let all: Vec<(AgreementId, About, Talk)> = of_vehicles(rows, me, from).collect();
    let side = |is_given: bool| {
        let of_side = all.iter().filter(|(_, _, talk)| (talk.owner == me) == is_given);
        dealings(rows, me, of_side)
    };
    let own: Vec<Trip> = all.iter().filter(|(_, _, talk)| talk.owner == me).filter_map(trip).collect();
    let is_ended_since = |ended: Millis| ended >= from;
    Usage {
        since,
        used_days: used_days(rows, &own, (from, until)),
        given: side(true),
        received: side(false),
        accounts: net::net(rows, me, &since.to_string(), is_ended_since),
    }
}

/// Who set out or came back when no office works: trips with the approval that the request names, and duties of drivers
/// with their reason.
pub fn off_hours(rows: &dyn Rows, me: MemberCode, rules: &Rules, since: Date) -> Vec<Finding> {
    let (from, _) = span(since, since);
    let hours = &rules.vehicles.office_hours;
    let is_office = |time: Millis| {
        rules.days.is_working(calendar::date(time))
            && (hours.begin.0..hours.end.0).contains(&calendar::hour(time))
    };
    let is_off =
        |out: Millis, back: Option<Millis>| !is_office(out) || back.is_some_and(|back| !is_office(back));
    let all: Vec<(AgreementId, About, Talk)> = of_vehicles(rows, me, from).collect();
    let trips = all.iter().filter(|(_, _, talk)| talk.owner == me).filter_map(trip);
    let of_trip = |trip: Trip| {
        let (out, back) = (trip.out, trip.back);
        let row = offered(rows, trip.talk).map(|(_, row)| row).unwrap_or_default();
        let ends = [
            trip.talk.dispatch.as_ref().map(|out| out.source),
            trip.talk.returned.as_ref().map(|back| back.source),
        ];
        let id = trip.about.to_string();
        let evidence = |source| Evidence { kind: Kind::Vehicles, id: id.clone(), source };
        Finding {
            id: row.vin.clone(),
            plate_no: row.plate_no.clone(),
            unit_uscc: row.owner_unit_uscc,
            breach: Breach::OffHours {
                from: out,
                until: back,
                approval: trip.talk.request.says.approval_no.clone(),
            },
            basis: hours.source.clone(),
            evidence: ends.into_iter().flatten().map(evidence).collect(),
        }
    };
    let found = trips.filter(|trip| is_off(trip.out, trip.back)).map(of_trip);
    let duties = drivers::all_duties(rows)
        .filter(|(_, duty, _)| duty.from >= from && duty.reason.parse::<About>().is_err());
    let of_duty = |(driver_no, duty, source): (String, drivers::duty::Duty, _)| Finding {
        unit_uscc: register::get::<drivers::Drivers>(rows, &driver_no)
            .map(|(_, row)| row.unit_uscc)
            .unwrap_or_default(),
        plate_no: String::new(),
        breach: Breach::OffHours { from: duty.from, until: Some(duty.until), approval: String::new() },
        basis: hours.source.clone(),
        evidence: vec![Evidence { kind: Kind::Drivers, id: driver_no.clone(), source }],
        id: driver_no,
    };
    let duties = duties.filter(|(_, duty, _)| is_off(duty.from, Some(duty.until))).map(of_duty);
    found.chain(duties).collect()
}

fn span(since: Date, today: Date) -> (Millis, Millis) {
    (calendar::midnight(since).unwrap_or_default(), calendar::end_of(today).unwrap_or(Millis(u64::MAX)))
}

fn of_vehicles(
    rows: &dyn Rows,
    me: MemberCode,
    since: Millis,
) -> impl Iterator<Item = (AgreementId, About, Talk)> + '_ {
    mine(rows, me, since).filter(|(_, about, _)| about.system == System::VEHICLES)
}

fn trip((_, about, talk): &(AgreementId, About, Talk)) -> Option<Trip<'_>> {
    let view = trips::view(talk)?;
    Some(Trip { about: *about, talk, out: view.out, back: view.back })
}

/// The own vehicle that was offered, by its key.
fn offered(rows: &dyn Rows, talk: &Talk) -> Option<(String, Vehicle)> {
    let number = talk.offer.as_ref()?.says.listing;
    let key = rows.get(&keys::holder_of_number(System::VEHICLES, number))?;
    let key = String::from_utf8(key).ok()?;
    let (_, row) = register::get::<Vehicles>(rows, &key)?;
    Some((key, row))
}

fn used_days(rows: &dyn Rows, own: &[Trip], (from, until): (Millis, Millis)) -> Share {
    let days_of = |first: Millis, last: Millis| -> BTreeSet<Date> {
        let (first, last) = (calendar::date(first.max(from)), calendar::date(Millis(last.min(until).0 - 1)));
        first.series(1.day()).take_while(|day| *day <= last).collect()
    };
    let mut share = Share::default();
    for (vin, _, row) in kept(rows).filter(|(.., row)| status::is_in_service(&row.vehicle_status)) {
        let mut could = days_of(from, until);
        for block in blocked(rows, Kind::Vehicles, &vin, (from, until)) {
            could.retain(|day| !days_of(block.from, block.until).contains(day));
        }
        let trips = own.iter().filter(|trip| offered(rows, trip.talk).is_some_and(|(key, _)| key == row.vin));
        let out =
            trips.flat_map(|trip| days_of(trip.out, trip.back.unwrap_or(until).max(Millis(trip.out.0 + 1))));
        let out: BTreeSet<Date> = out.collect();
        share.part += i64::try_from(out.len()).unwrap_or(i64::MAX);
        share.of += i64::try_from(could.union(&out).count()).unwrap_or(i64::MAX);
    }
    share
}

fn dealings<'a>(
    rows: &dyn Rows,
    me: MemberCode,
    all: impl Iterator<Item = &'a (AgreementId, About, Talk)>,
) -> Dealings {
    let mut sum = Dealings::default();
    let mut waited = Vec::new();
    for (agreement, _, talk) in all {
        sum.requests += 1;
        let answers =
            [talk.offer.as_ref().map(|offer| offer.source), talk.decline.as_ref().map(|no| no.source)];
        if let Some(answer) = answers.into_iter().flatten().min_by_key(|answer| answer.time) {
            waited.push(answer.time.0.saturating_sub(talk.request.source.time.0) / 60_000);
            sum.accepted.part += i64::from(talk.offer.is_some());
            sum.accepted.of += 1;
        }
        let Some(bill) = trips::statement(talk).filter(|_| talk.returned.is_some()) else { continue };
        sum.trips += 1;
        sum.km = sum.km.saturating_add(bill.km);
        let is_settled = [State::Settled, State::Closed].contains(&talk.state());
        if let Some(day_fen) = market(rows, me, *agreement, talk).filter(|_| is_settled) {
            let settled = bill.total_fen - bill.tolls_fen;
            sum.settled_fen.part = sum.settled_fen.part.saturating_add(settled);
            sum.settled_fen.of = sum.settled_fen.of.saturating_add(bill.days.saturating_mul(day_fen));
        }
    }
    waited.sort_unstable();
    sum.answer_min =
        waited.get(waited.len().saturating_sub(1) / 2).and_then(|wait| i64::try_from(*wait).ok());
    sum
}

/// What such a vehicle costs a day elsewhere: by the own register, or by the other's listing.
fn market(rows: &dyn Rows, me: MemberCode, agreement: AgreementId, talk: &Talk) -> Option<i64> {
    if talk.owner == me {
        return offered(rows, talk)?.1.market_rate_ref;
    }
    let number = talk.offer.as_ref()?.says.listing;
    let listed = rows.get(&keys::listing(agreement, System::VEHICLES, talk.owner, number))?;
    let listed = VehicleListing::decode(&Row::decode(&listed)?.body[..]).ok()?;
    Some(listed.market_rate_ref).filter(|fen| *fen > 0)
}
