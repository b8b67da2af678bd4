//! The only place with words for people. A code with its data goes in, one sentence comes out, in Chinese or
//! English; both stand side by side so that neither is forgotten. Decides nothing, knows no file and no clock.

mod answers;
mod backup;
mod bundle;
mod client;
mod columns;
mod config;
mod demo;
mod disclosure;
mod doctor;
mod doors;
mod drivers;
mod epochs;
mod evidence;
mod failure;
mod fault;
mod files;
mod handover;
mod import;
mod lang;
mod log;
mod node;
mod pages;
mod papers;
mod purge;
mod refusal;
mod regional;
mod reject;
mod remark;
mod requests;
mod requests_refused;
mod scrapping;
mod show;
mod status;
mod supervision;
mod table;
mod versions;
mod words;

#[cfg(test)]
mod tests;

pub use answers::*;
pub use backup::{backup_holds, backup_refusal, backup_taken, restored};
pub use bundle::{bundle_fault, bundle_taken, bundle_written, no_bundle};
pub use client::{client_failure, import_refusal, problem};
pub use columns::{Heading, column, kept_columns, listing_columns, register_columns};
pub use config::config;
pub use demo::{Scene, Seen, Step, arrivals, demo_done, demo_title, demo_waits, scene};
pub use disclosure::{disclosed, explanation, preview, told, told_header};
pub use doctor::{finding, findings};
pub use doors::{
    deeds, deeds_go_on, health, revoked, role_name, token_made, token_refusal, tokens, turned_away,
};
pub use drivers::{candidates, driver_done, duties, unfit};
pub use epochs::{agreement_state, unsaid, version_refusal};
pub use evidence::{evidence, evidence_refusal, evidence_written, leaves_with_evidence, will_be_written};
pub use failure::failure;
pub use fault::{fault, file_refusal, yuan};
pub use files::{file, key};
pub use handover::{handovers, not_handed_over};
pub use import::{Imported, imported, rejected_header, rejected_row};
pub use lang::Lang;
pub(crate) use lang::say;
pub use log::{log_fault, verified};
pub use node::{node_failure, running, stopped, store};
pub use pages::{View, headings, none_listed, page, sheet, shown};
pub use papers::{paper, proposal};
pub use purge::{PURGE_COMMENT, ask_purge, not_purged, purge, purge_leaves};
pub use refusal::{data_refusal, list_refusal, node_refusal, not_in_force, waiting};
pub use regional::{assets, class, energy, released, vehicles, withheld};
pub use reject::reject;
pub use remark::{flag, stays};
pub use requests::{accounts, booked, calendar, found, request, requests, state, step, tariffs};
pub use requests_refused::request_refusal;
pub use scrapping::not_scrapped;
pub use show::{agreement, card};
pub use status::{digests, status};
pub use supervision::{breach, supervision, supervision_sheet};
pub use table::{fields, table};
pub use versions::{
    ask_opinion, ask_withdrawal, history, proposed, said, said_before, standing, version, withdrawn,
};
pub use words::{kind, leaves, level, list, system, word};
