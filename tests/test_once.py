import threading
import time
from concurrent.futures import ThreadPoolExecutor

from duologue.once import once


class Slow:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.computed = 0

    @once
    def value(self) -> int:
        """What it is."""
        self.computed += 1
        time.sleep(0.01)
        return 7

    @once
    def more(self) -> int:
        return self.value + 1


def test_threads_share_one_computation() -> None:
    held = Slow()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: held.more, range(8))) == [8] * 8
    assert held.computed == 1
    assert Slow.value.__doc__ == "What it is."


class Meeting(Slow):
    barrier = threading.Barrier(2)

    @once
    def met(self) -> int:
        return self.barrier.wait(timeout=20)


def test_objects_do_not_wait_for_each_other() -> None:
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lambda held: held.met, (Meeting(), Meeting()))) == [0, 1]
