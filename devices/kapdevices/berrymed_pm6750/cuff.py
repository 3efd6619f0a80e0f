"""One cuff measurement of the PM6750: settings, start, reports, result, stop. The board acknowledges nothing.

What is safe by structure: the start is taken from the one pending command, which is emptied by that; it is sent only
while the board talks, only within 3 s of the command, and never again. Every measurement ends with a stop, whatever
its end was; stops are repeated until the board reports that it does not measure, or reports no more.
"""

from __future__ import annotations

from enum import Enum, auto

from kapdevices.berrymed_pm6750 import packets
from kapdevices.berrymed_pm6750.packets import Nibp
from kapdevices.berrymed_pm6750.values import nibp_readings
from kapdevices.driver import NotPossible, StartCuff
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, nibp_failure

START_WITHIN_S = 3.0
TALKS_S = 1.5
"""The board is there when it said something within this time: SpO2 comes once a second."""
BETWEEN_STARTS_S = 60.0
TAKEN_UP_WITHIN_S = 8.0
NO_INFLATION_S = 30.0
LONGEST_S = 90.0
"""The watchdog of the one public program that was tried on a board."""
REPORTS_S = 5.0
"""Without a report for this long (they come twice a second) a measurement is not being watched any more."""
STOP_EVERY_S = 0.5
STOPS = 3
QUIET_S = 2.0
DEAF_STOPS = 10

IDLE_MMHG = 15
ROSE_MMHG = 40


class Phase(Enum):
    """Where a measurement stands."""

    IDLE = auto()
    SETTING = auto()
    STARTING = auto()
    RUNNING = auto()
    STOPPING = auto()


class CuffRun:
    """The cuff of one board. Readings that deadlines and packets lead to are collected for `news`."""

    def __init__(self) -> None:
        self.phase = Phase.IDLE
        self._since_s = 0.0
        self._settings: list[bytes] = []
        self._pending: StartCuff | None = None
        self._commanded_s = 0.0
        self._started_s: float | None = None
        self._report_s = 0.0
        self._before: bytes | None = None
        self._measuring = False
        self._seen = 0
        self._rose = False
        self._stop_at_s: float | None = None
        self._stops = 0
        self._deaf_said = False
        self._stopped_by_person = False
        self._news: list[Reading] = []

    def news(self) -> list[Reading]:
        """What has become known since the last call."""
        news, self._news = self._news, []
        return news

    # ---- from a person

    def start(self, command: StartCuff, now_s: float) -> None:
        """Take a start. Raises NotPossible for one that must not be."""
        if self.phase is not Phase.IDLE:
            raise NotPossible("a measurement is already under way or just being stopped")
        if command.patient not in ("adult", "paediatric", "neonatal"):
            raise NotPossible(f"unknown kind of patient: {command.patient}")
        low, high = packets.limits_mmhg(command.patient)
        if not low <= command.initial_mmhg <= high:
            raise NotPossible(f"the first inflation must be {low} to {high} mmHg for {command.patient} cuffs")
        if self._started_s is not None and now_s - self._started_s < BETWEEN_STARTS_S:
            wait_s = BETWEEN_STARTS_S - (now_s - self._started_s)
            raise NotPossible(f"the cuff was inflated less than a minute ago; wait {wait_s:.0f} s")
        self._pending, self._commanded_s = command, now_s
        self._settings = [packets.set_mode(command.patient), packets.set_target(command.initial_mmhg)]
        self._enter(Phase.SETTING, now_s)

    def stop(self, now_s: float, by_person: bool) -> None:
        """Deflate: the stop is due at once, whatever goes on."""
        self._pending, self._settings = None, []
        self._stopped_by_person = by_person or (self.phase is Phase.STOPPING and self._stopped_by_person)
        self._stop_at_s, self._stops, self._deaf_said = now_s, 0, False
        self._enter(Phase.STOPPING, now_s)

    # ---- to the board

    def due(self, now_s: float, heard_s: float | None) -> bytes:
        """The command that is due, or nothing. `heard_s` is when the board last said anything."""
        if self._stop_at_s is not None and now_s >= self._stop_at_s:
            self._stops += 1
            self._stop_at_s = now_s + STOP_EVERY_S
            return packets.STOP
        if self._settings:
            return self._settings.pop(0)
        if self._pending is not None and heard_s is not None and now_s - heard_s <= TALKS_S:
            return self._start(now_s)
        return b""

    def _start(self, now_s: float) -> bytes:
        """The only place that sends a start; what is pending is gone after it."""
        self._pending = None
        self._started_s = now_s
        self._measuring = True
        self._begin(Phase.STARTING, now_s)
        return packets.START

    def watch(self, now_s: float, heard_s: float | None) -> None:
        """What time alone decides."""
        waited_s = now_s - self._since_s
        talks = heard_s is not None and now_s - heard_s <= QUIET_S
        if self._pending is not None and now_s - self._commanded_s > START_WITHIN_S:
            self._pending, self._settings = None, []
            self._news.append(DeviceStatus("cuff-refused", "the board does not answer; nothing was started"))
            self._enter(Phase.IDLE, now_s)
        elif self.phase is Phase.STARTING and waited_s > TAKEN_UP_WITHIN_S:
            self._fail("the board did not take up the start", now_s)
        elif self.phase is Phase.RUNNING:
            if waited_s > LONGEST_S:
                self._fail(f"the measurement ran longer than {LONGEST_S:.0f} s and was stopped", now_s)
            elif now_s - self._report_s > REPORTS_S:
                self._fail("the board stopped reporting before a result could be read", now_s)
            elif not self._rose and waited_s > NO_INFLATION_S:
                self._fail("the cuff did not fill: check hose and cuff", now_s)
        elif self.phase is Phase.STOPPING and self._stops >= STOPS and now_s - self._report_s > QUIET_S:
            if waited_s > QUIET_S:
                self._stopped(now_s, talks)

    # ---- from the board

    def take(self, data: bytes, damaged: bool, now_s: float) -> None:
        """A cuff report. On a damaged line its state counts when it comes twice, a result when it comes twice alike."""
        said = packets.nibp(data)
        before, self._before = self._before, data
        self._report_s = now_s
        same_state = not damaged or (before is not None and packets.nibp(before).state == said.state)
        if said.cuff > packets.MAX_CUFF_MMHG and self.phase is not Phase.STOPPING:
            # believed at once: a stop too many harms nobody
            text = f"cuff pressure {said.cuff} mmHg is above {packets.MAX_CUFF_MMHG}; the cuff was told to stop"
            self._fail(text, now_s)
        if said.state == packets.MEASURING or said.cuff > IDLE_MMHG:
            if not damaged or before == data:
                self._news.append(Numeric(Metric.CUFF_PRESSURE, float(said.cuff)))
        if not same_state:
            return
        if said.state == packets.MEASURING:
            self._measures(said, now_s)
        elif said.state <= packets.NO_RESULT:
            self._ends(said, not damaged or before == data, now_s)

    def _measures(self, said: Nibp, now_s: float) -> None:
        if self.phase in (Phase.IDLE, Phase.STARTING):
            own = self.phase is Phase.STARTING
            text = "the cuff is inflating" if own else "the board measures, though no start was sent from here"
            self._news.append(DeviceStatus("cuff-inflating", text))
            self._measuring = True
            self._begin(Phase.RUNNING, now_s)
        elif self.phase is Phase.STOPPING and self._stops >= DEAF_STOPS and not self._deaf_said:
            self._deaf_said = True  # the stops go on
            text = "the board does not obey the stop: look at the cuff and take it off"
            self._ended("cuff-failed", text, Quality.MEASUREMENT_FAILED)
        self._seen += 1
        self._rose |= said.cuff >= ROSE_MMHG

    def _ends(self, said: Nibp, sure: bool, now_s: float) -> None:
        if self.phase is Phase.STOPPING:
            if self._stops:
                self._stopped(now_s, answered=True)
        elif said.state in packets.FAILURES and self.phase in (Phase.STARTING, Phase.RUNNING):
            self._fail(packets.FAILURES[said.state], now_s)
        elif self.phase is not Phase.RUNNING:
            return  # "finished" is also how the board idles: no result without a measurement that was seen
        elif said.state == packets.STOPPED:
            self._ended("cuff-stopped", "the measurement was stopped at the board", Quality.STOPPED)
            self.stop(now_s, by_person=False)
        elif sure:
            if self._seen < 2 or not self._rose:
                self._fail("the board reports an end, but the cuff was not seen to fill", now_s)
                return
            self._news.extend(nibp_readings(said))
            self._measuring = False
            self.stop(now_s, by_person=False)

    # ---- changes of phase

    def _enter(self, phase: Phase, now_s: float) -> None:
        self.phase, self._since_s = phase, now_s

    def _begin(self, phase: Phase, now_s: float) -> None:
        self._seen, self._rose, self._report_s = 0, False, now_s
        self._enter(phase, now_s)

    def _fail(self, text: str, now_s: float) -> None:
        """Say that the measurement failed, and stop the cuff in any case."""
        self._ended("cuff-failed", text, Quality.MEASUREMENT_FAILED)
        self.stop(now_s, by_person=False)

    def _ended(self, code: str, text: str, quality: Quality) -> None:
        self._news.extend(nibp_failure(code, text, quality) if self._measuring else [DeviceStatus(code, text)])
        self._measuring = False

    def _stopped(self, now_s: float, answered: bool) -> None:
        self._stop_at_s = None
        if not answered:
            text = "the board does not answer the stop: look at the cuff and take it off"
            self._ended("cuff-failed", text, Quality.MEASUREMENT_FAILED)
        elif self._stopped_by_person:
            self._ended("cuff-stopped", "the cuff was told to stop and the board measures no more", Quality.STOPPED)
        self._stopped_by_person = False
        self._enter(Phase.IDLE, now_s)
