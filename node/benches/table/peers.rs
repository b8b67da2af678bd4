//! What others do with the same work, in the same run: each is a program below `scripts/peers`, installed there if
//! it can be, that prints its name and its figures. Where it cannot run, its line says why.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::catch_up::CATCH_UP;
use super::figure::Figure;
use super::pair::LIVE;
use super::publish::PUBLISH;

struct Peer {
    folder: &'static str,
    /// With more than these it takes too long.
    records_max: usize,
    /// What it does not do, beside a node.
    lacks: &'static str,
}

const PEERS: [Peer; 3] = [
    Peer {
        folder: "postgresql",
        records_max: 1_000_000,
        lacks: "nothing signed, nothing verified; all trust the one server",
    },
    Peer {
        folder: "hypercore",
        records_max: 100_000,
        lacks: "signed and verified, not synced; who knows the log's key reads all",
    },
    Peer {
        folder: "iroh-docs",
        records_max: 20_000,
        lacks: "signed and verified, synced twice a second, no chain; who has the ticket reads all",
    },
];

/// A figure, as the program prints it.
#[derive(Deserialize)]
struct Line {
    work: Work,
    figure: String,
    value: f64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Work {
    /// Records into what is replicated, a second.
    Publish,
    /// Records to a peer that has not got them, a second.
    CatchUp,
    /// Milliseconds until both have one record.
    Live,
}

impl Work {
    fn unit(self) -> &'static str {
        match self {
            Self::Publish | Self::CatchUp => "records/s",
            Self::Live => "ms",
        }
    }

    /// The figure of a node that it stands beside.
    fn ours(self) -> &'static str {
        match self {
            Self::Publish => PUBLISH,
            Self::CatchUp => CATCH_UP,
            Self::Live => LIVE,
        }
    }
}

/// Their figures, each beside ours.
pub fn peers<'a>(records: usize, ours: &'a [Figure]) -> impl Iterator<Item = Figure> + use<'a> {
    PEERS.iter().flat_map(move |peer| peer.figures(records.min(peer.records_max), ours))
}

impl Peer {
    fn figures(&self, records: usize, ours: &[Figure]) -> Vec<Figure> {
        self.run(records, ours).unwrap_or_else(|why| vec![Figure::not_run(self.folder, &why)])
    }

    fn run(&self, records: usize, ours: &[Figure]) -> Result<Vec<Figure>, String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/peers").join(self.folder);
        let said = Command::new(folder.join("run")).arg(records.to_string()).output();
        let said = said.map_err(|error| error.to_string())?;
        if !said.status.success() {
            let why = String::from_utf8_lossy(&said.stderr);
            return Err(why.lines().last().unwrap_or("it does not say why").to_owned());
        }
        let text = String::from_utf8_lossy(&said.stdout);
        let (name, lines) = text.split_once('\n').ok_or("it prints nothing")?;
        let figure = |line: &str| {
            let Line { work, figure, value } =
                serde_json::from_str(line).map_err(|error| error.to_string())?;
            let figure = Figure::new(format!("{name}: {figure}"), value, work.unit());
            let figure = figure.note(format!("{records} records; {}", self.lacks));
            let beside = ours.iter().find(|ours| ours.figure == work.ours()).and_then(|ours| ours.value);
            Ok(match beside {
                Some(value) => figure.limit("ours", value),
                None => figure,
            })
        };
        lines.lines().map(figure).collect()
    }
}
