"""Write the golden vectors: `python -m tests.golden.generate`. A test makes them again in memory and compares all but what is sealed at random.

A vector once written stands: what was sealed, signed or encoded by an earlier version must open, verify and encode alike for
ever. Add vectors for a new version of a format beside the old ones; keys here are of the vectors alone.
"""

import base64
import json
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
from clkhash.comparators import NumericComparison
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parties.controls.families import Members, control_family, control_key, controls_opener
from parties.custody.sealing import custody_key
from parties.encoding.clk import clk_secret, encode_clks
from parties.encoding.clk_encoder import ClkEncoder
from parties.encoding.diffusion import diffuse, draw_positions
from parties.encoding.keystream import Keystream
from parties.encoding.normalise import NORMALISER
from parties.encoding.peer_schema import read_peer_schema
from parties.encoding.rows import PersonRows, fields
from parties.keys.round_key import round_key
from parties.second_look.components import component_texts
from parties.second_look.evidence import digests, tags
from parties.second_look.keys import attribute_key, opener, pair_key, pairs_key
from schemas import deletion, receipt
from schemas.agreement import PROJECTIONS
from schemas.attributes import Attributes, Custody, seal_attributes
from schemas.canonical import canonical_json, digest_of
from schemas.controls import Planted, class_of, list_context, names_of, seal_list
from schemas.encoding_set import POPULATIONS
from schemas.event_feed import FEED_TAGS, Event, padded, tag_of
from schemas.joins import AgeBand, Relation, Standing
from schemas.key_file import stretch, write_key
from schemas.questions import MAX_QUESTIONS, QUESTIONS, QUESTIONS_BYTES, QuestionsBody, write_questions
from schemas.roster import Kind
from schemas.round_manifest import RoundManifest
from schemas.sealed import SealingKey, seal, seal_to_each
from schemas.sealed_join import Join, Tied, seal_join, write_join
from schemas.signature import public_text, sign, signed
from schemas.token import TokenBody, write_token

FOLDER = Path(__file__).parent
PEER_SCHEMAS = FOLDER.parent / "conformance" / "peer_schemas"
PEER_VALUES = {
    "DateSpec": (date(1985, 2, 3), date(2014, 12, 31), date(2000, 2, 29), date(1931, 10, 7)),
    "IntegerSpec": ("180", "+07", " 12 ", "0"),
    "number": ("12.345", "-7", "1e2", ""),
    "ascii": ("CF10 3NP", "M", "", "dy1"),
    "text": ("Zoë", "李小龍 😀", "van der Elm", "", "N/A", "a\u0301 \u200d", "Екатерина"),
}
NORMALISED = ("forename", "middle", "surname", "dob", "sex", "postcode", "address")
T = 9
PEOPLE = (
    {
        "forename": "Ada",
        "surname": "O'Brien-Ash",
        "date_of_birth": "1985-02-03",
        "address": "Flat 2, 1 Long Lane",
        "town": "Cardiff",
        "postcode": "CF10 3NP",
    },
    {
        "forename": "Zoë",
        "surname": "van der Elm",
        "date_of_birth": "2014-12-31",
        "address": "7 St Mary Street",
        "town": "Dudley",
        "postcode": "DY1 1AA",
    },
)
WRITTEN = (  # records in raw columns; each kind of rule of the normaliser has one
    {
        "forename": "Siân (adwaenir fel Shan)",
        "surname": "ap Rhys",
        "date_of_birth": "11 Chwefror 1987",
        "sex": "benyw",
        "address": "No. 14 A Heol y Bont",
    },
    {"forename": "Mr Mohammed", "surname": "Al-Hassan", "date_of_birth": "01/12/1979", "sex": "1", "postcode": "CF1O 3NP"},
    {
        "forename": "Harpreet Kaur",
        "surname": "Gill",
        "date_of_birth": "1990-13-03",
        "sex": "2",
        "address": "HMP Northbridge",
        "postcode": "CF10 3NP",
    },
    {"forename": "-", "surname": "Suhardjono", "date_of_birth": "1975", "sex": "9", "address": "2 Prison Lane", "postcode": "ZZ99 3VZ"},
    {
        "forename": "Mary Jane",
        "middle_names": "Ann",
        "surname": "Jones née MacKay",
        "date_of_birth": "1983-01-01",
        "sex": "F",
        "town": "No Fixed Abode",
    },
    {
        "forename": "Baby of Jane",
        "surname": "van der Elm",
        "date_of_birth": "1900-01-01",
        "sex": "U",
        "address": "Unknown",
        "postcode": "BFPO 12",
    },
)
VALUES = ({}, [], {"b": [1, -2, True, None], "a": {"é": '"\\\n'}}, {"big": 2**64}, "text", 0)


def key(name, size):
    """Return bytes that anybody can make again from a name."""
    content = b"".join(sha256(f"kinlink golden {name} {part}".encode()).digest() for part in range(-(-size // 32)))
    return content[:size]


def text(content):
    """Return bytes as JSON carries them."""
    return base64.b64encode(content).decode()


def canonical():
    """Values and their canonical bytes; values that have none."""
    good = [{"value": value, "canonical": canonical_json(value).decode(), "sha256": digest_of(value)} for value in VALUES]
    return {"good": good, "bad": [1.5, {"a": 0.1}, [1e300]]}


def signatures():
    """A signature, and ways to spoil it."""
    signer, body = Ed25519PrivateKey.from_private_bytes(key("signing", 32)), {"version": 1, "name": "Zoë"}
    made = sign(signer, "golden/root", "roster/1", body)
    good = {"context": "roster/1", "body": body, "key_id": "golden/root", "public_key": public_text(signer), "signature": made.signature}
    other = public_text(Ed25519PrivateKey.from_private_bytes(key("another", 32)))
    changes = (
        {"context": "agreement/1"},
        {"body": {"version": 2, "name": "Zoë"}},
        {"public_key": other},
        {"signature": "AAAA"},
        {"signature": "?"},
    )
    return {"good": [good], "bad": [{**good, **change} for change in changes]}


def sealed():
    """An envelope, and ways to spoil it."""
    recipient, plaintext, info = SealingKey(key("sealing", 96)), b"golden plaintext", "kinlink/token/1|round|authority"
    envelope = seal(plaintext, recipient.public_text(), info)
    good = {"key": text(recipient.raw()), "info": info, "plaintext": text(plaintext), "envelope": text(envelope)}
    spoilt = {
        "one bit of the content": envelope[:-1] + bytes([envelope[-1] ^ 1]),
        "one bit of the key": envelope[:9] + bytes([envelope[9] ^ 1]) + envelope[10:],
        "an unknown suite": envelope[:4] + b"\x02" + envelope[5:],
        "another magic": b"KLS2" + envelope[4:],
        "cut short": envelope[:100],
        "one byte short": envelope[:-1],
    }
    bad = [{**good, "why": why, "envelope": text(content)} for why, content in spoilt.items()]
    bad += [{**good, "why": "another info", "info": info + "x"}, {**good, "why": "another key", "key": text(key("another sealing", 96))}]
    return {"good": [good], "bad": bad}


def sealed_to_each():
    """Envelopes of one content for a desk's holder and deputy, and ways to spoil them."""
    desk, plaintext, info = (
        [SealingKey(key(f"desk {number}", 96)) for number in range(2)],
        b"golden plaintext",
        "kinlink/token/1|round|authority",
    )
    envelopes = seal_to_each(plaintext, [item.public_text() for item in desk], info)
    half = len(envelopes) // 2
    good = [{"key": text(item.raw()), "info": info, "plaintext": text(plaintext), "envelopes": text(envelopes)} for item in desk]
    spoilt = {
        "nothing": b"",
        "one byte": envelopes[:1],
        "cut short": envelopes[:-1],
        "one byte more": envelopes + b"\x00",
        "one bit of the deputy's": envelopes[:-1] + bytes([envelopes[-1] ^ 1]),
        "the holder's alone": envelopes[:half],
        "the holder's twice": envelopes[:half] * 2,
    }
    bad = [{**good[1], "why": why, "envelopes": text(content)} for why, content in spoilt.items()]
    bad += [{**good[1], "why": "another info", "info": info + "x"}, {**good[1], "why": "another key", "key": text(key("a stranger", 96))}]
    return {"good": good, "bad": bad}


def questions():
    """Return question bodies that are read, and contents that are refused."""
    children = tuple(key(f"child {number}", 16).hex() for number in range(MAX_QUESTIONS))
    bodies = [
        QuestionsBody(round_id="r-2026-11", authority="council", questions=QUESTIONS, children=children[:count])
        for count in (0, 20, MAX_QUESTIONS)
    ]
    good = [{"body": body.model_dump(mode="json"), "content": text(write_questions(body))} for body in bodies]
    content = write_questions(bodies[1])
    bad = [
        content[:-1],
        content + b" ",
        content.replace(b"middle_names", b"middle_marks"),
        content.replace(b"children", b"childrex"),
        bytes(QUESTIONS_BYTES),
    ]
    return {"good": good, "bad": [text(item) for item in bad]}


def tokens():
    """Token bodies, and contents that are none."""
    bodies = [
        TokenBody(
            token=key("token", 32).hex(), round_id="r-2026-11", authority="council", child=key("child", 16).hex(), own_carer=carer, grade=grade,
            expires_at="2026-12-01T00:00:00Z",
        )
        for carer, grade in ((key("carer", 16).hex(), "A"), (None, "B"))
    ]  # fmt: skip
    content = write_token(bodies[0])
    bodies.append(bodies[0].model_copy(update={"attributes": tuple(text(key(f"attributes {number}", 62)) for number in range(3))}))
    good = [
        {"body": body.model_dump(exclude=set() if body.attributes else {"attributes"}), "content": text(write_token(body))}
        for body in bodies
    ]
    bad = [content[:-1], content + b" ", content.replace(b'"A"', b'"C"'), content.replace(b'"child"', b'"chile"'), bytes(len(content))]
    return {"good": good, "bad": [text(item) for item in bad]}


def custody():
    """Attributes of receptions, sealed; and seals that stay shut or say nothing that is known."""
    round_key_, nonce = custody_key(key("round", 32)), key("nonce of attributes", 12)
    good = [
        {"handle": handle.hex(), "custody": custody, "is_restricted": restricted, "is_sole_carer": sole, "nonce": nonce.hex(), "sealed": text(sealed)}
        for handle, custody, restricted, sole in (
            (key("handle", 32), Custody.REMAND, False, False), (key("handle", 32), Custody.RECALL, True, True), (key("handle 2", 32), Custody.SENTENCED, False, True),
        )
        for sealed in [
            seal_attributes(Attributes(handle=handle, custody=custody, is_restricted=restricted, is_sole_carer=sole), round_key_, nonce)
        ]
    ]  # fmt: skip
    whole = seal_attributes(None, round_key_, nonce)
    bad = [whole[:-1], whole + b"\0", bytes([whole[0] ^ 1]) + whole[1:], whole[:-1] + bytes([whole[-1] ^ 1]), b"", bytes(len(whole))]
    return {
        "key": round_key_.hex(),
        "good": good,
        "fill": {"nonce": nonce.hex(), "sealed": text(whole)},
        "bad": [text(item) for item in bad],
    }


def feeds():
    """Tags of every event of a handle, and a day's feed made up with bytes that anybody can make again."""
    handle, made = key("handle", 32), iter(range(FEED_TAGS))
    tags = [{"event": event, "sequence": number, "tag": tag_of(handle, event, number).hex()} for number, event in enumerate(Event)]
    tags.append({"event": Event.RELEASED, "sequence": 2**16 - 1, "tag": tag_of(handle, Event.RELEASED, 2**16 - 1).hex()})
    content = padded([bytes.fromhex(item["tag"]) for item in tags], lambda size: key(f"tag {next(made)}", size))
    body = {
        "organisation": "prison", "number": 2, "previous": "a" * 64, "published_at": "2026-11-20T06:00:00Z", "sha256": sha256(content.encode()).hexdigest(),
    }  # fmt: skip
    return {"handle": handle.hex(), "tags": tags, "feed": body}


def receipts():
    """A receipt, and contents that are none."""
    signer = Ed25519PrivateKey.from_private_bytes(key("signing", 32))
    body = {"round_id": "r-2026-11", "organisation": "prison-service", "submission": "ab" * 32, "accepted_at": "2026-11-01T00:00:00Z"}
    content = receipt.write_receipt(signed(signer, "service/service", receipt.CONTEXT, body))
    good = [{"body": body, "public_key": public_text(signer), "content": text(content)}]
    bad = [content[:-1], content + b" ", content.replace(b"accepted_at", b"accepted_on"), b"{}".ljust(len(content))]
    return {"good": good, "bad": [text(item) for item in bad]}


def clks():
    """Filters of invented people before and after diffusion, with the values that were encoded."""
    rows, round_key, made = PersonRows(), key("round", 32), []
    for number, person in enumerate(PEOPLE):
        rows.add_rows(rows.add_person(str(number)), person)
    for population in POPULATIONS:
        for projection in PROJECTIONS:
            secret = clk_secret(round_key, population, projection)
            values = fields(rows, projection)
            before = encode_clks(values, projection, secret)
            after = diffuse(before, draw_positions(round_key, population, projection, T))
            made += [
                {"population": population, "projection": projection, "record": person, "values": list(value), "clk": one.tobytes().hex(), "diffused": two.tobytes().hex()}
                for person, value, one, two in zip(PEOPLE, values, before, after, strict=True)
            ]  # fmt: skip
    return {"round_key": round_key.hex(), "diffusion": T, "good": made}


def peer_value(field, number):
    """Return one of the values in a field's format."""
    kind = type(field).__name__
    if kind == "StringSpec":
        is_number = isinstance(field.hashing_properties.comparator, NumericComparison)
        kind = "number" if is_number else field.hashing_properties.encoding
    if kind == "EnumSpec":
        return sorted(field.values)[number % len(field.values)]
    values = PEER_VALUES.get(kind, PEER_VALUES["text"])
    return values[number % len(values)].strftime(field.format) if kind == "DateSpec" else values[number % len(values)]


def peer_clks():
    """Filters by peers' schemas, which have every feature of clkhash's format; fields that clkhash ignores are left out."""
    made = []
    for path in sorted(PEER_SCHEMAS.glob("*.json")):
        schema = read_peer_schema(path.read_bytes())
        fields = [field for field in schema.fields if field.hashing_properties]
        columns = [[peer_value(field, place + record) for record in range(3)] for place, field in enumerate(fields)]
        encoded = ClkEncoder(schema, key("peer", 24)).encode(columns)
        made += [
            {"schema": path.stem, "values": list(values), "clk": clk.tobytes().hex()}
            for values, clk in zip(zip(*columns, strict=True), encoded, strict=True)
        ]
    return {"secret": key("peer", 24).hex(), "good": made}


def diffusions():
    """Maps as they are drawn from a key; filters of other lengths before and after diffusion."""
    round_key = key("round", 32)
    drawn = [
        {"t": t, "sha256": sha256(draw_positions(round_key, "adults", "A", t).astype("<i8").tobytes()).hexdigest()} for t in (1, 8, 9, 11)
    ]
    made = []
    for bits, length, t in ((1_024, 1_024, 9), (1_024, 200, 11), (1_024, 100, 4), (100, 64, 3)):
        words = np.frombuffer(key(f"positions {bits} {length} {t}", 4 * length * t), dtype="<u4").reshape(length, t)
        positions, size = (words % bits).astype(np.int64), -(-bits // 8)
        before = np.frombuffer(key(f"filters {bits} {length} {t}", 3 * size), dtype=np.uint8).reshape(3, size)
        after = diffuse(before, positions)
        made.append({"bits": bits, "positions": [" ".join(map(str, row)) for row in positions.tolist()], "before": [row.tobytes().hex() for row in before], "after": [row.tobytes().hex() for row in after]})  # fmt: skip
    return {"round_key": round_key.hex(), "drawn": drawn, "good": made}


def similarities():
    """Filters and the pairs that reach a cut with their Dice coefficients, one of them exactly at it; by definition, without an engine."""
    left = np.frombuffer(key("left filters", 8 * 128), dtype=np.uint8).reshape(8, 128) & np.frombuffer(key("mask", 128), dtype=np.uint8)
    right = left[[3, 0, 6, 1, 5, 2]].copy()
    for number, row in enumerate(right):
        row[: 16 * number] ^= np.frombuffer(key(f"noise {number}", 16 * number), dtype=np.uint8)
    one, other = (np.unpackbits(side, axis=1).astype(int) for side in (left, right))
    common, weights = one @ other.T, one.sum(axis=1)[:, None] + other.sum(axis=1)
    cut = sorted((2 * common / weights).ravel().tolist())[-6]
    pairs = [
        {"left": int(a), "right": int(b), "common": int(common[a, b]), "bits": int(weights[a, b]), "dice": 2 * int(common[a, b]) / int(weights[a, b])}
        for a, b in zip(*np.nonzero(2 * common / weights >= cut), strict=True)
    ]  # fmt: skip
    return {"left": [row.tobytes().hex() for row in left], "right": [row.tobytes().hex() for row in right], "cut": cut, "good": pairs}


def second_look():
    """Both halves of a pair: keys, digests and tags of a record, joins written and sealed; and halves that must stay shut."""
    rows, round_key, nonce = PersonRows(), key("round", 32), key("nonce", 16)
    rows.add_rows(rows.add_person("0"), {**PEOPLE[0], "sex": "F", "middle_names": "Ada Mary"})
    root, texts = pairs_key(round_key, "children", Kind.PRISON_SERVICE, Kind.LOCAL_AUTHORITY), component_texts(rows)[0]
    made = digests([texts], attribute_key(round_key, "children"), Keystream(key("blanks", 32)))
    openers = {side: opener(root, nonce, side).hex() for side in ("left", "right")}
    joins = [
        Join(
            person=key("person", 16),
            population="adults",
            tied=(
                Tied(key("child", 16), Relation(Standing.SCHOOL_ONLY, 8_106, AgeBand.FROM_5_TO_9)),
                Tied(key("other child", 16), Relation(Standing.LOOKED_AFTER)),
            ),
        ),
        Join(
            person=key("child", 16),
            population="children",
            relation=Relation(Standing.RESIDENT, 8_107, AgeBand.FROM_10_TO_14),
            tied=(Tied(key("carer", 16)),),
            more=2,
        ),
        None,
    ]
    contents = [write_join(join) for join in joins]
    good = [
        {"side": side, "content": content.hex(), "sealed": seal_join(content, bytes.fromhex(openers[side])).hex()}
        for side in ("left", "right")
        for content in contents
    ]
    whole = bytes.fromhex(good[1]["sealed"])
    bad = [
        {"why": "the other side's opener", "side": "right", "sealed": whole.hex()},
        {"why": "one bit of the content", "side": "left", "sealed": bytes([whole[0] ^ 1]).hex() + whole[1:].hex()},
        {"why": "one bit of the tag", "side": "left", "sealed": whole[:-1].hex() + bytes([whole[-1] ^ 1]).hex()},
        {"why": "cut short", "side": "left", "sealed": whole[:-1].hex()},
        *(
            {"why": why, "side": "left", "sealed": seal_join(content, bytes.fromhex(openers["left"])).hex()}
            for why, content in {
                "too long": contents[0] + b"\0",
                "a third population": contents[0][:16] + b"\3" + contents[0][17:],
                "an unknown standing": contents[0][:17] + b"\5" + contents[0][18:],
                "thirteen ties": contents[0][:20] + b"\r" + contents[0][21:],
            }.items()
        ),
    ]
    return {
        "round_key": round_key.hex(), "population": "children", "uploader": "prison-service", "responder": "local-authority",
        "attribute_key": attribute_key(round_key, "children").hex(), "pairs_key": root.hex(),
        "nonce": nonce.hex(), "pair_key": pair_key(root, nonce).hex(), "openers": openers,
        "blanks": key("blanks", 32).hex(), "components": texts,
        "digests": made.tobytes().hex(), "tags": tags(made, [pair_key(root, nonce)]).tobytes().hex(),
        "good": good, "bad": bad,
    }  # fmt: skip


def normalised():
    """Records as they are written and the rows that the normaliser of this version makes of them."""
    made = []
    for record in WRITTEN:
        rows = PersonRows()
        rows.add_rows(rows.add_person("0"), record)
        made.append({"record": record, "rows": {name: getattr(rows, name) for name in NORMALISED}})
    return {"normaliser": NORMALISER, "good": made}


def planted_controls():
    """Control families as every custodian must derive them, and a sealed list; and lists that stay shut."""
    round_key, families = key("round", 32), 20
    members = Members("prison", ["force"], [("north", "E08000025"), ("south", "W06000015")])
    made = [control_family(control_key(round_key), number, members, date(2026, 11, 2)) for number in range(families)]
    told = [
        {"number": family.number, "class": class_of(family.number), "names": names_of(family.number), "recorded": family.recorded}
        for family in made
    ]
    round_opener, context = controls_opener(round_key), list_context("0" * 64, "north")
    ids = {2: [key("adult", 16).hex(), key("child", 16).hex()], 7: [None, key("other child", 16).hex()]}
    sealed_list = seal_list(
        {number: Planted(*(item and bytes.fromhex(item) for item in pair)) for number, pair in ids.items()}, families, round_opener, context
    )
    bad = [
        {"why": "one bit of the content", "sealed": bytes([sealed_list[0] ^ 1]).hex() + sealed_list[1:].hex()},
        {"why": "one bit of the tag", "sealed": sealed_list[:-1].hex() + bytes([sealed_list[-1] ^ 1]).hex()},
        {"why": "cut short", "sealed": sealed_list[:-1].hex()},
    ]
    return {
        "round_key": round_key.hex(), "opener": round_opener.hex(), "context": context, "families": told,
        "good": [{"ids": ids, "sealed": sealed_list.hex()}], "bad": bad,
    }  # fmt: skip


def round_keys():
    """Round keys of shares and manifests, and shares that give none."""
    shares = {name: key(name, 32) for name in ("holder-1", "holder-2", "holder-3")}
    body = {
        "round_id": "round-1", "roster_digest": "a" * 64, "agreement_digest": "b" * 64, "purpose": "support", "scope": "north",
        "opens_at": "2026-09-07T00:00:00Z", "closes_at": "2026-09-14T00:00:00Z",
    }  # fmt: skip
    manifests = [body, body | {"scope": "south"}, body | {"closes_at": "2026-09-14T00:00:01Z"}]
    good = [
        {"manifest": manifest, "shares": names, "round_key": round_key({name: shares[name] for name in names}, RoundManifest(**manifest), digest_of(manifest)).hex()}
        for manifest, names in [*((manifest, ["holder-1", "holder-2"]) for manifest in manifests), (body, ["holder-3", "holder-1", "holder-2"])]
    ]  # fmt: skip
    bad = [
        {"why": "one share", "shares": {"holder-1": shares["holder-1"].hex()}},
        {"why": "the same share twice", "shares": dict.fromkeys(("holder-1", "holder-2"), shares["holder-1"].hex())},
        {"why": "an empty share", "shares": {"holder-1": shares["holder-1"].hex(), "holder-2": ""}},
        {"why": "a weak share", "shares": {"holder-1": shares["holder-1"].hex(), "holder-2": "0102" * 16}},
        {"why": "a long share", "shares": {"holder-1": shares["holder-1"].hex(), "holder-2": shares["holder-2"].hex() + "00"}},
    ]
    return {"shares": {name: share.hex() for name, share in shares.items()}, "good": good, "bad": bad}


def deletions():
    """A deletion statement, signed; and bodies that are none."""
    signer = Ed25519PrivateKey.from_private_bytes(key("holder", 32))
    body = {
        "round_id": "round-1", "round_digest": "a" * 64, "organisation": "holder-1", "deleted_at": "2026-09-14T08:00:00Z",
        "deleted": [{"material": "sealed-shares", "sha256": "b" * 64}, {"material": "outbox", "sha256": None}],
    }  # fmt: skip
    document = signed(signer, "holder-1/key-holder", deletion.CONTEXT, body).model_dump()
    changes = (
        {"share": "AAAA"}, {"round_id": "round-2"}, {"round_digest": "c" * 64}, {"organisation": "holder-2"}, {"deleted_at": "yesterday"},
        {"deleted": [{"material": "everything", "sha256": None}]}, {"deleted": [body["deleted"][0]] * 17}, {"deleted": [{"material": "outbox", "sha256": "b"}]},
    )  # fmt: skip
    return {"public_key": public_text(signer), "good": [document], "bad": [body | change for change in changes]}


def key_files():
    """Private keys as they lie on disk, and files that must not open."""
    passphrase, salt, nonce = "correct horse battery staple", key("salt", 16), key("nonce", 12)
    stretched = stretch(passphrase.encode(), salt, 10)
    good = [
        {"name": name, "secret": secret.hex(), "file": write_key(secret, name, stretched, salt=salt, log2_cost=10, nonce=nonce).decode()}
        for name, secret in (("custodian.signing", key("signing", 32)), ("desk.sealing", key("sealing", 96)))
    ]
    whole = json.loads(good[0]["file"])
    bad = [
        {"why": why, "name": name, "passphrase": given, "file": canonical_json(whole | changes).decode()}
        for why, name, given, changes in (
            ("another passphrase", "custodian.signing", passphrase + "!", {}),
            ("another's place", "desk.signing", passphrase, {}),
            ("another's name", "desk.signing", passphrase, {"name": "desk.signing"}),
            ("another cost", "custodian.signing", passphrase, {"log2_cost": 11}),
            ("a cost that would stop the machine", "custodian.signing", passphrase, {"log2_cost": 40}),
            ("another salt", "custodian.signing", passphrase, {"salt": base64.b64encode(key("salt 2", 16)).decode()}),
            ("a short salt", "custodian.signing", passphrase, {"salt": "AAAA"}),
            ("a box cut short", "custodian.signing", passphrase, {"box": whole["box"][:-8]}),
            ("an unknown format", "custodian.signing", passphrase, {"format": "kinlink/private-key/2"}),
            ("a field too many", "custodian.signing", passphrase, {"hint": ""}),
        )
    ]
    return {"passphrase": passphrase, "salt": salt.hex(), "log2_cost": 10, "key": stretched.hex(), "good": good, "bad": bad}


VECTORS = {
    "canonical-json": canonical,
    "signature": signatures,
    "sealed-envelope": sealed,
    "sealed-to-each": sealed_to_each,
    "questions-body": questions,
    "round-key": round_keys,
    "deletion": deletions,
    "key-file": key_files,
    "token-body": tokens,
    "attributes": custody,
    "event-feed": feeds,
    "receipt": receipts,
    "clk": clks,
    "clk-peers": peer_clks,
    "diffusion": diffusions,
    "similarity": similarities,
    "second-look": second_look,
    "controls": planted_controls,
    "normaliser-2": normalised,
}
RANDOM = {"sealed-envelope", "sealed-to-each"}  # new bytes each time


def as_text(vectors):
    """Return vectors as their file holds them."""
    return json.dumps(vectors, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, make in VECTORS.items():
        file = FOLDER / f"{name}.json"
        if name not in RANDOM or not file.exists():
            file.write_text(as_text(make()), encoding="utf-8")
