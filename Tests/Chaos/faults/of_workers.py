"""Faults of workers."""

import signal

from faults.fault import Fault


class WorkerKilled(Fault):
    name = "worker-killed"
    sentence = "SIGKILL of a worker, or of both; started again"
    needs = frozenset({"workers"})

    def begin(self):
        for place in self.places:
            place.worker.kill()

    def end(self):
        for place in self.places:
            place.start()


class WorkerPaused(Fault):
    name = "worker-paused"
    sentence = "SIGSTOP of a worker, or of both, in a long round for longer than a heartbeat; continued"
    needs = frozenset({"workers"})
    short = (1.0, 3.0)
    long = (22.0, 28.0)

    def begin(self):
        for place in self.places:
            place.worker.process.send_signal(signal.SIGSTOP)

    def end(self):
        for place in self.places:
            place.worker.process.send_signal(signal.SIGCONT)


class WorkersReplaced(Fault):
    name = "workers-replaced"
    sentence = "a rolling restart: SIGTERM of each worker in turn, replaced when it has exited"
    needs = frozenset({"workers"})
    short = long = (0.0, 0.0)

    def begin(self):
        for place in self.installation.places:
            place.worker.terminate()
            status = place.worker.exit_status(seconds=40)
            if status != 0:
                self.problems.append(f"SIGTERM: a worker exited with {status}")
            place.start()
            place.worker.await_ready()

    def end(self):
        pass
