//! Feeds bytes that libFuzzer makes up to the decoder which `XIETONG_DECODER` names.

#![no_main]

#[path = "../decoders.rs"]
mod decoders;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static DECODER: LazyLock<decoders::Decoder> = LazyLock::new(|| {
    let name = std::env::var("XIETONG_DECODER").expect("XIETONG_DECODER names a decoder");
    let found = decoders::DECODERS.into_iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("there is no decoder {name}")).1
});

fuzz_target!(|bytes: &[u8]| DECODER(bytes));
