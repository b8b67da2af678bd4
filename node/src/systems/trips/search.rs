//! Which vehicles of other members serve a trip: free in that time as far as is known here, near first, then cheap.
//! What an owner's own calendar says stays with it, so a vehicle found here may still be refused.

use serde::{Deserialize, Serialize};
use xietong_proto::id::*;

use crate::calendar::rfc3339;
use crate::systems::codes::{division, neighbours};
use crate::systems::kind::Kind;
use crate::systems::number::number_text;
use crate::systems::requests::{NotAsked, Refusal, query};
use crate::systems::rows::Rows;
use crate::systems::shown::listings;
use crate::systems::vehicles::{TYPES, Vehicles};

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wish {
    /// Persons.
    pub seats: i64,
    /// A division code.
    pub near: String,
    /// From this moment on.
    #[serde(with = "rfc3339")]
    pub from: Millis,
    /// Before this one.
    #[serde(with = "rfc3339")]
    pub until: Millis,
    /// A code or word of the register.
    #[serde(default)]
    pub vehicle_type: Option<String>,
}

/// How near a vehicle is, the nearest first. Kilometres are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nearness {
    /// In the same city.
    City,
    /// In the same province.
    Province,
    /// In a neighbouring province.
    Neighbour,
    /// Elsewhere.
    Elsewhere,
}

/// A vehicle that would serve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Its listing number.
    pub id: String,
    /// Whose it is.
    pub owner: MemberCode,
    /// Where it is.
    pub city: String,
    /// How near that is.
    pub nearness: Nearness,
    /// A code of the register.
    pub vehicle_type: String,
    /// Persons.
    pub seats: i64,
    /// A code of the register.
    pub fuel_type: String,
    /// What such a vehicle costs a day elsewhere: the owner's tariff comes with its offer.
    pub day_fen: i64,
}

/// All that would serve, the best first.
pub fn search(rows: &dyn Rows, me: MemberCode, wish: &Wish) -> Result<Vec<Found>, Refusal> {
    let Wish { seats, near, from, until, vehicle_type } = wish;
    if until <= from {
        return Err(NotAsked::EndBeforeStart.into());
    }
    let near = division::read(near).map_err(|_| NotAsked::PlaceUnknown { place: near.clone() })?;
    let code = |word: &String| TYPES.iter().find(|(code, zh)| [code, zh].contains(&&word.as_str()));
    let wanted = match vehicle_type {
        None => None,
        Some(word) => Some(code(word).ok_or_else(super::decide::unknown_type)?.0),
    };
    let system = Kind::Vehicles.system();
    let is_free = |owner, number| query::held(rows, system, owner, number, (*from, *until)).is_empty();
    let all = listings::<Vehicles>(rows, None).into_iter();
    let serving = all.filter(|(owner, listing)| {
        *owner != me
            && listing.seats >= *seats
            && wanted.is_none_or(|wanted| listing.vehicle_type == wanted)
            && is_free(*owner, listing.number)
    });
    let mut found: Vec<Found> = serving
        .map(|(owner, listing)| Found {
            id: number_text(owner, Kind::Vehicles, listing.number),
            owner,
            nearness: nearness(near, &listing.city),
            city: listing.city,
            vehicle_type: listing.vehicle_type,
            seats: listing.seats,
            fuel_type: listing.fuel_type,
            day_fen: listing.market_rate_ref,
        })
        .collect();
    found.sort_by_cached_key(|found| (found.nearness, found.day_fen, found.seats, found.id.clone()));
    Ok(found)
}

fn nearness(near: &str, city: &str) -> Nearness {
    let province = |code: &str| code.get(..2).unwrap_or_default().to_owned();
    let (here, there) = (province(near), province(city));
    if !near.ends_with("0000") && division::city(near) == division::city(city) {
        Nearness::City
    } else if here == there {
        Nearness::Province
    } else if neighbours::are(&here, &there) {
        Nearness::Neighbour
    } else {
        Nearness::Elsewhere
    }
}
