"""What may stand in an address: names and numbers that the database can hold. Anything else is refused before it is looked for."""

from typing import Annotated

from fastapi import Path

Name = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Number = Annotated[int, Path(ge=0, le=2**31 - 1)]
