"""What all rules have in common."""


class Rule:
    """One promise. Implements `on_<kind>` for the lines that it cares about (see history.py):

    - `on_sent(attempt)`, and `on_confirmed`, `on_replied`, `on_copied`, `on_quarantined` (attempt, line);
    - `on_settled(attempt, result)`: once for each message, with its first final result, whether that was a reply or a
      copy;
    - `on_event`, `on_fault`, `on_left` (line);
    - `on_told(subject, event)`: at the end, each subject's events, once each, in order of sequence;
    - `finish()`: the end.
    """

    name = ""
    promise = ""
    # Whether it holds even if Redis lost writes that it had acknowledged.
    survives_loss = False

    def __init__(self, judge):
        self.judge = judge

    @property
    def known(self):
        return self.judge.known

    def fail(self, detail):
        self.judge.fail(self, detail)

    def finish(self):
        pass
