//! Listing numbers as people write them, and which thing of the own register has one.

use xietong_proto::id::MemberCode;

use super::Refusal;
use super::keys;
use super::kind::Kind;
use super::rows::Rows;

/// A listing number as people write it, such as `230000-V-000123`.
pub fn number_text(owner: MemberCode, kind: Kind, number: u64) -> String {
    format!("{owner}-{}-{number:06}", kind.letter())
}

/// The owner and number in a listing number of a kind.
pub fn parse_number(kind: Kind, id: &str) -> Option<(MemberCode, u64)> {
    let mut parts = id.split('-');
    let (owner, letter, number) = (parts.next()?, parts.next()?, parts.next()?);
    let is_ours = parts.next().is_none() && letter.chars().eq([kind.letter()]);
    is_ours.then_some(Some((owner.parse().ok()?, number.parse().ok()?))).flatten()
}

/// Register keys for keys or own listing numbers; the first that is not there is named.
pub fn register_ids(
    rows: &dyn Rows,
    kind: Kind,
    me: MemberCode,
    ids: &[String],
) -> Result<Vec<String>, Refusal> {
    let find = |id: &String| {
        let is_key = rows.get(&keys::register(kind.system(), id.as_bytes())).is_some();
        let key = if is_key { Some(id.clone()) } else { key_of_number(rows, kind, me, id) };
        key.ok_or_else(|| Refusal::NotInRegister { id: id.clone() })
    };
    ids.iter().map(find).collect()
}

/// The register key behind one of our own listing numbers.
pub fn key_of_number(rows: &dyn Rows, kind: Kind, me: MemberCode, id: &str) -> Option<String> {
    let (_, number) = parse_number(kind, id).filter(|(owner, _)| *owner == me)?;
    String::from_utf8(rows.get(&keys::holder_of_number(kind.system(), number))?).ok()
}
