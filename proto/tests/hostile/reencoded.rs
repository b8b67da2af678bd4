//! Objects that are judged whole, written in another way that means the same (P10).

use prost::Message;
use xietong_proto::card::Card;
use xietong_proto::crypto::Tag;
use xietong_proto::manifest::Manifest;
use xietong_proto::object;
use xietong_proto::opinion::Stance;
use xietong_proto::reject::Reject;
use xietong_proto::wire::agreement::Signed;

use crate::samples;

/// One field of a message: its key, its length if it has one, and its content.
#[derive(Clone)]
struct Field {
    key: u8,
    length: Option<usize>,
    content: Vec<u8>,
}

impl Field {
    fn bytes(&self) -> Vec<u8> {
        let length = self.length.map(varint).unwrap_or_default();
        [&[self.key][..], &length, &self.content].concat()
    }

    /// Ways to write the field with a varint that is longer than it need be.
    fn overlong(&self) -> Vec<Vec<u8>> {
        let longer = |varint: &[u8]| {
            let mut longer = varint.to_vec();
            *longer.last_mut().expect("a varint has a byte") |= 0x80;
            longer.push(0);
            longer
        };
        let rest = &self.bytes()[1..];
        let key = [&longer(&[self.key])[..], rest].concat();
        let value = match self.length.map(varint) {
            Some(length) => [&[self.key][..], &longer(&length), &self.content].concat(),
            None => [&[self.key][..], &longer(&self.content)].concat(),
        };
        vec![key, value]
    }
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// Takes a message apart. Knows only what our messages are made of: varints and bytes, small field numbers.
fn fields(mut bytes: &[u8]) -> Vec<Field> {
    let mut fields = Vec::new();
    while let [key, rest @ ..] = bytes {
        let end = rest.iter().position(|byte| byte & 0x80 == 0).expect("a varint ends") + 1;
        let number =
            rest[..end].iter().rev().fold(0usize, |number, byte| number << 7 | usize::from(byte & 0x7f));
        let (length, from, to) =
            if key & 7 == 2 { (Some(number), end, end + number) } else { (None, 0, end) };
        fields.push(Field { key: *key, length, content: rest[from..to].to_vec() });
        bytes = &rest[to..];
    }
    fields
}

fn join(fields: &[Field]) -> Vec<u8> {
    fields.iter().flat_map(Field::bytes).collect()
}

/// The message with one field at a time written as `write` likes.
fn with_one_written(fields: &[Field], write: impl Fn(&Field) -> Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let at = |index: usize| {
        let (before, after) = (join(&fields[..index]), join(&fields[index + 1..]));
        write(&fields[index]).into_iter().map(move |field| [&before[..], &field, &after].concat())
    };
    (0..fields.len()).flat_map(at).collect()
}

/// Other bytes of the same meaning: longer varints, unknown fields, another order, defaults written out.
fn variants(body: &[u8]) -> Vec<Vec<u8>> {
    let fields = fields(body);
    assert_eq!(join(&fields), body, "taken apart and put together");
    let mut variants = with_one_written(&fields, Field::overlong);
    let unknown: [&[u8]; 3] = [&[0xa0, 1, 1], &[0xa2, 1, 0], &[0xc2, 0x3e, 1, 0]];
    variants.extend(with_one_written(&fields, |field| {
        unknown.iter().map(|unknown| [&field.bytes()[..], unknown].concat()).collect()
    }));
    for index in 1..fields.len() {
        let mut turned = fields.clone();
        turned.swap(index - 1, index);
        if fields[index - 1].key != fields[index].key {
            variants.push(join(&turned));
        }
    }
    let present = |number: u8| fields.iter().any(|field| field.key >> 3 == number);
    for number in (1..=12).filter(|number| !present(*number)) {
        let at = fields.iter().position(|field| field.key >> 3 > number).unwrap_or(fields.len());
        for default in [[number << 3, 0], [number << 3 | 2, 0]] {
            variants.push([&join(&fields[..at])[..], &default, &join(&fields[at..])].concat());
        }
    }
    variants
}

/// Whether every other way to write the body is refused as such. A default of the wrong type is no message.
fn refuses_variants(body: &[u8], open: impl Fn(Vec<u8>) -> Result<(), Reject>) -> usize {
    assert_eq!(open(body.to_vec()), Ok(()));
    let variants = variants(body);
    for variant in &variants {
        let reject = open(variant.clone()).expect_err("another encoding");
        assert!(
            matches!(reject, Reject::NotCanonical | Reject::Malformed),
            "{reject:?} {}",
            hex::encode(variant)
        );
    }
    let not_canonical = |variant: &&Vec<u8>| open((*variant).clone()) == Err(Reject::NotCanonical);
    variants.iter().filter(not_canonical).count()
}

fn signed_body(bytes: &[u8]) -> Vec<u8> {
    Signed::decode(bytes).expect("a signed object").body
}

#[test]
fn every_other_encoding_of_a_manifest_is_refused() {
    let open = |body: Vec<u8>| Manifest::open(&body).map(drop);
    assert!(refuses_variants(samples::manifest().bytes(), open) > 50);
}

#[test]
fn every_other_encoding_of_a_card_is_refused_though_its_seal_holds() {
    let open = |body| Card::open(&object::sign(Tag::Card, &samples::seal_key(0), body)).map(drop);
    assert!(refuses_variants(&signed_body(samples::card(0).bytes()), open) > 50);
}

#[test]
fn every_other_encoding_of_an_opinion_is_refused_though_its_seal_holds() {
    let epochs = samples::epochs();
    let signed = |body| object::sign(Tag::Approve, &samples::seal_key(0), body);
    let open = |body| epochs.open(Stance::Approves, &signed(body)).map(drop);
    assert!(refuses_variants(&signed_body(samples::approval(0).bytes()), open) > 20);
}

#[test]
fn every_other_encoding_of_an_envelope_is_refused() {
    let open = |bytes: Vec<u8>| Card::open(&bytes).map(drop);
    assert!(refuses_variants(samples::card(0).bytes(), open) > 15);
}
