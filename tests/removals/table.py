"""What makes each property of SECURITY.md hold, taken away: one small change of the code for every row, and the tests that must then fail."""

from typing import Final, NamedTuple


class Removal(NamedTuple):
    """One protection taken away.

    Attributes:
        row: how the row of SECURITY.md begins.
        file: which file is changed, in the repository.
        old: what stands there, once.
        new: what is put in its place.
        tests: which tests must fail, below `tests/`.
    """

    row: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def needs_demo(self) -> bool:
        """Whether a test of it needs a demo of its own."""
        return any(test.startswith("demo/") for test in self.tests)

    def taken_from(self, text: str) -> str:
        """Return the file's text without the protection.

        Raises:
            ValueError: it is not there, or more than once.
        """
        if text.count(self.old) != 1:
            raise ValueError(f"{self.row}: {self.file} has what is to be taken away {text.count(self.old)} times; mend the table")
        return text.replace(self.old, self.new)


# fmt: off
REMOVALS: Final[tuple[Removal, ...]] = (
    Removal(
        "Identifiers and round keys exist in `parties` only",
        "linkage/clock.py", "from datetime import", "import parties  # noqa: F401\nfrom datetime import",
        ("architecture/test_imports.py",),
    ),
    Removal(
        "In a whole round, marker people appear",
        "parties/submission/prepare.py", "    round_key = fetch_round_key(settings, client, agreed, found)\n",
        "    round_key = fetch_round_key(settings, client, agreed, found)\n    settings.path(\"round.key\").write_bytes(round_key)\n",
        ("demo/test_privacy.py",),
    ),
    Removal(
        "What leaves a custodian is filters",
        "parties/submission/prepare.py", "    if scope.kind is Kind.LOCAL_AUTHORITY:\n", "    if True:\n",
        ("unit/parties/test_submission.py",),
    ),
    Removal(
        "Where two signatures were agreed",
        "schemas/sign_off.py", "SIGNERS[: agreed.agreement.manifest_signatures]", "SIGNERS[:1]",
        ("unit/parties/test_sign_off.py",),
    ),
    Removal(
        "A submission larger than the people of its area",
        "linkage/inbox/plausible.py", "if manifest.rows(population) > most:", "if False:",
        ("unit/linkage/test_plausible.py",),
    ),
    Removal(
        "A custodian that committed to filters of other people",
        "parties/audit.py", "if encoded(item.part, item.leaf) != item.leaf:", "if False:",
        ("unit/parties/test_audit.py",),
    ),
    Removal(
        "A round does not start, nor is its basis kept",
        "schemas/lawful_basis.py", "        if broken:\n", "        if False and broken:\n",
        ("unit/schemas/test_lawful_basis.py",),
    ),
    Removal(
        "A round key needs a share of every key holder",
        "parties/keys/round_key.py", "salt=bytes.fromhex(round_digest)", "salt=None",
        ("unit/parties/test_keys.py",),
    ),
    Removal(
        "A share never touches a disk",
        "parties/keys/shares.py", "        check_signed(document, CONTEXT, keys_of(holder, Role.KEY_HOLDER))\n", "",
        ("unit/parties/test_keys.py",),
    ),
    Removal(
        "One round key opens at most 500,000 rows",
        "schemas/agreement.py", "if most is not None and rows > most:", "if False:",
        ("unit/linkage/test_acceptance.py",),
    ),
    Removal(
        "A roster in which the service shares a controller",
        "schemas/roster.py", "(any(org.controller in apart for org in services),", "(False,",
        ("unit/flows/test_demo_parts.py",),
    ),
    Removal(
        "The number of records does not show",
        "parties/encoding/encode.py", "size = padded(max(map(len, made.values())))", "size = max(map(len, made.values()))",
        ("unit/parties/test_submission.py",),
    ),
    Removal(
        "An authority's node whose desk is apart keeps no map",
        "parties/desk_map.py", "if Role.DESK in roles_here(settings):", "if True:",
        ("unit/parties/test_desk_apart.py",),
    ),
    Removal(
        "A production profile refuses padding finer",
        "schemas/agreement.py",
        'if self.encoding.profile != "development" and self.padding.step_per_mille < MINIMUM_STEP:', "if False:",
        ("unit/schemas/test_documents.py",),
    ),
    Removal(
        "A production profile refuses a weak diffusion",
        "schemas/agreement.py", "self.diffusion >= MINIMUM_DIFFUSION and self.diffusion % 2 == 1", "self.diffusion > 0",
        ("unit/parties/test_encoding.py",),
    ),
    Removal(
        "Diffusion uses every bit equally",
        "parties/encoding/diffusion.py", "    if t % 2 and gf2_rank(positions) < bits:\n", "    if False:\n",
        ("unit/parties/test_encoding.py",),
    ),
    Removal(
        "Token tables, which are keyed",
        "parties/encoding/token_positions.py", '        raise TypeError("token positions are keyed', '        return str("token positions are keyed',
        ("unit/parties/test_clk_encoder.py",),
    ),
    Removal(
        "Filters for a peer outside of rounds",
        "parties/encoding/peer_schema.py", "    if schema.kdf_info in {", "    if False and schema.kdf_info in {",
        ("unit/parties/test_encode_file.py",),
    ),
    Removal(
        "Pseudonyms of another round, party or population",
        "parties/encoding/encode.py",
        'people, place = self.rows.people(), (self.round_id, self.population, projection)',
        'people, place = self.rows.people(), ("", self.population, projection)',
        ("unit/parties/test_encoding.py",),
    ),
    Removal(
        "No extract check shows a value",
        "validation/expectations.py", "    batch = _batches().get_batch(", "    print(frame.to_csv())\n    batch = _batches().get_batch(",
        ("unit/validation/test_extract.py",),
    ),
    Removal(
        "Every request is signed by a rostered key",
        "linkage/api/identity.py", "        raise AuthenticationError(f\"request: its nonce was used before; {AGAIN}\") from None\n", "        return\n",
        ("integration/test_service_identity.py",),
    ),
    Removal(
        "What whoever watches the service sees",
        "linkage/api/metrics.py", "sample._replace(value=sample.value // TEN * TEN)", "sample",
        ("integration/test_service_watched.py",),
    ),
    Removal(
        "A malformed request meets no fault",
        "linkage/api/call.py", "            content = from_json(self.body)\n        except ValueError:\n", "            content = from_json(self.body)\n        except KeyError:\n",
        ("conformance/test_malformed_requests.py",),
    ),
    Removal(
        "A role may do what one table says",
        "linkage/api/permissions.py", "if owner is not None and owner != caller.organisation:", "if False:",
        ("unit/linkage/test_permissions.py", "integration/test_service_rounds.py"),
    ),
    Removal(
        "**What custodians are told of a round",
        "linkage/rounds.py",
        "return round_.state if round_.state in (State.OPEN, State.EXPIRED) else State.CLOSED", "return round_.state",
        ("integration/test_service_rounds.py",),
    ),
    Removal(
        "The receipt is 1,024 bytes",
        "schemas/receipt.py", "return canonical_json(document.model_dump()).ljust(RECEIPT_BYTES)",
        "return canonical_json(document.model_dump())",
        ("integration/test_service_submissions.py",),
    ),
    Removal(
        "Comparison tags of different pairs",
        "parties/second_look/evidence.py", "        words[:, block].sort(axis=1)\n", "        words[:, block]\n",
        ("unit/parties/test_second_look_evidence.py",),
    ),
    Removal(
        "A join opens where both sides answered",
        "parties/second_look/halves.py", "opener(key, nonce, OTHER_SIDE[side]) for nonce in named", "opener(key, nonce, side) for nonce in named",
        ("property/test_second_look.py",),
    ),
    Removal(
        "What a node keeps to answer with",
        "parties/answering/kept.py", "        if path.stat().st_mtime < oldest:\n", "        if False:\n",
        ("unit/parties/test_answering.py",),
    ),
    Removal(
        "A node's self-check attacks its own filters",
        "parties/self_check.py", 'if report.verdict == "FAIL":', "if False:",
        ("unit/parties/test_risk_check.py",),
    ),
    Removal(
        "What attacks read of shipped filters",
        "parties/encoding/encode.py", "    return diffuse(clks, draw_positions(key, population, projection, t)) if len(clks) else clks\n", "    return clks\n",
        ("privacy/attacks/test_reading_filters.py",),
    ),
    Removal(
        "One person's filters in different projections",
        "parties/encoding/encode.py",
        "    order = {projection: by_bytes(pseudonyms) for projection, (pseudonyms, _) in encoded.items()}\n",
        "    order = {projection: np.arange(len(pseudonyms)) for projection, (pseudonyms, _) in encoded.items()}\n",
        ("privacy/attacks/test_linking.py",),
    ),
    Removal(
        "A node answers no nonce twice",
        "parties/store/nonces.py", "            if known is None:\n", "            if False:\n",
        ("unit/parties/test_second_look_slots.py",),
    ),
    Removal(
        "A nonce that the service had two custodians answer",
        "schemas/nonce_list.py", "        if count:\n", "        if count > 1_000_000:\n",
        ("unit/parties/test_nonce_lists.py",),
    ),
    Removal(
        "A party with a drifted normaliser",
        "linkage/inbox/acceptance.py", "    if own != others:\n", "    if False:\n",
        ("unit/linkage/test_acceptance.py",),
    ),
    Removal(
        "After a round's end its storage key",
        "linkage/expiry.py", "        session.execute(delete(table).where(table.round_id == round_.round_id))\n", "        pass\n",
        ("integration/test_service_expiry.py",),
    ),
    Removal(
        "What parties had of a round is deleted",
        "parties/deleting.py", "    sealed_shares_file(settings, found.round_id, found.digest).unlink(missing_ok=True)\n", "    pass\n",
        ("unit/parties/test_deleting.py",),
    ),
    Removal(
        "Who has the service's database and vault reads nothing",
        "linkage/storage_keys.py", "    round_.storage_key, round_.storage_master = nonce + box, numbers[-1]\n",
        "    round_.storage_key, round_.storage_master = key, numbers[-1]\n",
        ("unit/linkage/test_storage_keys.py",),
    ),
    Removal(
        "Submissions lie encrypted",
        "linkage/inbox/vault.py", '        return f"{self._round_id}|{place}".encode()\n', '        return b""\n',
        ("unit/linkage/test_vault.py",),
    ),
    Removal(
        "A search sends filters to another machine over TLS alone",
        "linkage/engines/cluster.py", '    if scheme != "tls" and address is not None and not (scheme == "tcp" and host in LOOPBACK):\n', "    if False:\n",
        ("unit/linkage/test_engine_settings.py",),
    ),
    Removal(
        "Release needs valid signatures of two operators",
        "linkage/approvals.py", "    if count < OPERATORS_NEEDED:\n", "    if count < 1:\n",
        ("integration/test_service_rounds.py",),
    ),
    Removal(
        "A child who moved, or whom nobody acknowledged",
        "linkage/release/minting.py", "or_(Envelope.became == Became.MOVED, in_vain)", "Envelope.became == Became.MOVED",
        ("integration/test_service_rounds.py",),
    ),
    Removal(
        "Every authority gets equally many envelopes",
        "linkage/release/minting.py", "        for _ in range(number - len(real))\n", "        for _ in range(0)\n",
        ("integration/test_service_rounds.py",),
    ),
    Removal(
        "A token opens at one authority's desk",
        "linkage/api/envelopes.py", "    if envelope.redeemed_at is not None:\n", "    if False:\n",
        ("integration/test_service_rounds.py",),
    ),
    Removal(
        "Every authority is asked about as many of its records",
        "linkage/release/asking.py", "review[: min(2 * number // 5, len(others))]", "review[:number]",
        ("unit/linkage/test_asking.py",),
    ),
    Removal(
        "Answers leave an authority's node as encodings alone",
        "parties/questions/answers.py", 'yield Failure(row, "record_id", "asked")', "yield Failure(row, record.record_id, \"asked\")",
        ("unit/parties/test_questions.py",),
    ),
    Removal(
        "A referral has no place for an offence",
        "parties/referrals/payloads.py", "    child_name: str = Field(max_length=250)\n",
        "    child_name: str = Field(max_length=250)\n    offence: str = \"\"\n",
        ("unit/parties/test_referrals_documents.py",),
    ),
    Removal(
        "No child is without a recipient",
        "parties/referrals/routing.py", '    Rule("nothing known", lambda _, __: True, _EVERYBODY_ELSE),\n', "",
        ("unit/parties/test_routing.py",),
    ),
    Removal(
        "The record of an urgent call has no place for a child",
        "parties/escalation/records.py", "    check_signed(document, CONTEXT, sender)\n", "",
        ("unit/flows/test_escalate.py",),
    ),
    Removal(
        "What the prison service says of a reception",
        "parties/referrals/protection.py", "        return Opening.PEOPLE_FIRST\n    return Opening.RESTRICTED if any", "        return Opening.ROUTED\n    return Opening.ROUTED if any",
        ("unit/parties/test_custody.py",),
    ),
    Removal(
        "An event of a reception can be told",
        "schemas/event_feed.py", "    while len(known) < FEED_TAGS:\n        known.add(draw(TAG_BYTES))\n", "    while len(known) < FEED_TAGS:\n        known.add(len(known).to_bytes(TAG_BYTES, \"big\"))\n",
        ("unit/schemas/test_events.py",),
    ),
    Removal(
        "What a desk hands to a parent",
        "parties/referrals/access.py", "select(CaseEvent.recorded_at).where(CaseEvent.carer_id", "select(CaseEvent.record_id).where(CaseEvent.carer_id",
        ("unit/parties/test_access.py",),
    ),
    Removal(
        "Nothing of a family goes to a voluntary organisation",
        "parties/referrals/agreeing.py", "    if state is not Consent.GIVEN:\n        raise", "    if False:\n        raise",
        ("unit/parties/test_consent.py",),
    ),
    Removal(
        "Every state of a referral has an owner",
        "parties/referrals/outcomes.py", "        path.unlink(missing_ok=True)\n", "        pass\n",
        ("unit/parties/test_outcomes.py",),
    ),
    Removal(
        "A sheet allows the carer's leaflet",
        "parties/referrals/routing.py", "    return child.parent_on_record and not is_looked_after(child)", "    return not is_looked_after(child)",
        ("unit/parties/test_papers.py",),
    ),
    Removal(
        "A referral is due at 08:30",
        "parties/referrals/calendar.py", "day.weekday() < SATURDAY and day not in BANK_HOLIDAYS", "day.weekday() < SATURDAY",
        ("unit/parties/test_calendar.py",),
    ),
    Removal(
        "Of a child in witness protection",
        "parties/referrals/protection.py", "PROTECTION.get(code, Opening.UNKNOWN)", "PROTECTION.get(code, Opening.ROUTED)",
        ("unit/parties/test_protection.py",),
    ),
    Removal(
        "A planted control is in no finding",
        "linkage/worker.py", "    graph = make_graph(without_controls(opened, controls), pools, release)\n", "    graph = make_graph(opened, pools, release)\n",
        ("unit/linkage/test_worker.py", "acceptance/test_controls.py"),
    ),
    Removal(
        "Lists of controls have one size",
        "schemas/controls.py", "(planted.get(number, NOTHING) for number in range(families))", "planted.values()",
        ("unit/schemas/test_controls.py",),
    ),
    Removal(
        "An envelope for a control is refused with an alarm",
        "parties/referrals/collect.py", "        elif is_control(record):\n", "        elif False:\n",
        ("unit/parties/test_referrals_collect.py",),
    ),
    Removal(
        "Exact counts are never stored or logged",
        "validation/disclosure/ledger.py", "    if (earlier := earlier_answer(session, request)) is not None:\n", "    if (earlier := None) is not None:\n",
        ("unit/linkage/test_ledger.py",),
    ),
    Removal(
        "Noise has the distribution that it claims",
        "validation/disclosure/noise.py", "scale=scale)", "scale=scale / 2)",
        ("unit/flows/test_bench_counts.py",),
    ),
    Removal(
        "What became of referrals leaves an authority as noised counts",
        "parties/tallies/families.py", "        if len(kept[family]) < cap:\n", "        if True:\n",
        ("unit/parties/test_tallies.py",),
    ),
    Removal(
        "What is published of a table follows from its noised integers",
        "linkage/disclosure/adjusting.py", "whole_tables([item.cells for item in estimates], domain)", "[np.rint(item.cells).astype(np.int64) for item in estimates]",
        ("unit/linkage/test_disclosure_tables.py", "unit/linkage/test_estimates.py"),
    ),
    Removal(
        "The audit log and the privacy ledger are append-only and chained",
        "validation/disclosure/ledger.py", "        if release.hash != _hash(previous, release):\n", "        if False:\n",
        ("unit/linkage/test_ledger.py",),
    ),
    Removal(
        "A database put back from a backup does nothing again",
        "linkage/store/audit_copy.py", "    return bool(last) and (last not in log or log[last].hash != kept[last].hash)\n", "    return False\n",
        ("unit/linkage/test_audit_copy.py",),
    ),
    Removal(
        "The service cannot take back what it logged",
        "linkage/heads.py", "        previous=last.document.digest if last else GENESIS,\n", "        previous=GENESIS,\n",
        ("integration/test_service_heads.py",),
    ),
    Removal(
        "The desk's page answers one person",
        "parties/worklist/app.py", "        if _named(request) not in session.shown:\n", "        if False:\n",
        ("unit/parties/test_worklist.py",),
    ),
    Removal(
        "Prefect sees names of flows and stages",
        "flows/boundary.py", "                failure = CodedError(stage, error.exit_code if isinstance(error, KinlinkError) else UNEXPECTED)\n",
        "                failure = CodedError(f\"{stage}: {error}\", error.exit_code if isinstance(error, KinlinkError) else UNEXPECTED)\n",
        ("unit/flows/test_boundary.py",),
    ),
    Removal(
        "Keys and directories are their owner's alone",
        "validation/keyring.py", "    if path.stat().st_mode & ~OWNER_ONLY & 0o777:\n", "    if False:\n",
        ("unit/parties/test_keys.py",),
    ),
    Removal(
        "Signing, sealing and local secrets lie encrypted",
        "validation/keyring.py", "    plain = keyring.unencrypted() if profile != DEVELOPMENT else []\n", "    plain: list[str] = []\n",
        ("unit/validation/test_keyring.py",),
    ),
    Removal(
        "A roster or agreement holds with signatures of two root signers",
        "schemas/roster.py", "ROOT_SIGNATURES_NEEDED = 2", "ROOT_SIGNATURES_NEEDED = 1",
        ("unit/parties/test_root_signing.py",),
    ),
    Removal(
        "Keys are replaced while a round runs",
        "schemas/roster.py", "    if before != after or not all(same) or roster.version <= earlier.version:\n", "    if False:\n",
        ("unit/parties/test_rotation.py",),
    ),
    Removal(
        "The key of the service's certificate lies encrypted",
        "linkage/certificates.py", "    if profile != DEVELOPMENT and not is_key_encrypted(settings):\n", "    if False:\n",
        ("unit/linkage/test_certificates.py",),
    ),
)
# fmt: on
