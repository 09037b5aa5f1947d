"""`python -m decortique` is the command `decortique`."""

from decortique.cli import app

if __name__ == "__main__":
    app(prog_name="decortique")
