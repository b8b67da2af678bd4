//! Two provinces that have agreed, each a process of its own: imports, catch-up, single records, sizes, starts.

use std::fs;
use std::io::Cursor;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use xietong::cli::caller::Caller;
use xietong::cli::demo::data::{HEILONGJIANG, JILIN, Member};
use xietong::cli::demo::province::{Province, Stage, Transport};
use xietong::http::data::{ImportEvent, ImportQuery};
use xietong::http::node::NodeStatus;
use xietong::machine::Waiting;
use xietong::systems::Kind;
use xietong::text::Lang;
use xietong_proto::id::{Position, System};

use super::cards::{cards, units_and_energy};
use super::figure::Figure;
use super::limits::{Limits, percentile};

pub const AGREEMENT: &str = "agreement.toml";
/// Beside how fast others pass on one record.
pub const LIVE: &str = "one card, durable at both, p50, QUIC";
/// Single records sent one after the other.
const SINGLES: usize = 200;
/// As many records as this make one institution, each with energy of twelve months.
const RECORDS_A_UNIT: usize = 20;

const JUDGED: &str = "the loop's thread: judging a row beside the register, folding it, and sled, which lets nobody read \
    while it takes a batch; it would take judging on the second core, and rows that can be read while they are written";
const ROWS: &str =
    "the row store, which takes one batch after the other; it would take rows that point into the log";
pub const EXCHANGE: &str =
    "two cores for both ends, and in small runs connecting; it would take a core for each end";
pub const MEMORY: &str = "sled's nodes and the allocator's reserve, and in an import the keys of the file; it would take a row \
    store that keeps to its cache";
const DISK: &str = "sled keeps three to five times the bytes of an item and gives nothing back; it would take rows that point \
    into the log, or a row store that gives back";
const SYNCS: &str = "three syncs one after the other (own stream, agreement's stream, peer) and four ways between threads and \
    processes; it would take one log for both streams";
const READING: &str =
    "the log is read from its first byte, and sled reads its own; it would take the heads in rows";

/// Two provinces with their nodes.
pub struct Pair {
    pub folder: TempDir,
    pub author: Province,
    pub reader: Province,
}

impl Pair {
    /// Both have a home and the agreement that they approved; neither runs.
    pub fn agreed(folder: TempDir, transport: Transport) -> Self {
        let program = env!("CARGO_BIN_EXE_xietong").into();
        let work = folder.path().to_owned();
        let stage = Stage { program, work, lang: Lang::En, transport };
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

    /// Both run, have joined and are confirmed; the author's institutions are registered.
    pub fn make(folder: TempDir, transport: Transport) -> Self {
        let mut pair = Self::agreed(folder, transport);
        for province in [&mut pair.author, &mut pair.reader] {
            province.start().expect("it starts");
            province.give(&["agreement", "join", AGREEMENT]).expect("it joins");
        }
        pair.write("units.csv", HEILONGJIANG.register(Kind::Institutions));
        pair.author.give(&["institution", "import", "units.csv"]).expect("units");
        await_it(|| !is_busy(&pair.author));
        pair
    }

    /// A register of cards in, all of them listed; then to the reader, which was away.
    pub fn bulk(&mut self, records: usize, limits: &Limits) -> Vec<Figure> {
        self.reader.give(&["stop"]).expect("it stops");
        let aim = 0.8 * limits.rows;
        let rate = |figure: &str, rate, why| {
            Figure::new(figure, rate, "records/s").at_least(aim, why).limit("raw rows", limits.rows)
        };
        let listed_cards = cards(records, "HLJ-TY-2018-", true);
        let csv_bytes = listed_cards.len() as f64 / records as f64;
        let listing = self.import(Kind::Assets, &listed_cards, records);
        let to = listed(&self.author).0;
        let (durable, folded) = self.catch_up(to, records);
        let mut figures = vec![
            rate("import of asset cards, all listed", listing, JUDGED),
            Figure::new("catch-up of listings, verified and durable", durable, "records/s")
                .at_least(500_000.0, EXCHANGE)
                .limit("hashes", limits.hashes),
            rate("catch-up of listings, folded into rows too", folded, ROWS),
            Figure::new("a card in the CSV file", csv_bytes, "bytes"),
        ];
        figures.extend(sizes("author, all listed", &self.author, records));
        figures.extend(sizes("reader", &self.reader, records));
        let kept = self.import(Kind::Assets, &cards(records, "HLJ-ZY-2019-", false), records);
        figures.push(rate("import of asset cards, none listed", kept, JUDGED));
        let (units, energy) = units_and_energy((records / RECORDS_A_UNIT).max(1));
        let count = units.lines().count() - 1;
        let imported = self.import(Kind::Institutions, &units, count);
        figures.push(rate("import of institutions", imported, JUDGED));
        let count = energy.lines().count() - 1;
        let imported = self.import(Kind::Energy, &energy, count);
        figures.push(rate("import of energy, 12 months an institution", imported, JUDGED));
        figures
    }

    /// Rows a second until the file's last row is durable, and listed where it shall be.
    fn import(&self, kind: Kind, file: &str, rows: usize) -> f64 {
        self.write("rows.csv", file.as_bytes());
        let begun = Instant::now();
        let report = self.author.give(&[kind.noun(), "import", "rows.csv"]).expect("an import");
        let seconds = begun.elapsed().as_secs_f64();
        assert_eq!(report["added"], rows, "every row is new and in order");
        rows as f64 / seconds
    }

    fn catch_up(&mut self, to: Position, records: usize) -> (f64, f64) {
        self.reader.start().expect("it starts");
        let begun = Instant::now();
        let rate = || records as f64 / begun.elapsed().as_secs_f64();
        await_it(|| listed(&self.reader).0 == to);
        let durable = rate();
        await_it(|| listed(&self.reader).1 == to);
        (durable, rate())
    }

    /// One changed card after the other: until the author has answered, and until the reader has it too.
    pub fn live(&mut self, transport: &str, limits: &Limits) -> Vec<Figure> {
        await_it(|| !is_busy(&self.author) && !is_busy(&self.reader));
        let [author, reader] = [&self.author, &self.reader].map(|node| node.caller().expect("a socket"));
        let (mut here, mut there) = (Vec::new(), Vec::new());
        for quantity in 1..=SINGLES {
            let before = listed_by(&author).0;
            let card = cards(1, "HLJ-LIVE-", true).replace(",1,台,", &format!(",{quantity},台,"));
            let begun = Instant::now();
            let ms = || begun.elapsed().as_secs_f64() * 1_000.0;
            let mut last = None;
            let file = Box::new(Cursor::new(card));
            let hear = |event: ImportEvent| last = Some(event);
            author.stream("assets/import", &ImportQuery::default(), file, hear).expect("an import");
            here.push(ms());
            assert!(matches!(last, Some(ImportEvent::Done(_))), "{last:?}");
            while listed_by(&reader).0 <= before {
                std::thread::sleep(Duration::from_micros(100));
            }
            there.push(ms());
        }
        let aim = 2.0 * limits.sync_ms + 1.0;
        let line = |what: &str, ms: f64| {
            Figure::new(format!("one card, {what}, {transport}"), ms, "ms")
                .limit("durable append", limits.sync_ms)
        };
        vec![
            line("durable at the author, p50", percentile(here, 0.5)),
            line("durable at both, p50", percentile(there.clone(), 0.5)).at_most(aim, SYNCS),
            line("durable at both, p99", percentile(there, 0.99)),
        ]
    }

    /// Starts after a clean stop, after a kill, and without rows.
    pub fn restart(&mut self) -> Vec<Figure> {
        let to = listed(&self.author).0;
        await_it(|| listed(&self.reader).1 == to);
        let mut figures = starts("reader", &mut self.reader);
        figures.extend(starts("author", &mut self.author));
        self.reader.give(&["stop"]).expect("it stops");
        fs::remove_dir_all(self.reader.home.join("rows")).expect("rows");
        let begun = Instant::now();
        self.reader.start().expect("it starts");
        figures.push(Figure::new("reader: start without rows", begun.elapsed().as_secs_f64(), "s"));
        await_it(|| listed(&self.reader).1 == to);
        figures.push(Figure::new("reader: until all rows are back", begun.elapsed().as_secs_f64(), "s"));
        figures
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        fs::write(self.folder.path().join(file), bytes).expect("a file");
    }
}

/// How long a node takes until it answers: after it was stopped, and after it was killed.
pub fn starts(who: &str, province: &mut Province) -> Vec<Figure> {
    let seconds = |province: &mut Province| {
        let begun = Instant::now();
        province.start().expect("it starts");
        begun.elapsed().as_secs_f64()
    };
    province.give(&["stop"]).expect("it stops");
    let clean = seconds(province);
    province.kill();
    let killed = seconds(province);
    vec![
        Figure::new(format!("{who}: start after a clean stop"), clean, "s").at_most(1.0, READING),
        Figure::new(format!("{who}: start after a kill"), killed, "s"),
    ]
}

/// What a node with so many records takes.
fn sizes(who: &str, province: &Province, records: usize) -> Vec<Figure> {
    let around = province.status().expect("it answers").surroundings;
    let each = |what: &str, bytes: u64| {
        Figure::new(format!("{who}: {what}, a record"), bytes as f64 / records as f64, "bytes")
    };
    let both = (around.log_bytes + around.rows_bytes) as f64 / around.log_bytes as f64;
    vec![
        Figure::new(format!("{who}: peak memory"), peak_mib(province), "MiB").at_most(256.0, MEMORY),
        each("log", around.log_bytes),
        each("rows", around.rows_bytes),
        Figure::new(format!("{who}: log and rows, of the log"), both, "").at_most(3.0, DISK),
    ]
}

/// How far a node holds the author's listings, and how far they are in its rows.
pub fn listed(province: &Province) -> (Position, Position) {
    listed_by(&province.caller().expect("a socket"))
}

fn listed_by(node: &Caller) -> (Position, Position) {
    let mut status: NodeStatus = node.get("status", &()).expect("it answers");
    let streams = status.status.agreements.remove(0).streams;
    let mut listings = streams.into_iter().filter(|stream| stream.system == System::ASSETS);
    listings.next().map(|stream| (stream.position, stream.folded)).unwrap_or_default()
}

fn is_busy(province: &Province) -> bool {
    let waiting = province.status().expect("it answers").status.waiting;
    waiting.iter().any(|waits| matches!(waits, Waiting::Unconfirmed { .. } | Waiting::Unfolded { .. }))
}

pub fn await_it(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn peak_mib(province: &Province) -> f64 {
    let process = province.process_id().expect("it runs");
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).expect("KiB") / 1024.0
}
