//! Keys and addresses as libp2p writes them.

use std::net::{IpAddr, SocketAddr};

use libp2p::identity::{self, PublicKey};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId as Libp2pId};
use xietong_proto::id::PeerId;

/// The libp2p id of a transport key; none if it is no point of the curve.
pub fn to_libp2p(peer: PeerId) -> Option<Libp2pId> {
    let key = identity::ed25519::PublicKey::try_from_bytes(&peer.0).ok()?;
    Some(PublicKey::from(key).to_peer_id())
}

/// The transport key behind a libp2p id; none for keys of another kind.
pub fn from_libp2p(id: &Libp2pId) -> Option<PeerId> {
    // An identity multihash: the key itself, as protobuf (type Ed25519, 32 bytes).
    let key = PublicKey::try_decode_protobuf(id.as_ref().digest()).ok()?;
    Some(PeerId(key.try_into_ed25519().ok()?.to_bytes()))
}

/// The id as people know it from libp2p.
pub fn peer_text(peer: PeerId) -> String {
    to_libp2p(peer).map_or_else(|| peer.to_string(), |id| id.to_base58())
}

/// Addresses in the order in which they are tried: QUIC first, TCP where UDP is blocked.
pub fn in_order(addresses: &[String]) -> Vec<Multiaddr> {
    let mut parsed: Vec<Multiaddr> = addresses.iter().filter_map(|address| address.parse().ok()).collect();
    parsed.sort_by_key(|address| !address.iter().any(|part| part == Protocol::QuicV1));
    parsed
}

/// What an address means to the system, where it names no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// A TCP port.
    Tcp(SocketAddr),
    /// A UDP port, for QUIC.
    Udp(SocketAddr),
}

/// The port that an address to listen on takes.
pub fn listener(address: &str) -> Option<Listener> {
    let parsed: Multiaddr = address.parse().ok()?;
    let mut parts = parsed.iter();
    let ip: IpAddr = match parts.next()? {
        Protocol::Ip4(ip) => ip.into(),
        Protocol::Ip6(ip) => ip.into(),
        _ => return None,
    };
    match parts.next()? {
        Protocol::Tcp(port) => Some(Listener::Tcp((ip, port).into())),
        Protocol::Udp(port) => Some(Listener::Udp((ip, port).into())),
        _ => None,
    }
}

/// The host name in an address, if it has one.
pub fn dns_name(address: &str) -> Option<String> {
    let parsed: Multiaddr = address.parse().ok()?;
    parsed.iter().find_map(|part| match part {
        Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) => Some(name.into_owned()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use xietong_proto::crypto::SecretKey;

    #[test]
    fn a_transport_key_and_its_libp2p_id_name_each_other() {
        let peer = PeerId(SecretKey::from_bytes(&[7; 32]).public().to_bytes());
        let id = to_libp2p(peer).expect("a public key is a point");
        assert_eq!(from_libp2p(&id), Some(peer));
        assert!(peer_text(peer).starts_with("12D3KooW"));
    }

    #[test]
    fn an_address_names_a_port_or_a_host() {
        let tcp = Listener::Tcp(([0, 0, 0, 0], 4101).into());
        let udp = Listener::Udp(([127, 0, 0, 1], 4101).into());
        let table = [
            ("/ip4/0.0.0.0/tcp/4101", Some(tcp), None),
            ("/ip4/127.0.0.1/udp/4101/quic-v1", Some(udp), None),
            ("/dns4/node.example.cn/tcp/4101", None, Some("node.example.cn".to_owned())),
            ("/dns/node.example.cn/udp/4101/quic-v1", None, Some("node.example.cn".to_owned())),
            ("nonsense", None, None),
        ];
        for (address, port, name) in table {
            assert_eq!((listener(address), dns_name(address)), (port, name), "{address}");
        }
    }

    #[test]
    fn quic_is_tried_first() {
        let addresses = ["/ip4/10.0.0.1/tcp/4101".to_owned(), "/ip4/10.0.0.1/udp/4101/quic-v1".to_owned()];
        assert_eq!(in_order(&addresses)[0].to_string(), addresses[1]);
    }
}
