"""A private Redis whose clock can be stepped, if there is a C compiler."""

import os
import struct
import subprocess

from redis_servers import RedisServer


class SteppedRedis(RedisServer):
    def __init__(self, folder):
        self._clock = folder.with_name(f"{folder.name}-clock")
        self._clock.mkdir()
        self._offset = self._clock / "offset"
        self._set_offset(0)
        library = self._compile()
        self.has_clock = library is not None
        preloaded = {"LD_PRELOAD": str(library), "CLOCKSTEP_FILE": str(self._offset)} if library else {}
        super().__init__(folder, environment=preloaded)
        self.await_serving()

    def step_clock(self, milliseconds):
        self._set_offset(self.offset + milliseconds)

    def _set_offset(self, milliseconds):
        self.offset = milliseconds
        # In place: the file is mapped.
        with open(self._offset, "r+b" if self._offset.exists() else "wb") as file:
            file.write(struct.pack("q", milliseconds))

    def _compile(self):
        source, library = os.path.join(os.path.dirname(__file__), "clockstep.c"), self._clock / "clockstep.so"
        try:
            subprocess.run(
                ["cc", "-O2", "-shared", "-fPIC", "-o", str(library), source, "-ldl"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return library
