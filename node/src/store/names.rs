//! Names of folders and files of the log.

use xietong_proto::id::AgreementId;

pub const LOCAL: &str = "local";

/// The folder of a log; zero is the local one.
pub fn folder_name(log: AgreementId) -> String {
    if log == AgreementId::ZERO { LOCAL.to_owned() } else { log.to_string() }
}

/// The file of a segment.
pub fn segment_name(segment: u32) -> String {
    format!("{segment:08}.seg")
}
