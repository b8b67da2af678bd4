//! Coefficients that turn quantities into standard coal. A closed table: a derived figure is worth nothing
//! without the set it was made with, and figures under different sets are never added.

use std::str::FromStr;

use rust_decimal::Decimal;
use serde::Serialize;

use super::quantity::{Amounts, Quantity};

/// A coefficient set. They differ in electricity and natural gas; the rest is GB/T 2589-2020, litres by a
/// density of 0.73 (petrol), 0.84 (diesel) and 0.80 kg/l (kerosene), manufactured gas at its lower value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum SetId {
    /// Electricity by its own heat (当量值), gas at the upper value of GB/T 2589-2020.
    #[serde(rename = "cn-equivalent-gas-1.3300")]
    NationalGasUpper,
    /// The same with gas at 1.2143.
    #[serde(rename = "cn-equivalent-gas-1.2143")]
    NationalGasLower,
    /// 山东 DB37/T 2672-2019: electricity by the coal burnt for it (等价值).
    #[serde(rename = "db37t-2672-2019")]
    Shandong2019,
}

/// A text that is no coefficient set's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownSet;

impl SetId {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::NationalGasUpper, Self::NationalGasLower, Self::Shandong2019];

    /// The id as written in records and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NationalGasUpper => "cn-equivalent-gas-1.3300",
            Self::NationalGasLower => "cn-equivalent-gas-1.2143",
            Self::Shandong2019 => "db37t-2672-2019",
        }
    }

    /// kgce for one unit of the form; none for what is not energy consumed (indicator E1): water, and own
    /// photovoltaic electricity.
    pub fn kgce_per_unit(self, quantity: Quantity) -> Option<Decimal> {
        Some(match quantity {
            Quantity::Electricity => self.electricity(),
            Quantity::NaturalGas => self.natural_gas(),
            Quantity::Coal => Decimal::new(7_143, 1),
            Quantity::Lpg => Decimal::new(17_143, 4),
            Quantity::TownGas => Decimal::new(5_714, 4),
            Quantity::PetrolVehicle | Quantity::PetrolOther => Decimal::new(14_714 * 73, 6),
            Quantity::DieselVehicle | Quantity::DieselOther => Decimal::new(14_571 * 84, 6),
            Quantity::Kerosene => Decimal::new(14_714 * 80, 6),
            Quantity::Heat => Decimal::new(3_412, 2),
            Quantity::OtherEnergy => Decimal::from(1000),
            Quantity::PvSelfUse
            | Quantity::PvExport
            | Quantity::ConventionalWater
            | Quantity::NonconventionalWater => return None,
        })
    }

    fn electricity(self) -> Decimal {
        match self {
            Self::NationalGasUpper | Self::NationalGasLower => Decimal::new(1_229, 4),
            Self::Shandong2019 => Decimal::new(31, 2),
        }
    }

    fn natural_gas(self) -> Decimal {
        match self {
            Self::NationalGasUpper => Decimal::new(13_300, 4),
            Self::NationalGasLower | Self::Shandong2019 => Decimal::new(12_143, 4),
        }
    }

    /// Standard coal of all that counts as energy (indicator E1), kgce, not rounded.
    pub fn kgce(self, amounts: &Amounts) -> Decimal {
        let kgce = |(quantity, hundredths): (&Quantity, &i64)| {
            self.kgce_per_unit(*quantity).map(|factor| factor * Decimal::new(*hundredths, 2))
        };
        amounts.iter().filter_map(kgce).sum()
    }

    /// Whether both sets turn these quantities into the same standard coal.
    pub fn agrees(self, other: Self, quantities: &[Quantity]) -> bool {
        quantities.iter().all(|quantity| self.kgce_per_unit(*quantity) == other.kgce_per_unit(*quantity))
    }
}

impl FromStr for SetId {
    type Err = UnknownSet;

    fn from_str(text: &str) -> Result<Self, UnknownSet> {
        Self::ALL.into_iter().find(|set| set.as_str() == text).ok_or(UnknownSet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_building_differs_by_45_percent_between_sets() {
        let building = Amounts::from([
            (Quantity::Electricity, 1_200_000 * 100),
            (Quantity::NaturalGas, 80_000 * 100),
            (Quantity::Heat, 6_000 * 100),
            (Quantity::PetrolVehicle, 12_000 * 100),
            (Quantity::DieselVehicle, 3_000 * 100),
            (Quantity::ConventionalWater, 18_000 * 100),
        ]);
        let tce = SetId::ALL.map(|set| (set.kgce(&building) / Decimal::from(1000)).round_dp(3));
        assert_eq!(tce, [475_161, 465_905, 690_425].map(|kgce| Decimal::new(kgce, 3)));
    }

    #[test]
    fn a_set_is_found_by_its_id_and_serialised_as_it() {
        for set in SetId::ALL {
            assert_eq!(set.as_str().parse(), Ok(set));
            assert_eq!(serde_json::to_value(set).ok(), Some(set.as_str().into()));
        }
        assert_eq!("0.1229".parse::<SetId>(), Err(UnknownSet));
    }
}
