//! The operation log (运行日志): what happens goes to standard error and to files of a bounded size. Tells of
//! peers, imports and refusals; never of keys or of what a register says.
//!
//! The rotation is our own: the crate beside `tracing` rotates by time, and it is size that fills a disk.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::calendar::stamp;
use crate::clock;
use crate::config::{Format, Level, OperationLog};
use crate::files::{FileAction, FileFailure};

/// From now on what happens in this process is logged, to standard error and to `path`.
///
/// # Panics
/// If called twice in one process.
pub fn start(settings: &OperationLog, path: PathBuf) -> Result<(), FileFailure> {
    let failed = |source| FileFailure { action: FileAction::Create, path: path.clone(), source };
    let file = Rotating::open(&path, settings.size_mib * 1024 * 1024, settings.files).map_err(failed)?;
    tracing::subscriber::set_global_default(subscriber(settings, file, io::stderr))
        .expect("a process starts its operation log once");
    Ok(())
}

fn subscriber<S>(settings: &OperationLog, file: Rotating, screen: S) -> impl Subscriber + Send + Sync
where
    S: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::registry()
        .with(lines(settings.format, Mutex::new(file)))
        .with(lines(settings.format, screen))
        .with(filter(settings.level))
}

/// Our own words at the level that was set; others' only from warnings on.
fn filter(level: Level) -> Targets {
    let level = match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("xietong", level)
}

fn lines<S, W>(format: Format, to: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_timer(Utc8).with_writer(to);
    match format {
        Format::Text => lines.boxed(),
        Format::Json => lines.json().boxed(),
    }
}

/// The time of a line, at UTC+8.
struct Utc8;

impl FormatTime for Utc8 {
    fn format_time(&self, to: &mut Writer<'_>) -> fmt::Result {
        to.write_str(&stamp(clock::wall()))
    }
}

/// A file that is put aside when it is full: `log` becomes `log.1`, that becomes `log.2`, and so on; the
/// oldest goes.
#[derive(Debug)]
struct Rotating {
    path: PathBuf,
    file: File,
    bytes: u64,
    bytes_max: u64,
    files: u32,
}

impl Rotating {
    fn open(path: &Path, bytes_max: u64, files: u32) -> io::Result<Self> {
        let file = append_to(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, bytes, bytes_max, files })
    }

    fn put_aside(&mut self) -> io::Result<()> {
        for older in (1..self.files).rev() {
            let newer = self.aside(older - 1);
            if newer.exists() {
                fs::rename(newer, self.aside(older))?;
            }
        }
        if self.files == 1 {
            fs::remove_file(&self.path)?;
        }
        self.file = append_to(&self.path)?;
        self.bytes = 0;
        Ok(())
    }

    fn aside(&self, age: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        if age > 0 {
            name.push(format!(".{age}"));
        }
        name.into()
    }
}

impl Write for Rotating {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.bytes > 0 && self.bytes + line.len() as u64 > self.bytes_max {
            self.put_aside()?;
        }
        let written = self.file.write(line)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o640).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_lines(settings: &OperationLog, path: &Path, count: usize) {
        let bytes_max = settings.size_mib * 1024;
        let file = Rotating::open(path, bytes_max, settings.files).expect("the folder is ours");
        let _guard = tracing::subscriber::set_default(subscriber(settings, file, io::sink));
        for line in 0..count {
            tracing::info!(line, "a peer came");
            tracing::info!(target: "libp2p_swarm", "hidden");
            tracing::debug!("hidden");
        }
    }

    fn settings(format: Format, files: u32) -> OperationLog {
        OperationLog { level: Level::Info, format, size_mib: 1, files }
    }

    #[test]
    fn all_files_together_stay_below_the_cap_and_the_newest_lines_are_kept() {
        for files in 1..=3 {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let path = folder.path().join("operation.log");
            log_lines(&settings(Format::Text, files), &path, 100);
            let names: Vec<_> = fs::read_dir(folder.path()).expect("it is there").flatten().collect();
            assert_eq!(names.len(), files as usize);
            for name in names {
                assert!(name.metadata().expect("it is there").len() <= 1024);
            }
            let newest = fs::read_to_string(&path).expect("it is there");
            assert!(newest.contains("line=99"), "{newest}");
            assert!(!newest.contains("hidden"), "{newest}");
        }
    }

    #[test]
    fn a_collector_reads_json_with_the_time_of_its_office() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("operation.log");
        log_lines(&settings(Format::Json, 1), &path, 1);
        let text = fs::read_to_string(&path).expect("it is there");
        let line: serde_json::Value = serde_json::from_str(&text).expect("one line of JSON");
        assert_eq!(line["fields"]["line"], 0);
        assert!(line["timestamp"].as_str().is_some_and(|time| time.ends_with("+08:00")));
    }
}
