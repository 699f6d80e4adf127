from actors.copies.stores import pace
from actors.copies.stores.pace import Pace


def test_bytes_leave_no_faster_than_they_may(monkeypatch):
    now, slept = [100.0], []

    def sleep(seconds):
        slept.append(round(seconds, 3))
        now[0] += seconds

    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(pace.time, "sleep", sleep)
    bounded = Pace(1000)
    for count in (500, 1000, 0):
        bounded.spend(count)
    now[0] += 10  # a pause saves nothing up
    bounded.spend(2000)
    Pace(None).spend(10**12)
    assert slept == [0.5, 1.0, 0.0, 2.0]
    # Something large leaves piece by piece, and whole where nobody bounds it.
    data = b"x" * (pace.PIECE_BYTES + 500)
    del slept[:]
    assert [len(piece) for piece in bounded.pieces(data)] == [pace.PIECE_BYTES, 500]
    assert slept == [pace.PIECE_BYTES / 1000, 0.5]
    assert list(Pace(None).pieces(data)) == [data]
