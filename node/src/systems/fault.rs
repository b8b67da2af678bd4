//! Everything that can be said of a row or a file on its way in, as codes with data: faults keep a row out
//! (待更正), flags let it in with a remark, and sharing refusals keep it at home.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use xietong_proto::id::MemberCode;

pub use super::codes::CodeFault;

/// Why a row is quarantined. The column and the cell as written stand beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Fault {
    /// Not the code it should be.
    Code(CodeFault),
    /// Not of its column's form.
    Form(FormFault),
    /// Against a rule, beside the rest of its row, of its file or of the registers.
    Row(RowFault),
}

/// Why a cell or a line is not of the form it should have, whatever stands beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum FormFault {
    /// Required and blank.
    Blank,
    /// `Null`, `NIS`, `-`, `/`, `无数据`: neither blank nor a value.
    NotAValue,
    /// Longer than the field.
    TooLong { chars_max: usize },
    /// Contains a control character.
    ControlCharacter,
    /// Neither a word nor a code of the list.
    NotAChoice { choices: Vec<String> },
    /// Not an amount in yuan: at most two decimals, no separators, not negative.
    MoneyForm,
    /// Not a quantity: at most two decimals, no separators, not negative.
    QuantityForm,
    /// Not a whole number that is not negative.
    CountForm,
    /// Not a day.
    DateForm,
    /// Not a month.
    PeriodForm,
    /// Neither yes nor no.
    YesNoForm,
    /// Not a year between 2000 and this one.
    YearRange,
    /// The row has more or fewer cells than the header.
    CellCount { expected: usize, found: usize },
    /// The row is longer than a row may be.
    RowTooLong { bytes_max: usize },
}

/// Which rule a row breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum RowFault {
    /// The same key stands in an earlier row of the file, which counts.
    KeyTwice { first_line: u64 },
    /// The unit has no row in the register of institutions, for that year where there is one.
    UnitNotInRegister,
    /// Not of the form of its scheme.
    AssetClassForm,
    /// Net value is not original value minus depreciation.
    NetValueMismatch { expected_fen: i64 },
    /// The dates are in the wrong order, or in the future.
    DateOrder { after: String },
    /// Less than one.
    QuantityNotPositive,
    /// A plate of eight characters on a vehicle that is not of new energy.
    PlateFuelMismatch,
    /// A vehicle without an engine has a displacement.
    ElectricWithDisplacement,
    /// Not between 1 and 60.
    SeatsRange,
    /// Less than the register says.
    OdometerBackwards { have_km: i64 },
    /// Another vehicle that its owner still has bears the plate.
    PlateTaken { other: String },
    /// A vehicle cannot come to this state from the one that the register has.
    StatusStep { was: String },
    /// Entrusted, and to nobody but its owner.
    CustodianIsOwner,
    /// A month that has not come yet.
    PeriodInFuture,
    /// A part is larger than its total.
    PartAboveTotal,
    /// No quantity although data are not reported missing.
    NothingReported,
}

impl From<CodeFault> for Fault {
    fn from(fault: CodeFault) -> Self {
        Self::Code(fault)
    }
}

impl From<FormFault> for Fault {
    fn from(fault: FormFault) -> Self {
        Self::Form(fault)
    }
}

impl From<RowFault> for Fault {
    fn from(fault: RowFault) -> Self {
        Self::Row(fault)
    }
}

/// A fault and the column it is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellFault {
    /// The column's name.
    pub column: String,
    /// Why.
    pub fault: Fault,
}

impl CellFault {
    /// In a column.
    pub fn new(column: &str, fault: impl Into<Fault>) -> Self {
        Self { column: column.to_owned(), fault: fault.into() }
    }
}

/// What is worth a look in a row that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum Flag {
    /// The check character of the organisation code inside a credit code fails.
    OrgCheckDigit { uscc: String },
    /// More than three users for each post.
    UsersOverQuota,
    /// The serial number stands on another card too.
    SerialTwice { other: String },
    /// A class of which no name is known here.
    AssetClassUnknown,
    /// The check character of an imported vehicle's number fails.
    VinCheckDigitForeign,
    /// A pure electric vehicle on an ordinary plate.
    ElectricOnOrdinaryPlate,
    /// A plate of another province.
    PlateOtherProvince,
    /// The model year does not fit the first registration.
    ModelYear,
    /// Dearer or larger than the ceiling for its use.
    OverCeiling { fen_max: i64 },
    /// Without the mark of an official vehicle.
    Unmarked,
    /// More kilometres in so many days than a vehicle can do.
    OdometerJump { km: i64, days: i64 },
    /// Fuel for the distance is outside what any vehicle burns; in hundredths of a litre for 100 km.
    FuelUnlikely { per_100km: i64 },
    /// Cost divided by quantity is outside the usual band: perhaps another unit.
    UnitPriceOutOfBand { column: String },
    /// More than 30 % away from the same month of the year before.
    YearOnYear { column: String },
    /// Electricity per area is outside 5 to 300 kWh/m² a year.
    PerArea,
    /// The same value for six months.
    SameValueSixMonths { column: String },
}

/// Why a row that should be shared stays at home. The row itself is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum Stays {
    /// A confidential vehicle.
    Confidential,
    /// Its use never leaves: leaders, 机要通信, special technology, retired cadres.
    UseNotShareable,
    /// The inspection has run out.
    InspectionExpired,
    /// The insurance has run out.
    InsuranceExpired,
    /// Up for disposal or deregistered.
    StatusNotShareable,
    /// Neither idle nor to be lent or transferred.
    NotIdleNorLendable,
    /// Not entered in the accounts.
    NotBooked,
    /// Storage media have not been wiped.
    StorageNotWiped,
    /// Scrap or residual value only.
    ConditionNotListable,
}

/// Why a whole file is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum FileRefusal {
    /// Neither UTF-8 nor GB18030.
    EncodingUnknown { line: u64 },
    /// There is no header.
    NoHeader,
    /// Required columns are missing.
    ColumnsMissing { columns: Vec<String> },
    /// A column stands twice.
    ColumnTwice { column: String },
    /// A column in another unit than ours.
    WrongUnitInHeader { header: String, wanted: String },
    /// More columns than a file may have.
    TooManyColumns { columns_max: usize },
    /// More rows than a file may have.
    TooManyRows { rows_max: u64 },
    /// The tokeniser cannot go on.
    Unreadable { line: u64 },
    /// The map is not of the form `[rename]` and `[constants]`.
    MapForm { detail: String },
    /// The map names a column that the register has not.
    MapColumn { column: String },
}

/// One row that was not taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Of the file, the header being 1.
    pub line: u64,
    /// Where and why.
    #[serde(flatten)]
    pub at: CellFault,
    /// The cell as written.
    pub value: String,
    /// The whole row as written.
    pub cells: Vec<String>,
}

/// A remark on a row that was taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flagged {
    /// Of the file.
    pub line: u64,
    /// The row's key.
    pub id: String,
    /// What is worth a look.
    pub flag: Flag,
}

/// A row that was taken in and should be shared, and is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Of the file.
    pub line: u64,
    /// The row's key.
    pub id: String,
    /// Why it stays.
    pub stays: Stays,
}

/// What leaves, or would leave, because of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// Listings that appear.
    pub listed: u64,
    /// Listings that change.
    pub changed: u64,
    /// Listings that are taken back.
    pub withdrawn: u64,
    /// To whom.
    pub to: Vec<MemberCode>,
}

/// What an import did, or with a dry run would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Rows that the register did not have.
    pub added: u64,
    /// Rows that differ from the register's.
    pub changed: u64,
    /// Rows that the register has already.
    pub unchanged: u64,
    /// Rows taken back because a full file does not have them.
    pub withdrawn: u64,
    /// Rows that were not taken in.
    pub quarantined: Vec<Quarantined>,
    /// Remarks.
    pub flagged: Vec<Flagged>,
    /// What stays although it should be shared.
    pub kept: Vec<Kept>,
    /// What leaves.
    pub leaving: Leaving,
    /// Counties taken on trust: their prefecture is known, no full table is shipped.
    pub unchecked_divisions: BTreeSet<String>,
}

impl ImportReport {
    /// Rows that stand in the register now as the file has them.
    pub fn rows(&self) -> u64 {
        self.added + self.changed + self.unchanged
    }

    /// Adds the report of another part of the same file.
    pub fn add(&mut self, other: Self) {
        self.added += other.added;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.withdrawn += other.withdrawn;
        self.quarantined.extend(other.quarantined);
        self.flagged.extend(other.flagged);
        self.kept.extend(other.kept);
        self.unchecked_divisions.extend(other.unchecked_divisions);
        self.leaving.listed += other.leaving.listed;
        self.leaving.changed += other.leaving.changed;
        self.leaving.withdrawn += other.leaving.withdrawn;
        if self.leaving.to.is_empty() {
            self.leaving.to = other.leaving.to;
        }
    }
}
