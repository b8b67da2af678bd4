//! What a configuration accepts and what it refuses.

use super::*;

fn identity() -> Identity {
    Identity {
        code: "230000".into(),
        name: "黑龙江省\"机关\"事务管理局".into(),
        uscc: "11230000000120010Q".into(),
        telephone: "0451-5555".into(),
        announce: vec!["/ip4/203.0.113.23/tcp/4101".into()],
    }
}

#[test]
fn the_template_is_complete_and_lacks_only_an_identity() {
    let error = Config::read("").unwrap_err();
    assert!(matches!(error, ConfigError::Missing { key } if key == "code"));
    let identity = "code = \"230000\"\nname = \"a\"\nuscc = \"11230000000120010Q\"\n";
    let config = Config::read(identity).expect("nothing else is missing");
    let own = toml::Table::try_from(&config).expect("a configuration is TOML");
    let template: Table = TEMPLATE.parse().expect("the template is TOML");
    assert!(own.keys().eq(template.keys()));
}

#[test]
fn every_setting_is_commented() {
    let lines: Vec<_> = TEMPLATE.lines().collect();
    let is_setting = |line: &str| !line.starts_with('#') && !line.is_empty();
    for (above, line) in lines.iter().zip(&lines[1..]).filter(|(_, line)| is_setting(line)) {
        assert!(above.starts_with('#') || line.starts_with('['), "{line}");
    }
}

#[test]
fn an_identity_is_filled_in_as_it_is() {
    let identity = identity();
    let config = Config::read(&filled(&identity)).expect("it is a full configuration");
    assert_eq!([&config.code, &config.name], [&identity.code, &identity.name]);
    assert_eq!([&config.uscc, &config.telephone], [&identity.uscc, &identity.telephone]);
    assert_eq!(config.network.announce, identity.announce);
    assert_eq!(config.member().as_str(), "230000");
}

#[test]
fn addresses_have_one_form() {
    let good = ["/ip4/0.0.0.0/udp/4101/quic-v1", "/ip6/::/tcp/0", "/dns/a.example/tcp/4101"];
    let bad =
        ["", "/", "10.0.0.1:4101", "/ip4/10.0.0/tcp/1", "/ip4/10.0.0.1/udp/4101", "/ip4/10.0.0.1/tcp/65536"];
    assert!(good.into_iter().all(is_address));
    bad.into_iter().for_each(|text| assert!(!is_address(text), "{text}"));
}

/// The start of each refusal's data, one line a refusal.
#[test]
fn each_mistake_is_refused_by_name() {
    let table: &[(&str, &str)] = &[
        ("lang = ", "ConfigForm { line: 4"),
        ("listen = []", "UnknownKey { key: \"listen\" }"),
        ("[network]\nlistn = []", "UnknownKey { key: \"network.listn\" }"),
        (
            "[sync]\nheads_interval_s = \"5\"",
            "BadType { key: \"sync.heads_interval_s\", found: \"string\", wanted: \"integer\" }",
        ),
        ("[sync]\nheads_interval_s = -5", "BadWord { detail: \"invalid value: integer `-5`, expected u64"),
        ("lang = \"fr\"", "BadWord { detail: \"unknown variant `fr`"),
        ("[network.addresses]\nabc = []", "BadWord"),
        (
            "[sync]\nheads_interval_s = 0",
            "BadValue { key: \"sync.heads_interval_s\", value: \"0\", wanted: Positive }",
        ),
        (
            "[network]\nlisten = []",
            "BadValue { key: \"network.listen\", value: \"[]\", wanted: SomeAddress }",
        ),
        (
            "[network]\nannounce = [\"1.2.3.4:5\"]",
            "BadValue { key: \"network.announce\", value: \"1.2.3.4:5\", wanted: Address }",
        ),
        (
            "[network]\nannounce = [\"/ip4/0.0.0.0/tcp/4101\"]",
            "BadValue { key: \"network.announce\", value: \"/ip4/0.0.0.0/tcp/4101\", wanted: Dialable }",
        ),
        (
            "[network]\nannounce = [\"/ip6/::/udp/4101/quic-v1\"]",
            "BadValue { key: \"network.announce\", value: \"/ip6/::/udp/4101/quic-v1\", wanted: Dialable }",
        ),
        (
            "[network.addresses]\n220000 = [\"/dns/node.example.cn/tcp/0\"]",
            "BadValue { key: \"network.addresses.220000\", value: \"/dns/node.example.cn/tcp/0\", wanted: Dialable }",
        ),
        (
            "[network.addresses]\n220000 = [\"x\"]",
            "BadValue { key: \"network.addresses.220000\", value: \"x\", wanted: Address }",
        ),
        (
            "[tcp]\naddress = \"0.0.0.0:4180\"",
            "BadValue { key: \"tcp.address\", value: \"0.0.0.0:4180\", wanted: Loopback }",
        ),
        ("[tcp]\naddress = \"4180\"", "BadValue { key: \"tcp.address\", value: \"4180\", wanted: Loopback }"),
        ("telephone = \"1\\n2\"", "BadValue { key: \"telephone\", value: \"1\\n2\", wanted: Line }"),
    ];
    for (text, refusal) in table {
        let identity = "code = \"230000\"\nname = \"a\"\nuscc = \"11230000000120010Q\"\n";
        let error = Config::read(&format!("{identity}{text}")).unwrap_err();
        assert!(format!("{error:?}").starts_with(refusal), "{text}: {error:?}");
    }
}

#[test]
fn each_part_of_an_identity_is_checked() {
    let refusal = |change: fn(&mut Identity)| {
        let mut identity = identity();
        change(&mut identity);
        format!("{:?}", Config::read(&filled(&identity)).unwrap_err())
    };
    assert!(refusal(|id| id.code = "23 0000".into()).contains("wanted: MemberCode"));
    assert!(refusal(|id| id.name.clear()).contains("Missing { key: \"name\" }"));
    assert!(refusal(|id| id.name = "x".repeat(TEXT_BYTES_MAX + 1)).contains("wanted: Line"));
    assert!(refusal(|id| id.uscc = "1123".into()).contains("wanted: Uscc"));
    let many = |id: &mut Identity| id.announce = vec!["/ip4/1.2.3.4/tcp/1".into(); ADDRESSES_MAX + 1];
    assert!(refusal(many).contains("wanted: FewAddresses"));
}

#[test]
fn a_socket_beyond_the_limit_is_refused_with_one_that_fits() {
    let config = Config::read(&filled(&identity())).expect("it is a full configuration");
    let at = |length: usize| Home::from(PathBuf::from(format!("/{}", "h".repeat(length - 1))));
    let suffix = "/run/xietong.sock".len();
    assert!(config.socket_path(&at(SOCKET_PATH_BYTES_MAX - suffix)).is_ok());
    let error = config.socket_path(&at(SOCKET_PATH_BYTES_MAX - suffix + 1)).unwrap_err();
    let ConfigError::SocketPathTooLong { bytes, proposal, .. } = error else { panic!("{error:?}") };
    assert_eq!((bytes, proposal), (101, "/run/xietong/230000.sock".into()));
}
