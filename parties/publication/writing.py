"""Writing a publication: every file of it, with checksums; whole or not at all, and never over another one."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from parties.publication.bulletin import FILES, bulletin
from parties.publication.plain import plain_files
from parties.publication.released import Released
from parties.publication.sheets import ods, xlsx
from parties.whole_files import whole_file
from schemas.errors import ConfigurationError, ServiceError

SUMS: Final = "SHA256SUMS"


def publish(released: Released, out: Path) -> list[Path]:
    """Write bulletins, workbooks, plain files and checksums into `out`; return the files. The same table again gives the same bytes.

    Args:
        released: what is published.
        out: made if it is missing.

    Raises:
        ServiceError: a rule that was agreed before does not hold of the table; nothing is written.
        ConfigurationError: `out` holds another publication.
    """
    broken = [item.name for item in released.criteria if not item.holds]
    if broken:
        raise ServiceError(
            f"table: does not hold what was agreed: {', '.join(broken)}; nothing was written, report it to the linkage operator"
        )
    content = _content(released)
    files = {out / name: made for name, made in content.items()}
    if any(path.exists() and path.read_bytes() != made for path, made in files.items()):
        raise ConfigurationError(f"{out}: holds another publication; choose another directory")
    out.mkdir(parents=True, exist_ok=True)
    for path, made in files.items():
        with whole_file(path) as file:
            file.write(made)
    return list(files)


def _content(released: Released) -> dict[str, bytes]:
    """Return what each file holds, by its name; the checksums last."""
    content = {FILES[language]: bulletin(released, language).encode() for language in FILES}
    content |= {"tables.xlsx": xlsx(released), "tables.ods": ods(released)}
    content |= {name: text.encode() for name, text in plain_files(released).items()}
    sums = "".join(f"{sha256(made).hexdigest()}  {name}\n" for name, made in content.items())
    return {**content, SUMS: sums.encode()}
