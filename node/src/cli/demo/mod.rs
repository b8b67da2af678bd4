//! `xietong demo`: three provinces in one folder, three processes of this program, from keys to regional tables
//! in ten steps. Nothing is staged: what is told was read from the nodes, and a promise that does not hold ends
//! the demo with its name.

mod checks;
pub mod data;
pub mod province;
mod steps;
mod watch;

use std::env;
use std::io::{self, Write};
use std::time::Instant;

use serde_json::json;
use tempfile::TempDir;

use super::Answer;
use super::context::Context;
use crate::failure::Failure;
use crate::text::{self, Scene};
use province::{Province, file};
use watch::Watch;

/// How to play it.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// 演示完即结束，不等候 · End when it is done; without it the nodes stay until Enter
    #[arg(long)]
    once: bool,
}

/// The stage while it is played.
struct Play<'a> {
    context: &'a Context,
    folder: TempDir,
    provinces: Vec<Province>,
    watch: Watch,
    scenes: Vec<Scene>,
}

impl Demo {
    /// Needs no home: it makes its own and takes them away again.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let begun = Instant::now();
        let folder = tempfile::Builder::new().prefix("xietong-demo-").tempdir();
        let folder = folder.map_err(file(&env::temp_dir()))?;
        let watch = Watch::new(context.lang, !context.json);
        let mut play = Play { context, folder, provinces: Vec::new(), watch, scenes: Vec::new() };
        let reports = play.all_steps()?;
        let seconds = begun.elapsed().as_secs_f64();
        if !self.once {
            play.wait();
        }
        let json = json!({ "scenes": play.scenes, "reports": reports, "seconds": seconds });
        Ok(Answer::new(json, text::demo_done(context.lang, seconds)))
    }
}

impl Play<'_> {
    /// Says what has just been seen.
    fn tell(&mut self, scene: Scene) {
        if !self.context.json {
            // Whoever listened may have gone; the demo goes on and ends in order.
            let _ = writeln!(io::stdout(), "{}\n", text::scene(self.context.lang, &scene));
        }
        self.scenes.push(scene);
    }

    /// The nodes stay until the operator has seen enough.
    fn wait(&self) {
        let _ = writeln!(io::stderr(), "{}", text::demo_waits(self.context.lang));
        let _ = io::stdin().read_line(&mut String::new());
    }
}
