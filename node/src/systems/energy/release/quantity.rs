//! The closed lists of what is measured and of whom: quantities of the form, institution classes, cities,
//! months. Their numbers on the wire are part of P45 and never change.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// A quantity that a cell may show, in the unit of the statutory form. The kinds share nothing: no
/// quantity is part of another, so two of them never subtract to a third (P45).
///
/// The area charged for heat is no quantity here: it is the same each month, so the months of a cell would
/// subtract to the area of whoever did not report one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Purchased electricity, kWh.
    Electricity = 1,
    /// Own photovoltaic electricity used, kWh.
    PvSelfUse = 2,
    /// Own photovoltaic electricity fed into the grid, kWh.
    PvExport = 3,
    /// Raw coal, t.
    Coal = 4,
    /// Natural gas, m³.
    NaturalGas = 5,
    /// Liquefied petroleum gas, kg.
    Lpg = 6,
    /// Manufactured gas, m³.
    TownGas = 7,
    /// Petrol of vehicles, l.
    PetrolVehicle = 8,
    /// Other petrol, l.
    PetrolOther = 9,
    /// Diesel of vehicles, l.
    DieselVehicle = 10,
    /// Other diesel, l.
    DieselOther = 11,
    /// Kerosene, l.
    Kerosene = 12,
    /// Heat by meter, GJ.
    Heat = 13,
    /// Other energy, tce.
    OtherEnergy = 14,
    /// Water without the non-conventional part, m³.
    ConventionalWater = 15,
    /// Non-conventional water, m³.
    NonconventionalWater = 16,
}

impl Quantity {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 16] = [
        Self::Electricity,
        Self::PvSelfUse,
        Self::PvExport,
        Self::Coal,
        Self::NaturalGas,
        Self::Lpg,
        Self::TownGas,
        Self::PetrolVehicle,
        Self::PetrolOther,
        Self::DieselVehicle,
        Self::DieselOther,
        Self::Kerosene,
        Self::Heat,
        Self::OtherEnergy,
        Self::ConventionalWater,
        Self::NonconventionalWater,
    ];

    /// The number on the wire.
    pub fn number(self) -> u32 {
        self as u32
    }

    /// The quantity of a number on the wire; none if there is no such quantity.
    pub fn of_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|quantity| quantity.number() == number)
    }
}

/// What one institution used in a month, or a cell shows of it: hundredths of each unit. Absent = none.
pub type Amounts = BTreeMap<Quantity, i64>;

/// Institution class of the statutory form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Class {
    /// 国家机关
    #[serde(rename = "01")]
    StateOrgan = 1,
    /// 教育
    #[serde(rename = "021")]
    Education = 21,
    /// 科技
    #[serde(rename = "022")]
    Science = 22,
    /// 文化
    #[serde(rename = "023")]
    Culture = 23,
    /// 卫生
    #[serde(rename = "024")]
    Health = 24,
    /// 体育
    #[serde(rename = "025")]
    Sport = 25,
    /// 其他事业单位
    #[serde(rename = "026")]
    OtherInstitution = 26,
    /// 团体组织
    #[serde(rename = "03")]
    Association = 3,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::StateOrgan,
        Self::Education,
        Self::Science,
        Self::Culture,
        Self::Health,
        Self::Sport,
        Self::OtherInstitution,
        Self::Association,
    ];

    /// The number on the wire: the form's code as a number.
    pub fn number(self) -> u32 {
        self as u32
    }

    /// The class of a number on the wire; none if there is no such class.
    pub fn of_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.number() == number)
    }
}

/// A city, as a division code that ends in two zeros (`PPCC00`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct City(u32);

impl City {
    /// The city of any division code in it.
    pub fn of_division(code: u32) -> Self {
        Self(code / 100 * 100)
    }

    /// The six digits as a number.
    pub fn code(self) -> u32 {
        self.0
    }
}

/// A calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    /// The year, for instance 2025.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts =
            text.split_once('-').and_then(|(year, month)| Some((year.parse().ok()?, month.parse().ok()?)));
        let month = parts.map(|(year, month)| Self { year, month }).filter(|month| month.to_string() == text);
        month.ok_or_else(|| serde::de::Error::custom("not a month such as 2025-03"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_on_the_wire_lead_back() {
        for quantity in Quantity::ALL {
            assert_eq!(Quantity::of_number(quantity.number()), Some(quantity));
        }
        for class in Class::ALL {
            assert_eq!(Class::of_number(class.number()), Some(class));
        }
        assert_eq!((Quantity::of_number(0), Class::of_number(2)), (None, None));
    }
}
