"""Two minutes of the hostile hour; `hostile.py` runs it for any time."""

import os

from hostile import Hour

SECONDS = float(os.environ.get("HOSTILE_SECONDS", "120"))


def test_no_attack_keeps_a_well_formed_command_from_its_answer(amqp_url, redis_url, binary, tmp_path, request):
    hour = Hour(amqp_url, redis_url, binary, tmp_path, request.config.getoption("seed"))
    try:
        print(hour.run(SECONDS))
    finally:
        statuses = hour.stop()
    assert statuses == [0, 0]
