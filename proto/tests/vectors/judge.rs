//! Judges the input of one vector as `README.md` beside this file describes it.

use serde_json::{Value, json};
use xietong_proto::card::Card;
use xietong_proto::chain::follow;
use xietong_proto::crypto::{PublicKey, SecretKey, Tag, tagged_hash};
use xietong_proto::entry::{Authority, Draft, Entry, EntryHead, LeafProof, Record, SignedEntry};
use xietong_proto::epochs::{Epochs, Standing};
use xietong_proto::evidence::{Evidence, Said};
use xietong_proto::fork::{ForkProof, Lineage, supported};
use xietong_proto::header::Header;
use xietong_proto::id::*;
use xietong_proto::manifest::Manifest;
use xietong_proto::object::fingerprint;
use xietong_proto::opinion::{Opinion, Stance};
use xietong_proto::purge::Purge;
use xietong_proto::receipt::{Receipt, root};
use xietong_proto::reject::Reject;
use xietong_proto::stream::{Audience, Head, Stream};
use xietong_proto::sync::{Frame, Heads, digest};
use xietong_proto::{merkle, stream};

/// What is found: an output, or a refusal with what is said of it.
pub type Finding = Result<Value, Value>;

/// Judges an input.
pub fn judge(judge: &str, input: &Value) -> Finding {
    match judge {
        "hash" => Ok(json!({ "hash": hex(tagged_hash(tag(input), &bytes(&input["body"]))) })),
        "key" => key(&input["public"]).map(|_| json!({})),
        "signature" => signature(input),
        "stream" => stream_name(&input["name"]),
        "header" => header(input).map(|header| header_output(&header)),
        "author" => Ok(author(input)),
        "entry" => entry(input).map(|entry| entry_output(&entry)),
        "tree" => Ok(tree(input)),
        "proof" => proof(input),
        "code" => input["code"]
            .as_str()
            .expect("text")
            .parse::<MemberCode>()
            .map_or(NO, |code| Ok(json!({ "bytes": hex(code.bytes()) }))),
        "card" => refusing(Card::open(&bytes(&input["bytes"]))).map(|card| card_output(&card)),
        "manifest" => manifest(&input["bytes"]).map(|manifest| manifest_output(&manifest)),
        "opinion" => opinion(input),
        "receipt" => receipt(input),
        "purge" => purge(input),
        "fork" => fork(input),
        "counts" => counts(input),
        "standing" => Ok(standing(&epochs(input)?)),
        "follows_manifest" => follows_manifest(input),
        "may" => may(input),
        "evidence" => evidence(input),
        "fingerprint" => Ok(json!({ "digits": fingerprint(&array(&input["id"])) })),
        "stands" => stands(input),
        "authoring" => authoring(input),
        "follow" => follows(input),
        "audience" => audience(input),
        "frame" => refusing(Frame::decode(&bytes(&input["bytes"]))).map(|frame| frame_output(&frame)),
        other => panic!("no judge is called {other}"),
    }
}

/// A plain no.
const NO: Finding = Err(Value::Null);

fn refusing<T>(result: Result<T, Reject>) -> Result<T, Value> {
    result.map_err(|reject| serde_json::to_value(reject).expect("a reject has a JSON form"))
}

/// Hexadecimal text, or `{"hex": …, "zeros": n}`: the bytes and n zero bytes.
pub fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().or_else(|| value["hex"].as_str()).expect("bytes in hex");
    let mut bytes = hex::decode(text).expect("hexadecimal digits");
    bytes.resize(bytes.len() + value["zeros"].as_u64().unwrap_or(0) as usize, 0);
    bytes
}

pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    hex::encode(bytes)
}

/// As [`bytes`] reads it: many zero bytes at the end are counted.
pub fn packed(bytes: impl AsRef<[u8]>) -> Value {
    let bytes = bytes.as_ref();
    let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count();
    match zeros {
        0..256 => json!(hex(bytes)),
        256.. => json!({ "hex": hex(&bytes[..bytes.len() - zeros]), "zeros": zeros }),
    }
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().expect("the length that this field has")
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

fn tag(input: &Value) -> Tag {
    match input["tag"].as_str().expect("a tag's name") {
        "entry" => Tag::Entry,
        "stream" => Tag::Stream,
        "leaf" => Tag::Leaf,
        "seed" => Tag::Seed,
        "manifest" => Tag::Manifest,
        "card" => Tag::Card,
        "approve" => Tag::Approve,
        "decline" => Tag::Decline,
        "withdraw" => Tag::Withdraw,
        "receipt" => Tag::Receipt,
        "holdings" => Tag::Holdings,
        "purge" => Tag::Purge,
        "heads" => Tag::Heads,
        "fingerprint" => Tag::Fingerprint,
        other => panic!("no tag is called {other}"),
    }
}

fn key(public: &Value) -> Result<PublicKey, Value> {
    PublicKey::from_bytes(&bytes(public)).map_err(|_| Value::Null)
}

/// The key made of `key_seed`, or the one given as `public`.
fn verifier(input: &Value) -> Result<PublicKey, Value> {
    match &input["key_seed"] {
        Value::Null => key(&input["public"]),
        seed => Ok(SecretKey::from_bytes(&array(seed)).public()),
    }
}

fn signature(input: &Value) -> Finding {
    let holds = verifier(input)?.verifies(tag(input), &bytes(&input["body"]), &array(&input["signature"]));
    let verdict = holds.then_some(json!({})).ok_or(Reject::BadSignature);
    refusing(verdict)
}

fn stream_of(name: &Value) -> Result<Stream, Value> {
    let stream = Stream::from_name(&array(name)).map_err(|_| Reject::Malformed);
    refusing(stream)
}

fn stream_name(name: &Value) -> Finding {
    let stream = stream_of(name)?;
    let (audience, peer) = match stream.audience {
        Audience::Local => ("local", None),
        Audience::Agreement => ("agreement", None),
        Audience::Pair(peer) => ("pair", Some(peer)),
    };
    let Stream { agreement, author, system, generation, .. } = stream;
    let origin = stream.origin().id;
    Ok(json!({ "agreement": agreement, "audience": audience, "peer": peer, "author": author,
               "system": system, "generation": generation, "origin": origin }))
}

fn header(input: &Value) -> Result<Header, Value> {
    let bytes = bytes(&input["header"]);
    refusing(Header::decode(bytes.first_chunk().filter(|all| all.len() == bytes.len()).expect("186 bytes")))
}

fn header_output(header: &Header) -> Value {
    let Header { epoch, manifest, card, position, previous, time, records, payload_bytes, root, .. } = header;
    json!({ "id": header.id(), "stream": hex(header.stream.name()), "epoch": epoch, "manifest": manifest,
            "card": card, "position": position, "previous": previous, "time_ms": time.0.to_string(),
            "records": records, "payload_bytes": payload_bytes, "root": root })
}

fn record(value: &Value) -> Record {
    Record {
        kind: RecordKind(number(&value["kind"]) as u16),
        version: number(&value["version"]) as u16,
        body: bytes(&value["body"]),
    }
}

fn author(input: &Value) -> Value {
    let records: Vec<Record> = input["records"].as_array().expect("records").iter().map(record).collect();
    let authority = Authority {
        epoch: Epoch(number(&input["epoch"]) as u32),
        manifest: ManifestId(array(&input["manifest"])),
        card: CardNumber(number(&input["card"]) as u32),
    };
    let stream = Stream::from_name(&array(&input["stream"])).expect("a stream");
    let time = Millis(number(&input["time_ms"]));
    let draft = Draft::new(stream, head(&input["head"]), authority, time, &array(&input["secret"]), &records);
    json!({ "bytes": hex(draft.sign(&SecretKey::from_bytes(&array(&input["key_seed"]))).bytes()) })
}

fn head(value: &Value) -> Head {
    Head { position: Position(number(&value["position"])), id: EntryId(array(&value["id"])) }
}

fn entry(input: &Value) -> Result<SignedEntry, Value> {
    let entry = refusing(Entry::decode(&bytes(&input["bytes"])))?;
    refusing(entry.open(&verifier(input)?))
}

fn entry_output(entry: &SignedEntry) -> Value {
    let record = |record: Record| json!({ "kind": record.kind, "version": record.version, "body": packed(record.body) });
    json!({ "id": entry.id(), "records": entry.records().map(record).collect::<Vec<_>>() })
}

fn tree(input: &Value) -> Value {
    let leaves: Vec<[u8; 32]> = input["leaves"].as_array().expect("leaves").iter().map(array).collect();
    let path = |index| merkle::path(&leaves, index).iter().map(hex).collect::<Vec<_>>();
    let paths: Vec<_> = (0..leaves.len()).map(path).collect();
    json!({ "root": merkle::root(&leaves), "paths": paths })
}

fn proof(input: &Value) -> Finding {
    let path = input["path"].as_array().expect("a path").iter().map(array).collect();
    let proof = LeafProof { salt: array(&input["salt"]), record: bytes(&input["record"]), path };
    let index = number(&input["index"]) as u32;
    if proof.holds(&header(input)?, index) { Ok(json!({})) } else { NO }
}

fn card_output(card: &Card) -> Value {
    let fields = &card.fields;
    json!({ "id": card.id(), "fingerprint": card.fingerprint(), "number": fields.number, "code": fields.code,
            "seal_key": hex(fields.seal_key.to_bytes()), "entry_key": hex(fields.entry_key.to_bytes()) })
}

fn manifest(bytes: &Value) -> Result<Manifest, Value> {
    refusing(Manifest::open(&self::bytes(bytes)))
}

fn manifest_output(manifest: &Manifest) -> Value {
    let fields = &manifest.fields;
    let codes: Vec<_> = fields.members.iter().map(|member| member.code).collect();
    let systems: Vec<_> = fields.scope.iter().map(|scope| scope.system).collect();
    json!({ "id": manifest.id(), "fingerprint": manifest.fingerprint(), "epoch": fields.epoch,
            "members": codes, "systems": systems, "quorum": fields.quorum })
}

fn stance(value: &Value) -> Stance {
    serde_json::from_value(value.clone()).expect("a stance")
}

fn opinion(input: &Value) -> Finding {
    let opinion = refusing(epochs(input)?.open(stance(&input["stance"]), &bytes(&input["bytes"])))?;
    let fields = opinion.fields;
    Ok(json!({ "member": fields.member, "manifest": fields.manifest, "reason": fields.reason }))
}

/// What is known of an agreement: manifests, each after its predecessor, with the opinions on them.
fn epochs(input: &Value) -> Result<Epochs, Value> {
    let manifests = input["manifests"].as_array().expect("manifests").iter().map(manifest);
    let mut manifests = manifests.collect::<Result<Vec<_>, _>>()?.into_iter();
    let mut epochs = refusing(Epochs::new(manifests.next().expect("a first manifest")))?;
    let later = |epochs: &mut Epochs, manifest: Manifest| {
        refusing(epochs.check(&manifest))?;
        epochs.learn(vec![manifest], Vec::new());
        Ok::<_, Value>(())
    };
    let mut opinions = input["opinions"].as_array().cloned().unwrap_or_default();
    // Whatever can be said now is said now; the rest follows the next manifest.
    loop {
        let open = |said: &Value| epochs.open(stance(&said["stance"]), &bytes(&said["bytes"]));
        let (known, rest): (Vec<Value>, Vec<Value>) =
            opinions.into_iter().partition(|said| open(said).is_ok());
        let known: Vec<Opinion> = known.iter().filter_map(|said| open(said).ok()).collect();
        epochs.learn(Vec::new(), known);
        opinions = rest;
        match manifests.next() {
            Some(manifest) => later(&mut epochs, manifest)?,
            None => break,
        }
    }
    for cited in input["cited"].as_array().into_iter().flatten() {
        epochs.cite(ManifestId(array(&cited["manifest"])), code(&cited["member"]));
    }
    match opinions.first() {
        Some(said) => {
            Err(refusing(epochs.open(stance(&said["stance"]), &bytes(&said["bytes"]))).unwrap_err())
        }
        None => Ok(epochs),
    }
}

fn standing(epochs: &Epochs) -> Value {
    let chain = epochs.standing().chain();
    match epochs.standing() {
        Standing::Proposed => {
            let missing = epochs.tally(epochs.newest().id()).expect("it is known").missing;
            json!({ "standing": "proposed", "missing": missing })
        }
        Standing::InForce(_) => json!({ "standing": "in_force", "chain": chain }),
        Standing::Closed { by, .. } => json!({ "standing": "closed", "chain": chain, "by": by }),
        Standing::Split { rivals, by, .. } => {
            json!({ "standing": "split", "chain": chain, "rivals": rivals, "by": by })
        }
    }
}

fn follows_manifest(input: &Value) -> Finding {
    let next = manifest(&input["next"])?;
    refusing(epochs(input)?.check(&next)).map(|()| json!({}))
}

fn may(input: &Value) -> Finding {
    let id = ManifestId(array(&input["manifest"]));
    let may = epochs(input)?.may(code(&input["member"]), stance(&input["stance"]), id);
    may.map(|()| json!({})).map_err(|bar| serde_json::to_value(bar).expect("a bar has a JSON form"))
}

fn stands(input: &Value) -> Finding {
    let (epochs, header) = (epochs(input)?, header(input)?);
    let number =
        |card: CardId| input["cards"][card.to_string()].as_u64().map(|number| CardNumber(number as u32));
    refusing(epochs.stands(&header, number))?;
    let Value::String(_) = &input["before"] else { return Ok(json!({})) };
    let before = self::header(&json!({ "header": input["before"] }))?;
    refusing(epochs.follows(&before, &header)).map(|()| json!({}))
}

fn code(value: &Value) -> MemberCode {
    value.as_str().expect("a code").parse().expect("a member code")
}

fn receipt(input: &Value) -> Finding {
    let key = SecretKey::from_bytes(&array(&input["key_seed"])).public();
    let receipt = refusing(Receipt::open(&bytes(&input["bytes"]), |_| Ok(&key)))?;
    let fields = &receipt.fields;
    Ok(json!({ "member": fields.member, "number": fields.number, "root": hex(fields.root) }))
}

fn purge(input: &Value) -> Finding {
    let key = SecretKey::from_bytes(&array(&input["key_seed"])).public();
    let purge = refusing(Purge::open(&bytes(&input["bytes"]), |_| Ok(&key)))?;
    let fields = &purge.fields;
    let until = fields.until.iter().map(|(stream, end)| json!([hex(stream.name()), end.position, end.id]));
    let kept = fields.kept.iter().map(|((stream, position), why)| json!([hex(stream.name()), position, why]));
    let (until, kept): (Vec<Value>, Vec<Value>) = (until.collect(), kept.collect());
    Ok(json!({ "member": fields.member, "author": fields.author, "until": until, "kept": kept }))
}

fn fork(input: &Value) -> Finding {
    let key = SecretKey::from_bytes(&array(&input["key_seed"])).public();
    let pair = refusing(ForkProof::split(&bytes(&input["bytes"])))?;
    let proof = refusing(ForkProof::open(pair, |_| Ok(&key)))?;
    Ok(json!({ "stream": hex(proof.stream().name()), "position": proof.at(), "previous": proof.previous() }))
}

fn evidence(input: &Value) -> Finding {
    let evidence = refusing(Evidence::open(&bytes(&input["bytes"])))?;
    let head = evidence.head();
    let held =
        evidence.held.iter().map(|held| json!({ "member": held.member, "position": held.at.position }));
    let held: Vec<Value> = held.collect();
    let (stream, position) = (hex(head.header().stream.name()), head.header().position);
    Ok(match &evidence.said {
        Said::Record { index, record, .. } => {
            let record = json!({ "kind": record.kind, "version": record.version, "body": hex(&record.body) });
            json!({ "stream": stream, "position": position, "index": index, "record": record, "held": held })
        }
        Said::Fork(proof) => {
            let ids = proof.heads().map(EntryHead::id);
            json!({ "stream": stream, "position": position, "ids": ids, "held": held })
        }
    })
}

fn counts(input: &Value) -> Finding {
    let at = Position(number(&input["at"]));
    let ids = |path: &Value| path.as_array().expect("a path").iter().map(|id| EntryId(array(id))).collect();
    let lineage = |path: &Value| Lineage { trunk: Position(at.0 - 1), branch: ids(path) };
    let signed: Vec<Lineage> = input["signed"].as_array().expect("paths").iter().map(lineage).collect();
    let found = supported(number(&input["others"]) as usize, at, &signed);
    let entry: Vec<EntryId> = ids(&input["entry"]);
    if found.branch.starts_with(&entry) { Ok(json!({})) } else { NO }
}

fn authoring(input: &Value) -> Finding {
    let now = Millis(number(&input["time_ms"]));
    if manifest(&input["manifest"])?.is_valid_at(now) { Ok(json!({})) } else { NO }
}

fn follows(input: &Value) -> Finding {
    let linked = refusing(follow(&head(&input["head"]), entry(input)?))?;
    let stream::Head { position, id } = linked.head();
    Ok(json!({ "position": position, "id": id }))
}

fn audience(input: &Value) -> Finding {
    if stream_of(&input["stream"])?.is_for(code(&input["member"])) { Ok(json!({})) } else { NO }
}

fn frame_output(frame: &Frame) -> Value {
    match frame {
        Frame::Hello(hello) => json!({ "message": "hello", "agreement": hello.agreement,
            "manifest": hello.manifest, "instance": hello.instance.to_string(), "time_ms": hello.time,
            "addresses": hello.addresses, "begun_ms": hello.begun,
            "answers": hello.answers.map(|start| json!([start.instance.to_string(), start.begun])) }),
        Frame::Cards(cards) => {
            json!({ "message": "cards", "cards": cards.iter().map(hex).collect::<Vec<_>>() })
        }
        Frame::Heads(Heads::Digest(digest)) => json!({ "message": "heads", "digest": hex(digest) }),
        Frame::Heads(Heads::All(lines)) => {
            json!({ "message": "heads", "lines": lines.len(), "complete": true, "digest_of_lines": hex(digest(lines)) })
        }
        Frame::Heads(Heads::Changed(lines)) => {
            json!({ "message": "heads", "lines": lines.len(), "complete": false })
        }
        Frame::Want(want) => json!({ "message": "want", "stream": hex(want.stream.name()), "from": want.from,
            "bytes_max": want.bytes_max }),
        Frame::Range(range) => json!({ "message": "range", "stream": hex(range.stream.name()),
            "from": range.from, "until": range.until, "entries": hex(&range.entries) }),
        Frame::Receipted(receipted) => json!({ "message": "receipted", "receipt": hex(&receipted.receipt),
            "base": receipted.base, "lines": receipted.lines.len(), "root_of_lines": hex(root(&receipted.lines)) }),
        Frame::Fork(pair) => json!({ "message": "fork", "ids": pair.map(|head| head.id()) }),
        Frame::Trace(trace) => json!({ "message": "trace", "stream": hex(trace.stream.name()),
            "from": trace.from, "position": trace.to.position, "id": trace.to.id }),
        Frame::Traced(traced) => json!({ "message": "traced", "stream": hex(traced.stream.name()),
            "id": traced.to, "heads": traced.heads.iter().map(EntryHead::id).collect::<Vec<_>>() }),
        Frame::Signing(signing) => {
            let opinions = signing
                .opinions
                .iter()
                .map(|(stance, bytes)| json!({ "stance": stance, "bytes": hex(bytes) }));
            json!({ "message": "signing", "manifest": hex(&signing.manifest), "opinions": opinions.collect::<Vec<_>>() })
        }
        Frame::Rival(instance) => json!({ "message": "rival", "instance": instance.to_string() }),
        Frame::Push(push) => {
            json!({ "message": "push", "head": hex(&push.head), "payload": hex(&push.payload) })
        }
    }
}
