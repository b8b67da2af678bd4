//! What of another's stream is still needed when the rest is given up (P50): what was said of requests in which this member
//! takes part, and of handovers. Looks at rows and decides nothing else.

use std::collections::BTreeMap;

use prost::Message;
use xietong_proto::id::*;
use xietong_proto::purge::Keeps;
use xietong_proto::stream::Stream;
use xietong_proto::wire::requests::Request;

use super::keys;
use super::requests::{About, record};
use super::row::Row;
use super::rows::Rows;

/// The entries of a stream for all on which these rows rest.
pub fn kept(rows: &dyn Rows, stream: &Stream, me: MemberCode) -> BTreeMap<Position, Keeps> {
    let place = |value: &[u8]| Row::decode(value).map(|row| row.source.position);
    let handovers = rows.scan(&keys::handovers_of(stream), &[]);
    let handovers = handovers.filter_map(|(_, value)| Some((place(&value)?, Keeps::Handover)));
    let requests = rows.scan(&keys::said_prefix(stream.agreement, None), &[]).filter(|(key, _)| {
        let said = keys::of_said(key);
        said.is_some_and(|(about, author, _)| {
            (about.system, author) == (stream.system, stream.author) && takes_part(rows, stream, &about, me)
        })
    });
    let requests = requests.filter_map(|(_, value)| Some((place(&value)?, Keeps::Request)));
    handovers.chain(requests).collect()
}

fn takes_part(rows: &dyn Rows, stream: &Stream, about: &About, me: MemberCode) -> bool {
    let asked = keys::said(stream.agreement, about, about.requester, record::REQUEST);
    let asked = rows.get(&asked).and_then(|row| Request::decode(&Row::decode(&row)?.body[..]).ok());
    about.requester == me || asked.is_some_and(|asked| asked.owner == me.to_string())
}
