//! What handovers say of the register: what it still keeps although another owns it, what was taken in by a handover
//! that counts no more, and what has not been registered anew in time. Every finding cites the row.

use jiff::civil::Date;
use xietong_proto::id::MemberCode;
use xietong_proto::wire::vehicles::Vehicle;

use super::finding::{Breach, Evidence, Finding, kept};
use super::rules::Registration;
use crate::systems::codes::plate;
use crate::systems::handover::{Handover, Stage, list, void};
use crate::systems::kind::Kind;
use crate::systems::number::number_text;
use crate::systems::register;
use crate::systems::row::Row;
use crate::systems::rows::Rows;

/// All of it, today.
pub fn findings(rows: &dyn Rows, me: MemberCode, rules: &Registration, today: Date) -> Vec<Finding> {
    let passed: Vec<Handover> = list(rows, Kind::Vehicles, rules)
        .into_iter()
        .filter(|handover| handover.state == Stage::In)
        .collect();
    let newest =
        |of: &dyn Fn(&&Handover) -> bool| passed.iter().filter(of).max_by_key(|passed| passed.source.time);
    let of_last = |number: String, row: &Vehicle| {
        let last = newest(&|passed| passed.id == number || passed.new_id.as_ref() == Some(&number))?;
        if last.from == me && last.id == number {
            let number = last.new_id.clone().unwrap_or_default();
            return Some(Breach::KeptAfterHandover { by: last.to, number });
        }
        let is_old_plate = plate::province(&row.plate_no).is_some_and(|home| !me.as_str().starts_with(home));
        let until = last.temporary_plate_until.filter(|until| *until < today && is_old_plate)?;
        Some(Breach::TemporaryPlateOver { until })
    };
    let void = void(rows, Kind::Vehicles, me);
    let of_one = |(id, said, row): (String, Row, Vehicle)| {
        let number = register::number(rows, Kind::Vehicles.system(), &id)?;
        let breach = match void.get(&number) {
            Some(from) => Breach::TakenInVoid { from: *from },
            None => of_last(number_text(me, Kind::Vehicles, number), &row)?,
        };
        let basis = match breach {
            Breach::TemporaryPlateOver { .. } => rules.source.clone(),
            _ => String::new(),
        };
        Some(Finding {
            plate_no: row.plate_no.clone(),
            unit_uscc: row.owner_unit_uscc,
            breach,
            basis,
            evidence: vec![Evidence { kind: Kind::Vehicles, id: id.clone(), source: said.source }],
            id,
        })
    };
    kept(rows).filter_map(of_one).collect()
}
