"""A page of the desk as PDF/UA-1, for printing where no browser is: tagged, in one language, and loading nothing."""

from typing import Final

from parties.referrals.pages import in_language
from schemas.errors import ConfigurationError

VARIANT: Final = "pdf/ua-1"
MISSING: Final = (
    "PDF: the libraries that draw text are not on this machine; install Pango (Debian: libpango-1.0-0 libpangoft2-1.0-0"
    " libharfbuzz-subset0), or print the page from a browser"
)


def as_pdf(page: str, language: str) -> bytes:
    """Return a page's sheet of one language as PDF, or the whole page where it has none; whatever it names, nothing is loaded.

    One language alone, for the tags of a second one's sheet would not say that it is another.

    Raises:
        ConfigurationError: Pango is not installed.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError:
        raise ConfigurationError(MISSING) from None
    content: bytes = HTML(string=in_language(page, language), url_fetcher=URLFetcher(allowed_protocols=[])).write_pdf(pdf_variant=VARIANT)
    return content
