//! What the demo proves beyond what commands say: a stranger is turned away, a flipped bit is noticed, and
//! what must not leave is in nobody else's data log.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use memchr::memmem;
use xietong_proto::card::Card;
use xietong_proto::reject::Reject;

use super::province::{Province, await_it, file};
use crate::cli::log::Exported;
use crate::failure::{DemoFailure, Expected, Failure};
use crate::keys;
use crate::net::{self, NetConfig};
use crate::replica::agreement::Agreement;
use crate::replica::io::{Keyring, Roster};

/// Dials a node with a key that nobody knows, until it has turned somebody away. How often it did before and
/// after.
pub fn stranger(province: &Province) -> Result<(u64, u64), Failure> {
    let card: Card = crate::cli::context::read_card(&province.home.join("card.toml"))?;
    let before = province.status()?.status.strangers;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(file(&province.home))?;
    let expected = Expected::StrangerTurnedAway;
    let broken = |_| Failure::from(DemoFailure::DemoBroken { expected });
    let config = NetConfig { transport_key: keys::draw(), listen: Vec::new() };
    let (network, _events) = runtime.block_on(net::start(config)).map_err(broken)?;
    let peers = card.fields.transport_keys.iter().map(|key| (*key, vec![province.address.clone()])).collect();
    network.set_roster(Arc::new(Roster { peers }));
    let mut after = before;
    await_it(expected, || {
        after = province.status().map_or(before, |status| status.status.strangers);
        after > before
    })?;
    Ok((before, after))
}

/// Flips one bit of an entry that stands in a data log. Which bit, and why nobody takes it then.
pub fn flipped(exported: &Exported) -> Result<(usize, Reject), Failure> {
    let broken = || Failure::from(DemoFailure::DemoBroken { expected: Expected::FlippedBitNoticed });
    let manifest = exported.manifest.as_ref().ok_or_else(broken)?;
    let agreement = Agreement::restore(manifest, &exported.approvals, &exported.cards);
    let agreement = agreement.map_err(|_| broken())?;
    let mut keyring = Keyring::default();
    agreement.all_cards().for_each(|card| keyring.learn(exported.agreement, card));
    let mut entry = hex::decode(exported.entries.first().ok_or_else(broken)?).map_err(|_| broken())?;
    if keyring.open_all(&entry).1.is_some() {
        return Err(broken());
    }
    let bit = entry.len() * 8 / 2;
    entry[bit / 8] ^= 1 << (bit % 8);
    keyring.open_all(&entry).1.map(|reject| (bit, reject)).ok_or_else(broken)
}

/// How many of the codes stand somewhere in a data log, and how many bytes were searched.
pub fn search(home: &Path, codes: &[String]) -> Result<(usize, usize), Failure> {
    let bytes = read_all(&home.join("log"))?;
    let found = codes.iter().filter(|code| memmem::find(&bytes, code.as_bytes()).is_some());
    Ok((found.count(), bytes.len()))
}

fn read_all(folder: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    for place in fs::read_dir(folder).map_err(file(folder))? {
        let path = place.map_err(file(folder))?.path();
        if path.is_dir() {
            bytes.extend(read_all(&path)?);
        } else {
            bytes.extend(fs::read(&path).map_err(file(&path))?);
        }
    }
    Ok(bytes)
}
