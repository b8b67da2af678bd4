//! Keys of rows. One byte says in which table a row lies; the rest sorts as people count. What an agreement shows is
//! part of digests, so the keys and values of those rows are law (P32); the others are this node's own.

use xietong_proto::id::*;
use xietong_proto::stream::Stream;

use super::requests::about::About;

/// Where rows lie, by the first byte of their keys: two of one letter do not compile. Of those that records said to an
/// agreement lie in, the agreement follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Table {
    /// Requests by who takes part in them.
    Part = b'A',
    /// What an owner holds for whom.
    Hold = b'B',
    /// The highest listing numbers given.
    LastNumber = b'C',
    /// What is kept beside register rows.
    Kept = b'D',
    /// Releases, as decided here.
    Release = b'E',
    /// What vehicles cost.
    Tariff = b'F',
    /// The ledger of releases.
    Ledger = b'G',
    /// The highest listing numbers ever seen.
    HighestNumber = b'H',
    /// Requests by their keys against doubles.
    RequestOfKey = b'I',
    /// The highest numbers of requests ever seen.
    HighestRequest = b'J',
    /// When things cannot be lent.
    Block = b'K',
    /// Listings, and releases of energy (P32).
    Listing = b'L',
    /// Things by their listing numbers.
    HolderOfNumber = b'M',
    /// Listing numbers by things.
    Number = b'N',
    /// Requests on which their owners may have something to do.
    Open = b'O',
    /// What was said of requests to the other party alone.
    Aside = b'P',
    /// What was said of requests to an agreement (P32).
    Said = b'Q',
    /// Registers.
    Register = b'R',
    /// Tokens.
    Token = b'T',
    /// Rows by values that should stand on one only.
    Unique = b'U',
    /// Where register rows were said before.
    History = b'V',
    /// What members are to be told.
    Told = b'W',
    /// What was said of handovers (P32).
    Handover = b'X',
    /// What drivers are taken up with.
    Duty = b'Y',
}

impl Table {
    /// The beginning of the rows that have these parts first; of all, if there are none.
    pub fn key(self, parts: &[&[u8]]) -> Vec<u8> {
        [&[self as u8][..], &parts.concat()].concat()
    }
}

/// The agreement of a row in a table in which it comes first.
pub fn agreement_of(key: &[u8]) -> Option<AgreementId> {
    AgreementId::from_slice(key.get(1..33)?)
}

/// A row of a register: system, business key.
pub fn register(system: System, key: &[u8]) -> Vec<u8> {
    [&register_prefix(system)[..], key].concat()
}

/// All rows of a register.
pub fn register_prefix(system: System) -> Vec<u8> {
    Table::Register.key(&[&system.0.to_be_bytes()])
}

/// What an agreement shows: agreement, system, owner, listing number (P32).
pub fn listing(agreement: AgreementId, system: System, owner: MemberCode, number: u64) -> Vec<u8> {
    [&listing_prefix(agreement, system, Some(owner))[..], &number.to_be_bytes()].concat()
}

/// All listings of an agreement in a system, or of one owner.
pub fn listing_prefix(agreement: AgreementId, system: System, owner: Option<MemberCode>) -> Vec<u8> {
    let owner = owner.map(|owner| owner.bytes().to_vec()).unwrap_or_default();
    Table::Listing.key(&[&agreement.0, &system.0.to_be_bytes(), &owner])
}

/// The owner of a listing row.
pub fn owner_of_listing(key: &[u8]) -> Option<MemberCode> {
    MemberCode::from_bytes(key.get(35..43)?.try_into().ok()?).ok()
}

/// The number of a listing row.
pub fn number_of_listing(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.get(43..51)?.try_into().ok()?))
}

/// The listing number of a thing, by its register key (P31).
pub fn number(system: System, key: &[u8]) -> Vec<u8> {
    [&number_prefix(system)[..], key].concat()
}

/// All things of a system that have a number.
pub fn number_prefix(system: System) -> Vec<u8> {
    Table::Number.key(&[&system.0.to_be_bytes()])
}

/// The highest listing number given in a system.
pub fn last_number(system: System) -> Vec<u8> {
    Table::LastNumber.key(&[&system.0.to_be_bytes()])
}

/// The thing that has a listing number.
pub fn holder_of_number(system: System, number: u64) -> Vec<u8> {
    Table::HolderOfNumber.key(&[&system.0.to_be_bytes(), &number.to_be_bytes()])
}

/// The highest listing number that an owner ever used in an agreement.
pub fn highest_number(system: System, owner: MemberCode, agreement: AgreementId) -> Vec<u8> {
    [&highest_numbers(system, owner)[..], &agreement.0].concat()
}

/// The highest numbers of an owner, by agreement.
pub fn highest_numbers(system: System, owner: MemberCode) -> Vec<u8> {
    Table::HighestNumber.key(&[&system.0.to_be_bytes(), owner.bytes()])
}

/// A place where a register row was said before, or taken back.
pub fn history(system: System, id: &str, at: &super::Source) -> Vec<u8> {
    let place = [&at.position.0.to_be_bytes()[..], &at.index.to_be_bytes()].concat();
    [&history_prefix(system, id)[..], &place].concat()
}

/// All such places of one row, oldest first.
pub fn history_prefix(system: System, id: &str) -> Vec<u8> {
    Table::History.key(&[&system.0.to_be_bytes(), id.as_bytes(), &[0]])
}

/// What a driver is taken up with, by when it begins.
pub fn duty(driver_no: &str, from: Millis) -> Vec<u8> {
    [&duties(driver_no)[..], &from.0.to_be_bytes()].concat()
}

/// All of one driver.
pub fn duties(driver_no: &str) -> Vec<u8> {
    Table::Duty.key(&[driver_no.as_bytes(), &[0]])
}

/// Something that was said of a handover: its stream, position, index (P32).
pub fn handover(origin: &super::Origin) -> Vec<u8> {
    let place = [&origin.position.0.to_be_bytes()[..], &origin.index.to_be_bytes()].concat();
    [handovers_of(&origin.stream), place].concat()
}

/// All that was said of them in a stream: agreement, system, author, generation.
pub fn handovers_of(stream: &Stream) -> Vec<u8> {
    let prefix = handovers(stream.agreement, Some(stream.system));
    [&prefix[..], stream.author.bytes(), &stream.generation.0.to_be_bytes()].concat()
}

/// All that was said of them in an agreement, or in a system of it.
pub fn handovers(agreement: AgreementId, system: Option<System>) -> Vec<u8> {
    let system = system.map(|system| system.0.to_be_bytes().to_vec()).unwrap_or_default();
    Table::Handover.key(&[&agreement.0, &system])
}

/// The author of such a key, and the generation of the stream.
pub fn author_of_handover(key: &[u8]) -> Option<(MemberCode, Generation)> {
    let author = MemberCode::from_bytes(key.get(35..43)?.try_into().ok()?).ok()?;
    Some((author, Generation(u32::from_be_bytes(key.get(43..47)?.try_into().ok()?))))
}

/// A month's release, as decided here.
pub fn release(period: &str) -> Vec<u8> {
    Table::Release.key(&[period.as_bytes()])
}

/// A line of the release ledger, in the order in which they were written.
pub fn ledger(origin: &super::Origin) -> Vec<u8> {
    [&ledger_prefix()[..], &origin.position.0.to_be_bytes(), &origin.index.to_be_bytes()].concat()
}

/// The release ledger.
pub fn ledger_prefix() -> Vec<u8> {
    Table::Ledger.key(&[])
}

/// A value that should stand on one row of a register only → that row's key.
pub fn unique(system: System, value: &str) -> Vec<u8> {
    Table::Unique.key(&[&system.0.to_be_bytes(), value.as_bytes()])
}

/// A token that opens the doors, by its name; all of them begin with that of the empty name.
pub fn token(name: &str) -> Vec<u8> {
    Table::Token.key(&[name.as_bytes()])
}

/// What an author has said about a request to the agreement: agreement, system, requester, number, author, kind (P32).
pub fn said(agreement: AgreementId, about: &About, author: MemberCode, kind: u16) -> Vec<u8> {
    [&said_prefix(agreement, Some(about))[..], author.bytes(), &kind.to_be_bytes()].concat()
}

/// All that the agreement has heard of one request, or of any.
pub fn said_prefix(agreement: AgreementId, about: Option<&About>) -> Vec<u8> {
    Table::Said.key(&[&agreement.0, &about.map(About::bytes).unwrap_or_default()])
}

/// The request, author and kind of a row of what was said, in public or aside.
pub fn of_said(key: &[u8]) -> Option<(About, MemberCode, u16)> {
    let author = MemberCode::from_bytes(key.get(51..59)?.try_into().ok()?).ok()?;
    Some((About::at(key, 33)?, author, u16::from_be_bytes(key.get(59..61)?.try_into().ok()?)))
}

/// The same of what was said to the other party alone.
pub fn aside(agreement: AgreementId, about: &About, author: MemberCode, kind: u16) -> Vec<u8> {
    [&aside_prefix(agreement, Some(about))[..], author.bytes(), &kind.to_be_bytes()].concat()
}

/// All that was said aside about one request, or about any.
pub fn aside_prefix(agreement: AgreementId, about: Option<&About>) -> Vec<u8> {
    Table::Aside.key(&[&agreement.0, &about.map(About::bytes).unwrap_or_default()])
}

/// What a member is to be told: agreement, peer, then the request and the kind.
pub fn told(agreement: AgreementId, peer: MemberCode, about: &About, kind: u16) -> Vec<u8> {
    [&told_prefix(agreement, peer)[..], &about.bytes(), &kind.to_be_bytes()].concat()
}

/// All that a member is to be told.
pub fn told_prefix(agreement: AgreementId, peer: MemberCode) -> Vec<u8> {
    Table::Told.key(&[&agreement.0, peer.bytes()])
}

/// The request and kind behind such a key.
pub fn of_told(key: &[u8]) -> Option<(About, u16)> {
    Some((About::at(key, 41)?, u16::from_be_bytes(key.get(59..61)?.try_into().ok()?)))
}

/// An owner holds a thing: system, owner, listing, until when, then agreement and request.
pub fn hold(owner: MemberCode, listing: u64, until: Millis, at: AgreementId, about: &About) -> Vec<u8> {
    let prefix = holds(about.system, owner, listing);
    [&prefix[..], &until.0.to_be_bytes(), &at.0, &about.bytes()].concat()
}

/// All that an owner holds of one thing.
pub fn holds(system: System, owner: MemberCode, listing: u64) -> Vec<u8> {
    Table::Hold.key(&[&system.0.to_be_bytes(), owner.bytes(), &listing.to_be_bytes()])
}

/// The end, agreement and request of a held thing.
pub fn of_hold(key: &[u8]) -> Option<(Millis, AgreementId, About)> {
    let until = Millis(u64::from_be_bytes(key.get(19..27)?.try_into().ok()?));
    Some((until, AgreementId::from_slice(key.get(27..59)?)?, About::at(key, 59)?))
}

/// A request on which its owner may have something to do until then: system, owner, until when, agreement, request.
pub fn open(owner: MemberCode, until: Millis, agreement: AgreementId, about: &About) -> Vec<u8> {
    [&open_until(about.system, owner, until)[..], &agreement.0, &about.bytes()].concat()
}

/// Where those of an owner begin that have something until then.
pub fn open_until(system: System, owner: MemberCode, until: Millis) -> Vec<u8> {
    [&open_prefix(system, owner)[..], &until.0.to_be_bytes()].concat()
}

/// All of an owner in a system.
pub fn open_prefix(system: System, owner: MemberCode) -> Vec<u8> {
    Table::Open.key(&[&system.0.to_be_bytes(), owner.bytes()])
}

/// The agreement and request of an open one.
pub fn of_open(key: &[u8]) -> Option<(AgreementId, About)> {
    Some((AgreementId::from_slice(key.get(19..51)?)?, About::at(key, 51)?))
}

/// A request by who takes part in it and when it begins: system, member, from when, agreement, request.
pub fn part(member: MemberCode, from: Millis, agreement: AgreementId, about: &About) -> Vec<u8> {
    [&parts_from(about.system, member, from)[..], &agreement.0, &about.bytes()].concat()
}

/// Where those of a member begin that begin then.
pub fn parts_from(system: System, member: MemberCode, from: Millis) -> Vec<u8> {
    [&parts(system, member)[..], &from.0.to_be_bytes()].concat()
}

/// All in which a member takes part, the earliest first.
pub fn parts(system: System, member: MemberCode) -> Vec<u8> {
    Table::Part.key(&[&system.0.to_be_bytes(), member.bytes()])
}

/// The agreement and request of such a key.
pub fn of_part(key: &[u8]) -> Option<(AgreementId, About)> {
    Some((AgreementId::from_slice(key.get(19..51)?)?, About::at(key, 51)?))
}

/// The highest number that a requester ever used in an agreement.
pub fn highest_request(system: System, requester: MemberCode, agreement: AgreementId) -> Vec<u8> {
    [&highest_requests(system, requester)[..], &agreement.0].concat()
}

/// The highest numbers of a requester, by agreement.
pub fn highest_requests(system: System, requester: MemberCode) -> Vec<u8> {
    Table::HighestRequest.key(&[&system.0.to_be_bytes(), requester.bytes()])
}

/// The request that was made under a key against doubles.
pub fn request_of_key(system: System, requester: MemberCode, key_hash: &[u8]) -> Vec<u8> {
    Table::RequestOfKey.key(&[&system.0.to_be_bytes(), requester.bytes(), key_hash])
}

/// A time in which a thing cannot be lent: system, register key, from when.
pub fn block(system: System, key: &str, from: Millis) -> Vec<u8> {
    [&blocks(system, key)[..], &from.0.to_be_bytes()].concat()
}

/// All of one thing.
pub fn blocks(system: System, key: &str) -> Vec<u8> {
    Table::Block.key(&[&system.0.to_be_bytes(), key.as_bytes(), &[0]])
}

/// What a vehicle of a type costs.
pub fn tariff(vehicle_type: &str) -> Vec<u8> {
    Table::Tariff.key(&[vehicle_type.as_bytes()])
}
