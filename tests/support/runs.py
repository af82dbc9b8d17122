"""The run command, called as a user calls it."""

from benchmarks.run.__main__ import main
from benchmarks.run.asking import request_of
from benchmarks.run.parser import build_parser
from benchmarks.run.plan import plan_all


def run(*arguments):
    """Runs a command line of anything that has a text; gives the exit status."""
    return main([str(argument) for argument in arguments])


def planned(*arguments):
    """The last experiment of a command line, which comes after the reference."""
    return plan_all(request_of(build_parser().parse_args([str(each) for each in arguments])))[-1]
