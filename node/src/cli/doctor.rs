//! `xietong doctor`: from a fresh node to a working peer. Looks at files, ports and names here; what a running node
//! knows of peers it is asked. Changes nothing.

use std::io::ErrorKind;
use std::net::{TcpListener, ToSocketAddrs, UdpSocket};

use serde::Serialize;
use xietong_proto::card::CardFields;
use xietong_proto::id::MemberCode;

use super::Answer;
use super::context::Context;
use super::member::card_fields;
use super::seal::Seal;
use crate::config::Config;
use crate::doctor::{self, CardFinding, Finding, PortFinding, Weight};
use crate::failure::{Exit, Failure};
use crate::http::client::ClientFailure;
use crate::http::doctor::Examined;
use crate::keys::seal::SealFile;
use crate::keys::{self, KeyError, NodeKeys};
use crate::net::{self, Listener};
use crate::text;

/// Nothing to choose: it looks at everything.
#[derive(Debug, clap::Args)]
pub struct Doctor {}

/// The stable shape for programs: the worst first.
#[derive(Serialize)]
struct Report {
    is_well: bool,
    findings: Vec<Weighed>,
}

#[derive(Serialize)]
struct Weighed {
    weight: Weight,
    #[serde(flatten)]
    finding: Finding,
    /// In the language of the answer.
    message: String,
}

impl Doctor {
    /// Works beside a node that does not run, too.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let mut findings = look(context)?;
        findings.sort_by_key(Finding::weight);
        let is_well = !findings.iter().any(|finding| finding.weight() == Weight::Fault);
        let text = text::findings(context.lang, &findings);
        let weigh = |finding: Finding| Weighed {
            weight: finding.weight(),
            message: text::finding(context.lang, &finding),
            finding,
        };
        let report = Report { is_well, findings: findings.into_iter().map(weigh).collect() };
        let exit = if is_well { Exit::Done } else { Exit::Refused };
        Ok(Answer { exit, ..Answer::new(report, text) })
    }
}

fn look(context: &Context) -> Result<Vec<Finding>, Failure> {
    let config = match Config::load(context.home()?) {
        Ok(config) => config,
        Err(error) => return Ok(vec![Finding::ConfigBad { error }]),
    };
    let mut findings = key_findings(context)?;
    findings.extend(card_findings(context)?);
    findings.extend(unknown_names(config.network.announce.iter().map(|address| (None, address.clone()))));
    match context.node()?.get::<Examined>("doctor", &()) {
        Ok(examined) => {
            findings.extend(doctor::judge(&examined));
            let named = doctor::addresses(&examined).into_iter();
            findings.extend(unknown_names(named.map(|(member, address)| (Some(member), address))));
        }
        Err(Failure::Client(ClientFailure::NotRunning { .. })) => {
            findings.push(Finding::NotRunning);
            findings.extend(port_findings(&config));
        }
        Err(failure) => return Err(failure),
    }
    Ok(findings)
}

fn key_findings(context: &Context) -> Result<Vec<Finding>, Failure> {
    let folder = context.home()?.keys();
    let kept = match NodeKeys::read(&folder) {
        Ok(_) => Finding::KeysHold,
        Err(error) => Finding::KeyBad { error },
    };
    let path = keys::seal_path(&folder);
    let seal = match SealFile::read(&path) {
        Ok(_) => None,
        Err(KeyError::KeyMissing { .. }) => Some(Finding::SealElsewhere { path }),
        Err(error) => Some(Finding::KeyBad { error }),
    };
    Ok([kept].into_iter().chain(seal).collect())
}

fn card_findings(context: &Context) -> Result<Vec<Finding>, Failure> {
    let card = match context.card() {
        Ok(Some(card)) => card,
        Ok(None) => return Ok(vec![Finding::Card(CardFinding::NoCard)]),
        Err(_) => return Ok(vec![Finding::Card(CardFinding::CardBad)]),
    };
    let is_silent = card.fields.addresses.is_empty();
    // Without keys there is nothing to compare with; that was said.
    let matches = card_fields(context, &Seal::default(), Some(&card)).ok().map(|fields| {
        let differing = differing(&card.fields, &fields);
        if differing.is_empty() {
            Finding::Card(CardFinding::CardHolds)
        } else {
            Finding::Card(CardFinding::CardOutdated { fields: differing })
        }
    });
    Ok(matches.into_iter().chain(is_silent.then_some(Finding::NoAddress)).collect())
}

/// The fields in which a card differs from what a new one would say.
fn differing(said: &CardFields, now: &CardFields) -> Vec<&'static str> {
    let compared = [
        ("code", said.code != now.code),
        ("name", said.name != now.name),
        ("uscc", said.uscc != now.uscc),
        ("seal_key", said.seal_key != now.seal_key),
        ("entry_key", said.entry_key != now.entry_key),
        ("transport_keys", said.transport_keys != now.transport_keys),
        ("addresses", said.addresses != now.addresses),
        ("telephone", said.telephone != now.telephone),
    ];
    compared.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
}

/// Host names that the system cannot resolve.
fn unknown_names(
    addresses: impl Iterator<Item = (Option<MemberCode>, String)>,
) -> impl Iterator<Item = Finding> {
    addresses.filter_map(|(member, address)| {
        let name = net::dns_name(&address)?;
        let is_known = (name.as_str(), 0).to_socket_addrs().is_ok_and(|mut found| found.next().is_some());
        (!is_known).then_some(Finding::NameUnknown { member, name })
    })
}

/// Takes each port for a moment, as the node would.
fn port_findings(config: &Config) -> Vec<Finding> {
    let taken: Vec<Finding> =
        config.network.listen.iter().filter_map(|address| port_finding(address)).collect();
    if taken.is_empty() { vec![Finding::Port(PortFinding::PortsFree)] } else { taken }
}

fn port_finding(address: &str) -> Option<Finding> {
    let bound = match net::listener(address)? {
        Listener::Tcp(socket) => TcpListener::bind(socket).map(drop),
        Listener::Udp(socket) => UdpSocket::bind(socket).map(drop),
    };
    let address = address.to_owned();
    bound.err().map(|error| match error.kind() {
        ErrorKind::AddrInUse => Finding::Port(PortFinding::PortTaken { address }),
        _ => Finding::Port(PortFinding::PortRefused { address, detail: error.to_string() }),
    })
}
