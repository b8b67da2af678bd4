//! The doors of a real node: who comes in over TCP, what each role may do, what is recorded of it, and that no
//! secret is ever written where it does not belong.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;

use reqwest::Client;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use xietong::cli::demo::data::{HEILONGJIANG, JILIN};
use xietong::cli::demo::province::{PASSPHRASE, Transport, free_port};
use xietong::http::right::Route;
use xietong::http::route;
use xietong::keys::seal::{Passphrase, SealFile};
use xietong::systems::Kind;

use crate::nodes::{Nodes, wait_until};

/// A node with a door for tokens.
struct Guarded {
    nodes: Nodes,
    address: String,
    client: Client,
    runtime: Runtime,
}

impl Guarded {
    fn open(requests_per_minute: u32) -> Self {
        let mut nodes = Nodes::make(Transport::Tcp, &[HEILONGJIANG, JILIN], &[]);
        let address = format!("127.0.0.1:{}", free_port().expect("a free port"));
        let config = nodes.provinces[0].home.join("config.toml");
        let text = fs::read_to_string(&config).expect("a configuration");
        let text = text.replace("\naddress = \"\"\n", &format!("\naddress = \"{address}\"\n"));
        let rate = format!("requests_per_minute = {requests_per_minute}");
        fs::write(&config, text.replace("requests_per_minute = 600", &rate)).expect("written");
        nodes.agree();
        nodes.start_and_join(0);
        Self { nodes, address, client: Client::new(), runtime: Runtime::new().expect("a runtime") }
    }

    fn token(&self, role: &str, name: &str) -> String {
        let new = ["token", "new", "--role", role, "--name", name, "--until", "2045-12-31"];
        let made = self.nodes.provinces[0].give(&new).expect("a token");
        made["token"].as_str().expect("its text").to_owned()
    }

    /// Status and body of an answer.
    fn ask(&self, route: &str, token: Option<&str>) -> (u16, String) {
        let route = route::named(route).expect("a route");
        let path = route.path.replace("{kind}", "vehicles");
        let request = self.client.request(route.method.clone(), format!("http://{}{path}", self.address));
        let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
        let request = request.header("content-type", "application/json").body("{}");
        self.runtime.block_on(async {
            let answer = request.send().await.expect("an answer");
            (answer.status().as_u16(), answer.text().await.expect("a body"))
        })
    }

    /// Status of an answer, and why somebody was turned away.
    fn told(&self, route: &str, token: Option<&str>) -> (u16, String) {
        let (status, body) = self.ask(route, token);
        let told: Value = serde_json::from_str(&body).unwrap_or_default();
        (status, told["reason"]["code"].as_str().unwrap_or_default().to_owned())
    }

    fn deeds(&self) -> Vec<Value> {
        let page = self.nodes.provinces[0].give(&["audit", "list", "--from", "1"]).expect("deeds");
        page["deeds"].as_array().expect("a list").clone()
    }
}

#[test]
fn a_role_opens_its_routes_and_every_refusal_is_named_and_recorded() {
    let guarded = Guarded::open(600);
    for role in ["operator", "registrar", "observer", "auditor"] {
        let token = guarded.token(role, role);
        let parsed = serde_json::from_value(json!(role)).expect("a role");
        // Stopping would end the test.
        for Route { name, right, .. } in route::ALL.iter().filter(|route| route.name != "stop") {
            let (status, code) = guarded.told(name, Some(&token));
            let may = xietong::systems::doors::Role::has(parsed, *right);
            assert_eq!(status == 403, !may, "{role} {name}: {status}");
            assert_eq!(code == "NotAllowed", !may, "{role} {name}: {code}");
        }
    }
    let deeds = guarded.deeds();
    let refused = |by: &str, act: &str| {
        deeds.iter().any(|deed| deed["name"] == by && deed["act"] == act && deed["refused"] == "NotAllowed")
    };
    assert!(refused("observer", "import") && refused("auditor", "list") && refused("operator", "token-new"));
    assert!(!refused("registrar", "import"), "{deeds:?}");
    let unread = |deed: &&Value| deed["name"] == "registrar" && deed["act"] == "withdraw";
    assert_eq!(deeds.iter().find(unread).map(|deed| &deed["refused"]), Some(&json!("422")));
}

#[test]
fn who_shows_no_token_that_holds_is_turned_away_by_name_and_not_for_ever() {
    let guarded = Guarded::open(600);
    let token = guarded.token("observer", "oa");
    let other = token.replace(".oa.", ".ob.");
    let changed = format!("{}0", &token[..token.len() - 1]);
    let wrong = if changed == token { format!("{}1", &token[..token.len() - 1]) } else { changed };
    let told = |token: Option<&str>| guarded.told("status", token);
    assert_eq!(told(None), (401, "TokenMissing".to_owned()));
    for wrong in [&other, &wrong, "oa", "xietong", "xietong.oa"] {
        assert_eq!(told(Some(wrong)), (401, "TokenUnknown".to_owned()), "{wrong}");
    }
    assert_eq!(told(Some(&token)).0, 200);
    guarded.nodes.provinces[0].give(&["token", "revoke", "oa"]).expect("revoked");
    assert_eq!(told(Some(&token)), (401, "TokenRevoked".to_owned()));
    assert!((0..20).map(|_| told(None)).any(|told| told == (429, "TooMany".to_owned())));
    // Whoever has a token is not kept out by those who have none.
    let second = guarded.token("observer", "second");
    assert_eq!(told(Some(&second)).0, 200);
    let strangers = guarded.deeds().into_iter().filter(|deed| deed["by"] == "stranger").count();
    assert!((5..=10).contains(&strangers), "{strangers}");
}

#[test]
fn a_token_has_so_many_requests_a_minute() {
    let guarded = Guarded::open(3);
    let token = guarded.token("observer", "oa");
    let told = || guarded.told("status", Some(&token));
    assert!((0..3).all(|_| told().0 == 200));
    assert_eq!(told(), (429, "TooMany".to_owned()));
}

#[test]
fn what_was_done_is_recorded_with_who_did_it_and_proves_itself() {
    let mut guarded = Guarded::open(600);
    guarded.nodes.import(0, Kind::Institutions);
    let wrong = ["vehicle", "withdraw", "230000-V-000009", "--reason", "none"];
    guarded.nodes.provinces[0].refused(&wrong).expect("nothing there");
    let deeds = guarded.deeds();
    let told: Vec<_> = deeds.iter().map(|deed| (deed["act"].as_str(), deed["refused"].as_str())).collect();
    let expected = [(Some("join"), None), (Some("import"), None), (Some("withdraw"), Some("NotInRegister"))];
    assert_eq!(told, expected);
    let uid = rustix::process::getuid().as_raw();
    assert!(deeds.iter().all(|deed| deed["by"] == "user" && deed["uid"] == uid), "{deeds:?}");
    // They survive a crash, and a stranger's program checks their signatures.
    guarded.nodes.provinces[0].kill();
    guarded.nodes.provinces[0].start().expect("it starts again");
    guarded.nodes.await_folded(0);
    assert_eq!(guarded.deeds(), deeds);
    let exported = guarded.nodes.provinces[0].give(&["audit", "export"]).expect("an export");
    assert_eq!(exported[0]["entries"].as_array().map(Vec::len), Some(3));
}

#[test]
fn no_secret_is_written_anywhere_but_into_its_own_file() {
    let mut guarded = Guarded::open(600);
    let token = guarded.token("registrar", "oa");
    let secret = token.rsplit('.').next().expect("the last part").to_owned();
    assert_eq!(guarded.ask("status", Some(&token)).0, 200);
    assert_eq!(guarded.ask("token-new", Some(&token)).0, 403);
    guarded.nodes.start_and_join(1);
    for kind in [Kind::Institutions, Kind::Vehicles] {
        guarded.nodes.import(0, kind);
    }
    guarded.nodes.await_equal(&[0, 1]);
    for province in &guarded.nodes.provinces {
        province.give(&["stop"]).expect("it stops");
    }
    let mut secrets = vec![secret.clone().into_bytes(), hex::decode(secret).expect("digits")];
    let passphrase = Passphrase::new(PASSPHRASE.to_owned()).expect("long enough");
    for key in [0, 1].into_iter().flat_map(|place| guarded.nodes.files(place, "keys")) {
        // The seal is locked: what must not be found is what lies within.
        let bytes = if key.ends_with("seal.key") {
            SealFile::read(&key).expect("a seal").unlock(&passphrase).expect("its passphrase").to_vec()
        } else {
            hex::decode(fs::read_to_string(key).expect("a key").trim()).expect("a key is digits")
        };
        secrets.extend([hex::encode(&bytes).into_bytes(), bytes]);
    }
    let written = files_below(guarded.nodes.folder.path());
    assert!(written.iter().any(|path| path.ends_with("operation.log")), "{written:?}");
    for path in written.iter().filter(|path| !path.parent().is_some_and(|folder| folder.ends_with("keys"))) {
        let bytes = fs::read(path).expect("a readable file");
        for secret in &secrets {
            let found = memchr::memmem::find(&bytes, secret).is_some();
            assert!(!found, "{} holds a secret", path.display());
        }
    }
}

#[test]
fn health_tells_a_probe_the_truth() {
    let mut guarded = Guarded::open(600);
    let token = guarded.token("observer", "probe");
    let (status, told) = guarded.ask("health", Some(&token));
    assert_eq!(status, 503);
    let told: Value = serde_json::from_str(&told).expect("reasons");
    let codes = told["reasons"].as_array().into_iter().flatten().map(|reason| &reason["ailment"]["code"]);
    assert!(codes.clone().any(|code| code == "Unconfirmed") && codes.clone().any(|code| code == "Alone"));
    guarded.nodes.start_and_join(1);
    wait_until("it is well", || guarded.ask("health", Some(&token)).0 == 200);
    let build = "xietong_peer_build{agreement=\"Test\",member=\"220000\",program=\"xietong/0.1.0\"} 1";
    wait_until("the member says what it runs", || guarded.ask("metrics", Some(&token)).1.contains(build));
    let (_, metrics) = guarded.ask("metrics", Some(&token));
    for line in ["xietong_well 1", "xietong_peer_linked{agreement=\"Test\",member=\"220000\"} 1"] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
    let counted = "xietong_requests_total{route=\"health\",status=\"503\"}";
    assert!(metrics.contains(counted) && metrics.contains("xietong_loop_step_seconds_bucket"), "{metrics}");
}

/// A door that is held open by somebody who never ends the head of a request is open to others all the same.
#[test]
fn slow_visitors_do_not_keep_others_out() {
    let guarded = Guarded::open(600);
    let token = guarded.token("observer", "oa");
    let slow: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect(&guarded.address).expect("a connection");
            stream.write_all(b"GET /v1/status HTTP/1.1\r\nhost: x\r\n").expect("a start");
            stream
        })
        .collect();
    assert_eq!(guarded.ask("status", Some(&token)).0, 200);
    let mut ended = slow.into_iter().next().expect("one");
    let mut said = String::new();
    ended.read_to_string(&mut said).expect("the node ends it");
    assert!(said.is_empty() || said.contains("408"), "{said}");
}

#[test]
fn the_unit_file_takes_everything_away_that_a_node_does_not_need() {
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/xietong.service");
    let Ok(analyzed) = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=20", "--no-pager"])
        .arg(&unit)
        .output()
    else {
        eprintln!("not run: there is no systemd-analyze");
        return;
    };
    let said = [&analyzed.stdout[..], &analyzed.stderr[..]].concat();
    assert!(analyzed.status.success(), "{}", String::from_utf8_lossy(&said));
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a readable folder").flatten() {
        let path = entry.path();
        match entry.file_type().expect("a kind of file") {
            kind if kind.is_dir() => found.extend(files_below(&path)),
            kind if kind.is_file() => found.push(path),
            _ => {}
        }
    }
    found
}
