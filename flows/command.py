"""The `kinlink` command. Knows every sub-command by name and loads none of them before it is asked for."""

import os
import sys

from cyclopts import App

from schemas.errors import KinlinkError

PRIVATE = 0o077  # files that this process or a library of it creates are the owner's alone
INTERRUPTED = 130

EPILOGUE = """First steps:

    kinlink demo                          a whole round on an invented population
    kinlink evaluate LEFT RIGHT           link two labelled files and report quality
    kinlink party init --help             how a custodian starts

Every command takes --help; most take --json for one machine-readable object on standard output."""

COMMANDS = (
    (("demo",), "flows.commands.demo:demo", "Run a whole round on an invented population, every role as its own process."),
    (("synth",), "flows.commands.synth:synth", "Write an invented population as custodians' extracts, with the truth apart."),
    (("evaluate",), "flows.commands.evaluate:evaluate", "Link two labelled files through the real encoders and report quality."),
    (("doctor",), "flows.commands.doctor:doctor", "Check this machine, or a node; say how to mend each fault."),
    (("party", "init"), "flows.commands.party:init", "Make a node: directory, keys, settings."),
    (("party", "install"), "flows.commands.party:install", "Install the roster and agreement that the root signers sent."),
    (("party", "agreement"), "flows.commands.party:agreement", "Write what was agreed as one page."),
    (("party", "dpia"), "flows.commands.party:dpia", "Write an impact assessment to complete, filled from what was agreed."),
    (("party", "check"), "flows.commands.party:check", "Check the extract; quarantine rows that break a rule."),
    (("party", "coverage"), "flows.commands.coverage:coverage", "Say how complete the extract is."),
    (("party", "risk"), "flows.commands.party:risk", "Attack this node's own filters before they are sent."),
    (("party", "encode"), "flows.commands.party:encode", "Encode a file for linkage with a peer who uses clkhash."),
    (("party", "submit"), "flows.commands.party:submit", "Check, encode, seal and submit; ends with a receipt."),
    (("party", "desk"), "flows.commands.desk:desk", "Make the directory and keys of an authority's desk, apart from its node."),
    (("party", "lead"), "flows.commands.lead:lead", "Make the directory and key of the data-protection lead."),
    (("party", "sign-off"), "flows.commands.lead:sign_off", "Show what is about to leave, and sign it as the lead."),
    (("party", "audit"), "flows.commands.audit:audit", "Open records that a public coin chose, and check them."),
    (("party", "verify"), "flows.commands.verify:party", "Verify that the service's log holds this node's part of a round."),
    (("party", "answer"), "flows.commands.party:answer", "Answer the second look's requests."),
    (("party", "nonces"), "flows.commands.nonces:nonces", "Write which nonces were answered, sealed to a key holder."),
    (("party", "collect"), "flows.commands.party:collect", "Open this authority's envelopes, route them, write the referrals."),
    (("party", "approve"), "flows.commands.desk:approve", "Approve the document of a protected child; two people must."),
    (("party", "escalate"), "flows.commands.escalate:escalate", "Say whom to ring about a child who may be without care; record the call."),
    (("party", "escalations"), "flows.commands.escalate:escalations", "Say where each urgent call stands; open or acknowledge one."),
    (("party", "worklist"), "flows.commands.worklist:worklist", "Work the desk in a browser on this machine."),
    (("party", "outcomes"), "flows.commands.desk:outcomes", "Say where each referral stands; record what became of one."),
    (
        ("party", "consent"),
        "flows.commands.consent:consent",
        "Say whether families agree that details are passed on; record what one said.",
    ),
    (("party", "offer"), "flows.commands.consent:offer", "Write the sheet for a voluntary organisation, once a family has agreed."),
    (("party", "access"), "flows.commands.access:access", "Write what is held about a child or a parent, for whoever it is about."),
    (
        ("party", "tally"),
        "flows.commands.tally:tally",
        "Count what became of a quarter's referrals, with noise; for the statistics office.",
    ),
    (("party", "events"), "flows.commands.events:events", "Publish what became of receptions; at a desk, say what follows for each case."),
    (("party", "cases"), "flows.commands.cases:cases", "Write cases for a case-management system, or record what comes back."),
    (("party", "papers"), "flows.commands.desk:papers", "Write the leaflets and forms to print."),
    (("party", "questions"), "flows.commands.questions:questions", "Fetch, and answer, questions about this authority's own records."),
    (("keys", "issue"), "flows.commands.keys:issue", "Send this key holder's share of a round key, sealed to every custodian."),
    (("keys", "encrypt"), "flows.commands.keys:encrypt", "Encrypt a node's private keys that were made in the clear."),
    (("keys", "compare"), "flows.commands.nonces:compare", "Compare which nonces custodians answered; none may be on two lists."),
    (("keys", "rotate"), "flows.commands.keys:rotate", "Make new keys beside a node's old ones, also while rounds run."),
    (("keys", "delete"), "flows.commands.keys:delete", "Delete what a node has of a round, and send a signed statement."),
    (("root", "key"), "flows.commands.root:key", "Make a root signer's directory and key."),
    (("root", "roster"), "flows.commands.root:roster", "Draft a roster out of everyone's identity.json."),
    (("root", "agreement"), "flows.commands.root:agreement", "Draft an agreement out of its terms."),
    (("root", "sign"), "flows.commands.root:sign", "Sign a roster or agreement; two of three must."),
    (("service", "init"), "flows.commands.service:init", "Make a linkage service: directory, keys, certificate, database."),
    (("service", "install"), "flows.commands.service:install", "Install roster and agreement in the service's or an operator's directory."),
    (("service", "certificate"), "flows.commands.service:certificate", "Install a certificate of the service's own; its key is encrypted."),
    (("service", "rotate"), "flows.commands.service:rotate", "Change the master key under which rounds' keys lie in the database."),
    (("service", "backup"), "flows.commands.service:backup", "Write a copy of the database."),
    (("service", "restore"), "flows.commands.service:restore", "Let what was done since a backup stay done."),
    (("service", "verify"), "flows.commands.verify:service", "Verify the service's log, its copy and its heads."),
    (("service", "serve"), "flows.commands.service:serve", "Serve the API until stopped."),
    (("service", "link"), "flows.commands.service:link", "Search a closed round and record its findings."),
    (("service", "work"), "flows.commands.service:work", "Do what is due of every round, until stopped."),
    (("service", "status"), "flows.commands.service:status", "Say whether the service answers."),
    (("round", "operator"), "flows.commands.round:operator", "Make an operator's directory and key."),
    (("round", "open"), "flows.commands.round:open_", "Open a round under the installed roster and agreement."),
    (("round", "status"), "flows.commands.round:status", "Say where a round stands."),
    (("round", "close"), "flows.commands.round:close", "Close a round to submissions."),
    (("round", "cancel"), "flows.commands.round:cancel", "Cancel a round that was not released."),
    (("round", "look"), "flows.commands.round:look", "Open a wave of the second look."),
    (("round", "approve"), "flows.commands.round:approve", "Approve the release of a round's findings; two operators must."),
    (("round", "quality"), "flows.commands.round:quality", "Say how well a round found its planted controls."),
    (("round", "release"), "flows.commands.round:release", "Release the approved tokens."),
    (("round", "expire"), "flows.commands.round:expire", "Destroy what the service has of a round."),
    (("bench", "encode"), "flows.commands.bench:encode", "Encode beside clkhash."),
    (("bench", "diffuse"), "flows.commands.bench:diffuse", "Diffuse beside NumPy."),
    (("bench", "match"), "flows.commands.bench:match", "Search beside anonlink."),
    (("bench", "service"), "flows.commands.bench:service", "Load a linkage service on loopback."),
    (("bench", "attacks"), "flows.commands.attacks:attacks", "Attack filters, and say what hiding costs."),
    (("statistics", "publish"), "flows.commands.statistics:publish", "Publish a round's noised counts: bulletin, workbooks, CSV."),
    (("statistics", "ledger"), "flows.commands.statistics:ledger", "Say what was spent of privacy, and what is left."),
    (("statistics", "outcomes"), "flows.commands.statistics:outcomes", "Add up the noised counts of outcomes that authorities returned."),
    (("statistics", "explore"), "flows.commands.statistics:explore", "Look at released tables in a browser on this machine."),
    (("statistics", "bench"), "flows.commands.statistics_bench:bench", "Say how far published counts are off, beside plainer methods."),
)

GROUPS = {
    "party": "The custodian's side.",
    "keys": "A key holder's side, and every node's private keys.",
    "root": "The root signers' side.",
    "service": "The linkage service.",
    "round": "The operator's side.",
    "statistics": "The statistician's side.",
    "bench": "Speed beside the peers, as ratios in one run.",
}


def make_app() -> App:
    """Return the command line, with every command registered by its import path."""
    app = App(
        name="kinlink",
        help="Find children who have a parent in prison, without a national register.",
        help_epilogue=EPILOGUE,
        help_format="plaintext",
        version=_version,
        suppress_keyboard_interrupt=False,
    )
    groups = {name: App(name=name, help=text, help_epilogue="") for name, text in GROUPS.items()}
    for group in groups.values():
        app.command(group)
    for path, target, text in COMMANDS:
        (groups[path[0]] if len(path) > 1 else app).command(target, name=path[-1], help=text)
    app.command("flows.commands.score:score", name="score", show=False, help="Score a demo against its truth; the demo runs it last.")
    app.command(
        "flows.commands.score:tokens", name="tokens", show=False, help="Say which envelopes are due and redeemed; for `demo --chaos`."
    )
    return app


def _version() -> str:
    from importlib.metadata import version

    return version("kinlink")


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the process's exit code: what the command returns, or 0 where it returns nothing."""
    os.umask(PRIVATE)
    try:
        code: int | None = make_app()(argv, result_action="return_value")
    except KinlinkError as error:
        print(f"kinlink: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("kinlink: stopped; what was finished is kept, run the same command to go on", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - its text may quote a record
        from validation.faults import fault_of

        print(f"kinlink: fault: {fault_of(error)}; run the same command again, then report this line", file=sys.stderr)
        return KinlinkError.exit_code
    return code or 0


if __name__ == "__main__":
    sys.exit(main())
