#!/usr/bin/env python3
"""Checks a stream that `xietong log export` wrote, or evidence, with nothing but this file and proto/PROTOCOL.md.

    scripts/verify-stream.py FILE [--flips N]
    scripts/verify-stream.py --vectors proto/tests/vectors/evidence.json

Says who said what and under which agreement, and of evidence who signed that he holds it, or the first rule that does not hold. With --vectors it judges the vectors of evidence
instead, and says which verdicts are others. With --flips it then flips one
byte of the file N times, in places that are spread over it, and says so if one of them is not noticed.
"""

import hashlib
import json
import sys


class Refused(Exception):
    """The rule of PROTOCOL.md and what is against it."""

    def __init__(self, rule, reason):
        super().__init__(f"{rule}: {reason}")


def demand(holds, rule, reason):
    if not holds:
        raise Refused(rule, reason)


def tag(name):
    return b"xietong/1/" + name + b"\0"


def digest(data):
    return hashlib.sha256(data).digest()


# Ed25519 (RFC 8032, P2): points as (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)


def add(one, other):
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(scalar, point):
    product = IDENTITY
    while scalar:
        if scalar & 1:
            product = add(product, point)
        point = add(point, point)
        scalar >>= 1
    return product


def encode(point):
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(data):
    """The point, or none if the bytes are not its one encoding."""
    number = int.from_bytes(data, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


def is_identity(point):
    return point[0] % P == 0 and (point[1] - point[2]) % P == 0


BASE = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
KEYS = {}
SIGNATURES = {}


def key(data):
    """A public key: of prime order, or it is none (P2)."""
    if data not in KEYS:
        point = decode(data) if len(data) == 32 else None
        is_key = point is not None and not is_identity(point) and is_identity(times(ORDER, point))
        KEYS[data] = point if is_key else None
    return KEYS[data]


def is_signed(public, message, signature):
    case = (public, message, signature)
    if case not in SIGNATURES:
        SIGNATURES[case] = check_signature(*case)
    return SIGNATURES[case]


def check_signature(public, message, signature):
    point = key(public)
    if point is None or len(signature) != 64:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    negative = ((P - point[0]) % P, point[1], point[2], (P - point[3]) % P)
    found = add(times(scalar, BASE), times(challenge, negative))
    return encode(found) == signature[:32] and not is_identity(times(8, found))


# Messages (P10): one form only. A schema is number → (name, kind); kinds: uint, text, bytes, and lists of them.

SIGNED = {1: ("suite", "uint"), 2: ("body", "bytes"), 3: ("signature", "bytes")}
CARD = {
    1: ("version", "uint"), 2: ("number", "uint"), 3: ("code", "text"), 4: ("name", "text"), 5: ("uscc", "text"),
    6: ("seal_key", "bytes"), 7: ("entry_key", "bytes"), 8: ("transport_keys", ["bytes"]), 9: ("addresses", ["text"]),
    10: ("telephone", "text"), 11: ("issued_ms", "uint"),
}
MEMBER = {1: ("code", "text"), 2: ("name", "text"), 3: ("uscc", "text"), 4: ("seal_key", "bytes"), 5: ("card", "bytes")}
SCOPE = {1: ("system", "uint"), 2: ("profile", "uint"), 3: ("rules_version", "uint")}
MANIFEST = {
    1: ("version", "uint"), 2: ("suite", "uint"), 3: ("epoch", "uint"), 4: ("predecessor", "bytes"),
    5: ("title", "text"), 6: ("level", "uint"), 7: ("members", [MEMBER]), 8: ("scope", [SCOPE]), 9: ("quorum", "uint"),
    10: ("valid_from_ms", "uint"), 11: ("valid_until_ms", "uint"), 12: ("nonce", "bytes"),
}
RECEIPT = {
    1: ("version", "uint"), 2: ("agreement", "bytes"), 3: ("manifest", "bytes"), 4: ("member", "text"),
    5: ("card", "uint"), 6: ("number", "uint"), 7: ("root", "bytes"), 8: ("time_ms", "uint"),
}
EVIDENCE = {
    1: ("version", "uint"), 2: ("manifests", ["bytes"]), 3: ("cards", ["bytes"]), 4: ("approvals", ["bytes"]),
    5: ("withdrawals", ["bytes"]), 6: ("heads", ["bytes"]), 7: ("index", "uint"), 8: ("salt", "bytes"), 9: ("record", "bytes"),
    10: ("path", ["bytes"]), 11: ("links", "bytes"), 12: ("receipts", ["bytes"]), 13: ("holdings", ["bytes"]),
}
APPROVAL = {1: ("version", "uint"), 2: ("manifest", "bytes"), 3: ("member", "text"), 4: ("time_ms", "uint")}


def varint(data, at):
    value, shift = 0, 0
    while True:
        demand(at < len(data) and shift < 64, "P10", "a number without an end")
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            demand(byte or shift == 7, "P10", "a number that is not in its shortest form")
            demand(value < 2**64, "P10", "a number above 64 bits")
            return value, at


def message(data, schema):
    """The fields of a message in its canonical form."""
    fields = {name: [] if isinstance(kind, list) else None for name, kind in schema.values()}
    at, last = 0, 0
    while at < len(data):
        head, at = varint(data, at)
        number, wire = head >> 3, head & 7
        demand(number in schema, "P10", f"an unknown field {number}")
        name, kind = schema[number]
        single = not isinstance(kind, list)
        demand(number > last or (number == last and not single), "P10", f"{name} is out of order")
        last = number
        element = kind if single else kind[0]
        value, at = varint(data, at)
        if element == "uint":
            demand(wire == 0 and value, "P10", f"{name} has another form or its default value")
        else:
            demand(wire == 2 and at + value <= len(data), "P10", f"{name} is cut off")
            demand(value or not single, "P10", f"{name} has its default value")
            value, at = data[at:at + value], at + value
            if element == "text":
                value = as_text(value, name)
            elif isinstance(element, dict):
                value = message(value, element)
        if single:
            fields[name] = value
        else:
            fields[name].append(value)
    return fields


def as_text(data, name):
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Refused("P10", f"{name} is no text") from None


def is_code(text):
    return bool(text) and 2 <= len(text) <= 8 and all(c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" for c in text)


def signed(data):
    """Body and signature of a signed object (P10)."""
    fields = message(data, SIGNED)
    demand(fields["suite"] == 1, "P2", "another suite")
    return fields["body"] or b"", fields["signature"] or b""


def open_card(data):
    body, signature = signed(data)
    card = message(body, CARD)
    demand(card["version"] == 1, "P10", "a card of another version")
    demand(card["number"] and is_code(card["code"]), "P11", "a card without number or code")
    demand(key(card["seal_key"] or b""), "P11", "the seal key is no key")
    demand(key(card["entry_key"] or b""), "P11", "the entry key is no key")
    demand(is_signed(card["seal_key"], tag(b"card") + body, signature), "P8", "a card that its seal has not signed")
    return card | {"id": digest(tag(b"card") + body)}


def open_manifest(data):
    manifest = message(data, MANIFEST)
    demand(manifest["version"] == 1 and manifest["suite"] == 1, "P12", "a manifest of another version or suite")
    demand(manifest["epoch"] == 1 and not manifest["predecessor"], "P12", "a manifest of a later epoch")
    codes = [member["code"] for member in manifest["members"]]
    demand(len(codes) >= 2 and all(map(is_code, codes)), "P12", "members without codes")
    demand(codes == sorted(set(codes)), "P12", "members out of order")
    for member in manifest["members"]:
        demand(key(member["seal_key"] or b""), "P12", f"the seal key of {member['code']} is no key")
    return manifest | {"id": digest(tag(b"manifest") + data)}


def check_approvals(manifest, approvals):
    """All members have approved (P13)."""
    approved = set()
    for data in approvals:
        body, signature = signed(data)
        approval = message(body, APPROVAL)
        demand(approval["version"] == 1, "P10", "an approval of another version")
        demand(approval["manifest"] == manifest["id"], "P13", "an approval of another manifest")
        member = next((member for member in manifest["members"] if member["code"] == approval["member"]), None)
        demand(member, "P13", f"{approval['member']} is no member")
        is_theirs = is_signed(member["seal_key"], tag(b"approve") + body, signature)
        demand(is_theirs, "P8", f"{approval['member']} has not signed its approval")
        approved.add(approval["member"])
    for member in manifest["members"]:
        demand(member["code"] in approved, "P13", f"{member['code']} has not approved")


def check_agreement(manifest, approvals, cards):
    """All members have approved, and the cards shown then are there (P13)."""
    check_approvals(manifest, approvals)
    for member in manifest["members"]:
        card = next((card for card in cards if card["id"] == member["card"]), None)
        demand(card, "P13", f"the card of {member['code']} is missing")
        same = all(card[name] == member[name] for name in ("code", "name", "uscc", "seal_key"))
        demand(same, "P13", f"the card of {member['code']} says something else")
    check_cards(manifest, cards)


def check_cards(manifest, cards):
    for card in cards:
        seals = [member["seal_key"] for member in manifest["members"] if member["code"] == card["code"]]
        demand(seals == [card["seal_key"]], "P11", f"a card of {card['code']} under another seal")


# Entries (P1, P5 to P8).

HEADER_BYTES, SIGNATURE_BYTES = 186, 64


def number(data, at, size):
    return int.from_bytes(data[at:at + size], "big")


def member_code(data):
    code = data.rstrip(b"\0")
    demand(is_code(code.decode("ascii", "replace")), "P11", "no member code")
    return code.decode()


def open_header(data):
    demand(len(data) >= HEADER_BYTES, "P1", "a header that is too short")
    demand(data[0] == 1 and data[1] == 1, "P1", "a header of another version or suite")
    name = data[2:58]
    header = {
        "name": name, "agreement": name[:32], "audience": name[32], "author": member_code(name[42:50]),
        "system": number(name, 50, 2), "generation": number(name, 52, 4), "epoch": number(data, 58, 4),
        "manifest": data[62:94], "card": number(data, 94, 4), "position": number(data, 98, 8),
        "previous": data[106:138], "time": number(data, 138, 8), "records": number(data, 146, 4),
        "payload": number(data, 150, 4), "root": data[154:186],
        "id": digest(tag(b"entry") + data[:HEADER_BYTES]),
    }
    demand(name[41] == 0 and name[33:41] == bytes(8) and header["generation"] == 1, "P5", "no stream name in use")
    demand(1 <= header["position"] < 2**53 and header["records"], "P1", "no position or no records")
    demand(header["position"] > 1 or header["previous"] == origin(name), "P5", "a first entry that begins no stream")
    return header


def origin(name):
    return digest(tag(b"stream") + name)


def records(payload, count):
    """The framed records (P6)."""
    found, at = [], 32
    while at < len(payload):
        end = at + 8 + number(payload, at + 4, 4)
        demand(at + 8 <= len(payload) and end <= len(payload), "P6", "a record that is cut off")
        found.append(payload[at:end])
        at = end
    demand(len(payload) >= 32 and len(found) == count, "P6", "another number of records than the header says")
    return found


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return digest(b"\1" + root(leaves[:half]) + root(leaves[half:]))


def root_of(payload, count):
    """The salted tree over all records (P7)."""
    def leaf(index, record):
        salt = digest(tag(b"leaf") + payload[:32] + index.to_bytes(4, "big"))[:16]
        return digest(b"\0" + salt + record)
    return root([leaf(index, record) for index, record in enumerate(records(payload, count))])


def open_head(data, keys):
    """Judges header and signature at the beginning of an entry."""
    header = open_header(data)
    public = key_of(keys, header["author"], header["card"])
    signature = data[HEADER_BYTES:HEADER_BYTES + SIGNATURE_BYTES]
    is_theirs = is_signed(public, tag(b"entry") + data[:HEADER_BYTES], signature)
    demand(is_theirs, "P8", f"{header['author']} has not signed position {header['position']}")
    return header


def key_of(keys, member, card):
    demand((member, card) in keys, "P11", f"card {card} of {member} is not here")
    return keys[member, card]


def check_entry(data, keys, head):
    """Judges an entry as the next of its stream; what it says of itself."""
    header = open_head(data, keys)
    demand(len(data) == HEADER_BYTES + SIGNATURE_BYTES + header["payload"], "P1", "another length than it says")
    payload = data[HEADER_BYTES + SIGNATURE_BYTES:]
    demand(root_of(payload, header["records"]) == header["root"], "P7", "records that are not under the signed root")
    position, previous = head or (0, origin(header["name"]))
    follows = header["position"] == position + 1 and header["previous"] == previous
    demand(follows, "P18", f"position {header['position']} does not follow {position}")
    return header


def check_standing(header, manifest):
    """An entry stands under its agreement (P14 to P17)."""
    demand(header["agreement"] == manifest["id"] and header["audience"] == 1, "P14", "not of this agreement")
    is_member = any(member["code"] == header["author"] for member in manifest["members"])
    demand(is_member, "P15", f"{header['author']} is no member")
    under = (header["epoch"], header["manifest"]) == (manifest["epoch"], manifest["id"])
    demand(under, "P16", "under another epoch")
    in_scope = any(scope["system"] == header["system"] for scope in manifest["scope"])
    demand(in_scope, "P17", f"system {header['system']} is not in scope")


def keys_of(cards):
    return {(card["code"], card["number"]): card["entry_key"] for card in cards}


def check_stream(stream):
    """One exported stream; a line that says what was found."""
    manifest = open_manifest(unhex(stream["manifest"]))
    demand(manifest["id"] == unhex(stream["agreement"]), "P14", "another agreement than its manifest")
    cards = [open_card(unhex(card)) for card in stream["cards"]]
    check_agreement(manifest, [unhex(approval) for approval in stream["approvals"]], cards)
    keys = keys_of(cards)
    head, name, said = None, None, 0
    for entry in stream["entries"]:
        header = check_entry(unhex(entry), keys, head)
        demand(name in (None, header["name"]), "P5", "entries of more than one stream")
        check_standing(header, manifest)
        head, name, said = (header["position"], header["id"]), header["name"], said + header["records"]
    demand(head, "P18", "no entries")
    return (f"{header['author']}, system {header['system']}, under \"{manifest['title']}\": positions 1 to {head[0]}, "
            f"{said} records, head {head[1].hex()}")


def unhex(text):
    demand(isinstance(text, str) and all(c in "0123456789abcdef" for c in text), "P10", "no hexadecimal digits")
    demand(len(text) % 2 == 0, "P10", "half a byte")
    return bytes.fromhex(text)


# Evidence (P46).


def climb(leaf, index, count, path):
    """The root to which a leaf and its siblings lead (P7)."""
    demand(index < count and bool(path) == (count > 1), "P7", "no path of that place")
    if count == 1:
        return leaf
    half = 1
    while half * 2 < count:
        half *= 2
    demand(len(path[-1]) == 32, "P46", "half a sibling")
    if index < half:
        return digest(b"\1" + climb(leaf, index, half, path[:-1]) + path[-1])
    return digest(b"\1" + path[-1] + climb(leaf, index - half, count - half, path[:-1]))


def check_record(evidence, header):
    index, record, salt = evidence["index"] or 0, evidence["record"] or b"", evidence["salt"] or b""
    demand(len(salt) == 16, "P46", "no salt")
    demand(len(record) >= 8 and len(record) == 8 + number(record, 4, 4), "P6", "no record")
    found = climb(digest(b"\0" + salt + record), index, header["records"], evidence["path"])
    demand(found == header["root"], "P7", "a record that is not under the signed root")
    kind = number(record, 0, 2)
    return f"record {index + 1} of {header['records']} at position {header['position']}, kind {kind:#06x}"


def check_fork(evidence, one, other):
    demand(not any(evidence[part] for part in ("index", "salt", "record", "path", "links")), "P46", "a fork and more")
    same = all(one[part] == other[part] for part in ("name", "position", "previous"))
    demand(same and one["id"] != other["id"], "P35", "no fork")
    return f"two entries for position {one['position']}: {one['id'].hex()} and {other['id'].hex()}"


def check_links(evidence, header):
    """The places that a receipt may name."""
    data, places = evidence["links"] or b"", [(header["position"], header["id"])]
    demand(len(data) % HEADER_BYTES == 0, "P46", "half a link")
    for at in range(0, len(data), HEADER_BYTES):
        link = open_header(data[at:at + HEADER_BYTES])
        position, previous = places[-1]
        follows = (link["name"], link["position"], link["previous"]) == (header["name"], position + 1, previous)
        demand(follows, "P46", "a link to another entry")
        places.append((link["position"], link["id"]))
    return places


def check_receipt(data, lines, keys, header, places):
    body, signature = signed(data)
    receipt = message(body, RECEIPT)
    demand(receipt["version"] == 1, "P10", "a receipt of another version")
    public = key_of(keys, receipt["member"], receipt["card"])
    demand(is_signed(public, tag(b"receipt") + body, signature), "P8", f"{receipt['member']} has not signed its receipt")
    demand(receipt["agreement"] == header["agreement"], "P14", "a receipt of another agreement")
    demand(digest(tag(b"holdings") + lines) == receipt["root"], "P34", "other holdings than were signed")
    demand(len(lines) % 96 == 0, "P34", "half a line")
    lines = [lines[at:at + 96] for at in range(0, len(lines), 96)]
    demand(lines == sorted(lines), "P34", "holdings out of order")
    demand(all(line[:33] == header["agreement"] + b"\1" for line in lines), "P34", "holdings of another agreement")
    demand(all(member_code(line[42:50]) != receipt["member"] for line in lines), "P34", "a receipt over own streams")
    held = [(number(line, 56, 8), line[64:]) for line in lines if line[:56] == header["name"]]
    demand(len(held) == 1 and held[0] in places, "P46", f"{receipt['member']} has not signed for this")
    return receipt["member"], held[0]


def check_evidence(data):
    evidence = message(data, EVIDENCE)
    demand(evidence["version"] == 1, "P10", "evidence of another version")
    cards = [open_card(card) for card in evidence["cards"]]
    manifests = [open_manifest(manifest) for manifest in evidence["manifests"]]
    demand(len(manifests) <= 1, "P37", "a later epoch, which this program cannot judge")
    if manifests:
        check_approvals(manifests[0], evidence["approvals"])
        check_cards(manifests[0], cards)
    opinions = evidence["approvals"] + evidence["withdrawals"]
    demand(manifests or not opinions, "P46", "approvals of nothing")
    demand(not evidence["withdrawals"], "P37", "a withdrawal, which this program cannot judge")
    demand(all(len(head) == HEADER_BYTES + SIGNATURE_BYTES for head in evidence["heads"]), "P1", "no head of an entry")
    headers = [open_head(head, keys_of(cards)) for head in evidence["heads"]]
    demand(1 <= len(headers) <= 2, "P46", "neither one head nor two")
    for header in headers:
        at_home = header["audience"] == 0 and header["agreement"] == header["manifest"] == bytes(32)
        demand(manifests or at_home, "P16", "under no agreement")
        for manifest in manifests:
            check_standing(header, manifest)
    header = headers[0]
    if len(headers) == 2:
        what, places = check_fork(evidence, *headers), [(header["position"], header["id"]) for header in headers]
    else:
        what, places = check_record(evidence, header), check_links(evidence, header)
    demand(len(evidence["receipts"]) == len(evidence["holdings"]), "P46", "receipts without holdings")
    receipts = zip(evidence["receipts"], evidence["holdings"])
    held = [check_receipt(receipt, lines, keys_of(cards), header, places) for receipt, lines in receipts]
    members = [member for member, _ in held]
    demand(members == sorted(set(members)), "P46", "receipts out of order")
    demand(not evidence["links"] or places[-1] in [at for _, at in held], "P46", "links that nobody signed for")
    under = f'under "{manifests[0]["title"]}"' if manifests else "at home"
    return f"{header['author']}, system {header['system']}, {under}: {what}; held by {', '.join(members) or 'nobody'}"


def check_file(data):
    if data[:1] == b"\x08":
        return [check_evidence(data)]
    try:
        streams = json.loads(data)
        written = json.dumps(streams, indent=2, ensure_ascii=False) + "\n"
        demand(written.encode() == data, "P10", "the file is not as it is exported")
        demand(streams, "P18", "no streams")
        return [check_stream(stream) for stream in streams]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("P10", f"the file is not as it is exported ({error})") from None


def unnoticed_flip(data, count):
    """The first of so many flipped bytes that nobody notices; none if all are."""
    for turn in range(count):
        place = turn * len(data) // count
        flipped = bytearray(data)
        flipped[place] ^= 1 << turn % 8
        try:
            check_file(bytes(flipped))
            return place
        except Refused:
            pass
    return None


def judge(case):
    packed = case["input"]["bytes"]
    data = unhex(packed) if isinstance(packed, str) else unhex(packed["hex"]) + bytes(packed["zeros"])
    try:
        check_evidence(data)
        return "ok"
    except Refused:
        return "refused"


def check_vectors(path):
    with open(path) as file:
        cases = json.load(file)
    others = [case["name"] for case in cases if judge(case) != case["verdict"]]
    if others:
        sys.exit("other verdicts on: " + "; ".join(others))
    print(f"{len(cases)} vectors judged alike")


def main(arguments):
    if arguments[:1] == ["--vectors"] and len(arguments) == 2:
        return check_vectors(arguments[1])
    if len(arguments) not in (1, 3) or (len(arguments) == 3 and arguments[1] != "--flips"):
        sys.exit(__doc__)
    with open(arguments[0], "rb") as file:
        data = file.read()
    try:
        print("\n".join(check_file(data)))
    except Refused as refused:
        sys.exit(f"refused, {refused}")
    if len(arguments) == 3:
        place = unnoticed_flip(data, int(arguments[2]))
        if place is not None:
            sys.exit(f"a flipped byte at {place} was not noticed")
        print(f"{arguments[2]} flipped bytes, each noticed")


main(sys.argv[1:])
