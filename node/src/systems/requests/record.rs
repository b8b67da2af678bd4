//! The kinds of records in which requests and trips are spoken of: the low byte of the kind, the same in every
//! system that has them (PROTOCOL.md P51, P53).

/// A member asks (agreement).
pub const REQUEST: u16 = 0x31;
/// The requester takes the offer (agreement).
pub const CONFIRM: u16 = 0x32;
/// The requester wants it no more (agreement).
pub const CANCEL: u16 = 0x33;
/// The owner holds a thing for the requester (agreement).
pub const OFFER: u16 = 0x34;
/// The owner says no (agreement).
pub const DECLINE: u16 = 0x35;
/// The owner puts the request on the waiting list (agreement).
pub const WAIT: u16 = 0x36;
/// The owner holds nothing for it any more (agreement).
pub const RELEASE: u16 = 0x37;
/// What the two parties need to meet (pair).
pub const PARTICULARS: u16 = 0x41;
/// The vehicle sets out (pair).
pub const DISPATCH: u16 = 0x42;
/// The vehicle is back (pair).
pub const RETURN: u16 = 0x43;
/// The statement (pair).
pub const BILL: u16 = 0x44;
/// The requester agrees to the statement (pair).
pub const SETTLE: u16 = 0x45;
/// The requester does not (pair).
pub const DISPUTE: u16 = 0x46;
/// How it was (pair).
pub const EVALUATE: u16 = 0x47;
/// What one member is to be told (local).
pub const TOLD: u16 = 0x51;
/// A thing cannot be lent for a while (local).
pub const BLOCK: u16 = 0x52;
/// What a vehicle of a type costs (local).
pub const TARIFF: u16 = 0x53;
