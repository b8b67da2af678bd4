//! What a node does in a second, beside what binds it, measured in the same run: `scripts/bench`. Two real
//! processes on loopback, many members in one process, and the log alone; homes in a temporary folder, so its
//! disk is the one that is measured.

mod figure;
mod limits;
#[allow(dead_code, reason = "the simulator uses more of it")]
#[path = "../../tests/it/sim/members.rs"]
mod members;
mod mesh;
mod pair;
mod publish;

use xietong::cli::demo::province::Transport;

use figure::{Figure, table};
use limits::Limits;
use pair::Pair;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |name: &str| {
        let at = arguments.iter().position(|word| word == name)?;
        arguments.get(at + 1)?.parse().ok()
    };
    let records = after("--records").unwrap_or(100_000);
    let figures = measure(records);
    if arguments.iter().any(|word| word == "--json") {
        println!("{}", serde_json::to_string_pretty(&figures).expect("figures are plain data"));
    } else {
        println!("{records} records\n{}", table(&figures));
    }
}

fn measure(records: usize) -> Vec<Figure> {
    let folder = || tempfile::tempdir().expect("a temporary folder");
    let (alone, quic, tcp) = (folder(), folder(), folder());
    let limits = Limits::measure(alone.path());
    let mut figures = limits.figures();
    figures.extend(publish::publish(alone.path(), records, &limits));
    drop(alone);
    let mut pair = Pair::make(quic, Transport::Quic);
    figures.extend(pair.bulk(records, &limits));
    figures.extend(pair.live("QUIC", &limits));
    figures.extend(pair.restart());
    drop(pair);
    figures.extend(Pair::make(tcp, Transport::Tcp).live("TCP", &limits));
    figures.extend(mesh::figures());
    figures
}
