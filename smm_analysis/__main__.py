"""`python -m smm_analysis` is the `smm` command, for where scripts are not on the path."""

from smm_analysis.cli import main

if __name__ == "__main__":
    main(prog_name="smm")
