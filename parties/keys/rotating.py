"""Replacing a node's keys while rounds run: new keys beside the old, in use once a roster lists them, the old deleted once none does.

    rotate          new keys are made; identity.json names old and new, for the root signers
    install         of a roster that lists both: the new ones sign; what was sealed to the old ones still opens
    install         of a roster without the old ones: they are deleted; those to open with, once it continues no other

Nothing is lost where a step is repeated or a command was stopped.
"""

from datetime import date

from parties.keys.identity_keys import FIRST, SEALING, SIGNING, create_identity, delete_key, key_id, numbers
from parties.settings import NodeSettings, save_settings
from parties.whole_files import whole_file
from schemas.errors import AgreementError, ConfigurationError
from schemas.roster import Identity, Organisation, Role, Roster

IDENTITY_FILE = "identity.json"
KEY_DAYS = 365  # for how long a key should be in use


def rotate(settings: NodeSettings) -> Organisation:
    """Make a new key of every role that this node has; return its entry for the roster, in which each names the one that it replaces.

    Where new keys still wait for a roster, none are made again.

    Raises:
        ConfigurationError: the node has no identity, or a key cannot be read.
    """
    entry = read_entry(settings)
    made = list(entry.identities)
    for role in dict.fromkeys(item.role for item in entry.identities):
        newest = numbers(settings, role)[0]
        if newest == settings.key_numbers.get(role, FIRST):
            newest += 1
        name = key_id(settings, role, newest)
        if name not in {item.key_id for item in made}:
            made.append(create_identity(settings, role, newest, replaces=key_id(settings, role)))
    entry = entry.model_copy(update={"identities": made})
    write_entry(settings, entry)
    return entry


def waiting(settings: NodeSettings) -> list[str]:
    """Return the ids of keys that were made and that no installed roster has taken up."""
    in_use = {role: settings.key_numbers.get(role, FIRST) for role in Role}
    roles = {item.role for item in read_entry(settings).identities}
    return [key_id(settings, role, number) for role in sorted(roles) for number in numbers(settings, role) if number > in_use[role]]


def worn(settings: NodeSettings, today: date) -> list[str]:
    """Return the ids of keys in use that were made more than `KEY_DAYS` days ago."""
    used = {key_id(settings, role) for role in Role}
    made = {item.key_id: date.fromisoformat(item.made_on) for item in read_entry(settings).identities if item.made_on}
    return [name for name, day in made.items() if name in used and (today - day).days > KEY_DAYS]


def check_own_keys(settings: NodeSettings, roster: Roster) -> None:
    """Check that the roster lists a key of this node for each of its roles, and no other key under a name of its own.

    Raises:
        AgreementError: it does not.
    """
    own = {item.key_id: item for item in read_entry(settings).identities}
    listed = _listed(settings, roster)
    known = [item for key, item in listed.items() if key in own]
    is_same = all((item.signing_key, item.sealing_key) == (own[item.key_id].signing_key, own[item.key_id].sealing_key) for item in known)
    if not is_same or {item.role for item in own.values()} != {item.role for item in known}:
        raise AgreementError(
            f"roster: other keys stand for {settings.organisation} than this node's; send the root signers your {IDENTITY_FILE}"
        )


def take_up_keys(settings: NodeSettings, roster: Roster) -> None:
    """Sign with the newest keys that the roster lists from now on; delete those that it lists no more, and name them no more.

    Sealing keys stay for as long as the roster continues another: a share of a round that goes on may be sealed to one.
    """
    entry, listed = read_entry(settings), _listed(settings, roster)
    numbered = {role: numbers(settings, role) for role in {item.role for item in entry.identities}}
    in_use = {role: next(number for number in there if key_id(settings, role, number) in listed) for role, there in numbered.items()}
    save_settings(
        settings.model_copy(update={"key_numbers": {role.value: number for role, number in sorted(in_use.items()) if number > FIRST}})
    )
    gone = {
        use: [
            (role, number)
            for role, newest in in_use.items()
            for number in numbers(settings, role, use)
            if number < newest and key_id(settings, role, number) not in listed
        ]
        for use in (SIGNING, SEALING)
    }
    named = {key_id(settings, role, number) for role, number in gone[SIGNING]}
    write_entry(settings, entry.model_copy(update={"identities": [item for item in entry.identities if item.key_id not in named]}))
    for use in (SIGNING, *(() if roster.continues else (SEALING,))):
        for role, number in gone[use]:
            delete_key(settings, role, number, use)


def read_entry(settings: NodeSettings) -> Organisation:
    """Return the node's entry for the roster.

    Raises:
        ConfigurationError: it is not there.
    """
    try:
        return Organisation.model_validate_json(settings.path(IDENTITY_FILE).read_bytes())
    except FileNotFoundError:
        raise ConfigurationError(f"{settings.path(IDENTITY_FILE)}: missing; restore it from its backup, or make the node anew") from None


def write_entry(settings: NodeSettings, entry: Organisation) -> None:
    """Write the node's entry for the roster, whole or not at all."""
    with whole_file(settings.path(IDENTITY_FILE)) as file:
        file.write(f"{entry.model_dump_json(indent=2)}\n".encode())


def _listed(settings: NodeSettings, roster: Roster) -> dict[str, Identity]:
    return {item.key_id: item for item in roster.get(settings.organisation).identities if not item.revoked}
