//! Trips 用车: what follows when a vehicle was promised – it sets out, comes back, is billed and settled. All of it
//! goes to the other party alone. What it costs (P54) follows from the records by one pure function on both sides, to
//! the same fen; nothing here reckons with fractions.

mod bill;
mod decide;
pub mod net;
mod refusal;
pub mod search;

use serde::{Deserialize, Serialize};
use xietong_proto::id::Millis;
use xietong_proto::wire::trips as wire;

use super::requests::{State, Talk};
use crate::calendar::rfc3339;

pub use bill::statement;
pub use decide::{decide, set_tariff, tariff, tariff_said, tariffs};
pub use refusal::NotDriven;

/// What a vehicle of a type costs, in fen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tariff {
    /// A code or word of the register; `*` for all that have none of their own.
    pub vehicle_type: String,
    /// For each begun 24 hours.
    pub day_fen: i64,
    /// The same, for the driver.
    #[serde(default)]
    pub driver_day_fen: i64,
    /// For each kilometre above those that a day includes.
    #[serde(default)]
    pub km_fen: i64,
    /// Kilometres that a day includes.
    #[serde(default)]
    pub included_km: i64,
    /// Cancelled so many hours before it begins, or earlier, it costs nothing.
    #[serde(default)]
    pub cancel_free_h: i64,
    /// Of the planned days, cancelled later.
    #[serde(default)]
    pub cancel_percent: i64,
    /// Of the planned days, if nobody comes.
    #[serde(default)]
    pub no_show_percent: i64,
}

/// A trip for people and programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TripView {
    /// Whether the requester has taken the offer.
    pub confirmed: bool,
    /// When it set out.
    #[serde(with = "rfc3339")]
    pub out: Millis,
    /// When it was back.
    #[serde(with = "rfc3339::option")]
    pub back: Option<Millis>,
    /// What it drove.
    pub km: Option<i64>,
}

/// One trip, one statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The SHA-256 of the tariff in the offer.
    pub tariff: String,
    /// Begun days.
    pub days: i64,
    /// What was driven.
    pub km: i64,
    /// For the days.
    pub days_fen: i64,
    /// For the driver.
    pub driver_fen: i64,
    /// For kilometres above those included.
    pub km_fen: i64,
    /// As they were paid.
    pub tolls_fen: i64,
    /// For cancelling late or not coming.
    pub fee_fen: i64,
    /// All of it.
    pub total_fen: i64,
}

impl From<&wire::Bill> for Statement {
    fn from(bill: &wire::Bill) -> Self {
        Self {
            tariff: hex::encode(&bill.tariff),
            days: bill.days,
            km: bill.km,
            days_fen: bill.days_fen,
            driver_fen: bill.driver_fen,
            km_fen: bill.km_fen,
            tolls_fen: bill.tolls_fen,
            fee_fen: bill.fee_fen,
            total_fen: bill.total_fen,
        }
    }
}

/// The trip behind a request, if it began.
pub fn view(talk: &Talk) -> Option<TripView> {
    let out = &talk.dispatch.as_ref()?.says;
    let back = talk.returned.as_ref().map(|returned| &returned.says);
    Some(TripView {
        confirmed: talk.is_confirmed(),
        out: Millis(out.at_ms),
        back: back.map(|back| Millis(back.at_ms)),
        km: back.map(|back| back.odometer_km.saturating_sub(out.odometer_km)),
    })
}

/// Whether a request came to an end that costs something, or may.
pub fn may_be_billed(state: State) -> bool {
    [State::Returned, State::Cancelled, State::NoShow, State::Disputed].contains(&state)
}
