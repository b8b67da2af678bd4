//! Scrapping 报废: approval, then a licensed recycler's certificate, then deregistration, in this order. Each step
//! moves the vehicle's state in the register; whether a recycler is licensed the operator has to know, no list of
//! them is kept here.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use xietong_proto::wire::vehicles::{Scrapping, Vehicle};

use super::Vehicles;
use super::status::{DEREGISTERED, PENDING_DISPOSAL, RECYCLED, may_become};
use crate::systems::circle::Circle;
use crate::systems::codes::uscc;
use crate::systems::column::{Column, Form, columns};
use crate::systems::kept::{self, Kept};
use crate::systems::kind::Kind;
use crate::systems::register::{self, Intake};
use crate::systems::rows::Rows;
use crate::systems::{Refusal, number};

/// A vehicle's next step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Its VIN or its listing number.
    pub id: String,
    /// Which.
    #[serde(flatten)]
    pub step: Step,
}

/// One step on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// Whoever may has approved it.
    Approved { document: String, on: Date },
    /// A recycler has it and has certified that.
    Recycled { recycler_uscc: String, certificate: String, on: Date },
    /// The registration has ended.
    Deregistered { on: Date },
}

/// Why a step is refused, in the order of checking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum NotScrapped {
    /// A document has a number of one to so many characters.
    DocumentForm { chars_max: usize },
    /// The recycler's credit code does not hold.
    RecyclerForm,
    /// The step before is missing.
    StepMissing { step: String },
    /// It was done before.
    DoneBefore { on: String },
    /// Before the step that it follows, or after today.
    NotInOrder { after: String, until: String },
    /// The register has the vehicle in a state from which there is no way here.
    WrongState { was: String },
}

/// Characters of a document's number.
const DOCUMENT_CHARS_MAX: usize = 80;

/// The papers of a vehicle on its way out, as far as it has come.
impl Kept for Scrapping {
    const KIND: Kind = Kind::Vehicles;
    const RECORD: u16 = 0x71;
    const NAME: &str = "scrapping";
    const TITLE: (&str, &str) = ("报废手续", "Scrapping");

    fn columns() -> &'static [Column<Self>] {
        columns! { Scrapping:
            text approval_no "报废批准文号" Optional Form::Text(80);
            text approved_on "批准日期" Optional Form::Date;
            text recycler_uscc "回收企业统一社会信用代码" Optional Form::Uscc;
            text certificate_no "报废机动车回收证明编号" Optional Form::Text(80);
            text recycled_on "回收日期" Optional Form::Date;
            text deregistered_on "注销登记日期" Optional Form::Date;
        }
    }

    fn id(&self) -> &str {
        &self.vin
    }
}

/// Decides a step: the vehicle's new state and the papers for it.
pub fn decide(rows: &dyn Rows, today: Date, circle: &Circle, command: &Command) -> Result<Intake, Refusal> {
    let Command { id, step } = command;
    let vin = number::register_ids(rows, Kind::Vehicles, circle.me, &[id.to_owned()])?.swap_remove(0);
    let (_, mut row) =
        register::get::<Vehicles>(rows, &vin).ok_or_else(|| Refusal::NotInRegister { id: id.to_owned() })?;
    let papers = take(kept::get(rows, &vin).unwrap_or_default(), &row, step, today)
        .map_err(|reason| Refusal::Scrapping { vin: vin.clone(), reason })?;
    step.state().clone_into(&mut row.vehicle_status);
    let mut intake = register::say_anew::<Vehicles>(rows, today, &row);
    intake.records.push(kept::record(&Scrapping { vin, ..papers }));
    Ok(intake)
}

impl Step {
    /// The state to which it leads.
    fn state(&self) -> &'static str {
        match self {
            Self::Approved { .. } => PENDING_DISPOSAL,
            Self::Recycled { .. } => RECYCLED,
            Self::Deregistered { .. } => DEREGISTERED,
        }
    }

    fn on(&self) -> Date {
        match self {
            Self::Approved { on, .. } | Self::Recycled { on, .. } | Self::Deregistered { on } => *on,
        }
    }
}

/// Adds a step to the papers, if it is the next.
fn take(papers: Scrapping, row: &Vehicle, step: &Step, today: Date) -> Result<Scrapping, NotScrapped> {
    check_form(step)?;
    let (before, name, done) = match step {
        Step::Approved { .. } => (&row.first_registration, "registered", &papers.approved_on),
        Step::Recycled { .. } => (&papers.approved_on, "approved", &papers.recycled_on),
        Step::Deregistered { .. } => (&papers.recycled_on, "recycled", &papers.deregistered_on),
    };
    if !done.is_empty() {
        return Err(NotScrapped::DoneBefore { on: done.clone() });
    }
    if before.is_empty() {
        return Err(NotScrapped::StepMissing { step: name.to_owned() });
    }
    let (on, until) = (step.on().to_string(), today.to_string());
    if on < *before || on > until {
        return Err(NotScrapped::NotInOrder { after: before.clone(), until });
    }
    if !may_become(&row.vehicle_status, step.state()) {
        return Err(NotScrapped::WrongState { was: row.vehicle_status.clone() });
    }
    Ok(match step.clone() {
        Step::Approved { document, .. } => Scrapping { approval_no: document, approved_on: on, ..papers },
        Step::Recycled { recycler_uscc, certificate, .. } => {
            Scrapping { recycler_uscc, certificate_no: certificate, recycled_on: on, ..papers }
        }
        Step::Deregistered { .. } => Scrapping { deregistered_on: on, ..papers },
    })
}

fn check_form(step: &Step) -> Result<(), NotScrapped> {
    let is_number = |text: &str| {
        (1..=DOCUMENT_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control)
    };
    let (document, recycler) = match step {
        Step::Approved { document, .. } => (document, None),
        Step::Recycled { certificate, recycler_uscc, .. } => (certificate, Some(recycler_uscc)),
        Step::Deregistered { .. } => return Ok(()),
    };
    if !is_number(document) {
        return Err(NotScrapped::DocumentForm { chars_max: DOCUMENT_CHARS_MAX });
    }
    let holds = recycler.is_none_or(|code| uscc::read(code).is_ok());
    holds.then_some(()).ok_or(NotScrapped::RecyclerForm)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 24);

    fn row(status: &str) -> Vehicle {
        Vehicle {
            first_registration: "2016-05-01".into(),
            vehicle_status: status.into(),
            ..Vehicle::default()
        }
    }

    fn approved(document: &str, on: Date) -> Step {
        Step::Approved { document: document.into(), on }
    }

    fn recycled(recycler: &str, on: Date) -> Step {
        Step::Recycled { recycler_uscc: recycler.into(), certificate: "HS-1".into(), on }
    }

    const RECYCLER: &str = "91110000600037341L";

    #[test]
    fn steps_are_taken_in_their_order_and_once() {
        let done = |on: &str| Scrapping { approved_on: on.into(), ..Scrapping::default() };
        let until = || "2026-11-24".to_owned();
        let table = [
            (done(""), "sealed", approved("", TODAY), NotScrapped::DocumentForm { chars_max: 80 }),
            (done("2026-11-01"), "sealed", recycled("91110000600037341M", TODAY), NotScrapped::RecyclerForm),
            (
                done(""),
                "sealed",
                recycled(RECYCLER, TODAY),
                NotScrapped::StepMissing { step: "approved".into() },
            ),
            (
                done("2026-11-01"),
                "pending_disposal",
                Step::Deregistered { on: TODAY },
                NotScrapped::StepMissing { step: "recycled".into() },
            ),
            (
                done("2026-11-01"),
                "pending_disposal",
                approved("A", TODAY),
                NotScrapped::DoneBefore { on: "2026-11-01".into() },
            ),
            (
                done("2026-11-02"),
                "pending_disposal",
                recycled(RECYCLER, date(2026, 11, 1)),
                NotScrapped::NotInOrder { after: "2026-11-02".into(), until: until() },
            ),
            (
                done(""),
                "sealed",
                approved("A", date(2026, 11, 25)),
                NotScrapped::NotInOrder { after: "2016-05-01".into(), until: until() },
            ),
            (
                done(""),
                "deregistered",
                approved("A", TODAY),
                NotScrapped::WrongState { was: "deregistered".into() },
            ),
        ];
        for (papers, status, step, refused) in table {
            assert_eq!(take(papers, &row(status), &step, TODAY), Err(refused), "{step:?}");
        }
        let papers = take(done(""), &row("sealed"), &approved("A", TODAY), TODAY).expect("it is the first");
        let papers =
            take(papers, &row("pending_disposal"), &recycled(RECYCLER, TODAY), TODAY).expect("the next");
        let papers =
            take(papers, &row("recycled"), &Step::Deregistered { on: TODAY }, TODAY).expect("the last");
        assert_eq!(papers.recycler_uscc, RECYCLER);
        assert!(Scrapping::columns().iter().all(|column| (column.get)(&papers).is_some()));
    }
}
