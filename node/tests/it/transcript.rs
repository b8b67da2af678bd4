//! The guides of `tests/cli` run as tests: each command is given to the real program, in processes of its own,
//! and what it says is compared with what the guide says. No shell is involved; only processes that were
//! started here are ended. `guide` says how a guide is written.
//!
//! `XIETONG_WRITE_TRANSCRIPTS=1 cargo test --test it transcript` writes what was said into the guides wherever
//! it differs; `=all` writes it everywhere. Look at the difference before you keep it.

mod guide;
mod pattern;
mod stage;
mod words;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use guide::Guide;
use stage::{Stage, Transport};

/// A guide that takes longer hangs.
const GUIDE_TIME_MAX: Duration = Duration::from_secs(300);

#[tokio::test]
async fn the_first_hour_over_quic() {
    follow("first-hour.md", Transport::Quic, "en_US.UTF-8", Writing::asked()).await;
}

#[tokio::test]
async fn the_first_hour_over_tcp() {
    follow("first-hour.md", Transport::Tcp, "en_US.UTF-8", Writing::Nothing).await;
}

#[tokio::test]
async fn the_first_hour_in_chinese() {
    follow("first-hour.zh.md", Transport::Quic, "zh_CN.UTF-8", Writing::asked()).await;
}

#[tokio::test]
async fn doors() {
    follow("doors.md", Transport::Tcp, "en_US.UTF-8", Writing::asked()).await;
}

#[tokio::test]
async fn backup() {
    follow("backup.md", Transport::Quic, "en_US.UTF-8", Writing::asked()).await;
}

#[tokio::test]
async fn evidence() {
    follow("evidence.md", Transport::Quic, "en_US.UTF-8", Writing::asked()).await;
}

#[tokio::test]
async fn exchange_without_a_network() {
    follow("bundle.md", Transport::Quic, "en_US.UTF-8", Writing::asked()).await;
}

#[tokio::test]
async fn the_fleet() {
    follow("fleet.md", Transport::Quic, "en_US.UTF-8", Writing::asked()).await;
}

#[tokio::test]
async fn founding_an_agreement() {
    follow("found.md", Transport::Quic, "en_US.UTF-8", Writing::asked()).await;
}

#[tokio::test]
async fn changing_an_agreement() {
    follow("amend.md", Transport::Quic, "en_US.UTF-8", Writing::asked()).await;
}

#[tokio::test]
async fn admitting_a_member() {
    follow("admit.md", Transport::Quic, "en_US.UTF-8", Writing::asked()).await;
}

#[tokio::test]
async fn leaving_an_agreement() {
    follow("withdraw.md", Transport::Quic, "en_US.UTF-8", Writing::asked()).await;
}

#[tokio::test]
async fn new_keys_for_a_node() {
    follow("rotate.md", Transport::Quic, "en_US.UTF-8", Writing::asked()).await;
}

#[tokio::test]
async fn a_new_seal_for_a_member() {
    follow("reseal.md", Transport::Quic, "en_US.UTF-8", Writing::asked()).await;
}

#[tokio::test]
async fn two_agreements_that_know_nothing_of_each_other() {
    follow("isolation.md", Transport::Quic, "en_US.UTF-8", Writing::asked()).await;
}

#[tokio::test]
async fn a_trip_across_a_border() {
    follow("trip.md", Transport::Quic, "en_US.UTF-8", Writing::asked()).await;
}

#[tokio::test]
async fn a_vehicle_changes_its_province() {
    follow("handover.md", Transport::Quic, "en_US.UTF-8", Writing::asked()).await;
}

/// What of a guide is replaced by what was said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    Nothing,
    Differences,
    Everything,
}

impl Writing {
    fn asked() -> Self {
        match std::env::var("XIETONG_WRITE_TRANSCRIPTS").as_deref() {
            Ok("all") => Self::Everything,
            Ok(_) => Self::Differences,
            Err(_) => Self::Nothing,
        }
    }
}

async fn follow(name: &str, transport: Transport, locale: &str, writing: Writing) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cli").join(name);
    let guide = Guide::read(&fs::read_to_string(&path).expect("the guide is part of the source"));
    let mut stage = Stage::build(transport, locale);
    let followed = tokio::time::timeout(GUIDE_TIME_MAX, play(&guide, &mut stage, writing)).await;
    match followed {
        Ok(Ok(rewritten)) if writing != Writing::Nothing => {
            fs::write(&path, rewritten).expect("the source can be written");
        }
        Ok(Ok(_)) => {}
        Ok(Err(difference)) => panic!("{name}:{difference}\n{}", stage.told_by_nodes()),
        Err(_) => panic!("{name}: not done in {GUIDE_TIME_MAX:?}\n{}", stage.told_by_nodes()),
    }
}

/// Follows a guide to its end and gives its text as it should be; stops at the first difference unless
/// differences are to be written.
async fn play(guide: &Guide, stage: &mut Stage, writing: Writing) -> Result<String, String> {
    let mut said = Vec::new();
    for part in &guide.parts {
        match part {
            guide::Part::Set(setting) => stage.set(setting)?,
            guide::Part::Write(file) => stage.write(file)?,
            guide::Part::Give(step) => {
                let (answer, differs) = stage.give(step).await?;
                if differs && writing == Writing::Nothing {
                    return Err(answer.against(step));
                }
                if differs || writing == Writing::Everything {
                    said.push((step, stage.redact(answer)));
                }
            }
        }
    }
    stage.nodes_have_stopped().await?;
    Ok(guide.rewritten(said))
}
