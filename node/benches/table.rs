//! What a node does in a second, beside the limit that binds it, measured in the same run: `scripts/bench`.
//! Two real processes on loopback; homes in a temporary folder, so its disk is the one that is measured.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use tempfile::TempDir;
use xietong::cli::demo::data::{HEILONGJIANG, JILIN, Member};
use xietong::cli::demo::province::{Province, Stage, Transport};
use xietong::machine::Waiting;
use xietong::systems::Kind;
use xietong::text::Lang;
use xietong_proto::crypto::{SecretKey, Tag, hash};
use xietong_proto::id::{Position, System};

/// One line of the table.
#[derive(Serialize)]
struct Figure {
    figure: &'static str,
    value: f64,
    unit: &'static str,
    aim: Option<Aim>,
    /// What binds it, measured in this run.
    limit: Option<(&'static str, f64)>,
    /// The value as a share of the limit.
    ratio: Option<f64>,
}

#[derive(Clone, Copy, Serialize)]
enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

/// Rates of this machine, per second, and its disk's patience.
struct Limits {
    sync_ms: f64,
    hashes: f64,
    verifications: f64,
    rows: f64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |name: &str| {
        let at = arguments.iter().position(|word| word == name)?;
        arguments.get(at + 1)?.parse().ok()
    };
    let records = after("--records").unwrap_or(100_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let limits = Limits::measure(folder.path());
    let mut figures = limits.figures();
    Pair::make(folder).measure(records, &limits, &mut figures);
    if arguments.iter().any(|word| word == "--json") {
        println!("{}", serde_json::to_string_pretty(&figures).expect("figures are plain data"));
    } else {
        println!("{records} records\n{}", table(&figures));
    }
}

impl Figure {
    fn new(figure: &'static str, value: f64, unit: &'static str) -> Self {
        Self { figure, value, unit, aim: None, limit: None, ratio: None }
    }

    fn aim(self, aim: Aim) -> Self {
        Self { aim: Some(aim), ..self }
    }

    fn limit(self, name: &'static str, limit: f64) -> Self {
        Self { limit: Some((name, limit)), ratio: Some(self.value / limit), ..self }
    }
}

fn table(figures: &[Figure]) -> String {
    let mut text = format!("{:<44}{:>12}  {:<10}{:>10}  limit (ratio)\n", "figure", "value", "unit", "aim");
    for Figure { figure, value, unit, aim, limit, ratio } in figures {
        let aim = match aim {
            Some(Aim::AtLeast(aim)) => format!("≥ {aim:.0}"),
            Some(Aim::AtMost(aim)) => format!("≤ {aim:.0}"),
            None => String::new(),
        };
        let limit = limit.zip(*ratio).map(|((name, limit), ratio)| format!("{name} {limit:.0} ({ratio:.2})"));
        let digits = if *value < 100.0 { 2 } else { 0 };
        let limit = limit.unwrap_or_default();
        let _ = writeln!(text, "{figure:<44}{value:>12.digits$}  {unit:<10}{aim:>10}  {limit}");
    }
    text
}

/// How often something can be done in a second, by doing it for half of one.
fn rate(mut once: impl FnMut()) -> f64 {
    let begun = Instant::now();
    let mut count = 0_u64;
    while begun.elapsed() < Duration::from_millis(500) {
        (0..64).for_each(|_| once());
        count += 64;
    }
    count as f64 / begun.elapsed().as_secs_f64()
}

impl Limits {
    fn measure(folder: &Path) -> Self {
        let key = SecretKey::from_bytes(&[1; 32]);
        let (signature, public) = (key.sign(Tag::Entry, b"a header"), key.public());
        Self {
            sync_ms: sync_ms(folder),
            hashes: rate(|| {
                std::hint::black_box(hash(&[&[7; 200]]));
            }),
            verifications: rate(|| assert!(public.verifies(Tag::Entry, b"a header", &signature))),
            rows: raw_rows(folder),
        }
    }

    fn figures(&self) -> Vec<Figure> {
        vec![
            Figure::new("limit: durable append of 4 KiB", self.sync_ms, "ms"),
            Figure::new("limit: SHA-256 of 200 bytes, one core", self.hashes, "1/s"),
            Figure::new("limit: verified signatures, one core", self.verifications, "1/s"),
            Figure::new("limit: raw rows of 200 bytes", self.rows, "rows/s"),
        ]
    }
}

/// The median time to make 4 KiB more durable.
fn sync_ms(folder: &Path) -> f64 {
    let mut file = File::create(folder.join("sync")).expect("a file");
    let mut append = || {
        let begun = Instant::now();
        file.write_all(&[1; 4096]).and_then(|()| file.sync_data()).expect("a disk");
        begun.elapsed().as_secs_f64() * 1_000.0
    };
    let mut times: Vec<f64> = (0..200).map(|_| append()).collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Rows of 200 bytes in batches of a thousand, in order of key, into the library that keeps our rows.
fn raw_rows(folder: &Path) -> f64 {
    let tree = sled::Config::new().path(folder.join("raw")).cache_capacity(64 << 20).open().expect("a tree");
    let (begun, count) = (Instant::now(), 100_000_u64);
    for batch in 0..count / 1_000 {
        let mut rows = sled::Batch::default();
        (0..1_000).for_each(|row| rows.insert(&(batch * 1_000 + row).to_be_bytes()[..], &[3_u8; 200][..]));
        tree.apply_batch(rows).expect("it writes");
    }
    count as f64 / begun.elapsed().as_secs_f64()
}

/// Two provinces that have agreed.
struct Pair {
    folder: TempDir,
    author: Province,
    reader: Province,
}

impl Pair {
    fn make(folder: TempDir) -> Self {
        let program = env!("CARGO_BIN_EXE_xietong").into();
        let work = folder.path().to_owned();
        let stage = Stage { program, work, lang: Lang::En, transport: Transport::Quic };
        let make = |member: Member| {
            let province = Province::make(member, &stage, false).expect("a home");
            let card = province.give(&["member", "card"]).expect("a card");
            let text = card["paper"].as_str().expect("a paper");
            fs::write(folder.path().join(format!("{}.toml", member.code)), text).expect("a file");
            province
        };
        let (author, reader) = (make(HEILONGJIANG), make(JILIN));
        let cards = [&author, &reader].map(|province| format!("{}.toml", province.member.code));
        let new = ["agreement", "new", "--title", "Bench", "--member", &cards[0], &cards[1]];
        let terms = ["--systems", "assets", "--until", "2045-12-31", "--out", AGREEMENT];
        author.give(&[&new[..], &terms].concat()).expect("an agreement");
        for province in [&author, &reader] {
            province.give(&["agreement", "approve", AGREEMENT, "--yes"]).expect("an approval");
        }
        Self { folder, author, reader }
    }

    fn measure(mut self, records: usize, limits: &Limits, figures: &mut Vec<Figure>) {
        for province in [&mut self.author, &mut self.reader] {
            province.start().expect("it starts");
            province.give(&["agreement", "join", AGREEMENT]).expect("it joins");
        }
        self.write("units.csv", HEILONGJIANG.register(Kind::Institutions));
        self.author.give(&["institution", "import", "units.csv"]).expect("units");
        await_it(|| !is_busy(&self.author));
        self.reader.give(&["stop"]).expect("it stops");

        let csv_bytes = self.write_cards(records);
        self.import(records, limits, figures);
        let published = listed(&self.author).0;
        self.catch_up(records, published, limits, figures);
        self.sizes(records, csv_bytes, figures);
        self.restart(published, figures);
    }

    fn import(&self, records: usize, limits: &Limits, figures: &mut Vec<Figure>) {
        let begun = Instant::now();
        self.author.give(&["asset", "import", "cards.csv"]).expect("an import");
        let rate = records as f64 / begun.elapsed().as_secs_f64();
        let figure = Figure::new("import of asset cards, durable and listed", rate, "records/s");
        figures.push(figure.aim(Aim::AtLeast(0.8 * limits.rows)).limit("raw rows", limits.rows));
    }

    fn catch_up(&mut self, records: usize, to: Position, limits: &Limits, figures: &mut Vec<Figure>) {
        self.reader.start().expect("it starts");
        let begun = Instant::now();
        let rate = || records as f64 / begun.elapsed().as_secs_f64();
        await_it(|| listed(&self.reader).0 == to);
        let durable = Figure::new("catch-up, verified and durable", rate(), "records/s");
        await_it(|| listed(&self.reader).1 == to);
        let folded = Figure::new("catch-up, folded into rows too", rate(), "records/s");
        figures.push(durable.aim(Aim::AtLeast(500_000.0)).limit("hashes", limits.hashes));
        figures.push(folded.aim(Aim::AtLeast(0.8 * limits.rows)).limit("raw rows", limits.rows));
    }

    fn sizes(&self, records: usize, csv_bytes: usize, figures: &mut Vec<Figure>) {
        for (province, memory, log, rows) in [
            (&self.author, "author: peak memory", "author: log, a record", "author: rows, a record"),
            (&self.reader, "reader: peak memory", "reader: log, a record", "reader: rows, a record"),
        ] {
            let around = province.status().expect("it answers").surroundings;
            let each = |name, bytes: u64| Figure::new(name, bytes as f64 / records as f64, "bytes");
            figures.push(Figure::new(memory, peak_mib(province), "MiB").aim(Aim::AtMost(256.0)));
            figures.push(each(log, around.log_bytes));
            figures.push(each(rows, around.rows_bytes));
        }
        figures.push(Figure::new("CSV, a record", csv_bytes as f64 / records as f64, "bytes"));
    }

    fn restart(&mut self, to: Position, figures: &mut Vec<Figure>) {
        let start = |reader: &mut Province| {
            let begun = Instant::now();
            reader.start().expect("it starts");
            (begun, begun.elapsed().as_secs_f64())
        };
        self.reader.give(&["stop"]).expect("it stops");
        let (_, seconds) = start(&mut self.reader);
        let figure = Figure::new("start after a clean stop, until it answers", seconds, "s");
        figures.push(figure.aim(Aim::AtMost(1.0)));
        self.reader.give(&["stop"]).expect("it stops");
        fs::remove_dir_all(self.reader.home.join("rows")).expect("rows");
        let (begun, seconds) = start(&mut self.reader);
        figures.push(Figure::new("start without rows, until it answers", seconds, "s"));
        await_it(|| listed(&self.reader).1 == to);
        let seconds = begun.elapsed().as_secs_f64();
        figures.push(Figure::new("start without rows, until all are back", seconds, "s"));
    }

    /// Asset cards in one file, all of them shared; its bytes.
    fn write_cards(&self, records: usize) -> usize {
        let text = std::str::from_utf8(HEILONGJIANG.register(Kind::Assets)).expect("UTF-8");
        let mut lines = text.lines();
        let (header, card) = (lines.next().expect("headers"), lines.next().expect("a card"));
        let mut cells: Vec<String> = card.split(',').map(str::to_owned).collect();
        let mut file = format!("{header}\n");
        for number in 0..records {
            (cells[1], cells[7]) = (format!("HLJ-TY-2018-{number:08}"), format!("R{number:09}"));
            file += &cells.join(",");
            file.push('\n');
        }
        self.write("cards.csv", file.as_bytes());
        file.len()
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        fs::write(self.folder.path().join(file), bytes).expect("a file");
    }
}

const AGREEMENT: &str = "agreement.toml";

/// How far a node holds the author's listings, and how far they are in its rows.
fn listed(province: &Province) -> (Position, Position) {
    let streams = province.status().expect("it answers").status.agreements.remove(0).streams;
    let mut listings = streams.into_iter().filter(|stream| stream.system == System::ASSETS);
    listings.next().map(|stream| (stream.position, stream.folded)).unwrap_or_default()
}

fn is_busy(province: &Province) -> bool {
    let waiting = province.status().expect("it answers").status.waiting;
    waiting.iter().any(|waits| matches!(waits, Waiting::Unconfirmed { .. } | Waiting::Unfolded { .. }))
}

fn await_it(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn peak_mib(province: &Province) -> f64 {
    let process = province.process_id().expect("it runs");
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).expect("KiB") / 1024.0
}
