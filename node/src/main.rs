//! The `xietong` program.

use std::io::ErrorKind;
use std::process::ExitCode;

use xietong::cli;
use xietong::failure::Exit;

/// Rows, keys and cells are many small pieces: it takes a third less time to get and give them back than the system's own.
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
