from fleet.output import Tail


def test_all_is_kept_while_it_is_little() -> None:
    tail = Tail(10)
    tail.add(b"0123")
    tail.add(b"456789")
    assert (tail.text(), tail.dropped) == ("0123456789", 0)


def test_of_more_the_end_is_kept_and_the_loss_is_counted() -> None:
    tail = Tail(10)
    for digit in range(100):
        tail.add(b"%02d" % digit)
    assert tail.text() == "[190 bytes before this were dropped]\n9596979899"


def test_memory_stays_bounded() -> None:
    tail = Tail(1000)
    for _ in range(10_000):
        tail.add(b"x" * 100)
        assert len(tail._parts) <= 2100


def test_what_is_not_text_is_escaped() -> None:
    tail = Tail()
    tail.add(b"caf\xc3\xa9 \xff")
    assert tail.text() == "caf\u00e9 \\xff"
