//! The `xietong` program.

use std::io::ErrorKind;
use std::process::ExitCode;

use xietong::cli;
use xietong::failure::Exit;

/// Rows, keys and cells are many small pieces: with the system's allocator an import takes half as long again
/// (`PERFORMANCE.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::main() {
        Ok(code) => code,
        // Whoever reads us has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Done.into(),
        Err(error) => {
            eprintln!("{:#}", anyhow::Error::from(error).context("the answer cannot be written"));
            Exit::Machine.into()
        }
    }
}
