//! The HTTP interface as an existing platform meets it: what is refused, with which status and which code.

use std::path::Path;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use xietong::cli::demo::data::LIAONING;
use xietong::cli::demo::province::Transport;
use xietong::systems::Kind;

use crate::nodes::Nodes;

/// Method, path with query, body, status, and where in the answer stands what.
const REFUSALS: [(&str, &str, &str, u16, &str, &str); 20] = [
    ("GET", "no/such/thing", "", 404, "/problem", "NotFound"),
    ("DELETE", "status", "", 405, "/problem", "Unreadable"),
    ("GET", "gardens", "", 400, "/problem", "Unreadable"),
    ("GET", "vehicles?owner=x-y", "", 400, "/problem", "Unreadable"),
    ("GET", "vehicles?colour=red", "", 400, "/refusal/code", "NoSuchColumn"),
    ("GET", "vehicles/one?id=210000-V-000999", "", 404, "/problem", "NotFound"),
    ("GET", "vehicles/one", "", 400, "/problem", "Unreadable"),
    ("GET", "energy/report?period=2025-13", "", 409, "/refusal/refusal/code", "PeriodForm"),
    ("GET", "energy/report?period=2025-03&set=none", "", 400, "/problem", "Unreadable"),
    ("POST", "energy/release", r#"{"period":"2999-01"}"#, 409, "/refusal/refusal/code", "PeriodNotOver"),
    ("POST", "energy/release", r#"{"period":"2020-01"}"#, 409, "/refusal/refusal/code", "NothingToRelease"),
    ("POST", "energy/release", r#"{"period":"#, 400, "/problem", "Unreadable"),
    ("POST", "energy/release", "{}", 422, "/problem", "Unreadable"),
    (
        "POST",
        "vehicles/withdraw",
        r#"{"ids":["x"],"reason":"r"}"#,
        409,
        "/refusal/refusal/code",
        "NotInRegister",
    ),
    ("POST", "vehicles/withdraw", r#"{"ids":["x"]}"#, 422, "/problem", "Unreadable"),
    ("POST", "vehicles/import?dry_run=perhaps", "a,b", 400, "/problem", "Unreadable"),
    ("POST", "vehicles/import", "", 200, "/Refused/File/code", "NoHeader"),
    ("POST", "pause", r#"{"member":"110000","paused":true}"#, 409, "/refusal/code", "UnknownMember"),
    ("POST", "agreements", "not an agreement", 409, "/problem", "Paper"),
    ("POST", "agreements", "title = 1", 409, "/problem", "Paper"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_has_a_status_and_a_code() {
    let (nodes, socket) = tokio::task::spawn_blocking(node).await.expect("a node");
    let client = client(&socket);
    for (method, path, body, status, at, code) in REFUSALS {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = client.request(method.clone(), format!("http://node/v1/{path}"));
        let request = request.header("content-type", "application/json").body(body);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), status, "{method} {path} {body}");
        let told: Value = response.json().await.unwrap_or_default();
        assert_eq!(told.pointer(at), Some(&json!(code)), "{method} {path} {body}: {told}");
    }
    drop(nodes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_understood_is_refused_by_name_in_the_stream_of_events() {
    let (nodes, socket) = tokio::task::spawn_blocking(node).await.expect("a node");
    let client = client(&socket);
    let wrong: [(&[u8], &str); 4] = [
        (b"", "NoHeader"),
        (b"vin,vin\n1,2\n", "ColumnTwice"),
        (b"colour\nred\n", "ColumnsMissing"),
        (b"vin\n\xff\xff\xff\n", "EncodingUnknown"),
    ];
    for (bytes, code) in wrong {
        let request = client.post("http://node/v1/vehicles/import").body(bytes.to_vec());
        let told = request.send().await.expect("an answer").text().await.expect("events");
        assert!(told.contains(code), "{code}: {told}");
    }
    let request = client.post("http://node/v1/vehicles/import").body(vec![b'x'; (1 << 20) + 1]);
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status().as_u16(), 413);
    let told: Value = response.json().await.expect("a problem");
    assert_eq!(told, json!({"problem": "TooLarge", "bytes_max": 1 << 20}));
    drop(nodes);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (nodes, socket) = tokio::task::spawn_blocking(node).await.expect("a node");
    let mode = std::fs::metadata(&socket).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(nodes);
}

fn node() -> (Nodes, std::path::PathBuf) {
    let mut nodes = Nodes::make(Transport::Tcp, &[LIAONING], &[]);
    let config = nodes.provinces[0].home.join("config.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    std::fs::write(&config, text.replace("size_mib_max = 512", "size_mib_max = 1")).expect("written");
    nodes.provinces[0].start().expect("it starts");
    nodes.import(0, Kind::Institutions);
    let socket = nodes.provinces[0].home.join("run/xietong.sock");
    (nodes, socket)
}

fn client(socket: &Path) -> Client {
    Client::builder().unix_socket(socket).build().expect("a client")
}
