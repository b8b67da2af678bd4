//! What the node measures, in the text form that Prometheus reads. Everything but the loop's time is read from
//! what `status` says at that moment, so that the two never differ. Never anything of a register.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use xietong_proto::id::System;

use super::answer::Problem;
use super::door::{Answered, Asked};
use super::{Desk, Surroundings};
use crate::machine::Status;
use crate::machine::health::{Reason, health};
use crate::replica::status::PeerStatus;

/// Names and values of labels.
type Labels = Vec<(&'static str, String)>;

/// How long the loop may take for a step: most take less than a millisecond, none should take a second.
const STEP_SECONDS: [f64; 9] = [0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0];

/// Seconds that the loop took for its steps; clones are the same.
pub fn loop_time() -> Histogram {
    Histogram::new(STEP_SECONDS)
}

pub(super) async fn metrics(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
) -> Result<impl IntoResponse, Problem> {
    let status = desk.status(&asked).await?;
    let mut page = Page(Registry::with_prefix("xietong"));
    page.node(&status, &(desk.surroundings)());
    page.peers(&status);
    page.streams(&status);
    page.doors(&desk.doors.answered());
    page.0.register_with_unit(
        "loop_step",
        "Time that the loop took for a step",
        Unit::Seconds,
        desk.loop_time.clone(),
    );
    let mut text = String::new();
    encode(&mut text, &page.0).expect("a text can grow");
    Ok(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}

struct Page(Registry);

impl Page {
    fn node(&mut self, status: &Status, around: &Surroundings) {
        let health = health(status);
        self.gauges("build", "The program", [(vec![("version", around.version.clone())], 1)]);
        let well = ConstGauge::new(i64::from(health.is_well));
        self.0.register("well", "1 if nothing keeps the node from its work", well);
        let ailment = |reason: &Reason| {
            (
                vec![
                    ("code", super::answer::code(&reason.ailment)),
                    ("serious", reason.is_serious.to_string()),
                ],
                1,
            )
        };
        let ailments: BTreeMap<_, _> = health.reasons.iter().map(ailment).collect();
        self.gauges("ailment", "What is not as it should be, by the codes of /healthz", ailments);
        let bytes = [("log", around.log_bytes), ("rows", around.rows_bytes), ("free", around.free_bytes)];
        let bytes = bytes.map(|(what, bytes)| (vec![("what", what.to_owned())], signed(bytes)));
        self.gauges("disk_bytes", "Bytes of the data log and the rows, and bytes free", bytes);
        let strangers = "Connections of those whom no agreement names";
        self.0.register("strangers", strangers, ConstCounter::new(status.strangers));
    }

    fn peers(&mut self, status: &Status) {
        let peers = || {
            status
                .agreements
                .iter()
                .flat_map(|held| held.peers.iter().map(|peer| (held.title.as_str(), peer)))
        };
        let whose = |title: &str, peer: &PeerStatus| -> Labels {
            vec![("agreement", title.to_owned()), ("member", peer.member.to_string())]
        };
        let linked = peers().map(|(title, peer)| (whose(title, peer), i64::from(peer.is_linked)));
        self.gauges("peer_linked", "1 if the member and this node speak about the agreement", linked);
        let shut_out = peers().map(|(title, peer)| (whose(title, peer), i64::from(peer.is_shut_out)));
        self.gauges("peer_shut_out", "1 while a member that offended too often is not let in", shut_out);
        let builds = peers()
            .filter(|(_, peer)| !peer.program.is_empty())
            .map(|(title, peer)| ([whose(title, peer), vec![("program", peer.program.clone())]].concat(), 1));
        self.gauges("peer_build", "What program the member says it runs", builds);
        let skews = peers().filter_map(|(title, peer)| Some((whose(title, peer), peer.skew_ms?)));
        self.gauges("peer_skew_ms", "The member's clock minus ours, in milliseconds", skews);
        let lacks = |of: fn(&PeerStatus) -> &BTreeMap<System, u64>| {
            peers().filter(|(_, peer)| peer.is_linked).flat_map(move |(title, peer)| {
                let with = move |system: &System| {
                    [whose(title, peer), vec![("system", system.to_string())]].concat()
                };
                of(peer).iter().map(move |(system, entries)| (with(system), signed(*entries)))
            })
        };
        self.gauges(
            "peer_lacks_entries",
            "Entries of ours that the member has not shown to hold",
            lacks(|peer| &peer.behind),
        );
        self.gauges(
            "peer_offers_entries",
            "Entries of the member that are not here yet",
            lacks(|peer| &peer.ahead),
        );
        let refused = peers().flat_map(|(title, peer)| {
            let with = move |rule: &String| [whose(title, peer), vec![("rule", rule.clone())]].concat();
            peer.rejects.iter().map(move |(rule, count)| (with(rule), *count))
        });
        self.counters("rejects", "What was refused of a member, by rule of the protocol", refused);
    }

    fn streams(&mut self, status: &Status) {
        let streams = || {
            status.agreements.iter().flat_map(|held| {
                held.streams.iter().map(|stream| {
                    let labels: Labels = vec![
                        ("agreement", held.title.clone()),
                        ("author", stream.author.to_string()),
                        ("system", stream.system.to_string()),
                    ];
                    (labels, stream)
                })
            })
        };
        let positions = streams().map(|(labels, stream)| (labels, signed(stream.position.0)));
        self.gauges("stream_position", "The newest entry held of a stream", positions);
        let folded = streams().map(|(labels, stream)| (labels, signed(stream.folded.0)));
        self.gauges("stream_folded", "How far a stream is in the rows", folded);
        let forked = streams().map(|(labels, stream)| (labels, i64::from(stream.forked_at.is_some())));
        self.gauges("stream_forked", "1 if two entries claim one position", forked);
    }

    fn doors(&mut self, answered: &Answered) {
        let requests = answered.iter().map(|((route, status), count)| {
            let route = route.unwrap_or("none").to_owned();
            (vec![("route", route), ("status", status.to_string())], *count)
        });
        self.counters("requests", "HTTP requests by route and status; none: turned away before", requests);
    }

    fn gauges(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, i64)>) {
        let family = Family::<Labels, Gauge>::default();
        for (labels, value) in values {
            family.get_or_create(&labels).set(value);
        }
        self.0.register(name, help, family);
    }

    fn counters(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, u64)>) {
        let family = Family::<Labels, Counter>::default();
        for (labels, value) in values {
            family.get_or_create(&labels).inc_by(value);
        }
        self.0.register(name, help, family);
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
