//! What is wrong with a cell or a row of a file, and what keeps a whole file out. The sentence stands beside
//! the row, the column and the cell as written; it says what would be right.

use rust_decimal::Decimal;

use super::{Lang, column, list, say, word};
use crate::systems::Kind;
use crate::systems::fault::{CodeFault, Fault, FileRefusal, FormFault, RowFault};
use crate::systems::vehicles::status::STATUSES;

/// Why a row is quarantined.
pub fn fault(lang: Lang, fault: &Fault) -> String {
    match fault {
        Fault::Code(fault) => code_fault(lang, fault),
        Fault::Form(fault) => form_fault(lang, fault),
        Fault::Row(fault) => row_fault(lang, fault),
    }
}

fn code_fault(lang: Lang, fault: &CodeFault) -> String {
    match fault {
        CodeFault::ExcelDestroyedCode => say!(lang,
            zh: "电子表格已把代码变成数字，后几位已丢失；请把该列设为文本后重新填写。",
            en: "A spreadsheet turned the code into a number and lost digits; format the column as text and enter it again."),
        CodeFault::CodeSpelling { suggestion } => say!(lang,
            zh: "代码应为半角大写且不含空格：{suggestion}。",
            en: "A code has half-width capitals and no blanks: {suggestion}."),
        CodeFault::UsccForm => say!(lang,
            zh: "不是 18 位统一社会信用代码。",
            en: "Not a unified social credit code of 18 characters."),
        CodeFault::UsccCheckDigit { expected } => check_digit(lang, *expected),
        CodeFault::VinForm => say!(lang,
            zh: "不是 17 位车辆识别代号（不含 I、O、Q）。",
            en: "Not a vehicle identification number of 17 characters (without I, O, Q)."),
        CodeFault::VinCheckDigit { expected } => say!(lang,
            zh: "第 9 位校验码不符，按其余各位应为 {expected}。",
            en: "Check digit 9 does not hold: the other characters call for {expected}."),
        CodeFault::PlateForm => say!(lang,
            zh: "不是机动车号牌号码，如黑A12345、黑AD12345。",
            en: "Not a licence plate: a province's character, a letter, five or six more."),
        CodeFault::DivisionUnknown { nearest } => {
            let nearest = list(lang, nearest);
            say!(lang,
                zh: "没有这个行政区划代码；相近的有：{nearest}。",
                en: "There is no such division; near it are: {nearest}.")
        }
    }
}

fn form_fault(lang: Lang, fault: &FormFault) -> String {
    match fault {
        FormFault::Blank => say!(lang, zh: "必填，不能为空。", en: "Required, and blank."),
        FormFault::NotAValue => say!(lang,
            zh: "这类字样不是数据；没有数据请留空。",
            en: "Such a word is no value; where there is none, leave the cell blank."),
        FormFault::TooLong { chars_max } => say!(lang,
            zh: "过长，最多 {chars_max} 个字符。",
            en: "Too long: at most {chars_max} characters."),
        FormFault::ControlCharacter => say!(lang,
            zh: "含有换行等控制字符。",
            en: "Contains a control character such as a line break."),
        FormFault::NotAChoice { choices } => not_a_choice(lang, choices),
        FormFault::MoneyForm => say!(lang,
            zh: "不是金额：以元为单位，至多两位小数，不带千分位和符号。",
            en: "Not an amount in yuan: at most two decimals, no separators, no sign."),
        FormFault::QuantityForm => say!(lang,
            zh: "不是数量：至多两位小数，不带千分位和符号。",
            en: "Not a quantity: at most two decimals, no separators, no sign."),
        FormFault::CountForm => say!(lang, zh: "不是非负整数。", en: "Not a whole number from 0 on."),
        FormFault::DateForm => {
            say!(lang, zh: "不是日期，如 2025-03-15。", en: "Not a day such as 2025-03-15.")
        }
        FormFault::PeriodForm => say!(lang, zh: "不是月份，如 2025-03。", en: "Not a month such as 2025-03."),
        FormFault::YesNoForm => say!(lang, zh: "应填“是”或“否”。", en: "Has to be yes or no."),
        FormFault::YearRange => {
            say!(lang, zh: "应为 2000 年至今年。", en: "Has to be a year from 2000 to this one.")
        }
        FormFault::CellCount { expected, found } => say!(lang,
            zh: "表头有 {expected} 列，这一行有 {found} 格。",
            en: "The header has {expected} columns and this row {found} cells."),
        FormFault::RowTooLong { bytes_max } => say!(lang,
            zh: "这一行过长，最多 {bytes_max} 字节。",
            en: "The row is too long: at most {bytes_max} bytes."),
    }
}

fn row_fault(lang: Lang, fault: &RowFault) -> String {
    match fault {
        RowFault::KeyTwice { first_line } => say!(lang,
            zh: "与第 {first_line} 行重复，以第 {first_line} 行为准。",
            en: "Stands in line {first_line} already; that line counts."),
        RowFault::UnitNotInRegister => say!(lang,
            zh: "单位台账中没有该单位（或该年度）；请先导入单位。",
            en: "The register of institutions has no such unit (or not of that year); import it first."),
        RowFault::AssetClassForm => say!(lang,
            zh: "不是该分类标准的代码。",
            en: "Not a code of that classification."),
        RowFault::NetValueMismatch { expected_fen } => {
            let yuan = yuan(*expected_fen);
            say!(lang,
                zh: "净值应等于原值减累计折旧，即 {yuan} 元。",
                en: "The net value has to be the original value minus depreciation: {yuan} yuan.")
        }
        RowFault::DateOrder { after } => say!(lang,
            zh: "日期先后不对：不应晚于 {after}。",
            en: "The dates are in the wrong order: it may not be after {after}."),
        RowFault::QuantityNotPositive => say!(lang, zh: "至少为 1。", en: "Has to be at least 1."),
        RowFault::PlateFuelMismatch => say!(lang,
            zh: "八位号牌只发给新能源汽车，与燃料种类不符。",
            en: "A plate of eight characters belongs to a vehicle of new energy; the fuel is another."),
        RowFault::ElectricWithDisplacement => say!(lang,
            zh: "没有发动机的车辆不应有排量。",
            en: "A vehicle without an engine has no displacement."),
        RowFault::SeatsRange => say!(lang, zh: "应为 1 至 60。", en: "Has to be 1 to 60."),
        RowFault::OdometerBackwards { have_km } => say!(lang,
            zh: "里程倒退：台账中已有 {have_km} 公里。",
            en: "The odometer goes backwards: the register has {have_km} km."),
        RowFault::PlateTaken { other } => say!(lang,
            zh: "车辆 {other} 也用这一号牌，且未处置；请先更正那一辆。",
            en: "The vehicle {other} bears this plate and has not been disposed of: correct that one first."),
        RowFault::StatusStep { was } => {
            let was = word(lang, STATUSES, was);
            say!(lang,
                zh: "台账中为“{was}”，不能再到这一状态。",
                en: "The register says \"{was}\": from there this state cannot be reached.")
        }
        RowFault::CustodianIsOwner => say!(lang,
            zh: "托管车辆须填写权属单位以外的使用单位。",
            en: "An entrusted vehicle needs a custodian other than its owner."),
        RowFault::PeriodInFuture => say!(lang, zh: "这个月还没有到。", en: "That month has not come yet."),
        RowFault::PartAboveTotal => say!(lang, zh: "分项大于合计。", en: "A part is larger than its total."),
        RowFault::NothingReported => say!(lang,
            zh: "没有任何数量；确无数据请在数据状态中注明。",
            en: "There is no quantity; if data are missing, the data status has to say so."),
    }
}

fn check_digit(lang: Lang, expected: char) -> String {
    say!(lang,
        zh: "校验码不符，按其余各位应为 {expected}；请逐位核对。",
        en: "The check character does not hold: the others call for {expected}; compare each of them.")
}

/// The choices are words of the statutory forms, in either language; their codes stand in `template`.
fn not_a_choice(lang: Lang, choices: &[String]) -> String {
    let choices = list(lang, choices);
    say!(lang, zh: "应为以下之一：{choices}。", en: "Has to be one of: {choices}.")
}

/// Fen as yuan with two decimals.
pub fn yuan(fen: i64) -> String {
    Decimal::new(fen, 2).to_string()
}

/// Why a whole file is refused.
pub fn file_refusal(lang: Lang, kind: Kind, refusal: &FileRefusal) -> String {
    match refusal {
        FileRefusal::EncodingUnknown { line } => say!(lang,
            zh: "文件既不是 UTF-8 也不是 GB18030：第 {line} 行起无法辨认。",
            en: "The file is neither UTF-8 nor GB18030: line {line} is the first that cannot be read."),
        FileRefusal::NoHeader => say!(lang, zh: "文件没有表头。", en: "The file has no header."),
        FileRefusal::ColumnsMissing { columns } => {
            let names: Vec<_> = columns.iter().map(|name| column(lang, kind, name)).collect();
            let names = list(lang, &names);
            say!(lang,
                zh: "缺少必需的列：{names}。可用 template 生成样表，或用 --map 对应表头。",
                en: "Required columns are missing: {names}. See template, or map the headers with --map.")
        }
        FileRefusal::ColumnTwice { column: name } => {
            let name = column(lang, kind, name);
            say!(lang, zh: "“{name}”一列出现了两次。", en: "The column {name} stands twice.")
        }
        FileRefusal::WrongUnitInHeader { header, wanted } => say!(lang,
            zh: "表头“{header}”的计量单位不对，应为“{wanted}”；请换算后再导入。",
            en: "The header {header} has another unit than ours, {wanted}: convert the column first."),
        FileRefusal::TooManyColumns { columns_max } => say!(lang,
            zh: "列数超过 {columns_max}。",
            en: "There are more than {columns_max} columns."),
        FileRefusal::TooManyRows { rows_max } => say!(lang,
            zh: "行数超过 {rows_max}（配置项 import.rows_max）；请分成几个文件。",
            en: "There are more than {rows_max} rows (setting import.rows_max): split the file."),
        FileRefusal::Unreadable { line } => say!(lang,
            zh: "第 {line} 行不是可读的 CSV。",
            en: "Line {line} is not readable CSV."),
        FileRefusal::MapForm { detail } => say!(lang,
            zh: "对应表应有 [rename] 和 [constants] 两节：{detail}。",
            en: "A map has the sections [rename] and [constants]: {detail}."),
        FileRefusal::MapColumn { column } => say!(lang,
            zh: "对应表提到“{column}”，台账没有这一列。",
            en: "The map names {column}, which is no column of the register."),
    }
}
