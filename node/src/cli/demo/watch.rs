//! Looks at every node again and again while records arrive: which positions of which stream each holds, and
//! how long it took from durable at the author to seen at another. On a terminal the table fills up live.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use xietong_proto::id::{MemberCode, Position, System};

use super::province::{LOOK_PAUSE, PATIENCE, Province};
use crate::failure::{DemoFailure, Expected, Failure};
use crate::text::{self, Lang, Seen};

/// Who says what, of which the positions are counted.
type Place = (MemberCode, System);

/// What was seen so far.
pub struct Watch {
    lang: Lang,
    is_live: bool,
    /// When each position was first seen at each member.
    first: BTreeMap<(Place, Position, MemberCode), Instant>,
    held: BTreeMap<(Place, MemberCode), Position>,
}

impl Watch {
    /// Nothing was seen yet.
    pub fn new(lang: Lang, is_live: bool) -> Self {
        Self { lang, is_live, first: BTreeMap::new(), held: BTreeMap::new() }
    }

    /// Looks at all nodes until `is_done` says so of what was seen; the table then.
    pub fn until(
        &mut self,
        provinces: &[Province],
        is_done: impl Fn(&[Seen]) -> bool,
    ) -> Result<Vec<Seen>, Failure> {
        let (begun, bar) = (Instant::now(), self.bar());
        loop {
            self.look(provinces)?;
            let seen = self.seen(provinces);
            bar.set_message(text::arrivals(self.lang, &seen));
            bar.tick();
            if is_done(&seen) {
                bar.finish_and_clear();
                return Ok(seen);
            }
            if begun.elapsed() > PATIENCE {
                bar.finish_and_clear();
                return Err(DemoFailure::DemoBroken { expected: Expected::Arrived }.into());
            }
            std::thread::sleep(LOOK_PAUSE);
        }
    }

    fn bar(&self) -> ProgressBar {
        let style = ProgressStyle::with_template("{msg}").expect("the template is in order");
        let is_live = self.is_live && io::stderr().is_terminal();
        let target = if is_live { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        ProgressBar::with_draw_target(None, target).with_style(style)
    }

    fn look(&mut self, provinces: &[Province]) -> Result<(), Failure> {
        for province in provinces {
            let member = province.code();
            let status = province.status()?.status;
            for stream in status.agreements.iter().flat_map(|held| &held.streams) {
                let place = (stream.author, stream.system);
                self.held.insert((place, member), stream.folded);
                self.first.entry((place, stream.folded, member)).or_insert_with(Instant::now);
            }
        }
        Ok(())
    }

    fn seen(&self, provinces: &[Province]) -> Vec<Seen> {
        let members: Vec<_> = provinces.iter().map(Province::code).collect();
        let own = self.held.iter().filter(|((place, member), _)| place.0 == *member);
        let row = |((place, author), position): (&(Place, MemberCode), &Position)| {
            let at = |member| self.held.get(&(*place, member)).copied().unwrap_or(Position(0));
            let others = members.iter().filter(|member| *member != author);
            Seen {
                author: *author,
                system: place.1,
                positions: members.iter().map(|member| (*member, at(*member))).collect(),
                delay_ms: others
                    .map(|member| self.delay(*place, *position, *member))
                    .collect::<Option<Vec<_>>>()
                    .and_then(|delays| delays.into_iter().max())
                    .map(|delay| delay.as_millis() as u64),
            }
        };
        own.map(row).collect()
    }

    /// From the look that first showed the author's newest position to the one that showed it at the member.
    fn delay(&self, place: Place, position: Position, member: MemberCode) -> Option<Duration> {
        let durable = self.first.get(&(place, position, place.0))?;
        let seen = self.first.get(&(place, position, member))?;
        Some(seen.saturating_duration_since(*durable))
    }
}
