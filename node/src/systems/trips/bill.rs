//! What a trip costs: a pure function of what both parties hold, so that both come to the same fen. The tariff is the
//! one in the offer that the requester took.

use prost::Message;
use xietong_proto::crypto::hash;
use xietong_proto::wire::trips::{Bill, Dispatch, Return, Tariff};

use crate::systems::requests::{State, Talk};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// The statement that follows from the records; none while, or if, there is nothing to pay for.
pub fn statement(talk: &Talk) -> Option<Bill> {
    let offer = talk.offer.as_ref()?;
    let tariff = Tariff::decode(&offer.says.tariff[..]).ok().filter(|_| !offer.says.tariff.is_empty())?;
    let bill = match (&talk.dispatch, &talk.returned) {
        (Some(out), Some(back)) => of_trip(&tariff, &out.says, &back.says)?,
        (Some(_), None) => return None,
        (None, _) => Bill { fee_fen: fee(talk, &tariff)?, ..Bill::default() },
    };
    let parts = [bill.days_fen, bill.driver_fen, bill.km_fen, bill.tolls_fen, bill.fee_fen];
    let total_fen = parts.into_iter().try_fold(0_i64, i64::checked_add)?;
    Some(Bill {
        requester: talk.request.says.requester.clone(),
        number: talk.request.says.number,
        tariff: hash(&[&offer.says.tariff]).to_vec(),
        total_fen,
        ..bill
    })
}

fn of_trip(tariff: &Tariff, out: &Dispatch, back: &Return) -> Option<Bill> {
    let days = days(out.at_ms, back.at_ms);
    let km = back.odometer_km.checked_sub(out.odometer_km)?.max(0);
    let above = km.checked_sub(tariff.included_km.checked_mul(days)?)?.max(0);
    Some(Bill {
        days,
        km,
        days_fen: days.checked_mul(tariff.day_fen)?,
        driver_fen: days.checked_mul(tariff.driver_day_fen)?,
        km_fen: above.checked_mul(tariff.km_fen)?,
        tolls_fen: back.tolls_fen,
        ..Bill::default()
    })
}

/// For cancelling late or not coming: a share of the planned days, only if the owner let go of what it knew to be
/// taken. When it was cancelled is when the owner let go: nobody gains by a wrong clock of his own.
fn fee(talk: &Talk, tariff: &Tariff) -> Option<i64> {
    let offer = &talk.offer.as_ref()?.says;
    let release = talk.release.as_ref().filter(|_| talk.was_released_in_knowledge())?;
    let free_ms = u64::try_from(tariff.cancel_free_h).unwrap_or(0).saturating_mul(HOUR_MS);
    let is_late = release.source.time.0.saturating_add(free_ms) > offer.from_ms;
    let released_as = crate::systems::requests::release_state(&release.says.reason);
    let percent = match released_as {
        State::NoShow => tariff.no_show_percent,
        State::Cancelled if is_late => tariff.cancel_percent,
        _ => 0,
    };
    let planned = days(offer.from_ms, offer.until_ms).checked_mul(tariff.day_fen)?;
    // Half a fen is rounded up.
    let fee = planned.checked_mul(percent)?.checked_add(50)? / 100;
    (fee > 0).then_some(fee)
}

/// Begun days of 24 hours, at least one.
fn days(from_ms: u64, until_ms: u64) -> i64 {
    i64::try_from(until_ms.saturating_sub(from_ms).div_ceil(DAY_MS).max(1)).unwrap_or(i64::MAX)
}
