//! Makes the message types from `schema/` with a compiler written in Rust: no `protoc` is needed.

use std::{env, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=schema");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("schema");
    let mut files: Vec<PathBuf> =
        fs::read_dir(&root)?.map(|file| Ok(file?.path())).collect::<Result<_, std::io::Error>>()?;
    files.sort();
    let set = protox::compile(files, [root])?;
    prost_build::Config::new().include_file("wire.rs").compile_fds(set)?;
    Ok(())
}
