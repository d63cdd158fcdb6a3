"""A minute of the hostile hour; `hostile.py` runs it for any time."""

import os

from hostile import Hour

SECONDS = float(os.environ.get("HOSTILE_SECONDS", "60"))
# Other tests run beside it: only `hostile.py` measures. A lane that an attack has blocked answers nothing at all.
ANSWER_SECONDS = 15


def test_no_attack_keeps_a_well_formed_command_from_its_answer(amqp_url, redis_url, binary, tmp_path, request):
    hour = Hour(amqp_url, redis_url, binary, tmp_path, request.config.getoption("seed"), ANSWER_SECONDS)
    try:
        print(hour.run(SECONDS))
    finally:
        statuses = hour.stop()
    assert statuses == [0, 0]
