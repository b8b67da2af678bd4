//! The ten steps, in order. Each makes something happen, waits until the nodes say it has, and tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use xietong_proto::id::{MemberCode, Position, System};

use super::data::{self, HEILONGJIANG, JILIN, LIAONING};
use super::province::{Province, Stage, Transport, file};
use super::{Play, checks};
use crate::cli::log::Exported;
use crate::failure::{DemoFailure, Expected, Failure};
use crate::http::data::{ImportEvent, ImportQuery};
use crate::machine::CutDigest;
use crate::systems::Kind;
use crate::systems::energy::release_act::ReleaseReport;
use crate::systems::fault::{ImportReport, Quarantined};
use crate::text::{self, Scene, Seen, Step};

/// Whose place in the list is whose.
const HLJ: usize = 0;
const JL: usize = 1;
const LN: usize = 2;
/// The month that is released and compared.
const PERIOD: &str = "2025-03";
/// Of rows that were not taken in, how many are shown of each file.
const BAD_ROWS_SHOWN: usize = 2;

impl Play<'_> {
    /// Plays them all; the regional tables of every node.
    pub fn all_steps(&mut self) -> Result<Value, Failure> {
        self.agree()?;
        self.import()?;
        self.exchange()?;
        self.pause()?;
        self.kill()?;
        self.resume()?;
        self.refuse()?;
        self.search()?;
        let reports = self.compare()?;
        self.commands()?;
        Ok(reports)
    }

    fn agree(&mut self) -> Result<(), Failure> {
        self.tell(Scene::Step(Step::Agree));
        let program = env::current_exe().map_err(file(self.folder.path()))?;
        let (work, lang) = (self.folder.path().to_owned(), self.context.lang);
        let stage = Stage { program, work, lang, transport: Transport::Quic };
        for member in [HEILONGJIANG, JILIN, LIAONING] {
            let made = Province::make(member, &stage, false)?;
            self.provinces.push(made);
        }
        let mut cards = Vec::new();
        for province in &self.provinces {
            let name = format!("{}.member.toml", province.member.code);
            let card = province.give(&["member", "card"])?;
            self.write(&name, card["paper"].as_str().unwrap_or_default().as_bytes())?;
            let shown = self.provinces[HLJ].give(&["member", "show", &name])?;
            cards.push((province.code(), shown["fingerprint"].as_str().unwrap_or_default().to_owned()));
        }
        self.tell(Scene::Cards { folder: self.folder.path().to_owned(), cards });
        let names = self.provinces.iter().map(|province| format!("{}.member.toml", province.member.code));
        let names: Vec<_> = names.collect();
        let title = text::demo_title(self.context.lang);
        let terms = ["--systems", "assets,vehicles,energy", "--until", "2045-12-31", "--out", AGREEMENT];
        let members: Vec<_> = names.iter().map(String::as_str).collect();
        let new = [&["agreement", "new", "--title", &title, "--member"], &members[..], &terms].concat();
        let mut drawn = self.provinces[HLJ].give(&new)?;
        for province in &self.provinces {
            drawn = province.give(&["agreement", "approve", AGREEMENT, "--yes"])?;
        }
        let fingerprint = drawn["fingerprint"].as_str().unwrap_or_default().to_owned();
        self.tell(Scene::Agreement { title: title.clone(), fingerprint });
        self.show_altered(&title)
    }

    fn show_altered(&mut self, title: &str) -> Result<(), Failure> {
        let path = self.folder.path().join(AGREEMENT);
        let text = fs::read_to_string(&path).map_err(file(&path))?;
        self.write(ALTERED, text.replacen(title, &format!("{title}!"), 1).as_bytes())?;
        let reason = self.provinces[JL].refused(&["agreement", "show", ALTERED])?;
        self.tell(Scene::Altered { reason });
        Ok(())
    }

    fn import(&mut self) -> Result<(), Failure> {
        self.tell(Scene::Step(Step::Import));
        for place in [HLJ, JL, LN] {
            self.provinces[place].start()?;
            let (code, process) = (self.provinces[place].code(), self.provinces[place].process_id());
            let mut rows = BTreeMap::new();
            let (mut bad, mut examples) = (0, Vec::new());
            let member = self.provinces[place].member;
            for kind in member.kinds() {
                let report = self.take_in(place, kind, member.register(kind), &[])?;
                rows.insert(kind, report.rows());
                let faults = self.take_in(place, kind, member.faults(kind), &["--dry-run"])?;
                bad += faults.quarantined.len();
                examples.extend(varied(faults.quarantined).into_iter().map(|row| (kind, row)));
            }
            self.tell(Scene::Imported { member: code, process, rows, bad, examples });
        }
        Ok(())
    }

    fn take_in(
        &self,
        place: usize,
        kind: Kind,
        bytes: &[u8],
        options: &[&str],
    ) -> Result<ImportReport, Failure> {
        let province = &self.provinces[place];
        let name = format!("{}-{}.csv", province.member.code, kind.noun());
        self.write(&name, bytes)?;
        province.ask(&[&[kind.noun(), "import", &name], options].concat())
    }

    fn exchange(&mut self) -> Result<(), Failure> {
        self.tell(Scene::Step(Step::Exchange));
        for province in &self.provinces {
            province.give(&["agreement", "join", AGREEMENT])?;
        }
        let streams = self.provinces.len() * [Kind::Assets, Kind::Vehicles].len();
        let seen = self.watch(|seen| seen.len() == streams && seen.iter().all(is_everywhere))?;
        self.tell(Scene::Arrived(seen));
        Ok(())
    }

    fn pause(&mut self) -> Result<(), Failure> {
        self.tell(Scene::Step(Step::Pause));
        self.provinces[JL].give(&["peer", "pause"])?;
        let mut released = Vec::new();
        for place in [JL, HLJ] {
            let province = &self.provinces[place];
            let report: ReleaseReport = province.ask(&["energy", "release", PERIOD])?;
            released.push((province.code(), report.cells, report.contributors));
        }
        let (author, other) = (self.provinces[HLJ].code(), self.provinces[LN].code());
        let seen = self.watch(|seen| {
            let energy = seen.iter().find(|seen| (seen.author, seen.system) == (author, System::ENERGY));
            energy.is_some_and(|energy| energy.at(other) > Position(0))
        })?;
        let away = self.provinces[JL].code();
        let is_cut = |seen: &Seen| match seen.author == away {
            true => seen.system != System::ENERGY || seen.at(other) == Position(0),
            false => seen.system != System::ENERGY || seen.at(away) == Position(0),
        };
        holds(seen.iter().all(is_cut), Expected::PausedStaysAway)?;
        self.tell(Scene::Away { member: away, released, seen });
        Ok(())
    }

    fn kill(&mut self) -> Result<(), Failure> {
        self.tell(Scene::Step(Step::Kill));
        let text = data::later_energy(&LIAONING);
        let total = text.lines().count() as u64 - 1;
        let acknowledged = self.import_and_kill(text.clone())?;
        holds(acknowledged > 0, Expected::KilledInTheMiddle)?;
        self.provinces[LN].start()?;
        let again = self.take_in(LN, Kind::Energy, text.as_bytes(), &[])?;
        holds(again.unchanged >= acknowledged && again.rows() == total, Expected::NothingLost)?;
        let found = again.unchanged;
        self.tell(Scene::Killed { member: self.provinces[LN].code(), total, acknowledged, found });
        Ok(())
    }

    /// Streams a file to the node and kills it as soon as it has acknowledged some rows; how many.
    fn import_and_kill(&mut self, text: String) -> Result<u64, Failure> {
        let province = &mut self.provinces[LN];
        let node = province.caller()?;
        let mut acknowledged = 0;
        // It ends because the node is gone, which is what is wanted.
        let _ = node.stream(
            "energy/import",
            &ImportQuery::default(),
            Box::new(std::io::Cursor::new(text.into_bytes())),
            |event| {
                if let ImportEvent::Progress { rows, .. } = event {
                    acknowledged = rows;
                    province.kill();
                }
            },
        );
        Ok(acknowledged)
    }

    fn resume(&mut self) -> Result<(), Failure> {
        self.tell(Scene::Step(Step::Resume));
        self.provinces[LN].give(&["energy", "release", PERIOD])?;
        self.provinces[JL].give(&["peer", "resume"])?;
        let streams = self.provinces.len() * [Kind::Assets, Kind::Vehicles, Kind::Energy].len();
        let seen = self.watch(|seen| seen.len() == streams && seen.iter().all(is_everywhere))?;
        self.tell(Scene::Arrived(seen));
        let mut digests = Vec::new();
        let mut heads = BTreeSet::new();
        for province in &self.provinces {
            let held: Vec<CutDigest> = province.ask(&["agreement", "digest"])?;
            digests.extend(held.into_iter().map(|held| (province.code(), held.digest)));
            let agreements = province.status()?.status.agreements;
            let streams = agreements.into_iter().flat_map(|held| held.streams);
            heads.insert(streams.map(|stream| stream.head).collect::<Vec<_>>());
        }
        let distinct: BTreeSet<_> = digests.iter().map(|(_, digest)| digest).collect();
        holds(heads.len() == 1 && distinct.len() == 1, Expected::EqualEverywhere)?;
        self.tell(Scene::Equal { streams: streams as u64, digests });
        Ok(())
    }

    fn refuse(&mut self) -> Result<(), Failure> {
        self.tell(Scene::Step(Step::Refuse));
        let (before, after) = checks::stranger(&self.provinces[HLJ])?;
        self.tell(Scene::Stranger { member: self.provinces[HLJ].code(), before, after });
        let wanted = ["log", "export", "--author", LIAONING.code, "--system", "vehicles"];
        let exported: Vec<Exported> = self.provinces[HLJ].ask(&wanted)?;
        let broken = DemoFailure::DemoBroken { expected: Expected::FlippedBitNoticed };
        let (bit, reject) = checks::flipped(exported.first().ok_or(broken)?)?;
        let reason = text::reject(self.context.lang, &reject);
        self.tell(Scene::Flipped { author: LIAONING.member_code(), bit: bit as u64, reason });
        Ok(())
    }

    fn search(&mut self) -> Result<(), Failure> {
        self.tell(Scene::Step(Step::Search));
        let codes = data::telling_codes(&LIAONING);
        let mut logs = Vec::new();
        for province in &self.provinces {
            let (found, bytes) = checks::search(&province.home, &codes)?;
            let expected = if province.code() == LIAONING.member_code() { codes.len() } else { 0 };
            holds(found == expected, Expected::NothingLeft)?;
            logs.push((province.code(), bytes as u64, found as u64));
        }
        self.tell(Scene::Searched { owner: LIAONING.member_code(), codes: codes.len() as u64, logs });
        Ok(())
    }

    fn compare(&mut self) -> Result<Value, Failure> {
        self.tell(Scene::Step(Step::Compare));
        let mut reports: BTreeMap<MemberCode, Value> = BTreeMap::new();
        for province in &self.provinces {
            let tables = json!({
                "vehicles": province.give(&["vehicle", "report"])?,
                "assets": province.give(&["asset", "report"])?,
                "energy": province.give(&["energy", "report", PERIOD])?,
            });
            reports.insert(province.code(), tables);
        }
        let distinct: BTreeSet<_> = reports.values().map(Value::to_string).collect();
        holds(distinct.len() == 1, Expected::EqualEverywhere)?;
        let province = &self.provinces[JL];
        let (vehicles, assets) = (province.ask(&["vehicle", "report"])?, province.ask(&["asset", "report"])?);
        let energy = province.ask(&["energy", "report", PERIOD])?;
        self.tell(Scene::Tables { vehicles, assets, energy: Box::new(energy) });
        Ok(json!(reports))
    }

    fn commands(&mut self) -> Result<(), Failure> {
        self.tell(Scene::Step(Step::Commands));
        let program = env::current_exe().map_err(file(self.folder.path()))?;
        let home = |place: usize| self.provinces[place].home.display();
        let program = program.display();
        let commands = vec![
            format!("{program} status --home {}", home(HLJ)),
            format!("{program} vehicle list --owner {} --home {}", LIAONING.code, home(HLJ)),
            format!("{program} vehicle show {}-V-000001 --home {}", LIAONING.code, home(JL)),
            format!("{program} energy report {PERIOD} --home {}", home(LN)),
        ];
        self.tell(Scene::Commands(commands));
        Ok(())
    }

    fn watch(&mut self, is_done: impl Fn(&[Seen]) -> bool) -> Result<Vec<Seen>, Failure> {
        self.watch.until(&self.provinces, is_done)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, Failure> {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).map_err(file(&path))?;
        Ok(path)
    }
}

const AGREEMENT: &str = "agreement.toml";
const ALTERED: &str = "altered.toml";

/// Rows with faults in different columns.
fn varied(rows: Vec<Quarantined>) -> Vec<Quarantined> {
    let mut columns = BTreeSet::new();
    rows.into_iter().filter(|row| columns.insert(row.at.column.clone())).take(BAD_ROWS_SHOWN).collect()
}

fn is_everywhere(seen: &Seen) -> bool {
    seen.positions.iter().all(|(_, position)| *position == seen.at(seen.author))
}

fn holds(is_so: bool, expected: Expected) -> Result<(), Failure> {
    if is_so { Ok(()) } else { Err(DemoFailure::DemoBroken { expected }.into()) }
}
