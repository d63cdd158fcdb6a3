"""The list of faults is whole, and options select from it. What the faults do is seen in a round of chaos."""

import pytest

from arrangements import ARRANGEMENTS
from chaos import parsed
from faults import FAULTS
from faults.fault import Fault


def kinds(fault=Fault):
    for each in fault.__subclasses__():
        yield each
        yield from kinds(each)


def test_every_fault_is_listed_with_a_sentence():
    named = [fault for fault in kinds() if "sentence" in vars(fault)]
    assert {fault.name: fault for fault in named} == FAULTS
    assert len({fault.sentence for fault in named}) == len(named) >= 20


def test_every_fault_needs_what_an_installation_offers():
    offers = set().union(*(each.offers for each in ARRANGEMENTS.values()))
    assert set().union(*(fault.needs for fault in FAULTS.values())) <= offers | {"clock"}


def test_an_unknown_fault_is_refused(capsys):
    with pytest.raises(SystemExit):
        parsed(["--only", "worker-tickled"])
    assert "worker-killed" in capsys.readouterr().err
