"""Names, dates, postcodes, addresses and codes to the one spelling that is encoded. Pure.

Every party must do this byte for byte alike, or nothing meets: `NORMALISER` and the digest of its tables stand in the agreement and in each
submission, and the shared canaries show a drift. Any change here is a new version.
"""

from parties.encoding.normalise.addresses import STREET_KINDS, address, home, home_town
from parties.encoding.normalise.codes import phone, sex
from parties.encoding.normalise.dates import Birth, Certainty, birth, birth_digits, date_of_birth, day_and_month, is_suspect
from parties.encoding.normalise.facts import NORMALISER, normaliser_digest
from parties.encoding.normalise.names import TITLES, FullName, full_names, in_full, name, names
from parties.encoding.normalise.postcodes import district, postcode, sector

__all__ = [
    "NORMALISER", "STREET_KINDS", "TITLES", "Birth", "Certainty", "FullName", "address", "birth", "birth_digits", "date_of_birth", "day_and_month", "district", "full_names", "home", "home_town", "in_full",
    "is_suspect", "name", "names", "normaliser_digest", "phone", "postcode", "sector", "sex",
]  # fmt: skip
