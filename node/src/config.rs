//! What an operator sets: one TOML file. `config/node.toml` is the only place where a default stands: what an
//! operator writes is laid over it. A key that does not exist, a value of another form and a missing
//! identity are refused by name; nothing is guessed.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};
use xietong_proto::id::MemberCode;
use xietong_proto::limits::{ADDRESSES_MAX, RANGE_BYTES_MAX, TEXT_BYTES_MAX};

use crate::calendar::working::CalendarFault;
use crate::files::{self, FileFailure};
use crate::home::Home;
use crate::replica::Settings;
use crate::replica::room::Quota;
use crate::systems::codes::uscc;
use crate::systems::vehicles::rules::RulesFault;
use crate::tables::{self, Misfit};

mod rules;
#[cfg(test)]
mod tests;

pub use rules::rules;

/// The commented file with every default, as `xietong config default` prints it.
pub const TEMPLATE: &str = include_str!("../../config/node.toml");
/// Bytes of a socket's full path. The system's own limit is 107, and some tools add a suffix.
pub const SOCKET_PATH_BYTES_MAX: usize = 100;

/// The settings of one node, all of them checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The member's code; checked to be one.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its unified social credit code.
    pub uscc: String,
    /// Where fingerprints are compared by voice; may be empty.
    pub telephone: String,
    /// The language of answers.
    pub lang: LangSetting,
    /// Between members.
    pub network: Network,
    /// For operators on this machine.
    pub socket: Socket,
    /// For whoever has a token.
    pub tcp: Tcp,
    /// What happened.
    pub operation_log: OperationLog,
    /// Exchange with peers.
    pub sync: SyncTimers,
    /// How much of the disk is for whom.
    pub room: Room,
    /// Bounds of a file that is imported.
    pub import: Import,
}

/// See the comments of [`TEMPLATE`] for this and the sections that follow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    pub listen: Vec<String>,
    pub announce: Vec<String>,
    pub addresses: BTreeMap<MemberCode, Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Socket {
    pub path: PathBuf,
    pub group: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tcp {
    pub address: String,
    pub requests_per_minute: u32,
}

impl Tcp {
    /// Where to listen; none if nobody is let in that way.
    pub fn listen(&self) -> Option<SocketAddr> {
        self.address.parse().ok()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationLog {
    pub level: Level,
    pub format: Format,
    pub size_mib: u64,
    pub files: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncTimers {
    pub heads_interval_s: u64,
    pub want_timeout_s: u64,
    pub shut_out_s: u64,
}

/// Room on the disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Room {
    pub member_mib: u64,
    pub member_day_mib: u64,
    pub reserve_mib: u64,
}

const MIB: u64 = 1024 * 1024;
/// Bytes asked for in one request: as many as it may ask for (P24).
const WANT_BYTES: u32 = RANGE_BYTES_MAX as u32;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    pub rows_max: u64,
    pub size_mib_max: u64,
}

/// In which language to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LangSetting {
    /// As the environment says.
    Auto,
    /// Chinese.
    Zh,
    /// English.
    En,
}

/// How much the operation log tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// How a line of the operation log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    Text,
    /// For a collector.
    Json,
}

/// Who a member is, as given once to `init`.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its unified social credit code.
    pub uscc: String,
    /// May be empty.
    pub telephone: String,
    /// Where it can be dialled.
    pub announce: Vec<String>,
}

/// Why a configuration is refused: the first reason found.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum ConfigError {
    /// There is none: the home is not that of a node.
    NoConfig {
        /// Where it should be.
        path: PathBuf,
    },
    /// The machine would not give or take it.
    ConfigFile(FileFailure),
    /// Not of the form of TOML.
    ConfigForm {
        /// From 1.
        line: usize,
        /// What the parser says.
        detail: String,
    },
    /// There is no such setting.
    UnknownKey {
        /// With its sections, such as `network.listn`.
        key: String,
    },
    /// A text where a number belongs, or the like.
    BadType {
        /// With its sections.
        key: String,
        /// What TOML calls the type found.
        found: String,
        /// What TOML calls the type wanted.
        wanted: String,
    },
    /// Of the right type, and the parser still cannot read it: not one of the words allowed, or negative.
    BadWord {
        /// What the parser says, with the key.
        detail: String,
    },
    /// A required setting is empty.
    Missing {
        /// Its name.
        key: String,
    },
    /// Readable and still not possible.
    BadValue {
        /// Its name.
        key: String,
        /// As read.
        value: String,
        /// What it has to be.
        wanted: Wanted,
    },
    /// The system could not open it.
    SocketPathTooLong {
        /// In full.
        path: PathBuf,
        /// Its length.
        bytes: usize,
        /// One that fits.
        proposal: PathBuf,
    },
    /// A calendar in the home.
    CalendarFile {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        fault: CalendarFault,
    },
    /// The vehicle rules in the home.
    RulesFile {
        /// Which.
        path: PathBuf,
        /// What is wrong with them.
        fault: RulesFault,
    },
}

/// What a value has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Wanted {
    /// Two to eight digits or capitals.
    MemberCode,
    /// One line of at most [`TEXT_BYTES_MAX`] bytes.
    Line,
    /// Eighteen characters of GB 32100 whose check digit holds.
    Uscc,
    /// `/ip4/…/udp/PORT/quic-v1` or `/ip4/…/tcp/PORT`, with ip6 or dns likewise.
    Address,
    /// An address that others can dial: of one host, and with a port.
    Dialable,
    /// At least one address.
    SomeAddress,
    /// At most [`ADDRESSES_MAX`] addresses.
    FewAddresses,
    /// An address and port of this machine alone, or nothing.
    Loopback,
    /// A number of at least 1.
    Positive,
}

impl Config {
    /// Reads the configuration of a home.
    pub fn load(home: &Home) -> Result<Self, ConfigError> {
        let config = Self::read(&files::read(&home.config()).map_err(unopened)?)?;
        config.socket_path(home)?;
        Ok(config)
    }

    /// Reads and checks a configuration.
    pub fn read(text: &str) -> Result<Self, ConfigError> {
        let mut settings: Table = TEMPLATE.parse().expect("the template is TOML: a test reads it");
        let own = text.parse().map_err(|error| unparsed(text, &error))?;
        tables::overlay(&mut settings, own, FREE_TABLE).map_err(misfit)?;
        let config: Self = settings.try_into().map_err(|error| unread(&error))?;
        config.check()?;
        Ok(config)
    }

    /// The member's code, as a type.
    pub fn member(&self) -> MemberCode {
        self.code.parse().expect("`read`, the only way to a configuration, has parsed the code")
    }

    /// The full path of the socket; refuses one that the system could not open.
    pub fn socket_path(&self, home: &Home) -> Result<PathBuf, ConfigError> {
        let path = home.path().join(&self.socket.path);
        let path = std::path::absolute(&path).unwrap_or(path);
        let bytes = path.as_os_str().len();
        if bytes > SOCKET_PATH_BYTES_MAX {
            let proposal = Path::new("/run/xietong").join(format!("{}.sock", self.code));
            return Err(ConfigError::SocketPathTooLong { path, bytes, proposal });
        }
        Ok(path)
    }

    /// What the replica is told.
    pub fn replication(&self) -> Settings {
        Settings {
            heads_interval_ms: self.sync.heads_interval_s * 1_000,
            want_timeout_ms: self.sync.want_timeout_s * 1_000,
            want_bytes: WANT_BYTES,
            shut_out_ms: self.sync.shut_out_s * 1_000,
            quota: Quota {
                member_bytes: self.room.member_mib * MIB,
                member_day_bytes: self.room.member_day_mib * MIB,
                reserve_bytes: self.room.reserve_mib * MIB,
            },
            addresses: self.network.announce.clone(),
            address_overrides: self.network.addresses.clone(),
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        let required = [("code", &self.code), ("name", &self.name), ("uscc", &self.uscc)];
        if let Some((key, _)) = required.into_iter().find(|(_, value)| value.is_empty()) {
            return Err(ConfigError::Missing { key: key.to_owned() });
        }
        value("code", &self.code, Wanted::MemberCode, self.code.parse::<MemberCode>().is_ok())?;
        value("name", &self.name, Wanted::Line, is_line(&self.name))?;
        value("uscc", &self.uscc, Wanted::Uscc, is_uscc(&self.uscc))?;
        value("telephone", &self.telephone, Wanted::Line, is_line(&self.telephone))?;
        self.network.check()?;
        let is_loopback = self.tcp.listen().is_some_and(|address| address.ip().is_loopback());
        value(
            "tcp.address",
            &self.tcp.address,
            Wanted::Loopback,
            self.tcp.address.is_empty() || is_loopback,
        )?;
        positive("tcp.requests_per_minute", self.tcp.requests_per_minute.into())?;
        positive("operation_log.size_mib", self.operation_log.size_mib)?;
        positive("operation_log.files", self.operation_log.files.into())?;
        positive("sync.heads_interval_s", self.sync.heads_interval_s)?;
        positive("sync.want_timeout_s", self.sync.want_timeout_s)?;
        positive("sync.shut_out_s", self.sync.shut_out_s)?;
        positive("room.member_mib", self.room.member_mib)?;
        positive("room.member_day_mib", self.room.member_day_mib)?;
        positive("room.reserve_mib", self.room.reserve_mib)?;
        positive("import.rows_max", self.import.rows_max)?;
        positive("import.size_mib_max", self.import.size_mib_max)
    }
}

impl Network {
    fn check(&self) -> Result<(), ConfigError> {
        value("network.listen", "[]", Wanted::SomeAddress, !self.listen.is_empty())?;
        addresses("network.listen", &self.listen)?;
        dialable("network.announce", &self.announce)?;
        let check =
            |(member, list): (&MemberCode, &Vec<String>)| dialable(&format!("{FREE_TABLE}.{member}"), list);
        self.addresses.iter().try_for_each(check)
    }
}

/// The commented file of a new node: the template with its identity filled in.
pub fn filled(identity: &Identity) -> String {
    let texts = [
        ("code", &identity.code),
        ("name", &identity.name),
        ("uscc", &identity.uscc),
        ("telephone", &identity.telephone),
    ];
    let fill = |text: String, (key, value): (&str, &String)| {
        text.replacen(
            &format!("\n{key} = \"\"\n"),
            &format!("\n{key} = {}\n", Value::from(value.as_str())),
            1,
        )
    };
    let text = texts.into_iter().fold(TEMPLATE.to_owned(), fill);
    let announce = Value::from(identity.announce.clone());
    text.replacen("\nannounce = []\n", &format!("\nannounce = {announce}\n"), 1)
}

/// Whether a text has the form of an address that a node can listen on or dial: a host, then a port. Which
/// key answers there is not said by the address, so it names none.
pub fn is_address(text: &str) -> bool {
    let parts: Vec<_> = text.split('/').collect();
    let (host, port) = match parts[..] {
        ["", "ip4", host, "tcp", port] | ["", "ip4", host, "udp", port, "quic-v1"] => {
            (host.parse::<Ipv4Addr>().is_ok(), port)
        }
        ["", "ip6", host, "tcp", port] | ["", "ip6", host, "udp", port, "quic-v1"] => {
            (host.parse::<Ipv6Addr>().is_ok(), port)
        }
        ["", "dns" | "dns4" | "dns6", host, "tcp", port]
        | ["", "dns" | "dns4" | "dns6", host, "udp", port, "quic-v1"] => (!host.is_empty(), port),
        _ => return false,
    };
    host && port.parse::<u16>().is_ok()
}

/// Whether somebody could dial an address: it names neither all hosts nor any port.
fn is_dialable(address: &str) -> bool {
    let is_any = |part: &str| {
        part.parse::<IpAddr>().is_ok_and(|host| host.is_unspecified()) || part.parse::<u16>() == Ok(0)
    };
    !address.split('/').any(is_any)
}

fn unopened(failure: FileFailure) -> ConfigError {
    match failure.source.kind() {
        ErrorKind::NotFound => ConfigError::NoConfig { path: failure.path },
        _ => ConfigError::ConfigFile(failure),
    }
}

fn unparsed(text: &str, error: &toml::de::Error) -> ConfigError {
    ConfigError::ConfigForm { line: tables::line(text, error), detail: error.message().to_owned() }
}

fn misfit(misfit: Misfit) -> ConfigError {
    match misfit {
        Misfit::Unknown { key } => ConfigError::UnknownKey { key },
        Misfit::Type { key, found, wanted } => {
            ConfigError::BadType { key, found: found.to_owned(), wanted: wanted.to_owned() }
        }
    }
}

fn unread(error: &toml::de::Error) -> ConfigError {
    ConfigError::BadWord { detail: error.to_string().trim().replace('\n', " ") }
}

fn addresses(key: &str, list: &[String]) -> Result<(), ConfigError> {
    value(key, &list.len().to_string(), Wanted::FewAddresses, list.len() <= ADDRESSES_MAX)?;
    list.iter().try_for_each(|address| value(key, address, Wanted::Address, is_address(address)))
}

/// Addresses for others: each names one place, and not whatever a machine listens on.
fn dialable(key: &str, list: &[String]) -> Result<(), ConfigError> {
    addresses(key, list)?;
    list.iter().try_for_each(|address| value(key, address, Wanted::Dialable, is_dialable(address)))
}

fn positive(key: &str, number: u64) -> Result<(), ConfigError> {
    value(key, &number.to_string(), Wanted::Positive, number > 0)
}

fn value(key: &str, value: &str, wanted: Wanted, holds: bool) -> Result<(), ConfigError> {
    let refusal = || ConfigError::BadValue { key: key.to_owned(), value: value.to_owned(), wanted };
    holds.then_some(()).ok_or_else(refusal)
}

fn is_line(text: &str) -> bool {
    text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control)
}

fn is_uscc(text: &str) -> bool {
    uscc::read(text).is_ok()
}

/// The one table whose keys an operator chooses.
const FREE_TABLE: &str = "network.addresses";
