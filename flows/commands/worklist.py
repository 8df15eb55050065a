"""`kinlink party worklist`: the desk in a browser."""

from pathlib import Path

from flows.commands.console import Port, say


def worklist(*, dir: Path = Path(), port: Port = 0) -> None:
    """Work the desk in a browser on this machine: what is due, open a sheet and say why, record what happened. Stop with Ctrl-C.

    Prints an address that lets one person in, once; a session ends after a quarter of an hour without a click.
    Example: kinlink party worklist --dir council-desk

    Args:
        dir: the authority's directory, or its desk's.
        port: where to listen on 127.0.0.1; 0 takes any that is free.
    """
    from parties.settings import load_settings
    from parties.worklist.serving import serve

    def tell(address: str) -> None:
        print(address, flush=True)
        say("Open this address in a browser on this machine. It lets one person in, once. Stop with Ctrl-C.")

    serve(load_settings(dir), port, tell)
