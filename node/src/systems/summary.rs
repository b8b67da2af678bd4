//! The regional tables: what all members show, counted by member and kind of thing. Every member that holds
//! the same entries counts the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xietong_proto::id::MemberCode;

use super::assets::{Assets, VALUE_BANDS};
use super::codes::asset_class;
use super::rows::Rows;
use super::shown::listings;
use super::vehicles::Vehicles;

/// Vehicles of one type that a member shares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VehicleSummary {
    /// Whose.
    pub member: MemberCode,
    /// As the code of the type.
    pub vehicle_type: String,
    /// How many are shared.
    pub shared: u64,
    /// How many of them are free now.
    pub free: u64,
}

/// Assets of one top class that a member lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetSummary {
    /// Whose.
    pub member: MemberCode,
    /// The class, such as `A02000000`, or the first digit of a class of 2010.
    pub top_class: String,
    /// Its name, where it is known here.
    pub name: String,
    /// How many listings.
    pub listed: u64,
    /// How many pieces.
    pub quantity: i64,
    /// Listings by value band, from the lowest; the bounds stand in [`VALUE_BANDS`].
    pub bands: [u64; 6],
}

/// Shared vehicles by member and type.
pub fn vehicles(rows: &dyn Rows) -> Vec<VehicleSummary> {
    let mut counts: BTreeMap<(MemberCode, String), (u64, u64)> = BTreeMap::new();
    for (member, listing) in listings::<Vehicles>(rows, None) {
        let (shared, free) = counts.entry((member, listing.vehicle_type)).or_default();
        *shared += 1;
        *free += u64::from(listing.free);
    }
    let summary =
        |((member, vehicle_type), (shared, free))| VehicleSummary { member, vehicle_type, shared, free };
    counts.into_iter().map(summary).collect()
}

/// Listed assets by member and top class.
pub fn assets(rows: &dyn Rows) -> Vec<AssetSummary> {
    let mut counts: BTreeMap<(MemberCode, String), AssetSummary> = BTreeMap::new();
    for (member, listing) in listings::<Assets>(rows, None) {
        let top_class = match listing.asset_class_scheme.as_str() {
            "2022" => asset_class::top(&listing.asset_class_code).unwrap_or_default(),
            _ => listing.asset_class_code.chars().take(1).collect(),
        };
        let name = asset_class::name(&top_class).unwrap_or_default().to_owned();
        let summary = counts.entry((member, top_class.clone())).or_insert_with(|| AssetSummary {
            member,
            top_class,
            name,
            listed: 0,
            quantity: 0,
            bands: [0; 6],
        });
        summary.listed += 1;
        summary.quantity = summary.quantity.saturating_add(listing.quantity);
        if let Some(band) = VALUE_BANDS.iter().position(|bound| *bound == listing.value_band) {
            summary.bands[band] += 1;
        }
    }
    counts.into_values().collect()
}
