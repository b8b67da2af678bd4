//! What a node does in a second, beside what binds it, measured in the same run: `scripts/bench`. Two real
//! processes on loopback, many members in one process, and the log alone; homes in a temporary folder, so its
//! disk is the one that is measured.

mod cards;
mod catch_up;
mod figure;
mod limits;
#[allow(dead_code, reason = "the simulator uses more of it")]
#[path = "../../tests/it/sim/members.rs"]
mod members;
mod mesh;
mod pair;
mod peers;
mod publish;
mod search;

use xietong::cli::demo::province::Transport;

use figure::{Figure, headings};
use limits::Limits;
use pair::Pair;

/// Above so many only what the log alone decides is measured: with rows they would take a disk of their own.
const REGISTER_MAX: usize = 1_000_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |name: &str| arguments.iter().any(|word| word == name);
    let after = |name: &str| {
        let at = arguments.iter().position(|word| word == name)?;
        arguments.get(at + 1)?.parse().ok()
    };
    let records = after("--records").unwrap_or(100_000);
    let mut table = Table::new(records, has("--json"));
    measure(&mut table, records);
    if has("--peers") {
        for figure in peers::peers(records, &table.figures.clone()) {
            table.add([figure]);
        }
    }
    table.explain();
    if has("--json") {
        println!("{}", serde_json::to_string_pretty(&table.figures).expect("figures are plain data"));
    }
}

fn measure(table: &mut Table, records: usize) {
    let folder = || tempfile::tempdir().expect("a temporary folder");
    let alone = folder();
    let limits = Limits::measure(alone.path());
    table.add(limits.figures());
    table.add(publish::publish(alone.path(), records, &limits));
    drop(alone);
    table.add(catch_up::catch_up(folder(), records, &limits));
    if records <= REGISTER_MAX {
        let mut pair = Pair::make(folder(), Transport::Quic);
        table.add(pair.bulk(records, &limits));
        table.add(pair.live("QUIC", &limits));
        table.add(pair.restart());
        drop(pair);
        table.add(Pair::make(folder(), Transport::Tcp).live("TCP", &limits));
        table.add(mesh::figures());
        table.add(search::figures(folder().path()));
    }
}

/// What was measured so far, shown as it comes: on the standard output, or beside it if figures for programs go
/// there at the end.
struct Table {
    figures: Vec<Figure>,
    is_json: bool,
}

impl Table {
    fn new(records: usize, is_json: bool) -> Self {
        let table = Self { figures: Vec::new(), is_json };
        table.show(&format!("{records} records\n{}", headings()));
        table
    }

    fn add(&mut self, figures: impl IntoIterator<Item = Figure>) {
        for figure in figures {
            self.show(&figure.line());
            self.figures.push(figure);
        }
    }

    /// What binds the figures that are not what they should be.
    fn explain(&self) {
        for figure in &self.figures {
            if let Some(why) = figure.why {
                self.show(&format!("not met: {}: {why}", figure.figure));
            }
        }
    }

    fn show(&self, text: &str) {
        if self.is_json { eprintln!("{text}") } else { println!("{text}") }
    }
}
