"""Every rate of the synthetic population in one place, each with its source or marked as an assumption.

Pure. The rates shape a population to test with; none of them is a finding, an estimate or a prior of the matching.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

AS_OF: Final = date(2026, 3, 31).toordinal()  # the last day of the extracts
WINDOW_DAYS: Final = 365  # receptions of twelve months
ADULT_DAYS: Final = 18 * 366
YEAR_DAYS: Final = 365.25

PREVALENCE: Final = 0.016  # 192,912 children in a year (Ministry of Justice, BOLD, October 2021 to October 2022) of about 12 million
LOCAL_SHARE: Final = 0.88  # live in one of the four authorities; assumption, so that a small population has enough of them
CHILD_FAMILY_SHARE: Final = 0.27  # of drawn families; gives about 21 % of people under 18 (ONS mid-2023)


@dataclass(frozen=True, slots=True)
class FamilyRate:
    """How common a form of family is, and how often a parent is received, relative to the others."""

    share: float
    reception: float


# Shares after Families and Households (ONS, 2023); relative receptions are assumptions.
FAMILIES: Final[Mapping[str, FamilyRate]] = {
    "couple": FamilyRate(0.55, 0.6),
    "separated": FamilyRate(0.22, 1.5),
    "one_parent": FamilyRate(0.06, 0.5),
    "step": FamilyRate(0.09, 1.4),
    "kinship": FamilyRate(0.04, 2.5),
    "looked_after": FamilyRate(0.03, 2.5),
    "adopted": FamilyRate(0.01, 1.0),
}
CHILDREN_IN_FAMILY: Final[Mapping[int, float]] = {1: 0.45, 2: 0.37, 3: 0.13, 4: 0.05}
TWIN_BIRTHS: Final = 0.015  # multiple maternities, ONS births
MARRIED: Final = 0.6  # of couples with children, took one family name
CHILD_NAMES: Final[Mapping[str, float]] = {"father": 0.72, "mother": 0.20, "both": 0.08}  # assumption
SON_NAMED_AFTER_FATHER: Final = 0.04  # assumption
MOVED_IN_YEAR: Final = 0.10  # Census 2021, people who moved in twelve months
MOVED_FAR: Final = 0.35  # of moves, to another authority; assumption
SECOND_HOME_NEAR: Final = 0.65  # separated parents in the same authority; assumption
PLACED_OUT_OF_AREA: Final = 0.30  # looked-after children placed elsewhere; after Children looked after in England
FORMER_PARTNER: Final = 0.13  # of families of separated or one parent; set so that about 1 % of authority ties are out of date
FORMER_PARTNER_TIED: Final[Mapping[str, float]] = {"local-authority": 0.5, "police": 0.9}  # assumption
LEARNING: Final[Mapping[str, float]] = {  # children of school age elsewhere than at school; after Welsh Government statistics, 2023/24
    "home_educated": 0.013,
    "eotas": 0.005,
    "excluded": 0.001,  # assumption
}
LEARNING_AT_SIXTEEN: Final[Mapping[str, float]] = {"none": 0.066, "college": 0.5}  # in no education at 16 to 18, Wales; college: assumption
DOUBLE_BARRELLED: Final = 0.015  # assumption
PATRONYMIC: Final = 0.03  # ap or ferch among Welsh names; assumption
LATER_GENERATION: Final = {"african": 0.45, "european": 0.25, "welsh": 0.45}  # forename from the general list; assumption
MIDDLE_NAME: Final = 0.7  # assumption

# People received.
RECEIVED_WITHOUT_CHILDREN: Final = 0.26  # per adult with no child here, of the prevalence: about as many as parents; assumption
WOMEN_RECEIVED: Final = 0.10  # relative to men; women are 4 to 5 % of people in prison and more of receptions
PARENT_WEIGHTS: Final[Mapping[tuple[str, bool], float]] = {  # (sex, lives with the child): which parent was received; assumption
    ("M", True): 3.0,
    ("M", False): 4.0,
    ("F", True): 0.35,
    ("F", False): 1.0,
}
CHILDREN_COUNTED: Final = 0.95  # of the children of such a family, those whose own parent it is; measured on 30 populations of 20,000
BOTH_PARENTS: Final = 0.05  # assumption
SECOND_RECEPTION: Final = 0.12  # recalled or received again in the window; assumption
RECEPTION_TYPES: Final[Mapping[str, float]] = {"remand": 0.5, "sentenced": 0.33, "recall": 0.17}  # after Offender management statistics
TRANSFERRED: Final = 0.3
RELEASED: Final = 0.45
HELD_AWAY: Final = 0.25  # in an establishment that is not near home; assumption
RECEPTION_ADDRESS: Final[Mapping[str, float]] = {"home": 0.80, "prison": 0.08, "hostel": 0.05, "approved": 0.02, "none": 0.05}  # assumption
ALIAS: Final = 0.25  # of people received; assumption

# Who has recorded a tie between a parent received and the child. All assumptions; none must come out near 8 %.
DECLARES: Final = 0.60  # a parent declares children at reception
DECLARES_EACH: Final = 0.93  # of the children, once any is declared
POLICE_RECORD_RECEIVED: Final = 0.72
POLICE_RECORD_OTHERS: Final = 0.21  # of the prevalence: makes as many adults as those received
POLICE_TIE_RECEIVED: Final = 0.82  # given a record
POLICE_TIE_OTHERS: Final = 0.5
POLICE_TIE_EACH: Final = 0.95
PNC_RECORDED: Final = 0.85
CARER_RECORDED: Final[Mapping[tuple[str, bool], float]] = {  # (relation, lives with the child)
    ("mother", True): 0.98,
    ("father", True): 0.80,
    ("mother", False): 0.60,
    ("father", False): 0.47,
    ("step_parent", True): 0.62,
    ("kinship_carer", True): 0.97,
    ("foster", True): 0.97,
    ("birth_parent", False): 0.10,  # of an adopted child
}

# What an authority knows of a child.
RESIDENT_KNOWN: Final = 0.97
FORMER_KNOWN: Final = 0.8
SCHOOL_OVER_BORDER: Final = 0.03
CHILD_IN_NEED: Final = 0.03  # after Characteristics of children in need
CHILD_PROTECTION: Final = 0.005
UPN_RECORDED: Final = 0.97
