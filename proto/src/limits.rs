//! Every maximum of the protocol (P3). A length read from the wire is compared with one of these
//! before anything is allocated for it.

/// Bytes of one record's body.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;
/// Records in one entry.
pub const ENTRY_RECORDS_MAX: usize = 4_096;
/// Bytes of one entry's payload: the seed and all framed records.
pub const ENTRY_PAYLOAD_BYTES_MAX: usize = 1024 * 1024;
/// Payload that still travels inside a push; a larger one is fetched.
pub const PUSH_PAYLOAD_BYTES_MAX: usize = 8 * 1024;
/// Bytes of entries that one request may ask for and one range may hold. Larger than any entry.
pub const RANGE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Bytes of one frame on a stream, length prefix not counted: a full range and what names it.
pub const FRAME_BYTES_MAX: usize = RANGE_BYTES_MAX + 1024;
/// Fields of one message, counted before it is read: an empty element costs two bytes on the wire and many
/// in memory.
pub const FIELDS_MAX: usize = 128;
/// The last position of a stream: the largest whole number that every language's numbers hold.
pub const POSITION_MAX: u64 = (1 << 53) - 1;
/// Members of one agreement.
pub const MEMBERS_MAX: usize = 64;
/// Systems in the scope of one agreement.
pub const SCOPE_MAX: usize = 32;
/// Bytes of one manifest body.
pub const MANIFEST_BYTES_MAX: usize = 256 * 1024;
/// Bytes of one card body.
pub const CARD_BYTES_MAX: usize = 8 * 1024;
/// Bytes of one opinion's body: its reason and what it names.
pub const OPINION_BYTES_MAX: usize = 1024;
/// Bytes of a receipt's body.
pub const RECEIPT_BYTES_MAX: usize = 256;
/// Bytes of a purge's body: a line for each stream, and some 60,000 entries that are kept.
pub const PURGE_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of evidence: every manifest, card and receipt of an agreement has room in it.
pub const EVIDENCE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Fields of evidence: in an agreement of 64 members each epoch brings 65.
pub const EVIDENCE_FIELDS_MAX: usize = 4_096;
/// Bytes that suite, signature and framing add to a signed body.
pub const ENVELOPE_BYTES_MAX: usize = 128;
/// Opinions in one frame.
pub const OPINIONS_MAX: usize = 100;
/// Cards in one frame.
pub const CARDS_MAX: usize = 128;
/// Bytes of a text field in a card or manifest (title, name, address, telephone).
pub const TEXT_BYTES_MAX: usize = 512;
/// Addresses on a card or in a hello.
pub const ADDRESSES_MAX: usize = 16;
/// Bytes of what is presented of an agreement.
pub const CHAIN_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Addresses in an answer about reach.
pub const REACH_ADDRESSES_MAX: usize = 32;
/// Bytes of an answer about reach.
pub const REACH_BYTES_MAX: usize = 32 * 1024;
/// Streams one heads frame may speak of.
pub const HEADS_LINES_MAX: usize = 4_096;
