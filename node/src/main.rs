//! The `xietong` program.

use std::io::ErrorKind;
use std::process::ExitCode;

use xietong::cli;
use xietong::failure::Exit;

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
