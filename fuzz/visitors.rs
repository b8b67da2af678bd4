//! What visitors send over HTTP: bodies and what stands behind the question mark. Whoever has a token may write
//! anything there.

use std::collections::BTreeMap;

use axum::extract::Query;
use serde::de::DeserializeOwned;
use serde_json::from_slice;
use xietong::http::bundle::Export;
use xietong::http::data::{EnergyQuery, ImportQuery, Withdrawal};
use xietong::http::disclosure::{Explain, Read};
use xietong::http::drivers::{Wanted, Whose};
use xietong::http::epochs::{GivingUp, Said};
use xietong::http::feed::{Cursor, FeedQuery};
use xietong::http::fleet::Which;
use xietong::http::handover::HandOver;
use xietong::http::node::{Excuse, Pause};
use xietong::http::requests::{Action, Month, One, Since, While};
use xietong::http::tokens::{DeedsQuery, Revocation};
use xietong::systems::doors::Token;
use xietong::systems::drivers::candidates;
use xietong::systems::drivers::duty::Duty;
use xietong::systems::energy::release::coefficients::SetId;
use xietong::systems::energy::release_act;
use xietong::systems::page::{List, Owner};
use xietong::systems::query;
use xietong::systems::requests::{Ask, Block, Command as Request, query as requests};
use xietong::systems::trips::search::{Wish, search};
use xietong::systems::trips::{Tariff, net};
use xietong::systems::vehicles::scrapping;
use xietong::systems::{Command, Kind, decide, drivers};

use super::records::{CIRCLE, NOW, Nothing};

/// Bodies of requests: what a system is asked to do is decided.
pub fn json(bytes: &[u8]) {
    let _ = (from_slice::<Pause>(bytes), from_slice::<Excuse>(bytes), from_slice::<Revocation>(bytes));
    let _ = (from_slice::<Export>(bytes), from_slice::<GivingUp>(bytes));
    let _ = from_slice::<Said>(bytes).map(|said| said.open());
    if let Ok(token) = from_slice::<Token>(bytes) {
        let written = serde_json::to_vec(&token).expect("texts and numbers");
        assert_eq!(from_slice::<Token>(&written).ok(), Some(token));
    }
    for kind in Kind::ALL {
        commanded(bytes, |Withdrawal { ids, reason, dry_run }| Command::Withdraw {
            kind,
            ids,
            reason,
            dry_run,
        });
        commanded(bytes, |HandOver { id, step }| Command::HandOver { kind, id, step });
    }
    commanded::<release_act::Command>(bytes, Command::Release);
    commanded::<scrapping::Command>(bytes, Command::Scrap);
    commanded::<drivers::Command>(bytes, Command::Driver);
    commanded(bytes, |ask: Ask| Command::Request(Request::Ask(Box::new(ask))));
    commanded(bytes, |Action { id, act }| Command::Request(Request::Act { about: id, act }));
    commanded(bytes, |block: Block| Command::Request(Request::Block(block)));
    commanded(bytes, |tariff: Tariff| Command::Request(Request::Tariff(tariff)));
}

fn commanded<T: DeserializeOwned>(bytes: &[u8], command: impl FnOnce(T) -> Command) {
    if let Ok(body) = from_slice(bytes) {
        // Refusing it is an answer like any other.
        let _ = decide(&Nothing, NOW, &CIRCLE, command(body));
    }
}

/// What stands behind the question mark: it is looked up.
pub fn query(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let me = CIRCLE.me;
    asked(text, |_: ImportQuery| ());
    asked(text, |_: Explain| ());
    asked(text, |_: Read| ());
    asked(text, |_: Which| ());
    asked(text, |_: DeedsQuery| ());
    asked(text, |FeedQuery { since, .. }| {
        since.parse::<Cursor>().map(|cursor| cursor.to_string().parse::<Cursor>())
    });
    asked(text, |Whose { driver_no }| drivers::duties(&Nothing, &driver_no));
    asked(text, |Wanted { from, until, wheel_min, vehicle_type }| {
        let duty = Duty { from, until, wheel_min, reason: String::new() };
        candidates(&Nothing, &CIRCLE.rules.vehicles.driving, vehicle_type.as_deref(), &duty)
    });
    asked(text, |One { id }| requests::show(&Nothing, me, &id));
    asked(text, |Since { since }| requests::list(&Nothing, me, since.unwrap_or_default()));
    asked(text, |While { id, from, until }| requests::calendar(&Nothing, me, &id, (from, until)));
    asked(text, |Month { month }| net::of_month(&Nothing, me, &month));
    asked(text, |wish: Wish| search(&Nothing, me, &wish));
    asked(text, |EnergyQuery { period, .. }| {
        release_act::regional(&Nothing, &period, SetId::NationalGasUpper)
    });
    for (kind, owner) in Kind::ALL.into_iter().flat_map(|kind| [(kind, Owner::Me), (kind, Owner::All)]) {
        asked(text, |mut filters: BTreeMap<String, String>| {
            let (of, after) = (filters.remove("of"), filters.remove("after"));
            let list = List { owner, of, filters: filters.into_iter().collect(), after };
            query::list(&Nothing, kind, me, &list)
        });
    }
    query::places(&Nothing, me, text);
}

fn asked<T: DeserializeOwned, Answer>(text: &str, look: impl FnOnce(T) -> Answer) {
    let uri = format!("/v1/x?{text}").parse();
    if let Ok(Query(wanted)) = uri.map_err(drop).and_then(|uri| Query::try_from_uri(&uri).map_err(drop)) {
        look(wanted);
    }
}
