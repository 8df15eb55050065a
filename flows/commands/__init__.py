"""One module per group of commands: parse, call one function, print. Each is imported only when it is used."""
