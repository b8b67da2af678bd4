//! What the operators of the world do: each has a fleet of a dozen vehicles and imports CSV files about it,
//! or takes a vehicle back. The rows go through the same reader as a province's own files.

use std::collections::BTreeMap;
use std::io::Cursor;

use jiff::civil::{Date, date};
use prost::Message;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use xietong::machine::Answer;
use xietong::systems::codes::vin;
use xietong::systems::institutions::Institutions;
use xietong::systems::register::Register;
use xietong::systems::registers::Lines;
use xietong::systems::sheet::{HeaderMap, Sheet};
use xietong::systems::vehicles::Vehicles;
use xietong::systems::{Command, Kind, Report};

use super::network::Place;

/// A day on which all dates of the test data are past or future as they should be.
pub const TODAY: Date = date(2026, 1, 5);

/// One operator's vehicles.
#[derive(Clone)]
pub struct Fleet {
    place: Place,
    is_founded: bool,
    odometer_km: u64,
    /// Vehicles of others that it took over.
    taken: Vec<String>,
    /// What was asked and not yet answered: register key → body, none = withdrawn.
    asked: Vec<(String, Option<Vec<u8>>)>,
}

impl Fleet {
    pub fn new(place: Place) -> Self {
        Self { place, is_founded: false, odometer_km: 1_000, taken: Vec::new(), asked: Vec::new() }
    }

    /// What the operator does next.
    pub fn changes(&mut self, rng: &mut ChaCha8Rng) -> Vec<Command> {
        if !self.is_founded {
            let lines = read::<Institutions>(&self.institutions());
            return vec![Command::Import { lines: Box::new(lines), dry_run: false }];
        }
        if rng.random_bool(0.15) {
            let id = vin_of(self.place, rng.random_range(0..FOUNDED));
            self.asked = vec![(id.clone(), None)];
            let (ids, reason) = (vec![id], "处置".to_owned());
            return vec![Command::Withdraw { kind: Kind::Vehicles, ids, reason, dry_run: false }];
        }
        let text = self.vehicles(rng);
        vec![self.import(&text)]
    }

    /// The row for a vehicle that comes from another member; it is not listed before it was taken in.
    pub fn take_up(&mut self, vin: &str) -> Command {
        self.odometer_km += 100;
        let row = self.row(vin, "空闲", ["2041-05-31", "否", "否"]);
        self.import(&format!("{VEHICLE_HEADERS}\n{row}"))
    }

    /// It was taken in: from now on it is one of the fleet.
    pub fn keep(&mut self, vin: String) {
        if !self.taken.contains(&vin) && !self.founded().contains(&vin) {
            self.taken.push(vin);
        }
    }

    /// The vehicles with which it began.
    pub fn founded(&self) -> Vec<String> {
        (0..FOUNDED).map(|number| vin_of(self.place, number)).collect()
    }

    fn import(&mut self, text: &str) -> Command {
        let lines = read::<Vehicles>(text);
        let asked = lines.0.iter().map(|line| (line.row.vin.clone(), Some(line.row.encode_to_vec())));
        self.asked = asked.collect();
        Command::Import { lines: Box::new(lines), dry_run: false }
    }

    /// What was answered has to last.
    pub fn learn(&mut self, answer: Option<Answer>, acknowledged: &mut BTreeMap<String, Option<Vec<u8>>>) {
        let asked = std::mem::take(&mut self.asked);
        match answer {
            Some(Answer::Data(Report::Import(report))) => {
                assert!(
                    report.quarantined.is_empty(),
                    "the world's files are clean: {:?}",
                    report.quarantined
                );
                acknowledged.extend(asked);
                // An office that was refused for want of room is registered again, before any vehicle is.
                self.is_founded = true;
            }
            Some(_) => {}
            // The node died: whether it was done nobody has been told.
            None => asked.iter().for_each(|(id, _)| drop(acknowledged.remove(id))),
        }
    }

    fn institutions(&self) -> String {
        format!("{INSTITUTION_HEADERS}\n{UNIT},示例机关,2025,01,230103,20000,600,是,2025-11\n")
    }

    /// One to five vehicles in a new state; some are not shared, some are confidential, some expired.
    fn vehicles(&mut self, rng: &mut ChaCha8Rng) -> String {
        self.odometer_km += 100;
        let mut text = format!("{VEHICLE_HEADERS}\n");
        let first = rng.random_range(0..12);
        let vins = self.founded().into_iter().chain(self.taken.clone());
        for vin in vins.skip(first).take(rng.random_range(1..=5)) {
            let status = ["空闲", "出车", "维修", "待处置"][rng.random_range(0..4)];
            let shared = if rng.random_bool(0.8) { "是" } else { "否" };
            let confidential = if rng.random_bool(0.1) { "是" } else { "否" };
            let due = if rng.random_bool(0.1) { "2025-01-31" } else { "2041-05-31" };
            text += &self.row(&vin, status, [due, confidential, shared]);
        }
        text
    }

    /// The plate is made of the VIN's last figures: those of the place and the number.
    fn row(&self, vin: &str, status: &str, [due, confidential, shared]: [&str; 3]) -> String {
        format!(
            "{vin},黑A{}{},小型汽车,应急保障,轿车,{confidential},在编,大众朗逸,5,汽油,128000,2022-05-18,{UNIT},230103,{status},{},{due},2041-05-17,320,{shared}\n",
            &vin[11..12],
            &vin[13..],
            self.odometer_km,
        )
    }
}

/// Vehicles with which a fleet begins.
const FOUNDED: u64 = 12;
const UNIT: &str = "11230000000120010Q";
const INSTITUTION_HEADERS: &str = "unit_uscc,unit_name,year,institution_class,division_code,floor_area_m2,energy_users,in_register,form_version";
const VEHICLE_HEADERS: &str = "vin,plate_no,plate_kind,vehicle_use,vehicle_type,confidential,quota_status,make_model,seats,fuel_type,purchase_price,first_registration,owner_unit_uscc,division_code,vehicle_status,odometer_km,inspection_due,insurance_due,market_rate_ref,shared";

fn read<R: Register>(text: &str) -> Lines<R> {
    let file = Box::new(Cursor::new(text.to_owned()));
    let mut sheet = Sheet::<R>::open(file, &HeaderMap::default(), 100, TODAY).expect("the headers are ours");
    let read = sheet.next_chunk(100).expect("the file is readable").expect("it has rows");
    assert!(read.quarantined.is_empty(), "{:?}", read.quarantined);
    Lines(read.lines)
}

fn vin_of(place: Place, number: u64) -> String {
    let with = |check: char| format!("LSVAA218{check}N2{place}{number:05}");
    let fits = |check: &char| vin::is_check_right(&with(*check));
    with("0123456789X".chars().find(fits).expect("one of eleven fits"))
}
