//! Decides the steps of a trip. Each is told to the other party alone.

use prost::Message;
use xietong_proto::entry::Record;
use xietong_proto::id::Millis;
use xietong_proto::wire::trips::{self as wire, Dispatch, Evaluation, Return, Verdict};
use xietong_proto::wire::vehicles::Vehicle;

use super::{NotDriven, Tariff, may_be_billed, statement};
use crate::systems::drivers::duty::Duty;
use crate::systems::group::record as record_of;
use crate::systems::kind::Kind;
use crate::systems::requests::{Act, Case, OutOfTurn, Refusal, Report, State, checked, record};
use crate::systems::row::Row;
use crate::systems::rows::Rows;
use crate::systems::vehicles::{TYPES, Vehicles};
use crate::systems::{Decision, drivers, keys};

/// More a vehicle does not drive in an hour, on average.
const KM_AN_HOUR_MAX: i64 = 150;
const MINUTE_MS: u64 = 60_000;
/// No tariff or toll is higher, in fen.
const FEN_MAX: i64 = 100_000_000;
/// Kilometres or hours of a tariff.
const COUNT_MAX: i64 = 10_000;

/// Decides a step.
pub fn decide(case: &Case, act: Act) -> Result<Decision, Refusal> {
    if case.kind() != Kind::Vehicles {
        return Err(NotDriven::NoTrip { kind: case.kind() }.into());
    }
    match act {
        Act::Dispatch { at, odometer_km, driver_no, wheel_min } => {
            dispatch(case, at, odometer_km, (driver_no.trim(), wheel_min))
        }
        Act::Return { at, odometer_km, tolls_fen, wheel_min } => {
            returned(case, at, odometer_km, tolls_fen, wheel_min)
        }
        Act::Bill => bill(case),
        Act::Settle => settle(case),
        Act::Dispute { reason } => {
            case.asked()?;
            case.stands_at(&[State::Billed])?;
            let verdict = verdict(case, checked(&reason)?);
            Ok(case.tell(record::DISPUTE, verdict, State::Disputed))
        }
        Act::Evaluate { score, comment } => evaluate(case, score, &comment),
        act => unreachable!("{act:?} is decided with the request"),
    }
}

fn dispatch(
    case: &Case,
    at: Option<Millis>,
    odometer_km: i64,
    (driver_no, wheel_min): (&str, Option<i64>),
) -> Result<Decision, Refusal> {
    case.own()?;
    let is_urgent = case.talk.request.says.urgent;
    case.stands_at(&[State::Confirmed, State::Offered])?;
    if case.talk.state() == State::Offered && !is_urgent {
        return Err(NotDriven::NotConfirmed.into());
    }
    let at = checked_time(case, at, Millis(0))?;
    let vehicle = case.ready::<Vehicles>(at)?;
    let have_km = vehicle.odometer_km.unwrap_or(0);
    if odometer_km < have_km {
        return Err(NotDriven::OdometerBackwards { have_km }.into());
    }
    let (requester, number) = names(case);
    let said = Dispatch { requester, number, at_ms: at.0, odometer_km };
    let mut decision = case.tell(record::DISPATCH, said.encode_to_vec(), State::Dispatched);
    if !driver_no.is_empty() {
        decision.local.extend(taken_up(case, &vehicle, at, driver_no, wheel_min)?);
    }
    Ok(decision)
}

/// The driver takes the trip up, from setting out to the end that was promised; what was planned for it before is
/// replaced.
fn taken_up(
    case: &Case,
    vehicle: &Vehicle,
    from: Millis,
    driver_no: &str,
    wheel_min: Option<i64>,
) -> Result<Vec<Record>, NotDriven> {
    let (rows, limits) = (case.here.rows, &case.here.circle.rules.vehicles.driving);
    let until = case.talk.standing().map_or(from.0, |offer| offer.says.until_ms).max(from.0 + MINUTE_MS);
    let reason = case.about.to_string();
    let planned = drivers::duties(rows, driver_no).into_iter().find(|duty| duty.reason == reason);
    let wheel_min = wheel_min.or(planned.as_ref().map(|duty| duty.wheel_min)).unwrap_or(0);
    let duty = Duty { from, until: Millis(until), wheel_min, reason };
    drivers::take_up(rows, limits, driver_no, &vehicle.vehicle_type, (planned.as_ref(), &duty))
        .map_err(|unfit| NotDriven::Driver { driver_no: driver_no.to_owned(), unfit })
}

/// The driver who took the trip up has done with it.
fn let_go(case: &Case, at: Millis, wheel_min: Option<i64>) -> Option<Record> {
    let (driver_no, duty) = drivers::of_reason(case.here.rows, &case.about.to_string())?;
    let until = Millis(at.0.max(duty.from.0 + MINUTE_MS));
    let minutes = i64::try_from((until.0 - duty.from.0) / MINUTE_MS).unwrap_or(i64::MAX);
    let wheel_min = wheel_min.unwrap_or(duty.wheel_min).clamp(1, minutes);
    Some(drivers::said(&driver_no, &Duty { until, wheel_min, ..duty }))
}

fn returned(
    case: &Case,
    at: Option<Millis>,
    odometer_km: i64,
    tolls_fen: i64,
    wheel_min: Option<i64>,
) -> Result<Decision, Refusal> {
    case.own()?;
    // A disputed return may be told again, for another statement.
    case.stands_at(&[State::Dispatched, State::Disputed])?;
    let Some(out) = case.talk.dispatch.as_ref().map(|out| &out.says) else {
        return Err(OutOfTurn::WrongState { state: case.talk.state() }.into());
    };
    let at = checked_time(case, at, Millis(out.at_ms))?;
    if odometer_km < out.odometer_km {
        return Err(NotDriven::OdometerBackwards { have_km: out.odometer_km }.into());
    }
    let hours = i64::try_from((at.0 - out.at_ms) / 3_600_000 + 1).unwrap_or(i64::MAX);
    let km_max = hours.saturating_mul(KM_AN_HOUR_MAX);
    if odometer_km - out.odometer_km > km_max {
        return Err(NotDriven::OdometerJumps { km_max }.into());
    }
    let tolls_fen = within(tolls_fen, FEN_MAX)?;
    let (requester, number) = names(case);
    let said = Return { requester, number, at_ms: at.0, odometer_km, tolls_fen };
    let after = if case.talk.bill.is_some() { State::Disputed } else { State::Returned };
    let mut decision = case.tell(record::RETURN, said.encode_to_vec(), after);
    decision.local.extend(let_go(case, at, wheel_min));
    Ok(decision)
}

fn bill(case: &Case) -> Result<Decision, Refusal> {
    case.own()?;
    let state = case.talk.state();
    if !may_be_billed(state) {
        return Err(OutOfTurn::WrongState { state }.into());
    }
    let bill = statement(case.talk).ok_or(NotDriven::NothingToBill)?;
    Ok(case.tell(record::BILL, bill.encode_to_vec(), State::Billed))
}

/// The requester agrees only with what follows from the records that it holds itself.
fn settle(case: &Case) -> Result<Decision, Refusal> {
    case.asked()?;
    case.stands_at(&[State::Billed, State::Disputed])?;
    let computed = statement(case.talk);
    let billed = case.talk.bill.as_ref().map(|bill| &bill.says);
    if computed.as_ref() != billed {
        let billed_fen = billed.map_or(0, |bill| bill.total_fen);
        return Err(
            NotDriven::BillDiffers { billed_fen, computed_fen: computed.map(|bill| bill.total_fen) }.into()
        );
    }
    Ok(case.tell(record::SETTLE, verdict(case, ""), State::Settled))
}

fn evaluate(case: &Case, score: i64, comment: &str) -> Result<Decision, Refusal> {
    case.asked()?;
    case.stands_at(&[State::Settled])?;
    if !(1..=5).contains(&score) {
        return Err(NotDriven::ScoreRange.into());
    }
    let (requester, number) = names(case);
    let said = Evaluation { requester, number, score, comment: checked(comment)?.to_owned() };
    Ok(case.tell(record::EVALUATE, said.encode_to_vec(), State::Closed))
}

fn verdict(case: &Case, reason: &str) -> Vec<u8> {
    let (requester, number) = names(case);
    let bill = case.talk.bill.as_ref().map(|bill| bill.hash.to_vec()).unwrap_or_default();
    Verdict { requester, number, bill, reason: reason.to_owned() }.encode_to_vec()
}

fn names(case: &Case) -> (String, u64) {
    (case.about.requester.to_string(), case.about.number)
}

fn checked_time(case: &Case, at: Option<Millis>, after: Millis) -> Result<Millis, NotDriven> {
    let (at, before) = (at.unwrap_or(case.here.now), case.here.now);
    if at < after || at > before { Err(NotDriven::TimeOrder { after, before }) } else { Ok(at) }
}

fn within(value: i64, max: i64) -> Result<i64, NotDriven> {
    if (0..=max).contains(&value) { Ok(value) } else { Err(NotDriven::AmountRange { max }) }
}

/// Sets what vehicles of a type cost, for what is offered from then on.
pub fn set_tariff(tariff: &Tariff) -> Result<Decision, Refusal> {
    let word = &tariff.vehicle_type;
    let code = TYPES.iter().find(|(code, zh)| [code, zh].contains(&&word.as_str())).map(|(code, _)| *code);
    let vehicle_type = if word == ANY { ANY } else { code.ok_or_else(unknown_type)? };
    let said = wire::Tariff {
        vehicle_type: vehicle_type.to_owned(),
        day_fen: within(tariff.day_fen, FEN_MAX)?,
        driver_day_fen: within(tariff.driver_day_fen, FEN_MAX)?,
        km_fen: within(tariff.km_fen, FEN_MAX)?,
        included_km: within(tariff.included_km, COUNT_MAX)?,
        cancel_free_h: within(tariff.cancel_free_h, COUNT_MAX)?,
        cancel_percent: within(tariff.cancel_percent, 100)?,
        no_show_percent: within(tariff.no_show_percent, 100)?,
    };
    let local = vec![record_of(Kind::Vehicles.system(), record::TARIFF, said.encode_to_vec())];
    Ok(Decision { local, ..Decision::of(Kind::Vehicles, Report::TariffSet) })
}

/// Names all types.
pub fn unknown_type() -> NotDriven {
    let words = TYPES.iter().map(|(code, word)| format!("{word} {code}"));
    NotDriven::TypeUnknown { types: words.chain([ANY.to_owned()]).collect() }
}

/// The type that stands for all that have no tariff of their own.
const ANY: &str = "*";

/// The exact bytes of what a vehicle of a type costs.
pub fn tariff(rows: &dyn Rows, vehicle_type: &str) -> Option<Vec<u8>> {
    let of = |word: &str| rows.get(&keys::tariff(word)).and_then(|row| Row::decode(&row));
    of(vehicle_type).or_else(|| of(ANY)).map(|row| row.body)
}

/// All tariffs that are set.
pub fn tariffs(rows: &dyn Rows) -> Vec<Tariff> {
    let all = rows.scan(&keys::tariff(""), &[]);
    all.filter_map(|(_, value)| tariff_said(&Row::decode(&value)?.body)).collect()
}

/// What a record says of a tariff.
pub fn tariff_said(body: &[u8]) -> Option<Tariff> {
    let wire = wire::Tariff::decode(body).ok()?;
    let wire::Tariff { vehicle_type, day_fen, driver_day_fen, km_fen, included_km, .. } = wire.clone();
    let wire::Tariff { cancel_free_h, cancel_percent, no_show_percent, .. } = wire;
    Some(Tariff {
        vehicle_type,
        day_fen,
        driver_day_fen,
        km_fen,
        included_km,
        cancel_free_h,
        cancel_percent,
        no_show_percent,
    })
}
